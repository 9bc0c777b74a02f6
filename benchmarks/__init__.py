"""Benchmarks of the whole service and of its parts: the source of the documented figures."""
