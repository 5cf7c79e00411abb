"""Live results against the same results computed anew from the stored events: every measure, both numbers, and who differs."""
