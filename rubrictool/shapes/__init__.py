"""Others' rows: how to tell them, what they say in our columns, and how ours are written as theirs. One file per family."""
