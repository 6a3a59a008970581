"""What one program works on: some whole rows, or a part of one.

A row that a program holds comes from memory once (`WHOLE`). Longer rows, or few, are shared by
programs: one launch writes the summaries of their parts (`SUMMARISE`), and the next merges them and
finishes each part (`FINISH`); logits then come from memory twice. Between the two, a program takes
the parts of its row in turn (`in_turn.py`).
"""

import triton
import triton.language as tl

WHOLE = tl.constexpr(0)
SUMMARISE = tl.constexpr(1)
FINISH = tl.constexpr(2)
# Whether a tile is read again, so that the second cache shall keep it.
ONCE = tl.constexpr("")
AGAIN = tl.constexpr("evict_last")
NO_MORE = tl.constexpr("evict_first")


@triton.jit
def rows_of(turn, PARTS: tl.constexpr, ROWS: tl.constexpr):
    return turn // PARTS * ROWS + tl.arange(0, ROWS)


@triton.jit
def classes_of(part, PARTS: tl.constexpr, CLASSES: tl.constexpr):
    return part % PARTS * CLASSES + tl.arange(0, CLASSES)


@triton.jit
def begin_of(row, inner, outer_stride, inner_stride):
    """Where [row // inner, 0, row % inner] stands in its array."""
    return row // inner * outer_stride + row % inner * inner_stride


@triton.jit
def places(begin, column, class_stride):
    """Where every class of a tile stands in its array."""
    return begin[:, None] + column.to(tl.int64)[None, :] * class_stride


@triton.jit
def read(
    values, row, column, here, inner, outer_stride, class_stride, inner_stride, other,
    KEPT: tl.constexpr,
):  # fmt: skip
    """A tile of an array, half types as float32; `other` where nothing is `here`."""
    begin = begin_of(row, inner, outer_stride, inner_stride)
    place = values + places(begin, column, class_stride)
    x = tl.load(place, here, other=other, eviction_policy=KEPT)
    return x if x.dtype == tl.float64 else x.to(tl.float32)


@triton.jit
def write(values, x, row, column, here, inner, outer_stride, class_stride, inner_stride):
    begin = begin_of(row, inner, outer_stride, inner_stride)
    tl.store(values + places(begin, column, class_stride), as_stored(x, values), here)


@triton.jit
def as_stored(x, values):
    """In the type that is stored there. From float64 to bfloat16 there is no way but by float32."""
    if x.dtype == tl.float64:
        x = x.to(tl.float32) if values.dtype.element_ty == tl.bfloat16 else x
    return x.to(values.dtype.element_ty)


@triton.jit
def beside(row, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr):
    """Where the summaries of the parts of each row stand, and which of them there are."""
    part = tl.arange(0, WIDTH)[None, :]
    return row[:, None] * SUMMARIES + part, part < SUMMARIES
