"""Define what stands in each file; read, join, write the rows."""
