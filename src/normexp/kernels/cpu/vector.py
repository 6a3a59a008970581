"""Vectors as a type that kernels compute with: `x * y + 1.0` works on all lanes at once.

Left to itself, LLVM's vectoriser gives up on a loop for a maximum, a tail or an inlined function,
and no two steps of a long chain of fused multiply-adds overlap. A vector of 128 bytes is two or
more registers of any processor, so that there is always an independent instruction to start; LLVM
takes it apart into whatever registers there are.

Every operation here also takes one number instead of a vector, and spreads it over the lanes.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.datamodel.models import PrimitiveModel
from numba.core.datamodel.registry import register_default
from numba.core.imputils import lower_builtin, lower_cast
from numba.core.typeconv.castgraph import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic

from .sizes import VECTOR_BITS

# None of the code may use fastmath: the exponential relies on the order of its operations, −inf and
# NaN on IEEE 754. A kernel is called from Python. What it calls is inlined by LLVM; or it is a loop
# over a tile, left a function of its own, where its constants find registers. The formulas of a
# loss are macros, put into its kernel before that has types: many arguments need not be passed.
STRICT: Any = {"nogil": True, "error_model": "numpy"}
INTERNAL: Any = STRICT | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
INLINED: Any = INTERNAL | {"forceinline": True}
function = njit(**INTERNAL, forceinline=False)
inline = njit(**INLINED)
macro = njit(**INTERNAL, inline="always")

INDEX = ir.IntType(32)


class Vector(types.Type):
    """A Numba type: some lanes of float32, float64, int32, int64 or boolean."""

    def __init__(self, dtype: Any, lanes: int) -> None:
        self.dtype = dtype
        self.lanes = lanes
        super().__init__(f"Vector({dtype}, {lanes})")

    def of(self, dtype: Any) -> "Vector":
        return Vector(dtype, self.lanes)

    def can_convert_from(self, typing_context: Any, other: Any) -> Any:
        return Conversion.unsafe if isinstance(other, types.Number) else None


def lane_count(float_type: Any) -> int:
    """The lanes of a vector that computes in this type (or in that of an array or a vector)."""
    if isinstance(float_type, Vector):
        return float_type.lanes
    return int(VECTOR_BITS // getattr(float_type, "dtype", float_type).bitwidth)


@register_default(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, manager, vector):
        is_mask = vector.dtype is types.boolean
        lane = ir.IntType(1) if is_mask else manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(lane, vector.lanes))


def shuffled(builder, vector, lanes, other=None):
    """The lanes with these numbers, those of `other` counted on from the first vector's."""
    other = ir.Constant(vector.type, ir.Undefined) if other is None else other
    numbers = ir.Constant(ir.VectorType(INDEX, len(lanes)), list(lanes))
    return builder.shuffle_vector(vector, other, numbers)


def concatenated(builder, vectors):
    """Vectors of one size, end to end; missing ones, up to a power of two, undefined."""
    while len(vectors) > 1:
        if len(vectors) % 2:
            vectors = [*vectors, ir.Constant(vectors[0].type, ir.Undefined)]
        both = range(2 * vectors[0].type.count)
        vectors = [
            shuffled(builder, x, both, y) for x, y in zip(vectors[::2], vectors[1::2], strict=True)
        ]
    return vectors[0]


def mask_below(builder, count, lanes):
    """The mask of the lanes whose number is below `count`."""
    integers = ir.VectorType(count.type, lanes)
    numbers = ir.Constant(integers, list(range(lanes)))
    one = builder.insert_element(ir.Constant(integers, ir.Undefined), count, INDEX(0))
    return builder.icmp_signed("<", numbers, shuffled(builder, one, [0] * lanes))


@lower_cast(types.Number, Vector)
def _spread(context, builder, number_type, vector_type, number):
    lane = context.cast(builder, number, number_type, vector_type.dtype)
    target = context.get_value_type(vector_type)
    one = builder.insert_element(ir.Constant(target, ir.Undefined), lane, INDEX(0))
    return shuffled(builder, one, [0] * vector_type.lanes)


