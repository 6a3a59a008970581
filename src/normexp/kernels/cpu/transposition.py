"""Short rows to side by side and back: a transposition in registers instead of one by one.

A chunk is the 16 bytes that a register moves as a whole: 4 numbers of float32, 2 of float64. As
many rows as a chunk has numbers make a square, which is transposed within all chunks of a register
at once; register i is made of rows i, i + g, i + 2g, … so that the rows come out in order. Rows of
2 or 3 classes are one string of numbers, taken apart by one shuffle.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .memory import address
from .vector import concatenated, lane_count, shuffled

CHUNK_BYTES = 16


def _chunk_length(dtype):
    return CHUNK_BYTES * 8 // dtype.bitwidth


@intrinsic
def chunk_length(typing_context, array):
    """How many numbers a chunk holds."""
    length = _chunk_length(array.dtype)
    return types.intp(array), lambda context, builder, sig, a: context.get_constant(
        types.intp, length
    )


def _interleaved(builder, x, y, length, size):
    """The low, and the high halves of the chunks of x and y, taken in turn, `size` at a time."""
    count = x.type.count
    both = []
    for half in (0, length // 2):
        lanes = []
        for chunk in range(0, count, length):
            for first in range(chunk + half, chunk + half + length // 2, size):
                lanes += [*range(first, first + size), *range(count + first, count + first + size)]
        both.append(shuffled(builder, x, lanes, y))
    return both


def _transposed(builder, registers, length):
    """The squares of registers i, i + 1, … transposed within every chunk. Twice is none."""
    size = 1
    while size < length:
        found = [None] * length
        pairs = [i for i in range(length) if not i & size]
        # After a step, what belongs together stands `size` apart.
        for i, low in enumerate(pairs):
            found[2 * i : 2 * i + 2] = _interleaved(
                builder, registers[low], registers[low + size], length, size
            )
        registers = found
        size *= 2
    return registers


def _rows_of_registers(lanes, length):
    """For each register of 64 bytes, the rows whose chunks it holds."""
    chunks = 64 // CHUNK_BYTES
    return [
        [first + i + length * chunk for chunk in range(chunks)]
        for first in range(0, lanes, chunks * length)
        for i in range(length)
    ]


def _rows_and_classes(typing_context, array, offset, stride, x, place, like, reads):
    """The typing and code of moving one chunk of classes of all rows."""
    length = _chunk_length(array.dtype)
    lanes = lane_count(like)

    def codegen(context, builder, sig, arguments):
        array_value, offset, stride, x_value, place, _ = arguments
        number = context.get_value_type(array.dtype)
        chunk = ir.VectorType(number, length)
        register = ir.VectorType(number, 64 // CHUNK_BYTES * length)
        start = address(context, builder, array, array_value, offset)

        def row_pointer(row):
            moved = builder.gep(start, [builder.mul(stride, stride.type(row))])
            return builder.bitcast(moved, chunk.as_pointer())

        def class_pointer(k, row):
            index = builder.add(place, place.type(k * lanes + row))
            data = context.make_array(x)(context, builder, x_value).data
            return builder.bitcast(builder.gep(data, [index]), register.as_pointer())

        rows = _rows_of_registers(lanes, length)
        for square in range(0, len(rows), length):
            first = rows[square][0]
            if reads:
                registers = [
                    concatenated(
                        builder, [builder.load(row_pointer(row), align=1) for row in of_register]
                    )
                    for of_register in rows[square : square + length]
                ]
                for k, classes in enumerate(_transposed(builder, registers, length)):
                    builder.store(classes, class_pointer(k, first), align=1)
            else:
                registers = [builder.load(class_pointer(k, first), align=1) for k in range(length)]
                for i, of_register in enumerate(_transposed(builder, registers, length)):
                    for number_of, row in enumerate(rows[square + i]):
                        part = range(number_of * length, (number_of + 1) * length)
                        chunk_value = shuffled(builder, of_register, part)
                        builder.store(chunk_value, row_pointer(row), align=1)
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp, x, types.intp, like), codegen


@intrinsic
def chunk_in(typing_context, array, offset, stride, x, place, like):
    """Bring one chunk of classes of as many rows as `like` has lanes to x, class by class.

    The rows are `stride` bytes apart in the array, from a byte offset on.
    """
    return _rows_and_classes(typing_context, array, offset, stride, x, place, like, reads=True)


@intrinsic
def chunk_out(typing_context, array, offset, stride, x, place, like):
    """Bring it back."""
    return _rows_and_classes(typing_context, array, offset, stride, x, place, like, reads=False)


def _string_and_classes(array, offset, x, classes, like, reads):
    """The typing and code of moving rows that are one string of numbers."""
    lanes, count = lane_count(like), classes.literal_value

    def codegen(context, builder, sig, arguments):
        array_value, offset, x_value, _, _ = arguments
        number = context.get_value_type(array.dtype)
        string, one_class = ir.VectorType(number, lanes * count), ir.VectorType(number, lanes)
        start = address(context, builder, array, array_value, offset)
        start = builder.bitcast(start, string.as_pointer())
        data = context.make_array(x)(context, builder, x_value).data

        def class_pointer(k):
            index = ir.IntType(64)(k * lanes)
            return builder.bitcast(builder.gep(data, [index]), one_class.as_pointer())

        if reads:
            numbers = builder.load(start, align=1)
            for k in range(count):
                of_class = shuffled(builder, numbers, range(k, lanes * count, count))
                builder.store(of_class, class_pointer(k), align=1)
        else:
            of_classes = [builder.load(class_pointer(k), align=1) for k in range(count)]
            side_by_side = concatenated(builder, of_classes)
            order = [k * lanes + lane for lane in range(lanes) for k in range(count)]
            builder.store(shuffled(builder, side_by_side, order), start, align=1)
        return context.get_dummy_value()

    return types.none(array, types.intp, x, classes, like), codegen


@intrinsic(prefer_literal=True)
def string_in(typing_context, array, offset, x, classes, like):
    """Bring as many rows of 2 or 3 classes as `like` has lanes, which lie end to end, to x."""
    return _string_and_classes(array, offset, x, classes, like, reads=True)


@intrinsic(prefer_literal=True)
def string_out(typing_context, array, offset, x, classes, like):
    """Bring them back."""
    return _string_and_classes(array, offset, x, classes, like, reads=False)
