"""Numbers times a factor that the device alone knows."""

import triton
import triton.language as tl


@triton.jit
def scale_all(values, factor, count, SIZE: tl.constexpr):
    """values ·= factor, rounded once. With a factor of 1 nothing is read."""
    by = tl.load(factor)
    if by != 1.0:
        place = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
        x = tl.load(values + place, place < count)
        x = x.to(tl.float64) * by if x.dtype == tl.float64 else x.to(tl.float32) * by.to(tl.float32)
        tl.store(values + place, x.to(values.dtype.element_ty), place < count)
