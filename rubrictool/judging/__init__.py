"""Judges and proposers: a model, the offline rules, one that is asked several times."""
