"""Benchmarks of cartwake on real services. They run from a checkout: `cartwake bench`, results in bench/RESULTS.md."""
