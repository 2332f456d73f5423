"""Estimate figures and their uncertainty from arrays and from sums over prompts, whatever rows they come from."""
