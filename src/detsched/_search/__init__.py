"""Runs and explorations: what is done with strategies and the engine."""
