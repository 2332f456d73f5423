"""Define what a rubric means: checks, weights, saturation, vetoes."""
