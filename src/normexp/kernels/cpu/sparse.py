"""The two products of a linear map with sparse features: of a row, the numbers that are not 0.

    sparse_linear    out_rk = Σ_q x_q · w_{j(q) k}
    sparse_outer     total_{j(q) k} += x_q · g_rk

A weight is asked for by its feature and wanted for all classes, so that these lie side by side, and
padded to whole vectors. Up to 6 vectors of sums, or of slopes, stay in registers while the numbers
of a row are gone through.

Each sum is added up in the order of the numbers of a row, and of the rows: no bit depends on what
is computed beside it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled import Kernel
from .matrix import WORD, Numbers, Wide, add_product, for_count, register_lanes, sums
from .sizes import CACHE_LINE
from .vector import INDEX, mask_below, shuffled

VECTORS = 6  # of classes at a time
AHEAD = 16  # numbers: the weights of their features are asked for


class Row:
    """The numbers of a row that are not 0, in turn, with the weights of their features."""

    def __init__(self, context, builder, kinds, arrays):
        self.builder = builder
        self.values = Numbers(context, builder, kinds[0], arrays[0])
        self.indices = context.make_array(kinds[1])(context, builder, arrays[1])
        self.weight = Numbers(context, builder, kinds[2], arrays[2])

    def feature(self, at):
        index = self.builder.load(self.builder.gep(self.indices.data, [at]))
        return index if index.type == WORD else self.builder.sext(index, WORD)

    def value(self, at):
        """One of the numbers, in every lane of a vector of weights."""
        weight = self.weight
        number = self.builder.load(self.builder.gep(self.values.array.data, [at]))
        if weight.size > self.values.size:
            number = self.builder.fpext(number, weight.lane)
        one = self.builder.insert_element(
            ir.Constant(weight.vector, ir.Undefined), number, INDEX(0)
        )
        return shuffled(self.builder, one, [0] * weight.lanes)

    def each(self, first, last, k, vectors, emit):
        """Emit code for the numbers from first to last: each and the places of its weights."""
        builder, weight = self.builder, self.weight
        end = builder.sub(last, WORD(1))
        with cgutils.for_range_slice(builder, first, last, WORD(1)) as (at, _):
            later = builder.add(at, WORD(AHEAD))
            later = builder.select(builder.icmp_signed("<", later, end), later, end)
            coming = weight.place(self.feature(later), k, weight.lane)
            for offset in range(0, vectors * weight.lanes * weight.size, CACHE_LINE):
                weight.ask_for(coming, WORD(offset))
            feature = self.feature(at)
            places = [
                weight.place(feature, builder.add(k, WORD(v * weight.lanes)), weight.vector)
                for v in range(vectors)
            ]
            emit(self.value(at), places)


def masks_of(builder, numbers, k, vectors, lanes):
    """For each vector of classes from k on, which lanes are there."""
    classes = cgutils.unpack_tuple(builder, numbers.array.shape)[1]
    left = builder.sub(classes, k)
    return [mask_below(builder, builder.sub(left, WORD(v * lanes)), lanes) for v in range(vectors)]


@intrinsic
def put_sums(typing_context, values, indices, w, out, row, first, last, k, vectors):
    """out_rk = Σ_q x_q · w_{j(q) k}, of a row and up to VECTORS vectors of classes."""

    def codegen(context, builder, sig, arguments):
        *_, row, first, last, k, vectors = arguments
        numbers = Row(context, builder, sig.args[:3], arguments[:3])
        w, out = numbers.weight, Numbers(context, builder, sig.args[3], arguments[3])

        def emit(vectors):
            totals = sums(builder, vectors, w.vector)

            def add(value, places):
                for total, place in zip(totals, places, strict=True):
                    add_product(builder, total, value, w.load(place))

            numbers.each(first, last, k, vectors, add)
            masks = masks_of(builder, out, k, vectors, w.lanes)
            for v, (total, mask) in enumerate(zip(totals, masks, strict=True)):
                place = out.place(row, builder.add(k, WORD(v * w.lanes)), out.vector)
                out.store(builder.load(total), place, mask)

        for_count(builder, vectors, range(1, VECTORS + 1), emit)
        return context.get_dummy_value()

    return types.none(values, indices, w, out, *[types.intp] * 5), codegen


@intrinsic
def add_products(typing_context, values, indices, total, grad, row, first, last, k, vectors):
    """total_{j(q) k} += x_q · g_rk, of a row and up to VECTORS vectors of classes."""

    def codegen(context, builder, sig, arguments):
        *_, row, first, last, k, vectors = arguments
        numbers = Row(context, builder, sig.args[:3], arguments[:3])
        total, g = numbers.weight, Numbers(context, builder, sig.args[3], arguments[3])
        its = Wide(g, ir.VectorType(g.lane, total.lanes))

        def slopes(vectors):
            masks = masks_of(builder, g, k, vectors, total.lanes)
            for v, mask in enumerate(masks):
                place = g.place(row, builder.add(k, WORD(v * total.lanes)), its.vector)
                found = its.load(place, mask)
                yield builder.fpext(found, total.vector) if total.size > g.size else found

        def emit(vectors):
            of_row = list(slopes(vectors))

            def add(value, places):
                for slope, place in zip(of_row, places, strict=True):
                    kept = total.load(place)
                    add_to = builder.fadd(kept, builder.fmul(value, slope))
                    total.store(add_to, place)

            numbers.each(first, last, k, vectors, add)

        for_count(builder, vectors, range(1, VECTORS + 1), emit)
        return context.get_dummy_value()

    return types.none(values, indices, total, grad, *[types.intp] * 5), codegen


@Kernel
def sparse_linear(w, x, out, start, stop):
    """out_rk = Σ_q x_q · w_{j(q) k}, for rows from `start` to `stop`."""
    lanes = register_lanes(w)
    classes = out.shape[1]
    for row in range(start, stop):
        for k in range(0, classes, VECTORS * lanes):
            some = min(VECTORS, (classes - k + lanes - 1) // lanes)
            put_sums(x.values, x.indices, w, out, row, x.starts[row], x.starts[row + 1], k, some)


@Kernel
def sparse_outer(grad, x, total, start, stop):
    """total_{j(q) k} += x_q · g_rk, for classes from `start` to `stop`."""
    lanes = register_lanes(total)
    for k in range(start, stop, VECTORS * lanes):
        some = min(VECTORS, (stop - k + lanes - 1) // lanes)
        for row in range(len(grad)):
            first, last = x.starts[row], x.starts[row + 1]
            add_products(x.values, x.indices, total, grad, row, first, last, k, some)