def _vector_among(arguments):
    """The vector type of an operation, whose other operands may be numbers; None without one."""
    if not all(isinstance(a, Vector | types.Number) for a in arguments):
        return None
    return next((a for a in arguments if isinstance(a, Vector)), None)


def _define(operation, on_floats, on_integers, result=None):
    """Let an operator of Python's work on vectors."""

    @infer_global(operation)
    class _Typing(AbstractTemplate):
        def generic(self, arguments, keywords):
            vector = _vector_among(arguments)
            if vector is None:
                return None
            given = vector if result is None else vector.of(result)
            return signature(given, *[vector] * len(arguments))

    @lower_builtin(operation, Vector, Vector)
    def _lower(context, builder, sig, arguments):
        is_float = isinstance(sig.args[0].dtype, types.Float)
        return (on_floats if is_float else on_integers)(builder, *arguments)


def _comparison(symbol):
    return (
        lambda builder, x, y: builder.fcmp_ordered(symbol, x, y),
        lambda builder, x, y: builder.icmp_signed(symbol, x, y),
        types.boolean,
    )


_define(operator.add, ir.IRBuilder.fadd, ir.IRBuilder.add)
_define(operator.sub, ir.IRBuilder.fsub, ir.IRBuilder.sub)
_define(operator.mul, ir.IRBuilder.fmul, ir.IRBuilder.mul)
_define(operator.truediv, ir.IRBuilder.fdiv, None)
_define(operator.lshift, None, ir.IRBuilder.shl)
_define(operator.rshift, None, ir.IRBuilder.ashr)
_define(operator.and_, None, ir.IRBuilder.and_)
_define(operator.or_, None, ir.IRBuilder.or_)
_define(operator.lt, *_comparison("<"))
_define(operator.le, *_comparison("<="))
_define(operator.gt, *_comparison(">"))
_define(operator.ge, *_comparison(">="))
_define(operator.eq, *_comparison("=="))


@infer_global(operator.neg)
class _Negation(AbstractTemplate):
    def generic(self, arguments, keywords):
        return signature(*arguments * 2) if isinstance(arguments[0], Vector) else None


@lower_builtin(operator.neg, Vector)
def _negate(context, builder, sig, arguments):
    return builder.fneg(arguments[0])


def _lanes_call(name, count):
    """An intrinsic that maps `count` vectors to the LLVM function of this name."""

    def typed(context, *arguments):
        vector = _vector_among(arguments)
        if vector is None:
            vector = types.float64

        def codegen(context, builder, sig, arguments):
            return call_on_lanes(builder, name, arguments)

        return vector(*[vector] * count), codegen

    return typed


def call_on_lanes(builder, name, arguments):
    """Call the LLVM function of this name on vectors, or on numbers, of one type."""
    lanes = arguments[0].type
    is_vector = isinstance(lanes, ir.VectorType)
    suffix = f"v{lanes.count}{lanes.element.intrinsic_name}" if is_vector else lanes.intrinsic_name
    function_type = ir.FunctionType(lanes, [lanes] * len(arguments))
    function = cgutils.get_or_insert_function(
        builder.module, function_type, f"llvm.{name}.{suffix}"
    )
    return builder.call(function, arguments)


@intrinsic
def on_its_own(typing_context):
    """Keep the function that says this a function, so that its constants find registers."""

    def codegen(context, builder, sig, arguments):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic
def fma(typing_context, x, y, z):
    """x·y + z with one rounding."""
    return _lanes_call("fma", 3)(typing_context, x, y, z)


