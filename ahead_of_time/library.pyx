# cython: language_level=3, freethreading_compatible=True
"""Kernels compiled ahead of time, as Python calls them. Made by `ahead_of_time`."""

from libc.stdint cimport int64_t
from libc.string cimport memchr, memcpy, memset
cimport numpy as cnp

cnp.import_array()

cdef extern from "table.h":
    """
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    static int is_v3(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
            && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("bmi");
    }
    static int is_v4(void) {
        return is_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl");
    }
    #elif defined(_M_X64)
    #include <intrin.h>
    static int has(int leaf, int which, int bits) {
        int found[4];
        __cpuidex(found, leaf, 0);
        return (found[which] & bits) == bits;
    }
    static int is_v3(void) { /* FMA, OSXSAVE, AVX; the system saves the registers; AVX2, BMI */
        return has(1, 2, 1 << 12 | 1 << 27 | 1 << 28) && (_xgetbv(0) & 6) == 6
            && has(7, 1, 1 << 3 | 1 << 5 | 1 << 8);
    }
    static int is_v4(void) { /* AVX-512 F, DQ, CD, BW, VL */
        return is_v3() && (_xgetbv(0) & 0xe6) == 0xe6
            && has(7, 1, 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 | (int)(1u << 31));
    }
    #else
    static int is_v3(void) { return 0; }
    static int is_v4(void) { return 0; }
    #endif
    """
    ctypedef int (*Code)(void **, void **, int64_t *) noexcept nogil
    ctypedef struct Row:
        const char *name
        const char *types
        Code *code
    bint is_v3() noexcept
    bint is_v4() noexcept
    const char *PROCESSOR_NAMES[]
    int PROCESSOR_COUNT
    int FORM_COUNT
    Row FORMS[]

# Of the arguments of any kernel.
DEF SLOTS = 160
# Elements that are not worth letting other threads run for.
DEF SMALL = 18432  # a flat tile with its rooms


cdef list noted = None  # the calls of forms while they are noted, see `Small`


cdef struct Block:
    int64_t slots[SLOTS]
    int used
    int64_t largest
    const char *types


cdef int refuse(object argument) except -1:
    raise TypeError(f"a compiled kernel does not take {type(argument).__name__} here")


cdef int put(Block *block, object argument) except -1:
    """The argument's slots, if it has the type that comes next."""
    cdef cnp.ndarray array
    cdef cnp.dtype kind
    cdef double number
    cdef int axis, axes
    cdef int64_t size = 1
    cdef char expected = block.types[0]
    if isinstance(argument, cnp.ndarray):
        array = <cnp.ndarray>argument
        kind = <cnp.dtype>cnp.PyArray_DESCR(array)
        axes = cnp.PyArray_NDIM(array)
        if (
            expected != kind.kind or block.types[1] - 48 != cnp.PyArray_ITEMSIZE(array)
            or block.types[2] - 48 != axes or not cnp.PyArray_ISNOTSWAPPED(array)
        ):
            refuse(argument)
        block.types += 3
        if block.used + 1 + 2 * axes > SLOTS:
            raise ValueError("a kernel has more arguments than there is room for")
        block.slots[block.used] = <int64_t>cnp.PyArray_DATA(array)
        for axis in range(axes):
            block.slots[block.used + 1 + axis] = cnp.PyArray_DIM(array, axis)
            block.slots[block.used + 1 + axes + axis] = cnp.PyArray_STRIDE(array, axis)
            size *= cnp.PyArray_DIM(array, axis)
        block.used += 1 + 2 * axes
        block.largest = max(block.largest, size)
        return 0
    if isinstance(argument, tuple):
        for item in <tuple>argument:
            put(block, item)
        return 0
    block.types += 1
    if argument is None:
        return 0 if expected == b"N" else refuse(argument)
    if block.used == SLOTS:
        raise ValueError("a kernel has more arguments than there is room for")
    if isinstance(argument, float):
        if expected != b"F":
            refuse(argument)
        number = argument
        memcpy(&block.slots[block.used], &number, sizeof(number))
    else:
        if (expected == b"B") != isinstance(argument, bool) or expected not in b"BI":
            refuse(argument)
        block.slots[block.used] = argument
    block.used += 1
    return 0


