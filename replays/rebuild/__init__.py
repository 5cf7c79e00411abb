"""Derived tables anew: the stored events of a lane go once more through the stream, into a shadow lane that takes its place."""