@intrinsic
def polynomial(typing_context, x, coefficients):
    """c_0 + c_1·x + c_2·x² + …, by Horner's rule in fused steps."""

    def codegen(context, builder, sig, arguments):
        x_value, given = arguments
        *others, total = (
            _spread(context, builder, types.float64, x, builder.extract_value(given, n))
            for n in range(len(coefficients))
        )
        for c in reversed(others):
            total = call_on_lanes(builder, "fma", (total, x_value, c))
        return total

    return x(x, coefficients), codegen


@intrinsic
def absolute(typing_context, x):
    """|x|."""
    return _lanes_call("fabs", 1)(typing_context, x)


@intrinsic
def select(typing_context, mask, yes, no):
    """`yes` where the mask is set, `no` elsewhere."""
    vector = _vector_among((yes, no)) or Vector(types.float64, mask.lanes)
    return vector(mask, vector, vector), lambda context, builder, sig, a: builder.select(*a)


@intrinsic
def any_lane(typing_context, mask):
    """Whether a mask is set anywhere."""

    def codegen(context, builder, sig, arguments):
        number = builder.bitcast(arguments[0], ir.IntType(mask.lanes))
        return builder.icmp_unsigned("!=", number, ir.Constant(number.type, 0))

    return types.boolean(mask), codegen


def _reinterpreted(x, dtypes):
    """The typing and code of an intrinsic that reads the same bits as another type."""
    result = x.of(dtypes[x.dtype]) if isinstance(x, Vector) else dtypes[x]

    def codegen(context, builder, sig, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(result))

    return result(x), codegen


@intrinsic
def bits(typing_context, x):
    """The bits of a float, or of each lane, as an integer of its size."""
    return _reinterpreted(x, {types.float32: types.int32, types.float64: types.int64})


@intrinsic
def from_bits(typing_context, x):
    """The float that has these bits."""
    return _reinterpreted(x, {types.int32: types.float32, types.int64: types.float64})


def converted(builder, value, source, target, llvm_type):
    """A float, or a vector of them, in a wider or narrower type."""
    if target.bitwidth > source.bitwidth:
        return builder.fpext(value, llvm_type)
    if target.bitwidth < source.bitwidth:
        return builder.fptrunc(value, llvm_type)
    return value


@intrinsic
def as_type_of(typing_context, x, like):
    """A vector in the float type of `like`, rounded if that is narrower."""
    target = getattr(like, "dtype", like)
    vector = x.of(target)

    def codegen(context, builder, sig, arguments):
        lanes = context.get_value_type(vector)
        return converted(builder, arguments[0], x.dtype, target, lanes)

    return vector(x, like), codegen


def _larger(builder, x, y):
    return builder.select(builder.fcmp_ordered(">", x, y), x, y)


def _folded(build):
    """An intrinsic that brings all lanes together, half by half, and spreads what comes out."""

    def typed(context, x):
        def codegen(context, builder, sig, arguments):
            (vector,) = arguments
            while vector.type.count > 1:
                half = vector.type.count // 2
                low = shuffled(builder, vector, range(half))
                vector = build(builder, low, shuffled(builder, vector, range(half, 2 * half)))
            return shuffled(builder, vector, [0] * x.lanes)

        return x(x), codegen

    return typed


@intrinsic
def sum_of_lanes(typing_context, x):
    """In every lane, the sum of all of them: neighbours at a distance of a half are added first."""
    return _folded(ir.IRBuilder.fadd)(typing_context, x)


def _folded_side_by_side(build):
    """As `_folded`, of as many vectors as a vector has lanes, each to the lane of its number.

    They stand in an array, one after the other.
    """

    def typed(context, x, like):
        vector = Vector(x.dtype, lane_count(like))

        def codegen(context, builder, sig, arguments):
            pointer = context.make_array(x)(context, builder, arguments[0]).data
            pointer = builder.bitcast(pointer, context.get_value_type(vector).as_pointer())
            lanes = length = vector.lanes
            left = [builder.load(builder.gep(pointer, [INDEX(i)]), align=4) for i in range(lanes)]
            while length > 1:
                half = length // 2
                low = [lane for lane in range(2 * lanes) if lane % length < half]
                high = [lane + half for lane in low]
                left = [
                    build(builder, shuffled(builder, a, low, b), shuffled(builder, a, high, b))
                    for a, b in zip(left[::2], left[1::2], strict=True)
                ]
                length = half
            return left[0]

        return vector(x, like), codegen

    return typed