cdef class Form:
    """A kernel for arguments of certain types, on the processor it was taken for."""

    cdef Code code
    cdef const char *types

    def __call__(self, *arguments):
        cdef Block block
        cdef void *result = NULL
        cdef void *failure = NULL
        cdef int status
        if noted is not None:
            noted.append((self, arguments))
        block.used, block.largest, block.types = 0, 0, self.types
        for argument in arguments:
            put(&block, argument)
        if block.types[0]:
            raise TypeError("a compiled kernel is missing arguments")
        if block.largest > SMALL:
            with nogil:
                status = self.code(&result, &failure, block.slots)
        else:
            status = self.code(&result, &failure, block.slots)
        if status:
            raise RuntimeError(f"a compiled kernel has failed with the status {status}")


def processors():
    """The kinds of processors that there is code for and that this one is, the best first."""
    can = {"v4": is_v4(), "v3": is_v3(), "arm": True}
    names = [PROCESSOR_NAMES[i].decode() for i in range(PROCESSOR_COUNT)]
    return [name for name in names if can[name]]


def forms_for(str processor):
    """The forms by name, for a kind of processor."""
    names = [PROCESSOR_NAMES[i].decode() for i in range(PROCESSOR_COUNT)]
    cdef int which = names.index(processor), i
    cdef Form form
    found = {}
    for i in range(FORM_COUNT):
        form = Form.__new__(Form)
        form.code = FORMS[i].code[which]
        form.types = FORMS[i].types
        found[FORMS[i].name.decode()] = form
    return found


# Small calls. What a call on few numbers asks of a form depends on the types and shapes of its arrays
# alone, but for their addresses. So it is noted once, and done again with other addresses.

DEF PLANS = 64
DEF PATCHES = 24
DEF ROOM_BYTES = 147456  # rooms for a flat tile
DEF ROWS = 1024
DEF NUMBERS = 16384

DEF HALF = 23  # NPY_HALF


cdef enum Place:
    LOGITS, RESULT, TARGET, LOSSES, MASK, SCRATCH, MARKS


cdef struct Patch:
    int slot
    Place place
    int64_t offset


cdef class Plan:
    """One call of a form, but for the addresses of some of its arrays."""

    cdef Code code
    cdef int64_t slots[SLOTS]
    cdef int used
    cdef Patch patches[PATCHES]
    cdef int count
    cdef int64_t marks  # how many rows the form may mark
    cdef object kept  # the arrays whose addresses stay

    @staticmethod
    cdef Plan of(Form form, tuple arguments, dict places):
        """None if the call cannot be done again: it worked on copies, or takes too much room.
        `places` says of arrays, by their address, what they are.
        """
        cdef Block block
        cdef Plan plan = Plan.__new__(Plan)
        block.used, block.largest, block.types = 0, 0, form.types
        plan.code, plan.count, plan.marks, plan.kept = form.code, 0, 0, arguments
        for argument in arguments:
            if not plan.note(&block, argument, places):
                return None
        met = {plan.patches[i].place for i in range(plan.count)}
        if not met.issuperset(places.values()):  # it worked on a copy
            return None
        plan.used = block.used
        memcpy(plan.slots, block.slots, sizeof(plan.slots))
        return plan

    cdef bint note(self, Block *block, object argument, dict places) except -1:
        cdef int slot = block.used
        cdef cnp.ndarray array
        if isinstance(argument, tuple):
            for item in <tuple>argument:
                if not self.note(block, item, places):
                    return False
            return True
        put(block, argument)
        if not isinstance(argument, cnp.ndarray):
            return True
        array = <cnp.ndarray>argument
        place = places.get(<int64_t>cnp.PyArray_DATA(array)) if cnp.PyArray_SIZE(array) else None
        if place is None and cnp.PyArray_NDIM(array) == 2 and array.flags.writeable:
            if cnp.PyArray_NBYTES(array) > ROOM_BYTES:
                return False
            place = SCRATCH
        elif place is None and array.descr.kind == b"b" and cnp.PyArray_NDIM(array) == 1:
            if cnp.PyArray_SIZE(array) > ROWS:
                return False
            place, self.marks = MARKS, cnp.PyArray_SIZE(array)
        if place is not None:
            if self.count == PATCHES:
                return False
            self.patches[self.count].slot = slot
            self.patches[self.count].place = place
            self.count += 1
        return True

    cdef bint run(
        self, void *logits, void *result, void *target, void *losses, void *mask = NULL
    ) except -1:
        """Whether that was all: not if the form has marked a row, for another form to do."""
        cdef int64_t slots[SLOTS]
        cdef char scratch[ROOM_BYTES + 64]
        cdef char marks[ROWS]
        cdef int64_t where[7]
        cdef void *nothing = NULL
        cdef void *failure = NULL
        cdef int i
        where[<int>LOGITS], where[<int>RESULT] = <int64_t>logits, <int64_t>result
        where[<int>TARGET], where[<int>LOSSES] = <int64_t>target, <int64_t>losses
        where[<int>MASK] = <int64_t>mask
        where[<int>SCRATCH] = (<int64_t>scratch + 63) & ~<int64_t>63
        where[<int>MARKS] = <int64_t>marks
        memset(marks, 0, self.marks)
        memcpy(slots, self.slots, self.used * sizeof(int64_t))
        for i in range(self.count):
            slots[self.patches[i].slot] = where[<int>self.patches[i].place]
        i = self.code(&nothing, &failure, slots)
        if i:
            raise RuntimeError(f"a compiled kernel has failed with the status {i}")
        return memchr(marks, 1, self.marks) is NULL


