"""Sizes that kernels are built around, for whoever arranges arrays without compiling any."""

VECTOR_BITS = 1024
CACHE_LINE = 64

# Rows of features that are read twice from a second cache, while the next come there, and that a
# gradient is added up over before it is made wider.
TILE_BYTES, LEAST_TILE, MOST_TILE = 384 << 10, 32, 256


def tile_rows(row_bytes: int) -> int:
    """How many of them make a tile: whole vectors of rows."""
    rows = TILE_BYTES // row_bytes // LEAST_TILE * LEAST_TILE
    return min(max(rows, LEAST_TILE), MOST_TILE)


# Rows of so few classes are always side by side; alone, a row leaves the other lanes idle.
NARROW = 32

# The numbers of classes of which float32 is taken flat: shorter rows do better side by side, and
# longer ones where one is written while the next is read.
PROBABILITIES, LOGARITHMS, LOSSES = range(16, 1025), range(16, 513), range(1, 1025)
WHERE_FAST_IS_SLOWER = range(24, 513)  # than an exact result of rows taken flat
MOST_NUMBERS = 2048  # of a flat tile, unless it is one row
