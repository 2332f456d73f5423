"""Show results to people: tables, sheets, progress, lines at the end of a run."""
