"""Cross-entropy of probabilities: Σ_k t_k · (−log p_k), with gradient −t_k / p_k."""

import math

import numpy as np

from .loss_kernel import logits, loss_kernel, read_masses, tile_room
from .loss_rows import scaled_slopes, undefined
from .memory import number
from .rooms import SLOPES, TARGET, TERMS
from .rows import top_and_nan
from .sums import total_of
from .vector import function, macro, spread


@function
def log_terms(p, t, terms, slopes):
    """−t_k · log p_k and its derivative −t_k / p_k, where there is a mass at all.

    A class that the mask has taken out has no probability.
    """
    for i in range(p.size):
        p_i, t_i = max(np.float64(number(p[i])), 0.0), np.float64(t[i])
        terms[i] = -t_i * math.log(p_i) if t_i > 0.0 else 0.0
        slopes[i] = -t_i / p_i if t_i > 0.0 else 0.0


@macro
def value(p, rows, options):
    """Σ_k t_k · (−log p_k)."""
    tile, rooms = rows.tile, rows.rooms
    t, terms, slopes = (
        tile_room(rooms, TARGET, tile),
        tile_room(rooms, TERMS, tile),
        tile_room(rooms, SLOPES, tile),
    )
    read_masses(rows, t)
    log_terms(p, t, terms, slopes)
    top, nan = top_and_nan(p, tile, rooms)
    spoiled = undefined(top) + nan
    return total_of(terms, tile, rooms, rows.copies) + spoiled, (slopes, spoiled)


@macro
def gradient(p, kept, rows, options, g):
    """−t_k / p_k."""
    slopes, spoiled = kept
    scaled_slopes(slopes, spread(1.0, rows.rooms), spoiled, g, rows.rooms)


log_loss = loss_kernel("log_loss", logits, value, gradient)
