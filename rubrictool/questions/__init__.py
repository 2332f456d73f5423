"""The questions that models are asked: one file each, with its template (the .txt beside it), schema and parser."""
