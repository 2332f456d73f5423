"""Read judgings out of verdict rows, and measure judges, panels, criteria and models by them alone."""
