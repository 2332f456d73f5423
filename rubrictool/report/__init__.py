"""The files of a run as one HTML page that people read."""
