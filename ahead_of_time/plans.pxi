# What a call on few numbers asks of a form depends on their types and shapes alone, but for the addresses
# of its arrays. So it is noted once, and done again with other addresses.

DEF PATCHES = 24
DEF ROOM_BYTES = 147456  # rooms for a flat tile


cdef enum Place:
    LOGITS, RESULT, TARGET, LOSSES, MASK, SCRATCH, MARKS


cdef struct Patch:
    int slot
    Place place


cdef class Plan:
    """One call of a form, but for the addresses of some of its arrays."""

    cdef Key key
    cdef Code code
    cdef int64_t slots[SLOTS]
    cdef int used
    cdef Patch patches[PATCHES]
    cdef int count
    cdef int64_t marks  # how many rows the form may mark
    cdef object kept  # the arrays whose addresses stay

    @staticmethod
    cdef Plan of(Form form, tuple arguments, dict places, const Key *key):
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
        plan.key, plan.used = key[0], block.used
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
