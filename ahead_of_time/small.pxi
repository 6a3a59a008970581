# Functions whose calls on few numbers go from argument to result in one entry.

DEF PLANS = 64
DEF WASTED = 4096  # numbers that may be computed only to be overwritten


cdef class Small:
    """A function, quick for few numbers.

    `long_way` does the call itself; it returns the arrays that the form was called with
    (`result`, `losses`) beside what the function returns. What comes as a tensor takes a method of its own, which
    gives None for what it does not know: then the long way of tensors ends in a call on an array, which is noted.
    """

    cdef object long_way
    cdef object accuracy  # a function: the accuracy that holds
    cdef Key seen[PLANS]  # of the last calls
    cdef list plans  # with their own keys: another thread may see another call while one is noted

    def __init__(self, long_way, accuracy):
        self.long_way, self.accuracy = long_way, accuracy
        self.plans = [None] * PLANS
        for i in range(PLANS):
            self.seen[i].axes = 0

    cdef int place_of(self, Key *key) except -1:
        """Where the plan of a call is kept."""
        key.accuracy = self.accuracy() == "exact"
        cdef int64_t mixed = key.rows * 31 + key.classes * 7 + key.type + key.accuracy
        return (mixed + key.inner * 17 + key.is_masked * 3 + key.is_in_place * 5) & (PLANS - 1)

    cdef Plan plan_for(self, Key *key, int *at):
        """The plan of a call; None without one, with where it would be kept, or −1."""
        cdef int place = self.place_of(key)
        cdef Plan plan = self.plan_at(place, key)
        if plan is None:
            at[0] = place if are_same(&self.seen[place], key) else -1  # what comes once is not worth noting
            self.seen[place] = key[0]
        return plan

    cdef Plan known_plan(self, Key *key):
        """The plan of a call, if it was noted."""
        return self.plan_at(self.place_of(key), key)

    cdef Plan plan_at(self, int place, const Key *key):
        cdef Plan plan = <Plan>self.plans[place]
        return plan if plan is not None and are_same(&plan.key, key) else None

    cdef object note(self, int at, const Key *key, tuple arguments, target = None, mask = None):
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
            self.plans[at] = Plan.of(form, its, places, key)
        return returned


cdef class SmallRows(Small):
    """A function of rows whose result has their shape and type."""

    # PyTorch's function whose derivative, written in its result, is the one of this: what it computes is not used.
    cdef public object own

    def __call__(self, x, axis, temperature, where, out):
        cdef Given given
        cdef Key key
        cdef int at = -1
        cdef Plan plan
        cdef cnp.ndarray array, result
        cdef void *mask = NULL
        told = x, axis, temperature, where, out
        if type(temperature) is not float or not read_array(x, &given) or not key_of(&given, &key, axis):
            return self.long_way(*told)[0]
        array, key.temperature = <cnp.ndarray>x, temperature
        if not is_mask(where, array, &key):
            return self.long_way(*told)[0]
        if out is not None and not is_output(out, array, where, &key):
            return self.long_way(*told)[0]
        plan = self.plan_for(&key, &at)
        if plan is None:
            return self.note(at, &key, told, None, where)
        if out is None:
            result = cnp.PyArray_EMPTY(key.axes, cnp.PyArray_DIMS(array), key.type, 0)
        else:
            result = <cnp.ndarray>out
        if where is not None:
            mask = cnp.PyArray_DATA(<cnp.ndarray>where)
        if not plan.run(given.data, cnp.PyArray_DATA(result), NULL, NULL, mask):
            return self.long_way(*told)[0]
        return result

    def of_tensor(self, x, axis, temperature):
        cdef Given given
        cdef Key key
        cdef Plan plan
        cdef Memory result
        if type(temperature) is not float or not is_plain(x):
            return None
        if not read_numbers(x, &given) or not key_of(&given, &key, axis):
            return None
        key.temperature = temperature
        plan = self.known_plan(&key)
        if plan is None:
            return None
        if is_differentiated(x):
            return self.of_differentiated(x, axis, &given, &key, plan)
        result = new_memory(key.type, key.axes, given.shape)
        return new_tensor(result) if plan.run(given.data, result.numbers(), NULL, NULL) else None

    cdef object of_differentiated(self, object x, object axis, Given *given, Key *key, Plan plan):
        """What PyTorch's own function gives, with these numbers in it: a result that knows its derivative."""
        cdef Given place
        if self.own is None or key.temperature != 1.0 or key.rows * key.classes > WASTED or packs():
            return None
        result = self.own(x, axis)
        if not read_numbers(result, &place) or place.type != given.type:  # autocast
            return None
        return result if plan.run(given.data, place.data, NULL, NULL) else None


