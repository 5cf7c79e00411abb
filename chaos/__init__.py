"""`cartwake chaos`: the whole stack on throw-away data, under load, while its processes are killed, paused and restarted; then the truth.

Nothing here is part of a running cartwake. It drives the stack from outside, as a shop, its clients and bad luck would.
"""
