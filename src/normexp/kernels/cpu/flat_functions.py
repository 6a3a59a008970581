"""softmax, log_softmax and logsumexp of rows taken flat. Each marks the odd rows."""

from .compiled import Kernel
from .flat import (
    in_range,
    mark,
    parts_of,
    products,
    shares,
    take,
    target_of,
    totals,
    write,
)
from .functions import in_doubt
from .memory import row_at, store
from .rows import log_sum
from .vector import as_type_of, select


@Kernel
def softmax(values, where, units, rooms, odd, copies, out, start, stop):
    """p_k = e_k / Σ e_j."""
    r = start
    while r < stop:
        tile, _, e = take(values, where, out, r, stop, units, rooms, copies)
        total = totals(e, tile, rooms, copies)
        count = mark(in_range(total), odd, tile, rooms)
        p = target_of(out, tile, count, rooms)
        products(e, 1.0 / total, p, tile, rooms, copies)
        write(out, p, odd, count, tile, rooms, copies)
        r += tile.rows


@Kernel
def log_softmax(values, where, units, rooms, odd, copies, out, start, stop):
    """log p_k = −((m − x_k) / temperature + log1p(rest / e_m))."""
    r = start
    while r < stop:
        tile, x, e = take(values, where, out, r, stop, units, rooms, copies)
        of_rows = parts_of(x, e, tile, units, rooms, copies)
        count = mark(in_range(of_rows.total), odd, tile, rooms)
        log_p = target_of(out, tile, count, rooms)
        shares(
            log_sum(of_rows.top, of_rows.rest / of_rows.e_max), x, log_p, tile, units, rooms, copies
        )
        write(out, log_p, odd, count, tile, rooms, copies)
        r += tile.rows


@Kernel
def logsumexp(values, where, units, rooms, odd, copies, result, out, start, stop):
    """m + log1p(rest / e_m). Odd is also a row whose terms cancel."""
    r = start
    while r < stop:
        tile, x, e = take(values, where, result, r, stop, units, rooms, copies)
        of_rows = parts_of(x, e, tile, units, rooms, copies)
        terms = log_sum(of_rows.top, of_rows.rest / of_rows.e_max)
        value = terms.top + terms.log1p_rest
        cancels = in_doubt(value, terms.top, units)
        is_ordinary = in_range(select(cancels, 0.0, of_rows.total))
        mark(is_ordinary, odd, tile, rooms)
        store(row_at(out, r * out.itemsize, tile.rows), 0, as_type_of(value, out))
        r += tile.rows