cdef class SmallSums(Small):
    """A function of rows that gives a number of their type for each."""

    def __call__(self, x, axis, where, out):
        cdef Given given
        cdef Key key
        cdef int at = -1, of_classes
        cdef Plan plan
        cdef cnp.ndarray array, result
        cdef int64_t shape[64]
        cdef void *mask = NULL
        told = x, axis, where, out
        if not read_array(x, &given) or not key_of(&given, &key, axis) or not is_mask(where, <cnp.ndarray>x, &key):
            return self.long_way(*told)[0]
        array, of_classes = <cnp.ndarray>x, axis % key.axes
        if out is not None and not is_output(out, array, where, &key, of_classes):
            return self.long_way(*told)[0]
        plan = self.plan_for(&key, &at)
        if plan is None:
            return self.note(at, &key, told, None, where)
        if out is None:
            leave_out(of_classes, &given, shape)
            result = cnp.PyArray_EMPTY(key.axes - 1, <cnp.npy_intp *>shape, key.type, 0)
        else:
            result = <cnp.ndarray>out
        if where is not None:
            mask = cnp.PyArray_DATA(<cnp.ndarray>where)
        if not self.run(plan, &key, given.data, result, mask):
            return self.long_way(*told)[0]
        if out is not None or key.axes > 1:
            return result
        return result[()]

    cdef bint run(self, Plan plan, const Key *key, void *x, cnp.ndarray result, void *mask) except -1:
        """Whether the sums are written; those of half types are rounded as NumPy rounds."""
        cdef cnp.ndarray sums = result
        if is_half(key.type):
            sums = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(result), cnp.PyArray_DIMS(result), cnp.NPY_FLOAT, 0)
        if not plan.run(x, cnp.PyArray_DATA(sums), NULL, NULL, mask):
            return False
        if sums is not result:
            cnp.PyArray_CopyInto(result, sums)
        return True

    def of_tensor(self, x, axis):
        cdef Given given
        cdef Key key
        cdef int64_t shape[64]
        cdef Plan plan
        cdef Memory result
        cdef bint is_done
        if not read_tensor(x, &given) or not key_of(&given, &key, axis):
            return None
        plan = self.known_plan(&key)
        if plan is None:
            return None
        leave_out(axis % key.axes, &given, shape)
        result = new_memory(key.type, key.axes - 1, shape)
        if is_half(key.type):
            array = cnp.PyArray_SimpleNewFromData(key.axes - 1, <cnp.npy_intp *>shape, key.type, result.numbers())
            is_done = self.run(plan, &key, given.data, array, NULL)
        else:
            is_done = plan.run(given.data, result.numbers(), NULL, NULL)
        return new_tensor(result) if is_done else None


cdef void leave_out(int axis, const Given *given, int64_t *shape) noexcept:
    """The shape without an axis."""
    cdef int other
    for other in range(given.axes - 1):
        shape[other] = given.shape[other + (other >= axis)]


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


cdef bint are_ids(const Given *target, const Given *logits, const Key *key) noexcept:
    """Whether the target is a class id for each row."""
    cdef const int64_t *each = <const int64_t *>target.data
    cdef int axis
    cdef int64_t row
    if target.type != cnp.NPY_INT64 and target.type != cnp.NPY_LONGLONG:
        return False
    if target.axes != logits.axes - 1:
        return False
    for axis in range(target.axes):
        if target.shape[axis] != logits.shape[axis]:
            return False
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
        cdef Given x, ids
        cdef Key key
        cdef int at = -1
        cdef Plan plan
        cdef cnp.ndarray grad, value
        cdef double total
        if not read_array(logits, &x) or not read_array(target, &ids) or not key_of(&x, &key):
            return self.long_way(logits, target)[0]
        if not are_ids(&ids, &x, &key):
            return self.long_way(logits, target)[0]
        plan = self.plan_for(&key, &at)
        if plan is None:
            return self.note(at, &key, (logits, target), target)
        grad = None
        if self.with_grad:
            grad = cnp.PyArray_EMPTY(key.axes, <cnp.npy_intp *>x.shape, key.type, 0)
        if not self.run(plan, &key, x.data, ids.data, NULL if grad is None else cnp.PyArray_DATA(grad), &total):
            return self.long_way(logits, target)[0]
        value = cnp.PyArray_EMPTY(0, NULL, type_of_losses(key.type), 0)
        put_number(total, cnp.PyArray_DATA(value), key.type)
        number = cnp.PyArray_ToScalar(cnp.PyArray_DATA(value), value)
        return self.pair(number, grad) if self.with_grad else number

    cdef bint run(self, Plan plan, const Key *key, void *x, void *ids, void *grad, double *total) except -1:
        cdef double losses[ROWS]
        if not plan.run(x, grad, ids, losses):
            return False
        total[0] = 0.0 + sum_of(losses, key.rows)
        return True

    def of_tensors(self, logits, target, is_differentiated_too=False):
        cdef Given x, ids
        cdef Key key
        cdef Plan plan
        cdef Memory grad = None, value
        cdef double total
        if not is_plain(logits) or not is_plain(target):
            return None
        if not is_differentiated_too and is_differentiated(logits):
            return None
        if not read_numbers(logits, &x) or not read_numbers(target, &ids) or not key_of(&x, &key):
            return None
        if not are_ids(&ids, &x, &key):
            return None
        plan = self.known_plan(&key)
        if plan is None:
            return None
        if self.with_grad:
            grad = new_memory(key.type, key.axes, x.shape)
        if not self.run(plan, &key, x.data, ids.data, NULL if grad is None else grad.numbers(), &total):
            return None
        value = new_memory(type_of_losses(key.type), 0, NULL)
        put_number(total, value.numbers(), key.type)
        number = new_tensor(value)
        return self.pair(number, new_tensor(grad)) if self.with_grad else number


cdef int type_of_losses(int type) noexcept:
    return cnp.NPY_DOUBLE if type == cnp.NPY_DOUBLE else cnp.NPY_FLOAT


cdef void put_number(double number, void *into, int type) noexcept:
    """A loss of logits of this type."""
    if type == cnp.NPY_DOUBLE:
        (<double *>into)[0] = number
    else:
        (<float *>into)[0] = <float>number