cdef struct Key:
    int type
    int accuracy
    int axes
    int64_t first  # the length of the first axis, which a mean over batches divides by
    int64_t rows
    int64_t classes
    int64_t inner  # neighbours of a class that belong to other rows
    double temperature
    bint is_masked
    bint is_in_place


cdef bint key_of(object values, Key *key, object axis = -1):
    """What decides of an array how it is worked on; False if it is not of the common kind."""
    cdef cnp.ndarray array
    cdef int of_classes, other
    if type(values) is not cnp.ndarray:
        return False
    array = <cnp.ndarray>values
    key.type, key.axes = cnp.PyArray_TYPE(array), cnp.PyArray_NDIM(array)
    if key.type != cnp.NPY_FLOAT and key.type != cnp.NPY_DOUBLE and key.type != HALF:
        return False
    if key.axes == 0 or not cnp.PyArray_ISCARRAY_RO(array):
        return False
    if not 0 < cnp.PyArray_SIZE(array) <= NUMBERS:
        return False
    key.first = cnp.PyArray_DIM(array, 0)
    if type(axis) is not int or not -key.axes <= axis < key.axes:
        return False
    of_classes = axis % key.axes
    key.classes, key.inner = cnp.PyArray_DIM(array, of_classes), 1
    for other in range(of_classes + 1, key.axes):
        key.inner *= cnp.PyArray_DIM(array, other)
    key.rows = cnp.PyArray_SIZE(array) // key.classes
    key.temperature, key.is_masked, key.is_in_place = 1.0, False, False
    return key.rows <= ROWS


cdef bint is_mask(object where, cnp.ndarray x, Key *key) except -1:
    """Whether there is no mask, or one that lies in memory as x does."""
    cdef cnp.ndarray mask
    if where is None:
        return True
    if type(where) is not cnp.ndarray:
        return False
    key.is_masked, mask = True, <cnp.ndarray>where
    return (
        cnp.PyArray_TYPE(mask) == cnp.NPY_BOOL and cnp.PyArray_ISCARRAY_RO(mask)
        and has_shape_of(mask, x)
    )


cdef bint has_shape_of(cnp.ndarray a, cnp.ndarray b, int without = -1):
    """Whether a has the shape of b, or that of b without one of its axes."""
    cdef int axis, axes = cnp.PyArray_NDIM(b) - (without >= 0)
    if cnp.PyArray_NDIM(a) != axes:
        return False
    for axis in range(axes):
        if cnp.PyArray_DIM(a, axis) != cnp.PyArray_DIM(b, axis + (0 <= without <= axis)):
            return False
    return True


cdef bint lie_apart(cnp.ndarray a, cnp.ndarray b):
    cdef char *first = <char *>cnp.PyArray_DATA(a)
    cdef char *second = <char *>cnp.PyArray_DATA(b)
    return first + cnp.PyArray_NBYTES(a) <= second or second + cnp.PyArray_NBYTES(b) <= first


cdef bint is_output(
    object out, cnp.ndarray x, object where, Key *key, int without = -1
) except -1:
    """Whether a result, of the shape of x or that without an axis, can go there straight away.

    It can where there is nothing else, and where x itself is, if it has its shape.
    """
    cdef cnp.ndarray array
    if type(out) is not cnp.ndarray:
        return False
    array = <cnp.ndarray>out
    if cnp.PyArray_TYPE(array) != key.type or not cnp.PyArray_ISCARRAY(array):
        return False
    if not has_shape_of(array, x, without):
        return False
    if where is not None and not lie_apart(array, <cnp.ndarray>where):
        return False
    key.is_in_place = without < 0 and cnp.PyArray_DATA(array) == cnp.PyArray_DATA(x)
    return key.is_in_place or lie_apart(array, x)


