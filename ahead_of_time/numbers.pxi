# Numbers as they come: an array, or a tensor. What decides how they are worked on is their key.

DEF NUMBERS = 16384
DEF ROWS = 1024
DEF HALF = 23  # NPY_HALF
DEF OF_OTHERS = 256  # NPY_USERDEF: types that other packages bring to NumPy

cdef int bfloat16 = -1  # the number of ml_dtypes's type, once it has come


cdef struct Given:
    void *data  # close together, in the order of the axes
    int type  # as NumPy counts types
    int axes
    const int64_t *shape


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


cdef bint are_same(const Key *one, const Key *other) noexcept:
    return (
        one.type == other.type and one.accuracy == other.accuracy and one.axes == other.axes
        and one.first == other.first and one.rows == other.rows and one.classes == other.classes
        and one.inner == other.inner and one.temperature == other.temperature
        and one.is_masked == other.is_masked and one.is_in_place == other.is_in_place
    )


cdef bint read_array(object values, Given *given) except -1:
    """Whether it is an array whose numbers lie close together."""
    global bfloat16
    cdef cnp.ndarray array
    if type(values) is not cnp.ndarray:
        return False
    array = <cnp.ndarray>values
    if not cnp.PyArray_ISCARRAY_RO(array):
        return False
    given.data, given.type = cnp.PyArray_DATA(array), cnp.PyArray_TYPE(array)
    given.axes, given.shape = cnp.PyArray_NDIM(array), <const int64_t *>cnp.PyArray_DIMS(array)
    if bfloat16 < 0 and given.type >= OF_OTHERS and array.dtype.name == "bfloat16":
        bfloat16 = given.type
    return True


cdef bint is_half(int type) noexcept:
    return type == HALF or type == bfloat16


cdef bint key_of(const Given *given, Key *key, object axis = -1):
    """What decides how the numbers are worked on; False if they are not of the common kind."""
    cdef int of_classes, other
    cdef int64_t size = 1
    key.type, key.axes = given.type, given.axes
    if key.type != cnp.NPY_FLOAT and key.type != cnp.NPY_DOUBLE and not is_half(key.type):
        return False
    if key.axes == 0 or type(axis) is not int or not -key.axes <= axis < key.axes:
        return False
    for other in range(key.axes):
        size *= given.shape[other]
    if not 0 < size <= NUMBERS:
        return False
    of_classes = axis % key.axes
    key.first, key.classes, key.inner = given.shape[0], given.shape[of_classes], 1
    for other in range(of_classes + 1, key.axes):
        key.inner *= given.shape[other]
    key.rows = size // key.classes
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
