"""Between arrays and vectors: any storage type, any strides, and no reference counts.

The half types come as integers of 16 bits: unsigned for float16, signed for bfloat16 (Numba knows
neither). A view made here is borrowed: it keeps nothing alive and costs nothing, so that making one
in a loop is free.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .sizes import CACHE_LINE
from .vector import INDEX, Vector, converted, lane_count, mask_below

BYTE = ir.IntType(8)


def number_type(storage):
    """The type that numbers are read in: float32 for the half types."""
    return types.float64 if storage == types.float64 else types.float32


def _view(context, builder, view_type, data, count, stride):
    view = context.make_array(view_type)(context, builder)
    size = view_type.dtype.bitwidth // 8
    context.populate_array(
        view,
        data=builder.bitcast(data, view.data.type),
        shape=[count],
        strides=[stride],
        itemsize=context.get_constant(types.intp, size),
        meminfo=None,
    )
    return view._getvalue()


def address(context, builder, array_type, array, offset):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(builder.bitcast(data, BYTE.as_pointer()), [offset])


@intrinsic
def row_at(typing_context, array, offset, count):
    """`count` neighbours, from a byte offset on."""
    view_type = types.Array(array.dtype, 1, "C")

    def codegen(context, builder, sig, arguments):
        data = address(context, builder, array, *arguments[:2])
        size = context.get_constant(types.intp, array.dtype.bitwidth // 8)
        return _view(context, builder, view_type, data, arguments[2], size)

    return view_type(array, types.intp, types.intp), codegen


@intrinsic
def numbers_at(typing_context, array, offset, count):
    """`count` neighbours to compute with. Not to be used on a half type, but it compiles."""
    view_type = types.Array(number_type(array.dtype), 1, "C")

    def codegen(context, builder, sig, arguments):
        data = address(context, builder, array, *arguments[:2])
        size = context.get_constant(types.intp, view_type.dtype.bitwidth // 8)
        return _view(context, builder, view_type, data, arguments[2], size)

    return view_type(array, types.intp, types.intp), codegen


@intrinsic
def spaced_at(typing_context, array, offset, count, stride):
    """`count` elements that are `stride` bytes apart, from a byte offset on."""
    view_type = types.Array(array.dtype, 1, "A")

    def codegen(context, builder, sig, arguments):
        data = address(context, builder, array, *arguments[:2])
        return _view(context, builder, view_type, data, *arguments[2:])

    return view_type(array, *[types.intp] * 3), codegen


def _known(truth, *arguments):
    """The typing and code of what the types tell."""

    def codegen(context, builder, sig, values):
        return ir.Constant(cgutils.bool_t, int(truth))

    return types.boolean(*arguments), codegen


@intrinsic
def is_number_type(typing_context, storage):
    """Whether an array holds what vectors are read from, and not a half type."""
    return _known(storage.dtype == number_type(storage.dtype), storage)


@intrinsic
def is_wider(typing_context, rooms, array):
    """Whether the arithmetic of the rooms has digits to spare beside the numbers of an array."""
    return _known(rooms.dtype != number_type(array.dtype), rooms, array)


@intrinsic
def room(typing_context, rooms, index, count, like):
    """The first `count` numbers of a row of scratch, in the type that `like` is read in."""
    view_type = types.Array(number_type(getattr(like, "dtype", like)), 1, "C")

    def codegen(context, builder, sig, arguments):
        array, index, count, _ = arguments
        width = builder.extract_value(context.make_array(rooms)(context, builder, array).shape, 1)
        size = context.get_constant(types.intp, rooms.dtype.bitwidth // 8)
        offset = builder.mul(builder.mul(index, width), size)
        data = address(context, builder, rooms, array, offset)
        item = context.get_constant(types.intp, view_type.dtype.bitwidth // 8)
        return _view(context, builder, view_type, data, count, item)

    return view_type(rooms, types.intp, types.intp, like), codegen


def _pointer(context, builder, array_type, array, index, pointee):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), pointee.as_pointer())


def _length(context, builder, array_type, array):
    return builder.extract_value(context.make_array(array_type)(context, builder, array).shape, 0)


def _masked(builder, operation, vector, result, arguments):
    """Call llvm.masked.load or llvm.masked.store, for lanes of this type."""
    name = f"llvm.masked.{operation}.v{vector.count}{vector.element.intrinsic_name}.p0"
    function_type = ir.FunctionType(result, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, arguments)


def _is_float16(storage):
    return storage == types.uint16


def _in_shape_of(x, element):
    """An LLVM type for each lane of a vector, or for the one number."""
    return ir.VectorType(element, x.lanes) if isinstance(x, Vector) else element


def _everywhere(x, value):
    """A 32-bit integer for each lane of a vector, or for the one number."""
    shape = _in_shape_of(x, ir.IntType(32))
    return ir.Constant(shape, [value] * x.lanes if isinstance(x, Vector) else value)


def _number(builder, value, x):
    """What values of a storage type stand for: float32 or float64."""
    storage = getattr(x, "dtype", x)
    if storage == number_type(storage):
        return value
    if _is_float16(storage):
        half = builder.bitcast(value, _in_shape_of(x, ir.HalfType()))
        return builder.fpext(half, _in_shape_of(x, ir.FloatType()))
    wide = builder.zext(value, _in_shape_of(x, ir.IntType(32)))
    pattern = builder.shl(wide, _everywhere(x, 16))
    return builder.bitcast(pattern, _in_shape_of(x, ir.FloatType()))


@intrinsic
def number(typing_context, x):
    """What one element stands for: float32 or float64."""
    return number_type(x)(x), lambda context, builder, sig, a: _number(builder, *a, x)


@intrinsic
def as_number_of(typing_context, x, array):
    """A vector of floats in the type that the elements of an array are read in."""
    target = number_type(array.dtype)

    def codegen(context, builder, sig, arguments):
        lanes = context.get_value_type(x.of(target))
        return converted(builder, arguments[0], x.dtype, target, lanes)

    return x.of(target)(x, array), codegen


@intrinsic
def rounded_to(typing_context, x, array):
    """A vector of floats, or one float, in the storage type of an array; ties go to even."""
    storage = array.dtype
    target = number_type(storage)

    def codegen(context, builder, sig, arguments):
        value, _ = arguments
        lanes = _in_shape_of(x, context.get_value_type(target))
        value = converted(builder, value, getattr(x, "dtype", x), target, lanes)
        if storage == target:
            return value
        if _is_float16(storage):
            half = builder.fptrunc(value, _in_shape_of(x, ir.HalfType()))
            return builder.bitcast(half, _in_shape_of(x, ir.IntType(16)))
        pattern = builder.bitcast(value, _in_shape_of(x, ir.IntType(32)))
        last = builder.and_(builder.lshr(pattern, _everywhere(x, 16)), _everywhere(x, 1))
        nearest = builder.add(pattern, builder.add(last, _everywhere(x, 0x7FFF)))
        # Rounding up could carry a NaN into the sign.
        quiet = builder.or_(pattern, _everywhere(x, 0x00400000))
        is_nan = builder.fcmp_unordered("uno", value, value)
        high = builder.lshr(builder.select(is_nan, quiet, nearest), _everywhere(x, 16))
        return builder.trunc(high, _in_shape_of(x, ir.IntType(16)))

    return (x.of(storage) if isinstance(x, Vector) else storage)(x, array), codegen


UNALIGNED = INDEX(1)
MINUS_INFINITY = {
    types.float64: float("-inf"),
    types.float32: float("-inf"),
    types.uint16: 0xFC00,  # float16
    types.int16: 0xFF80,  # bfloat16
}


@intrinsic
def load(typing_context, x, start, like):
    """The numbers x[start], x[start + 1], …, as many as `like` has lanes; past the end −inf."""
    stored = Vector(x.dtype, lane_count(like))

    def codegen(context, builder, sig, arguments):
        array, start, _ = arguments
        lanes = context.get_value_type(stored)
        pointer = _pointer(context, builder, x, array, start, lanes)
        left = builder.sub(_length(context, builder, x, array), start)
        is_whole = builder.icmp_signed(">=", left, left.type(stored.lanes))
        with builder.if_else(is_whole, likely=True) as (whole, rest):
            with whole:
                all_lanes = builder.load(pointer, align=1)
                whole_block = builder.block
            with rest:
                fill = ir.Constant(lanes, [MINUS_INFINITY[x.dtype]] * stored.lanes)
                mask = mask_below(builder, left, stored.lanes)
                some_lanes = _masked(
                    builder, "load", lanes, lanes, (pointer, UNALIGNED, mask, fill)
                )
                rest_block = builder.block
        result = builder.phi(lanes)
        result.add_incoming(all_lanes, whole_block)
        result.add_incoming(some_lanes, rest_block)
        return _number(builder, result, stored)

    return stored.of(number_type(x.dtype))(x, types.intp, like), codegen


@intrinsic
def is_within(typing_context, x, start, like):
    """Which lanes of a vector that was loaded at `start` are not past the end."""
    mask = Vector(types.boolean, lane_count(like))

    def codegen(context, builder, sig, arguments):
        array, start, _ = arguments
        left = builder.sub(_length(context, builder, x, array), start)
        return mask_below(builder, left, mask.lanes)

    return mask(x, types.intp, like), codegen


@intrinsic
def store(typing_context, x, start, value):
    """Put a vector into x[start], x[start + 1], …; what is past the end is left out."""

    def codegen(context, builder, sig, arguments):
        array, start, lanes = arguments
        pointer = _pointer(context, builder, x, array, start, lanes.type)
        left = builder.sub(_length(context, builder, x, array), start)
        is_whole = builder.icmp_signed(">=", left, left.type(value.lanes))
        with builder.if_else(is_whole, likely=True) as (whole, rest):
            with whole:
                builder.store(lanes, pointer, align=1)
            with rest:
                mask = mask_below(builder, left, value.lanes)
                arguments = lanes, pointer, UNALIGNED, mask
                _masked(builder, "store", lanes.type, ir.VoidType(), arguments)
        return context.get_dummy_value()

    return types.none(x, types.intp, value), codegen


@intrinsic
def until_aligned(typing_context, x):
    """How many elements there are before the first that begins a cache line."""

    def codegen(context, builder, sig, arguments):
        data = context.make_array(x)(context, builder, arguments[0]).data
        number = builder.ptrtoint(data, ir.IntType(64))
        missing = builder.and_(builder.neg(number), number.type(CACHE_LINE - 1))
        return builder.udiv(missing, number.type(x.dtype.bitwidth // 8))

    return types.intp(x), codegen


@intrinsic
def stream(typing_context, x, start, value):
    """Put a vector past the caches into x[start], x[start + 1], …, where whole ones begin."""
    size = value.lanes * value.dtype.bitwidth // 8

    def codegen(context, builder, sig, arguments):
        array, start, lanes = arguments
        pointer = _pointer(context, builder, x, array, start, lanes.type)
        stored = builder.store(lanes, pointer, align=min(size, CACHE_LINE))
        hint = builder.module.add_metadata([INDEX(1)])
        stored.set_metadata("nontemporal", hint)
        return context.get_dummy_value()

    return types.none(x, types.intp, value), codegen


@intrinsic
def after_streams(typing_context):
    """Make what was streamed visible to others before anything that follows."""

    def codegen(context, builder, sig, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.none(), codegen


def _prefetch(array, like, intent):
    """Ask for every cache line that a vector of an array lies in, if it begins one."""
    size = lane_count(like) * array.dtype.bitwidth // 8

    def codegen(context, builder, sig, arguments):
        array_value, offset, _ = arguments
        first = address(context, builder, array, array_value, offset)
        function_type = ir.FunctionType(ir.VoidType(), [first.type, INDEX, INDEX, INDEX])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        for line in range(0, size, CACHE_LINE):
            pointer = builder.gep(first, [INDEX(line)])
            builder.call(function, [pointer, INDEX(intent), INDEX(2), INDEX(1)])
        return context.get_dummy_value()

    return types.none(array, types.intp, like), codegen


@intrinsic
def will_read(typing_context, array, offset, like):
    """Ask for the vector at a byte offset, which may be past the end."""
    return _prefetch(array, like, 0)


@intrinsic
def will_write(typing_context, array, offset, like):
    """Ask for it to be written to."""
    return _prefetch(array, like, 1)


@intrinsic
def row_or_room(typing_context, array, offset, room, is_row):
    """Numbers to work on: the array's own, from a byte offset on, or those of a room."""

    def codegen(context, builder, sig, arguments):
        array_value, offset, room_value, is_row = arguments
        view = context.make_array(room)(context, builder, room_value)
        own = address(context, builder, array, array_value, offset)
        view.data = builder.select(is_row, builder.bitcast(own, view.data.type), view.data)
        return view._getvalue()

    return room(array, types.intp, room, types.boolean), codegen
