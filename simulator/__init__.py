"""A shop full of simulated shoppers: deterministic by seed, pure, and with its own ground truth.

It knows nothing of the pipeline that it tests: nothing here imports `collector`, `streams` or `sinks`.
"""
