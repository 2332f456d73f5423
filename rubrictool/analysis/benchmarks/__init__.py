"""Measure how far a benchmark tells models apart, and predict the scores of large models from small ones."""
