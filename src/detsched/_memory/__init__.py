"""Yield points on shared state: where watched code reads and writes what other threads can reach."""
