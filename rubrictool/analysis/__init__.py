"""Compute figures from rows: agreement, signal, tails, win rates, with their intervals."""