cdef class Small:
    """A function whose small calls go from argument to result in one entry.

    `long_way` does the call itself; it returns the arrays that the form was called with
    (`result`, `losses`) beside what the function returns.
    """

    cdef object long_way
    cdef object accuracy  # a function: the accuracy that holds
    cdef Key keys[PLANS]
    cdef list plans

    def __init__(self, long_way, accuracy):
        self.long_way, self.accuracy = long_way, accuracy
        self.plans = [None] * PLANS
        for i in range(PLANS):
            self.keys[i].axes = 0

    cdef Plan plan_for(self, Key *key, int *at):
        """The plan of a call; None without one, with where it would be kept, or −1."""
        key.accuracy = self.accuracy() == "exact"
        cdef int64_t mixed = key.rows * 31 + key.classes * 7 + key.type + key.accuracy
        cdef int i = (mixed + key.inner * 17 + key.is_masked * 3 + key.is_in_place * 5) & (PLANS - 1)
        cdef Key *kept = &self.keys[i]
        at[0] = i
        if (
            kept.type == key.type and kept.accuracy == key.accuracy and kept.axes == key.axes
            and kept.first == key.first and kept.rows == key.rows and kept.classes == key.classes
            and kept.inner == key.inner and kept.temperature == key.temperature
            and kept.is_masked == key.is_masked and kept.is_in_place == key.is_in_place
        ):
            return <Plan>self.plans[i]
        kept[0] = key[0]
        self.plans[i] = None
        at[0] = -1  # a shape that comes once is not worth noting
        return None

    cdef object note(self, int at, tuple arguments, target = None, mask = None):
        """Do a call the long way; keep what it asked of a form, if that was one."""
        global noted
        if at < 0 or noted is not None:
            return self.long_way(*arguments)[0]
        noted = calls = []
        try:
            returned, result, losses = self.long_way(*arguments)
        finally:
            noted = None
        places = {}
        for place, array in (
            (LOGITS, arguments[0]),
            (RESULT, result),
            (TARGET, target),
            (MASK, mask),
            (LOSSES, losses),
        ):
            if isinstance(array, cnp.ndarray) and cnp.PyArray_SIZE(array):
                places[<int64_t>cnp.PyArray_DATA(<cnp.ndarray>array)] = place
        if len(calls) == 1:
            form, its = calls[0]
            self.plans[at] = Plan.of(form, its, places)
        return returned


cdef class SmallRows(Small):
    """A function of rows whose result has their shape and type."""

    def __call__(self, x, axis, temperature, where, out):
        cdef Key key
        cdef int at = -1
        cdef Plan plan
        cdef cnp.ndarray array, result
        cdef void *mask = NULL
        given = x, axis, temperature, where, out
        if not key_of(x, &key, axis) or type(temperature) is not float:
            return self.long_way(*given)[0]
        array, key.temperature = <cnp.ndarray>x, temperature
        if not is_mask(where, array, &key):
            return self.long_way(*given)[0]
        if out is not None and not is_output(out, array, where, &key):
            return self.long_way(*given)[0]
        plan = self.plan_for(&key, &at)
        if plan is None:
            return self.note(at, given, None, where)
        if out is None:
            result = cnp.PyArray_EMPTY(key.axes, cnp.PyArray_DIMS(array), key.type, 0)
        else:
            result = <cnp.ndarray>out
        if where is not None:
            mask = cnp.PyArray_DATA(<cnp.ndarray>where)
        if not plan.run(cnp.PyArray_DATA(array), cnp.PyArray_DATA(result), NULL, NULL, mask):
            return self.long_way(*given)[0]
        return result


