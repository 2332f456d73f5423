"""Draw reports with matplotlib."""
