"""Process many rows in order: sample, propose, score, compare."""