cdef class SmallSums(Small):
    """A function of rows that gives a number of their type for each."""

    def __call__(self, x, axis, where, out):
        cdef Key key
        cdef int at = -1, of_classes, other
        cdef Plan plan
        cdef cnp.ndarray array, result
        cdef cnp.npy_intp shape[64]
        cdef void *mask = NULL
        given = x, axis, where, out
        if not key_of(x, &key, axis) or key.type == HALF or not is_mask(where, <cnp.ndarray>x, &key):
            return self.long_way(*given)[0]
        array, of_classes = <cnp.ndarray>x, axis % key.axes
        if out is not None and not is_output(out, array, where, &key, of_classes):
            return self.long_way(*given)[0]
        plan = self.plan_for(&key, &at)
        if plan is None:
            return self.note(at, given, None, where)
        if out is None:
            for other in range(key.axes - 1):
                shape[other] = cnp.PyArray_DIM(array, other + (other >= of_classes))
            result = cnp.PyArray_EMPTY(key.axes - 1, shape, key.type, 0)
        else:
            result = <cnp.ndarray>out
        if where is not None:
            mask = cnp.PyArray_DATA(<cnp.ndarray>where)
        if not plan.run(cnp.PyArray_DATA(array), cnp.PyArray_DATA(result), NULL, NULL, mask):
            return self.long_way(*given)[0]
        if out is not None or key.axes > 1:
            return result
        return cnp.PyArray_ToScalar(cnp.PyArray_DATA(result), result)


cdef double sum_of(const double *terms, int64_t count) noexcept nogil:
    """Their sum in the order of `numpy.add.reduce`, to the bit."""
    cdef double found[8]
    cdef double total
    cdef int64_t i, j, half
    if count < 8:
        total = -0.0
        for i in range(count):
            total += terms[i]
        return total
    if count <= 128:
        memcpy(found, terms, sizeof(found))
        i = 8
        while i < count - count % 8:
            for j in range(8):
                found[j] += terms[i + j]
            i += 8
        total = ((found[0] + found[1]) + (found[2] + found[3])) + (
            (found[4] + found[5]) + (found[6] + found[7])
        )
        while i < count:
            total += terms[i]
            i += 1
        return total
    half = count // 2
    half -= half % 8
    return sum_of(terms, half) + sum_of(terms + half, count - half)


cdef bint are_ids(object target, cnp.ndarray logits, Key *key) except -1:
    """Whether the target is a class id for each row."""
    cdef cnp.ndarray ids
    cdef int64_t row
    cdef const int64_t *each
    if type(target) is not cnp.ndarray:
        return False
    ids = <cnp.ndarray>target
    if ids.descr.kind != b"i" or cnp.PyArray_ITEMSIZE(ids) != 8 or not cnp.PyArray_ISCARRAY_RO(ids):
        return False
    if not has_shape_of(ids, logits, key.axes - 1):
        return False
    each = <const int64_t *>cnp.PyArray_DATA(ids)
    for row in range(key.rows):
        if not 0 <= each[row] < key.classes:
            return False
    return True


cdef class SmallLoss(Small):
    """The sum of the losses of rows with class ids as the target, with their gradient or without."""

    cdef bint with_grad
    cdef object pair  # what value and gradient are returned as

    def __init__(self, long_way, accuracy, pair=None):
        super().__init__(long_way, accuracy)
        self.with_grad, self.pair = pair is not None, pair

    def __call__(self, logits, target):
        cdef Key key
        cdef int at = -1
        cdef Plan plan
        cdef cnp.ndarray grad, value
        cdef double losses[ROWS]
        cdef double total
        cdef bint is_done
        if not key_of(logits, &key) or key.type == HALF or not are_ids(target, logits, &key):
            return self.long_way(logits, target)[0]
        plan = self.plan_for(&key, &at)
        if plan is None:
            return self.note(at, (logits, target), target)
        x, ids = cnp.PyArray_DATA(<cnp.ndarray>logits), cnp.PyArray_DATA(<cnp.ndarray>target)
        if self.with_grad:
            grad = cnp.PyArray_EMPTY(
                key.axes, cnp.PyArray_DIMS(<cnp.ndarray>logits), key.type, 0
            )
            is_done = plan.run(x, cnp.PyArray_DATA(grad), ids, losses)
        else:
            is_done = plan.run(x, NULL, ids, losses)
        if not is_done:
            return self.long_way(logits, target)[0]
        total = 0.0 + sum_of(losses, key.rows)
        value = cnp.PyArray_EMPTY(0, NULL, key.type, 0)
        if key.type == cnp.NPY_FLOAT:
            (<float *>cnp.PyArray_DATA(value))[0] = <float>total
        else:
            (<double *>cnp.PyArray_DATA(value))[0] = total
        number = cnp.PyArray_ToScalar(cnp.PyArray_DATA(value), value)
        return self.pair(number, grad) if self.with_grad else number
