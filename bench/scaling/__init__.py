"""What N events a second need, from measured inputs and from simulations with fixed seeds: `python -m bench.scaling`, docs/scaling.md."""
