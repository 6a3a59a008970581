"""Matrices as kernels in registers read and write them, and sums that stay in registers."""

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .memory import BYTE, UNALIGNED, _masked
from .vector import INDEX, call_on_lanes, shuffled

REGISTER_BITS = 256

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

    def vector_at(self, pointer, offset, mask=None):
        """The vector so many elements after an address, in a row whose numbers are neighbours."""
        place = self.builder.gep(pointer, [offset])
        return self.load(self.builder.bitcast(place, self.vector.as_pointer()), mask)

    def load(self, pointer, mask=None):
        if mask is None:
            return self.builder.load(pointer, align=self.size)
        given = pointer, UNALIGNED, mask, ir.Constant(self.vector, [0.0] * self.lanes)
        return _masked(self.builder, "load", self.vector, self.vector, given)

    def spread(self, pointer, offset, vector):
        """The number so many elements after an address, in every lane of a vector."""
        number = self.builder.load(self.builder.gep(pointer, [offset]), align=self.size)
        undefined = ir.Constant(vector, ir.Undefined)
        one = self.builder.insert_element(undefined, number, INDEX(0))
        return shuffled(self.builder, one, [0] * vector.count)

    def ask_for(self, pointer, offset):
        """Have the line at an offset in bytes come into the second cache."""
        place = self.builder.gep(self.builder.bitcast(pointer, BYTE.as_pointer()), [offset])
        function_type = ir.FunctionType(ir.VoidType(), [place.type, INDEX, INDEX, INDEX])
        ask = cgutils.get_or_insert_function(self.builder.module, function_type, "llvm.prefetch.p0")
        self.builder.call(ask, [place, INDEX(0), INDEX(2), INDEX(1)])

    def put(self, value, pointer, offset, mask=None):
        """Store a vector so many elements after an address."""
        place = self.builder.gep(pointer, [offset])
        self.store(value, self.builder.bitcast(place, self.vector.as_pointer()), mask)

    def store(self, value, pointer, mask=None):
        if mask is None:
            self.builder.store(value, pointer, align=self.size)
        else:
            given = value, pointer, UNALIGNED, mask
            _masked(self.builder, "store", value.type, ir.VoidType(), given)


class Wide(Numbers):
    """The same numbers in vectors of as many lanes as another type has."""

    def __init__(self, numbers, vector):
        self.builder, self.size = numbers.builder, numbers.size
        self.vector, self.lanes = vector, vector.count


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


def sum_of(builder, vector):
    """The sum of all lanes, half by half."""
    while vector.type.count > 1:
        half = vector.type.count // 2
        low = shuffled(builder, vector, range(half))
        vector = builder.fadd(low, shuffled(builder, vector, range(half, 2 * half)))
    return builder.extract_element(vector, INDEX(0))


@contextmanager
def steps(builder, first, last, step):
    """The numbers from first on, below last, in a loop that LLVM leaves as it is: unrolled, what
    has as many sums as there are registers runs out of those for addresses.
    """
    check, body, end = (builder.append_basic_block(name) for name in ("check", "body", "end"))
    before = builder.branch(check).parent
    builder.position_at_end(check)
    at = builder.phi(first.type)
    at.add_incoming(first, before)
    builder.cbranch(builder.icmp_signed("<", at, last), body, end)
    builder.position_at_end(body)
    yield at
    at.add_incoming(builder.add(at, WORD(step)), builder.block)
    builder.branch(check).set_metadata("llvm.loop", unroll_disabled(builder.module))
    builder.position_at_end(end)


def unroll_disabled(module):
    """A loop's own metadata, whose first entry is itself."""
    its = module.add_metadata([INDEX(len(module.metadata))])
    its.operands = its, module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    return its


def for_count(builder, count, counts, emit):
    """Emit code for each of these numbers, of which that for `count` runs."""
    end = builder.append_basic_block("done")
    cases = builder.switch(count, end)
    for number in counts:
        block = builder.append_basic_block(f"of_{number}")
        cases.add_case(WORD(number), block)
        builder.position_at_end(block)
        emit(number)
        builder.branch(end)
    builder.position_at_end(end)
