"""What one program works on: some whole rows, or a part of a row that no program could hold.

Of rows in parts one launch writes the summaries (`SUMMARISE`), and the next merges them and
finishes each part (`FINISH`): logits then come from memory twice. Programs that wait for each
other's summaries, with their part in registers or in the second cache, were no faster on an H100.
"""

import triton
import triton.language as tl

WHOLE = tl.constexpr(0)
SUMMARISE = tl.constexpr(1)
FINISH = tl.constexpr(2)


@triton.jit
def rows_of(turn, PARTS: tl.constexpr, ROWS: tl.constexpr):
    return turn // PARTS * ROWS + tl.arange(0, ROWS)


@triton.jit
def classes_of(turn, PARTS: tl.constexpr, CLASSES: tl.constexpr):
    return turn % PARTS * CLASSES + tl.arange(0, CLASSES)


@triton.jit
def begin_of(row, inner, outer_stride, inner_stride):
    """Where [row // inner, 0, row % inner] stands in its array."""
    return row // inner * outer_stride + row % inner * inner_stride


@triton.jit
def places(begin, column, class_stride):
    """Where every class of a tile stands in its array."""
    return begin[:, None] + column.to(tl.int64)[None, :] * class_stride


@triton.jit
def read(values, row, column, here, inner, outer_stride, class_stride, inner_stride, other):
    """A tile of an array, half types as float32; `other` where nothing is `here`."""
    begin = begin_of(row, inner, outer_stride, inner_stride)
    x = tl.load(values + places(begin, column, class_stride), here, other=other)
    return x if x.dtype == tl.float64 else x.to(tl.float32)


@triton.jit
def write(values, x, row, column, here, inner, outer_stride, class_stride, inner_stride):
    begin = begin_of(row, inner, outer_stride, inner_stride)
    x = x.to(values.dtype.element_ty)
    tl.store(values + places(begin, column, class_stride), x, here)


@triton.jit
def beside(row, SUMMARIES: tl.constexpr, WIDTH: tl.constexpr):
    """Where the summaries of the parts of each row stand, and which of them there are."""
    part = tl.arange(0, WIDTH)[None, :]
    return row[:, None] * SUMMARIES + part, part < SUMMARIES
