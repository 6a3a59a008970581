"""The two matrix products of a linear map with few outputs: logits of features, and the gradient.

BLAS first copies both of its operands into the order that it reads them in, which pays where each
is read many times: not for ten columns. Here features are read where they are. A block of the
result stays in registers while all that is added to it is read: at most 12 vectors of sums, as many
as 16 registers of AVX2 have room for beside what is multiplied.

    linear    out_rk = b_k + Σ_j x_rj · w_kj    a vector of features at a time
    add_outer total_kj += Σ_r g_rk · x_rj       a row at a time

                                  classes of a block      1  2  3  4  5
    rows, or vectors of features, beside each of them     4  4  4  3  2

While `linear` multiplies it asks for the rows that come next, a line every few steps: asked for all
at once they would hold up those that are multiplied.

Each number is added up in an order of its own rows or features alone: no bit depends on what is
computed beside it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled import Kernel
from .matrix import (
    REGISTER_BITS,
    WORD,
    Numbers,
    Wide,
    add_product,
    for_count,
    register_lanes,
    steps,
    sum_of,
    sums,
)
from .memory import until_aligned
from .sizes import CACHE_LINE, tile_rows
from .vector import function, inline, mask_below, on_its_own

REGISTER = REGISTER_BITS // 8
CLASSES, SUMS, MOST_BESIDE = 5, 12, 4  # of a block
CHUNK_BYTES = 4096  # of a row: as much of 5 rows of the weight stays in a first cache
PANEL_BYTES, LEAST_PANEL = 48 << 10, 12  # of rows whose chunks stay in a second one

rows_of_tile = inline(tile_rows)


def beside(classes):
    """The rows, or vectors of features, of a block of so many classes."""
    return min(MOST_BESIDE, SUMS // classes)


def ask_on(builder, x, asked, pace):
    """Ask for the next line."""
    ask = builder.load(asked)
    x.ask_for(x.array.data, ask)
    builder.store(builder.add(ask, pace), asked)


def _dots(rows_beside):
    """Of some rows and up to CLASSES classes, the products over a chunk of the features.

    Meanwhile the lines are asked for that begin so many bytes after the matrix, `pace` bytes of
    them with each vector of features.
    """

    @intrinsic
    def add_dots(typing_context, x, w, out, row, k, classes, start, count, ask, pace):
        def codegen(context, builder, sig, arguments):
            *_, row, k, classes, start, count, ask, pace = arguments
            x, w, out = (
                Numbers(context, builder, kind, array)
                for kind, array in zip(sig.args[:3], arguments[:3], strict=True)
            )

            def emit(classes):
                rows = rows_beside(classes)
                totals = sums(builder, rows * classes, x.vector)
                of_rows = x.places(row, rows, start)
                of_classes = w.places(k, classes, start)
                asked = cgutils.alloca_once_value(builder, ask)

                def step(at, mask=None):
                    seen = [x.vector_at(pointer, at, mask) for pointer in of_rows]
                    for c, pointer in enumerate(of_classes):
                        weight = w.vector_at(pointer, at, mask)
                        for r in range(rows):
                            add_product(builder, totals[r * classes + c], seen[r], weight)

                whole = builder.and_(count, WORD(-x.lanes))
                with steps(builder, WORD(0), whole, x.lanes) as at:
                    ask_on(builder, x, asked, pace)
                    step(at)
                with builder.if_then(builder.icmp_signed("<", whole, count)):
                    step(whole, mask_below(builder, builder.sub(count, whole), x.lanes))
                for c in range(classes):
                    places = out.places(row, rows, builder.add(k, WORD(c)))
                    for r, place in enumerate(places):
                        total = sum_of(builder, builder.load(totals[r * classes + c]))
                        builder.store(builder.fadd(builder.load(place), total), place)

            for_count(builder, classes, range(1, CLASSES + 1), emit)
            return context.get_dummy_value()

        return types.none(x, w, out, *[types.intp] * 7), codegen

    return add_dots


add_dots = _dots(beside)
add_dots_of_row = _dots(lambda classes: 1)


def _outer(vectors, counts, is_whole=True):
    """total_kj += Σ_r g_rk · x_rj, of a run of rows, some classes and some vectors of features.

    The vectors are whole, or one that has `count` features.
    """

    @intrinsic
    def add_block(typing_context, g, x, total, k, classes, start, count, first, last, ask, pace):
        def codegen(context, builder, sig, arguments):
            *_, k, classes, start, count, first, last, ask, pace = arguments
            g, x, total = (
                Numbers(context, builder, kind, array)
                for kind, array in zip(sig.args[:3], arguments[:3], strict=True)
            )
            mask = None if is_whole else mask_below(builder, count, x.lanes)
            its = Wide(total, ir.VectorType(total.lane, x.lanes))

            def emit(classes):
                totals = sums(builder, classes * vectors, x.vector)
                asked = cgutils.alloca_once_value(builder, ask)
                with steps(builder, first, last, 1) as row:
                    ask_on(builder, x, asked, pace)
                    of_row, slopes = x.place(row, start, x.lane), g.place(row, k, g.lane)
                    seen = [x.vector_at(of_row, WORD(v * x.lanes), mask) for v in range(vectors)]
                    for c in range(classes):
                        slope = g.spread(slopes, WORD(c), x.vector)
                        for v in range(vectors):
                            add_product(builder, totals[c * vectors + v], seen[v], slope)
                for c, place in enumerate(total.places(k, classes, start)):
                    for v in range(vectors):
                        found = builder.load(totals[c * vectors + v])
                        if total.size > x.size:
                            found = builder.fpext(found, its.vector)
                        kept = its.vector_at(place, WORD(v * x.lanes), mask)
                        its.put(builder.fadd(kept, found), place, WORD(v * x.lanes), mask)

            for_count(builder, classes, counts, emit)
            return context.get_dummy_value()

        return types.none(g, x, total, *[types.intp] * 8), codegen

    return add_block


# Blocks of one matrix have as many classes, or one fewer.
add_to_2, add_to_3, add_to_4 = _outer(2, (4, 5)), _outer(3, (3, 4)), _outer(4, (1, 2, 3))
add_to_part = _outer(1, range(1, CLASSES + 1), is_whole=False)


@inline
def blocks_of(classes):
    """How many blocks classes are taken in, and the most that there are in one."""
    blocks = (classes + CLASSES - 1) // CLASSES
    return blocks, (classes + blocks - 1) // blocks


@function
def dots_of_panel(x, w, out, first, last, k, classes, start, count, ask, pace):
    """Add the products over a chunk of the features to some logits of some rows."""
    on_its_own()
    rows = min(MOST_BESIDE, SUMS // classes)
    blocks = first + (last - first) // rows * rows
    asked = count // register_lanes(x) * pace
    for row in range(first, blocks, rows):
        add_dots(x, w, out, row, k, classes, start, count, ask, pace)
        ask += asked
    for row in range(blocks, last):
        add_dots_of_row(x, w, out, row, k, classes, start, count, ask, 0)
    return ask


@function
def put_logits(x, w, bias, out, start, stop, ask, pace):
    """out_rk = b_k + Σ_j x_rj · w_kj, for rows from `start` to `stop`."""
    on_its_own()
    inputs, classes = x.shape[1], w.shape[0]
    chunk = CHUNK_BYTES // x.itemsize
    blocks, _ = blocks_of(classes)
    panel = max(PANEL_BYTES // (inputs * x.itemsize), 1)
    panel = (panel + LEAST_PANEL - 1) // LEAST_PANEL * LEAST_PANEL
    for first in range(start, stop, panel):
        last = min(first + panel, stop)
        for row in range(first, last):
            for k in range(classes):
                out[row, k] = bias[k]
        for j in range(0, inputs, chunk):
            count = min(chunk, inputs - j)
            for block in range(blocks):
                k = classes * block // blocks
                some = classes * (block + 1) // blocks - k
                ask = dots_of_panel(x, w, out, first, last, k, some, j, count, ask, pace)


@inline
def pace_of(x, classes, share):
    """The bytes to ask for with each step through the features of a tile, so that in the end this
    share of a tile is asked for; none where its rows do not lie end to end.
    """
    blocks, most = blocks_of(classes)
    are_together = x.strides[0] == x.shape[1] * x.itemsize
    pace = min(MOST_BESIDE, SUMS // most) * REGISTER / blocks * share
    return int(min(pace, CACHE_LINE)) if are_together else 0


@Kernel
def linear(x, w, bias, out, start, stop):
    """out_rk = b_k + Σ_j x_rj · w_kj, for rows from `start` to `stop`."""
    ask = start * x.strides[0] + PANEL_BYTES
    put_logits(x, w, bias, out, start, stop, ask, pace_of(x, w.shape[0], 1.0))


@function
def outer_of_block(g, x, total, k, classes, vectors, start, first, last, ask, pace):
    on_its_own()
    if vectors == 2:
        add_to_2(g, x, total, k, classes, start, 0, first, last, ask, pace)
    elif vectors == 3:
        add_to_3(g, x, total, k, classes, start, 0, first, last, ask, pace)
    else:
        add_to_4(g, x, total, k, classes, start, 0, first, last, ask, pace)


@function
def outer_of_part(g, x, total, k, classes, start, stop, first, last):
    """Of features that fill no block, or begin before a cache line does."""
    on_its_own()
    lanes = register_lanes(x)
    for j in range(start, stop, lanes):
        add_to_part(g, x, total, k, classes, j, min(lanes, stop - j), first, last, 0, 0)


@inline
def whole_from(x, start, stop):
    """The first feature that begins a cache line; where rows do not all begin alike, the first."""
    if x.strides[0] % REGISTER:
        return start
    ahead = (until_aligned(x) - start) % (CACHE_LINE // x.itemsize)
    return min(start + ahead, stop)


@function
def add_gradient(g, x, total, start, stop, first, last, ask, pace):
    """total_kj += Σ_r g_rk · x_rj, for features from `start` to `stop` and some rows."""
    on_its_own()
    blocks, most = blocks_of(g.shape[1])
    vectors = min(MOST_BESIDE, SUMS // most)
    width = vectors * register_lanes(x)
    begin = whole_from(x, start, stop)
    end = begin + (stop - begin) // width * width
    for block in range(blocks):
        k = g.shape[1] * block // blocks
        some = g.shape[1] * (block + 1) // blocks - k
        outer_of_part(g, x, total, k, some, start, begin, first, last)
        outer_of_part(g, x, total, k, some, end, stop, first, last)
    for j in range(begin, end, width):
        for block in range(blocks):
            k = g.shape[1] * block // blocks
            some = g.shape[1] * (block + 1) // blocks - k
            outer_of_block(g, x, total, k, some, vectors, j, first, last, ask, pace)
            ask += (last - first) * pace


@Kernel
def add_outer(g, x, total, start, stop):
    """total_kj += Σ_r g_rk · x_rj, for features from `start` to `stop`."""
    pace = pace_of(x, g.shape[1], 1.0)
    tile = rows_of_tile(x.shape[1] * x.itemsize)
    for first in range(0, len(g), tile):
        last = min(first + tile, len(g))
        ask = last * x.strides[0]
        add_gradient(g, x, total, start, stop, first, last, ask, pace)