@intrinsic
def sums_of_vectors(typing_context, x, like):
    """In lane i, what `sum_of_lanes` gives of the i-th of as many vectors as `like` has lanes."""
    return _folded_side_by_side(ir.IRBuilder.fadd)(typing_context, x, like)


@intrinsic
def largest_of_vectors(typing_context, x, like):
    """In lane i, the largest lane of the i-th of as many vectors as `like` has lanes."""
    return _folded_side_by_side(_larger)(typing_context, x, like)


@intrinsic
def pair_of_lanes(typing_context, high, low):
    """The sum of all lanes of high + low, in every lane, as such a pair: nothing is rounded away.

    Added in the order of `sum_of_lanes`, by Knuth's `two_sum`.
    """

    def codegen(context, builder, sig, arguments):
        high, low = arguments
        while high.type.count > 1:
            half = high.type.count // 2
            x, x_low, y, y_low = (
                shuffled(builder, vector, lanes)
                for lanes in (range(half), range(half, 2 * half))
                for vector in (high, low)
            )
            high = builder.fadd(x, y)
            y_part = builder.fsub(high, x)
            x_lost = builder.fsub(x, builder.fsub(high, y_part))
            lost = builder.fadd(x_lost, builder.fsub(y, y_part))
            low = builder.fadd(lost, builder.fadd(x_low, y_low))
        both = [shuffled(builder, vector, [0] * sig.args[0].lanes) for vector in (high, low)]
        return context.make_tuple(builder, sig.return_type, both)

    return types.UniTuple(high, 2)(high, low), codegen


@intrinsic
def largest_of_lanes(typing_context, x):
    """In every lane, the largest of all of them."""
    return _folded(_larger)(typing_context, x)


@intrinsic
def lanes_below(typing_context, count, like):
    """The mask of the lanes whose number is below `count`."""
    mask = Vector(types.boolean, lane_count(like))

    def codegen(context, builder, sig, arguments):
        return mask_below(builder, arguments[0], mask.lanes)

    return mask(types.intp, like), codegen


@intrinsic
def first_lane(typing_context, x):
    """The number in the first lane."""
    return x.dtype(x), lambda context, builder, sig, a: builder.extract_element(a[0], INDEX(0))


@intrinsic
def with_lane(typing_context, x, lane, number):
    """A vector with another number in one of its lanes."""

    def codegen(context, builder, sig, arguments):
        vector, lane, number = arguments
        return builder.insert_element(vector, number, lane)

    return x(x, types.intp, x.dtype), codegen


@intrinsic
def lanes_of(typing_context, x):
    """How many lanes the vectors of a float type have: 128 bytes of them."""
    lanes = lane_count(x)
    return types.intp(x), lambda context, builder, sig, a: context.get_constant(types.intp, lanes)


@intrinsic
def spread(typing_context, number, like):
    """A number in every lane of a vector of the type of `like`."""
    vector = Vector(getattr(like, "dtype", like), lane_count(like))
    return vector(vector.dtype, like), lambda context, builder, sig, arguments: _spread(
        context, builder, vector.dtype, vector, arguments[0]
    )


@inline
def two_sum(x, y):
    """x + y as (rounded sum, what the rounding lost), exactly. Knuth, TAOCP vol. 2, 4.2.2."""
    total = x + y
    y_part = total - x
    return total, (x - (total - y_part)) + (y - y_part)


@inline
def two_product(x, y):
    """x·y as (rounded product, what the rounding lost), exactly."""
    product = x * y
    return product, fma(x, y, -product)
