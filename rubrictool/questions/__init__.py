"""One file per question asked of a model: its template (the .txt beside it), its schema, its parser."""
