"""Malformed requests of every dialect against the real application: `python -m tests.fuzz --requests 100000`."""
