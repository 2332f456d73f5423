"""Choose responses: top k, early stopping, preference pairs."""
