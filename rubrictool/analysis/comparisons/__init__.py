"""Compare systems: win rates, rankings, plans, sequences, win rates at equal style."""
