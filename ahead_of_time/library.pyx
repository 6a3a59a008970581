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


# Small calls.
include "numbers.pxi"
include "plans.pxi"
include "tensors.pxi"
include "small.pxi"
