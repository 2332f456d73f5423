"""Refine rubrics on pairs of candidates: the loop, accept rules, evidence, dry run."""
