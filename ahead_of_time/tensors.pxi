# Tensors of PyTorch, by the functions in C that DLPack has a framework exchange them with: nothing is linked to it,
# and nothing copied.

from cython cimport freelist
from cpython.exc cimport PyErr_Clear
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport Py_DECREF
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

cdef extern from *:
    """
    typedef struct { uint32_t major, minor; } Version;
    typedef struct { int32_t type, number; } Device;
    typedef struct { uint8_t code, bits; uint16_t lanes; } Kind;
    typedef struct {
        void *data; Device device; int32_t axes; Kind kind; int64_t *shape, *strides; uint64_t offset;
    } View;
    typedef struct Managed {
        Version version;
        void *context;
        void (*deleter)(struct Managed *);
        uint64_t flags;
        View view;
    } Managed;
    typedef struct Exchange {
        Version version;
        struct Exchange *older;
        void *allocate, *manage;
        int (*tensor_of)(Managed *, void **);
        int (*view_of)(void *, View *);
        void *stream;
    } Exchange;
    static void let_go(Managed *all) { free(all); }
    """
    ctypedef struct Version:
        uint32_t major
        uint32_t minor
    ctypedef struct Device:
        int32_t type
        int32_t number
    ctypedef struct Kind:
        uint8_t code
        uint8_t bits
        uint16_t lanes
    ctypedef struct View:
        void *data
        Device device
        int32_t axes
        Kind kind
        int64_t *shape
        int64_t *strides
        uint64_t offset
    ctypedef struct Managed:
        Version version
        void *context
        void (*deleter)(Managed *) noexcept
        uint64_t flags
        View view
    ctypedef struct Exchange:
        Version version
        Exchange *older
        int (*tensor_of)(Managed *, void **) except -1
        int (*view_of)(void *, View *) noexcept
    void let_go(Managed *) noexcept

DEF OF_CPU = 1
DEF OF_INTEGERS = 0
DEF OF_FLOATING = 2
DEF OF_BFLOAT = 4
DEF LINE = 64  # bytes that results are aligned to, as those of PyTorch

cdef Exchange *exchange = NULL
cdef object tensor_type, parameter_type, is_grad_enabled, packs
cdef tuple watchers
cdef dict forward_mode


def exchange_tensors(capsule, types, asks_grad, packs_saved, whoever_watches, forward):
    """Take tensors from now on, if the functions are of a kind that is known here.

    `types` are those of plain tensors, `packs_saved` tells of hooks on what autograd saves. `whoever_watches` are
    functions of which none may give anything but 0, and `forward` is the module of forward mode.
    """
    global exchange, tensor_type, parameter_type, is_grad_enabled, packs, watchers, forward_mode
    cdef Exchange *found = <Exchange *>PyCapsule_GetPointer(capsule, "dlpack_exchange_api")
    tensor_type, parameter_type = types
    is_grad_enabled, packs, watchers, forward_mode = asks_grad, packs_saved, whoever_watches, vars(forward)
    while found is not NULL and found.version.major != 1:
        found = found.older
    if found is not NULL and found.view_of is not NULL:
        exchange = found


cdef bint is_plain(object x) except -1:
    """Whether it is a tensor of no special kind, and no transform, mode or tracer would have to see what is done to it."""
    if exchange is NULL or (type(x) is not tensor_type and type(x) is not parameter_type):
        return False
    for watcher in watchers:
        if watcher():
            return False
    return forward_mode["_current_level"] < 0


cdef bint is_differentiated(object x) except -1:
    return x.requires_grad and is_grad_enabled()


cdef bint read_numbers(object x, Given *given) except -1:
    """Whether they lie close together, in memory of the CPU."""
    cdef View view
    cdef int axis
    cdef int64_t step = 1
    if x.is_neg():
        return False
    if exchange.view_of(<void *>x, &view):  # it has no memory of its own
        PyErr_Clear()
        return False
    if view.device.type != OF_CPU or view.data is NULL or view.kind.lanes != 1:
        return False
    given.type = numpy_type(view.kind)
    given.data = <char *>view.data + view.offset
    if given.type < 0 or <int64_t>given.data % (view.kind.bits // 8):  # not where its type would be
        return False
    for axis in range(view.axes - 1, -1, -1):
        if view.shape[axis] != 1 and view.strides[axis] != step:
            return False
        step *= view.shape[axis]
    given.axes, given.shape = view.axes, view.shape
    return True


cdef bint read_tensor(object x, Given *given) except -1:
    """Whether it is numbers that lie close together, and nobody follows what becomes of them."""
    return is_plain(x) and not is_differentiated(x) and read_numbers(x, given)


cdef int numpy_type(Kind kind) noexcept:
    """Its number in NumPy; −1 where it has none that is of use here."""
    if kind.code == OF_FLOATING:
        return HALF if kind.bits == 16 else cnp.NPY_FLOAT if kind.bits == 32 else cnp.NPY_DOUBLE if kind.bits == 64 else -1
    if kind.code == OF_BFLOAT:
        return bfloat16
    return cnp.NPY_INT64 if kind.code == OF_INTEGERS and kind.bits == 64 else -1


@freelist(8)
cdef class Memory:
    """Memory for a tensor, behind what says of what kind it is, until a tensor has it."""

    cdef Managed *all

    def __dealloc__(self):
        free(self.all)

    cdef void *numbers(self) noexcept:
        return self.all.view.data


cdef Memory new_memory(int type, int axes, const int64_t *shape):
    cdef int axis
    cdef int64_t size = 2 if is_half(type) else 4 if type == cnp.NPY_FLOAT else 8
    cdef int64_t bits = 8 * size
    cdef int64_t *numbers
    cdef Memory memory = Memory.__new__(Memory)
    for axis in range(axes):
        size *= shape[axis]
    cdef Managed *all = <Managed *>malloc(sizeof(Managed) + 2 * axes * sizeof(int64_t) + size + LINE)
    if all is NULL:
        raise MemoryError
    memory.all = all
    numbers = <int64_t *>(all + 1)
    all.version.major, all.version.minor = 1, 0
    all.context, all.deleter, all.flags = NULL, let_go, 0
    all.view.device.type, all.view.device.number = OF_CPU, 0
    all.view.kind.code = OF_BFLOAT if type == bfloat16 else OF_FLOATING
    all.view.kind.bits, all.view.kind.lanes = bits, 1
    all.view.axes, all.view.shape, all.view.strides, all.view.offset = axes, numbers, numbers + axes, 0
    size = 1
    for axis in range(axes - 1, -1, -1):
        numbers[axis], numbers[axes + axis] = shape[axis], size
        size *= shape[axis]
    all.view.data = <void *>((<int64_t>(numbers + 2 * axes) + LINE - 1) & ~<int64_t>(LINE - 1))
    return memory


cdef object new_tensor(Memory memory):
    """A tensor that the memory goes to; nobody tells whether it has gone there if that fails."""
    cdef void *made = NULL
    cdef Managed *all = memory.all
    memory.all = NULL
    exchange.tensor_of(all, &made)
    tensor = <object>made
    Py_DECREF(tensor)  # it came counted
    return tensor
