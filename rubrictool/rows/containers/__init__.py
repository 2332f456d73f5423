"""Read rows from the containers in which people keep them, known by their first bytes, and write them into these."""
