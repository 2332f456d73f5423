"""The roles of judge, comparer, proposer: a model, the offline rules, a role asked several times."""
