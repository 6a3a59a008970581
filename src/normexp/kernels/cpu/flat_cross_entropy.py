"""Cross-entropy of class ids, of rows taken flat.

The exponential of the label is taken out before the rest are added up: nothing cancels, however
confident the row, and neither its maximum nor the logit of its label is looked for.

    loss = log(1 + rest / e_y),   ∂loss/∂z_k = e_k / total,   ∂loss/∂z_y = −rest / total
"""

from .compiled import Kernel
from .flat import (
    MOST,
    in_range,
    mark,
    place_of,
    products,
    row_of,
    take,
    target_of,
    totals,
    write,
)
from .log import log1p
from .loss_rows import weight_of
from .memory import load, room, rounded_to, row_at, store
from .rooms import LANES
from .vector import as_type_of, function, inline, lanes_of, select

HEAVIEST = 2.0**128  # a weight of so much is odd


@inline
def is_empty(where, tile, lane):
    """Whether the mask leaves a row no class."""
    if where.size == 0:
        return False
    outer, inner = row_of(where, tile, lane)
    some = False
    for k in range(tile.classes):
        some = some or where[outer, k, inner]
    return not some


@function
def take_labels(e, where, tile, classes, weight, class_weight, rooms):
    """The mass of each row and e_y, which is taken out of e. A row that does not count is 0."""
    lanes = lanes_of(rooms)
    kept = room(rooms, LANES, 2 * lanes, rooms)
    for lane in range(lanes):
        kept[lane], kept[lanes + lane] = 0.0, 1.0
    for lane in range(tile.rows):
        r = tile.first + lane
        label = classes[r]
        mass = 0.0
        if label >= 0 and not is_empty(where, tile, lane):
            mass = weight[r] * weight_of(class_weight, label)
        if mass != 0.0:
            place = place_of(tile, lane, label, rooms)
            kept[lane], kept[lanes + lane] = mass, e[place]
            e[place] = 0.0
        else:
            for k in range(tile.classes):
                e[place_of(tile, lane, k, rooms)] = 0.0
    return load(kept, 0, rooms), load(kept, lanes, rooms)


@function
def set_labels(g, slopes, masses, tile, classes, rooms):
    """The gradient at the label, in the rows that count."""
    lanes = lanes_of(rooms)
    kept = room(rooms, LANES, 2 * lanes, rooms)
    store(kept, 0, masses)
    store(kept, lanes, slopes)
    step = g.step // g.numbers.itemsize
    for lane in range(tile.rows):
        if kept[lane] != 0.0:
            label = classes[tile.first + lane]
            place = label * step + lane if tile.across else lane * tile.classes + label
            g.numbers[place] = rounded_to(kept[lanes + lane], g.numbers)


@Kernel
def cross_entropy(
    values,
    where,
    units,
    rooms,
    odd,
    copies,
    classes,
    weight,
    class_weight,
    loss,
    grad,
    start,
    stop,
):
    """Marks the odd rows, and leaves them out."""
    r = start
    while r < stop:
        tile, _, e = take(values, where, grad, r, stop, units, rooms, copies)
        mass, e_y = take_labels(e, where, tile, classes, weight, class_weight, rooms)
        rest = totals(e, tile, rooms, copies)
        total = rest + e_y
        rest = select(rest < total * units.least, 0.0, rest)
        odds = rest / e_y
        per_mass = mass * units.inverse
        is_ordinary = in_range(total) & in_range(e_y) & (odds < MOST) & (per_mass < HEAVIEST)
        count = mark(is_ordinary, odd, tile, rooms)
        place = row_at(loss, r * loss.itemsize, tile.rows)
        store(place, 0, as_type_of(mass * log1p(odds), loss))
        if grad.size:
            g = target_of(grad, tile, count, rooms)
            factor = per_mass / total
            products(e, factor, g, tile, rooms, copies)
            set_labels(g, 0.0 - rest * factor, mass, tile, classes, rooms)
            write(grad, g, odd, count, tile, rooms, copies)
        r += tile.rows
