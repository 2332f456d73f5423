"""Say what comparisons show: the win rates of a report, with what options add to them, and the threshold they are held to."""
