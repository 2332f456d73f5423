"""Hold scores against gold in the tail: accuracy by region, ties at the top, over-optimization, what carries it."""
