"""Asking models: specs, retries, limits, budget, cache, backends."""
