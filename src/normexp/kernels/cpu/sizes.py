"""Sizes that kernels are built around, for whoever arranges arrays without compiling any."""

VECTOR_BITS = 1024
CACHE_LINE = 64

# Rows of so few classes are always side by side; alone, a row leaves the other lanes idle.
NARROW = 32
