"""The two matrix products of a linear map with few outputs: logits of features, and the gradient.

BLAS first copies both of its operands into the order that it reads them in, which pays where each
is read many times: not for ten columns. Here features are read where they are. A block of the
result stays in registers while all that is added to it is read: 12 vectors of sums, as many as 16
registers of AVX2 have room for beside what is multiplied.

    linear    out_rk = Σ_j x_rj · w_kj      3 rows × 4 classes, a vector of features at a time
    outer     total_kj += Σ_r g_rk · x_rj   4 classes × 3 vectors of features, a row at a time

Each number is added up in an order of its own rows or features alone: no bit depends on what is
computed beside it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled import Kernel
from .memory import BYTE, UNALIGNED, _masked
from .sizes import CACHE_LINE
from .vector import INDEX, call_on_lanes, function, mask_below, on_its_own, shuffled

REGISTER_BITS = 256
ROWS, CLASSES, VECTORS = 3, 4, 3  # of a block
CHUNK_BYTES = 4096  # of a row: as much of 4 rows of the weight stays in a first cache
PANEL = 48  # rows whose chunks stay in a second one
# Of rows that a gradient is added up over before it is made wider: while these are read, the next
# come into the second cache.
RUN_BYTES, LEAST_RUN, MOST_RUN = 192 << 10, 16, 128

WORD = ir.IntType(64)


class Numbers:
    """The numbers of a matrix, as vectors that fill a register; the last may be masked."""

    def __init__(self, context, builder, kind, array):
        self.builder = builder
        self.array = context.make_array(kind)(context, builder, array)
        self.lane = context.get_value_type(kind.dtype)
        self.size = kind.dtype.bitwidth // 8
        self.lanes = lanes_of(kind)
        self.vector = ir.VectorType(self.lane, self.lanes)

    def place(self, row, column, pointee):
        """The address of an element."""
        steps = cgutils.unpack_tuple(self.builder, self.array.strides)
        along = self.builder.mul(column, steps[1])
        offset = self.builder.add(self.builder.mul(row, steps[0]), along)
        start = self.builder.bitcast(self.array.data, BYTE.as_pointer())
        return self.builder.bitcast(self.builder.gep(start, [offset]), pointee.as_pointer())

    def places(self, first, count, column):
        """The addresses of the elements of a column in some rows."""
        rows = (self.builder.add(first, WORD(i)) for i in range(count))
        return [self.place(row, column, self.lane) for row in rows]

    def load(self, pointer, mask=None):
        if mask is None:
            return self.builder.load(pointer, align=self.size)
        given = pointer, UNALIGNED, mask, ir.Constant(self.vector, [0.0] * self.lanes)
        return _masked(self.builder, "load", self.vector, self.vector, given)

    def ask_for(self, pointer, offset):
        """Have the line at an offset in bytes come into the second cache."""
        place = self.builder.gep(self.builder.bitcast(pointer, BYTE.as_pointer()), [offset])
        function_type = ir.FunctionType(ir.VoidType(), [place.type, INDEX, INDEX, INDEX])
        ask = cgutils.get_or_insert_function(self.builder.module, function_type, "llvm.prefetch.p0")
        self.builder.call(ask, [place, INDEX(0), INDEX(2), INDEX(1)])

    def store(self, value, pointer, mask=None):
        if mask is None:
            self.builder.store(value, pointer, align=self.size)
        else:
            given = value, pointer, UNALIGNED, mask
            _masked(self.builder, "store", value.type, ir.VoidType(), given)


def lanes_of(kind):
    return REGISTER_BITS // kind.dtype.bitwidth


@intrinsic
def register_lanes(typing_context, array):
    """The numbers that a register holds."""
    lanes = lanes_of(array)
    return types.intp(array), lambda context, builder, sig, a: WORD(lanes)


def sums(builder, count, vector):
    """Registers for sums, which begin with 0."""
    zero = ir.Constant(vector, [0.0] * vector.count)
    return [cgutils.alloca_once_value(builder, zero) for _ in range(count)]


def add_product(builder, total, x, y):
    """total += x · y, with one rounding."""
    builder.store(call_on_lanes(builder, "fma", (x, y, builder.load(total))), total)


def for_count(builder, count, most, emit):
    """Emit code for each number from 1 to `most`, of which that for `count` runs."""
    end = builder.append_basic_block("done")
    cases = builder.switch(count, end)
    for number in range(1, most + 1):
        block = builder.append_basic_block(f"of_{number}")
        cases.add_case(WORD(number), block)
        builder.position_at_end(block)
        emit(number)
        builder.branch(end)
    builder.position_at_end(end)


def _dots(rows):
    """Of some rows and up to CLASSES classes, the products over a chunk of the features."""

    @intrinsic
    def add_dots(typing_context, x, w, out, row, k, classes, start, count):
        def codegen(context, builder, sig, arguments):
            *_, row, k, classes, start, count = arguments
            x, w, out = (
                Numbers(context, builder, kind, array)
                for kind, array in zip(sig.args[:3], arguments[:3], strict=True)
            )

            def emit(classes):
                totals = sums(builder, rows * classes, x.vector)
                of_rows = x.places(row, rows, start)
                of_classes = w.places(k, classes, start)

                def step(at, mask=None):
                    def vector_at(numbers, pointer):
                        place = builder.gep(pointer, [at])
                        place = builder.bitcast(place, numbers.vector.as_pointer())
                        return numbers.load(place, mask)

                    seen = [vector_at(x, pointer) for pointer in of_rows]
                    for c, pointer in enumerate(of_classes):
                        weight = vector_at(w, pointer)
                        for r in range(rows):
                            add_product(builder, totals[r * classes + c], seen[r], weight)

                whole = builder.and_(count, WORD(-x.lanes))
                with cgutils.for_range_slice(builder, WORD(0), whole, WORD(x.lanes)) as (at, _):
                    step(at)
                with builder.if_then(builder.icmp_signed("<", whole, count)):
                    step(whole, mask_below(builder, builder.sub(count, whole), x.lanes))
                for c in range(classes):
                    places = out.places(row, rows, builder.add(k, WORD(c)))
                    for r, place in enumerate(places):
                        total = sum_of(builder, builder.load(totals[r * classes + c]))
                        builder.store(builder.fadd(builder.load(place), total), place)

            for_count(builder, classes, CLASSES, emit)
            return context.get_dummy_value()

        return types.none(x, w, out, *[types.intp] * 5), codegen

    return add_dots


def sum_of(builder, vector):
    """The sum of all lanes, half by half."""
    while vector.type.count > 1:
        half = vector.type.count // 2
        low = shuffled(builder, vector, range(half))
        vector = builder.fadd(low, shuffled(builder, vector, range(half, 2 * half)))
    return builder.extract_element(vector, INDEX(0))


add_dots = _dots(ROWS)
add_dots_of_row = _dots(1)


@intrinsic
def add_outer(typing_context, g, x, total, k, classes, start, count, first, last, ahead):
    """total_kj += Σ_r g_rk · x_rj, of a run of rows, up to CLASSES classes and VECTORS vectors.

    The same features are asked for of rows that are so many bytes ahead.
    """

    def codegen(context, builder, sig, arguments):
        *_, k, classes, start, count, first, last, ahead = arguments
        g, x, total = (
            Numbers(context, builder, kind, array)
            for kind, array in zip(sig.args[:3], arguments[:3], strict=True)
        )
        wide = ir.VectorType(total.lane, x.lanes)

        def emit_with(masks):
            def emit(classes):
                totals = sums(builder, classes * VECTORS, x.vector)
                with cgutils.for_range_slice(builder, first, last, WORD(1)) as (row, _):
                    places = [
                        x.place(row, builder.add(start, WORD(v * x.lanes)), x.vector)
                        for v in range(VECTORS)
                    ]
                    for v in range(0, VECTORS * x.lanes * x.size, CACHE_LINE):
                        x.ask_for(places[0], builder.add(ahead, WORD(v)))
                    seen = [x.load(*its) for its in zip(places, masks, strict=True)]
                    for c in range(classes):
                        slope = builder.load(g.place(row, builder.add(k, WORD(c)), g.lane))
                        slope = builder.insert_element(
                            ir.Constant(x.vector, ir.Undefined), slope, INDEX(0)
                        )
                        slope = shuffled(builder, slope, [0] * x.lanes)
                        for v in range(VECTORS):
                            add_product(builder, totals[c * VECTORS + v], seen[v], slope)
                for c in range(classes):
                    for v, mask in enumerate(masks):
                        column = builder.add(start, WORD(v * x.lanes))
                        place = total.place(builder.add(k, WORD(c)), column, wide)
                        found = builder.load(totals[c * VECTORS + v])
                        if total.size > x.size:
                            found = builder.fpext(found, wide)
                        its = Wide(total, wide)
                        its.store(builder.fadd(its.load(place, mask), found), place, mask)

            for_count(builder, classes, CLASSES, emit)

        is_whole = builder.icmp_signed(">=", count, WORD(VECTORS * x.lanes))
        with builder.if_else(is_whole) as (yes, no):
            with yes:
                emit_with([None] * VECTORS)
            with no:
                emit_with(
                    [
                        mask_below(builder, builder.sub(count, WORD(v * x.lanes)), x.lanes)
                        for v in range(VECTORS)
                    ]
                )
        return context.get_dummy_value()

    return types.none(g, x, total, *[types.intp] * 7), codegen


class Wide(Numbers):
    """The same numbers in vectors of as many lanes as another type has."""

    def __init__(self, numbers, vector):
        self.builder, self.size = numbers.builder, numbers.size
        self.vector, self.lanes = vector, vector.count


@function
def dots_of_panel(x, w, out, first, last, start, count):
    """Add the products over a chunk of the features to the logits of some rows."""
    on_its_own()
    classes = w.shape[0]
    blocks = first + (last - first) // ROWS * ROWS
    for k in range(0, classes, CLASSES):
        some = min(CLASSES, classes - k)
        for row in range(first, blocks, ROWS):
            add_dots(x, w, out, row, k, some, start, count)
        for row in range(blocks, last):
            add_dots_of_row(x, w, out, row, k, some, start, count)


@Kernel
def linear(x, w, out, start, stop):
    """out_rk = Σ_j x_rj · w_kj, for rows from `start` to `stop`."""
    inputs = x.shape[1]
    chunk = CHUNK_BYTES // x.itemsize
    for first in range(start, stop, PANEL):
        last = min(first + PANEL, stop)
        for row in range(first, last):
            for k in range(w.shape[0]):
                out[row, k] = 0.0
        for j in range(0, inputs, chunk):
            dots_of_panel(x, w, out, first, last, j, min(chunk, inputs - j))


@Kernel
def outer(g, x, total, start, stop):
    """total_kj += Σ_r g_rk · x_rj, for features from `start` to `stop`."""
    rows, classes = g.shape
    width = VECTORS * register_lanes(x)
    run = min(max(RUN_BYTES // (x.shape[1] * x.itemsize), LEAST_RUN), MOST_RUN)
    for first in range(0, rows, run):
        last = min(first + run, rows)
        for j in range(start, stop, width):
            ahead = run * x.strides[0]
            for k in range(0, classes, CLASSES):
                some = min(CLASSES, classes - k)
                add_outer(g, x, total, k, some, j, stop - j, first, last, ahead)
                ahead = 0  # which is here already
