"""Measure how far scores tell responses, models and prompts apart, against the noise of the judge."""
