"""Squared distance to the target: Σ_k (z_k − t_k)², with gradient 2 · (z_k − t_k)."""

from .loss_kernel import logits, loss_kernel, tile_room
from .loss_rows import read_mass, row_weights, scaled_slopes, undefined
from .memory import is_within, load
from .rooms import DIFFERENCES, TARGET
from .rows import top_and_nan
from .sums import sum_of
from .tiles import is_live, put
from .vector import as_type_of, function, inline, lanes_of, macro, select


@function
def differences(z, t, where, tile, d, rooms):
    """z_k − t_k, 0 where there is no class."""
    for j in range(0, z.size, lanes_of(rooms)):
        put(d, j, as_type_of(load(z, j, rooms), rooms) - load(t, j, rooms))
    if where.size:
        for k in range(tile.classes):
            for lane in range(tile.rows):
                if not is_live(where, tile, k, lane):
                    d[k * tile.step + lane] = 0.0


@inline
def square(of, j, rooms):
    """weight · d_k². The weight comes first: it may be what makes room."""
    d, weight = of
    d_j = load(d, j, rooms)
    return select(is_within(d, j, rooms), weight * d_j * d_j, 0.0)


sum_of_squares = sum_of(square)


@macro
def value(z, rows, options):
    """weight · Σ_k (z_k − t_k)²."""
    tile, rooms = rows.tile, rows.rooms
    t, d = tile_room(rooms, TARGET, tile), tile_room(rooms, DIFFERENCES, tile)
    read_mass(rows.target.classes, tile, rows.first, t, rooms)
    weight = row_weights(tile, rows.first, t, rows.target, rooms)
    differences(z, t, rows.where, tile, d, rooms)
    total = sum_of_squares((d, weight), tile, rooms, rows.copies)
    top, nan = top_and_nan(z, tile, rooms)
    spoiled = undefined(top) + nan
    return select(weight > 0.0, total, 0.0) + spoiled, (d, weight, spoiled)


@macro
def gradient(z, kept, rows, options, g):
    """weight · 2 · (z_k − t_k)."""
    d, weight, spoiled = kept
    scaled_slopes(d, 2.0 * weight, spoiled, g, rows.rooms)


squared_error = loss_kernel("squared_error", logits, value, gradient)
