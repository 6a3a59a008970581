"""Kernels compiled when a wheel is built, into one library for each processor; see `build.py`."""
