"""From tensors to programs: the arithmetic, the tile, and one launch or two."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
import triton

from ..._settings import current_accuracy
from ..contract import Logits
from .arithmetic import OWN, SHORT, WIDE
from .tile import FINISH, SUMMARISE, WHOLE

Tensor = Any

STORED = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Where float64 has half the rate of float32: what computes with both stays bound by memory.
WITH_FLOAT64 = {(6, 0), (7, 0), (8, 0), (9, 0), (10, 0)}
WARP = 2048  # bytes of a tile to each warp
WIDEST = 65536  # bytes of a row that a program holds
WIDEST_SHORT = 32768  # where float32 takes twice the room, and in turn is quicker
IN_CACHE = 131072  # bytes of a row, up to which those of all programs fit in the second cache
MANY = 512  # rows that keep a GPU busy with one program each
PART = 8192  # bytes of a part of a row that programs share
LARGEST = 2.0**100  # a number that is told in two parts of float32, or 1 over it


class Kernels(NamedTuple):
    """Of rows that a program holds or programs share, and of rows that one takes in turn."""

    of_rows: Any
    in_turn: Any


class Tile(NamedTuple):
    """So many rows to a program, or parts of so many classes to a row, and warps; and whether one
    program takes all parts of its row.
    """

    rows: int
    classes: int
    parts: int
    warps: int
    in_turn: bool = False

    @property
    def programs(self) -> int:
        """To a row, or to as many as one program holds."""
        return 1 if self.in_turn else self.parts


@cache
def computes_wide(device: torch.device) -> bool:
    """Whether exact float32 may use float64 there. Triton's interpreter does."""
    if device.type != "cuda":
        return True
    return torch.version.hip is None and torch.cuda.get_device_capability(device) in WITH_FLOAT64


def arithmetic(x: Tensor, is_scaled: bool = False, out: Tensor | None = None) -> Any:
    """What is put where half types are has no use for more than they have themselves. What logits
    that are scaled are read as would be rounded in float32.
    """
    if x.dtype == torch.float64:
        return OWN
    if x.dtype != torch.float32 or (out is not None and out.itemsize < x.itemsize):
        return SHORT
    is_wide = is_scaled or current_accuracy() == "exact"
    return WIDE if is_wide and computes_wide(x.device) else OWN


class Scaling(NamedTuple):
    """1 / temperature and the cap, each in two parts; all None where logits stand as they are."""

    per_temperature: float | None = None
    per_temperature_low: float | None = None
    cap: float | None = None
    cap_low: float | None = None

    @property
    def is_none(self) -> bool:
        return self.per_temperature is None


def is_scaled(logits: Logits) -> bool:
    return logits.temperature != 1.0 or logits.softcap is not None


def takes_scaled(logits: Logits) -> bool:
    """Whether there is a wider arithmetic for a temperature and a cap, and room for these."""
    given = 1.0 / logits.temperature, logits.softcap or 1.0
    has_room = all(1 / LARGEST <= number <= LARGEST for number in given)
    return has_room and arithmetic(logits.values, True) is not OWN


def scaling_of(logits: Logits) -> Scaling:
    if not is_scaled(logits):
        return Scaling()
    of_cap = (None, None) if logits.softcap is None else in_parts(logits.softcap)
    return Scaling(*in_parts(1.0 / logits.temperature), *of_cap)


def in_parts(number: float) -> tuple[float, float]:
    """Two float32 that add up to a float64, but for a unit in its 48th digit."""
    high = float(np.float32(number))
    return high, float(np.float32(number - high))


def tile_for(x: Tensor, widest: int, in_cache: int = IN_CACHE) -> Tile:
    """The tile for the rows of a tensor, of which a program holds so many bytes."""
    classes, bytes_each = x.shape[1], x.itemsize
    width = triton.next_power_of_2(classes)
    row = width * bytes_each
    if row <= widest:
        rows = max(1, WARP // row)
        return Tile(rows, width, 1, max(1, rows * row // WARP))
    if row <= in_cache and rows_in(x) >= MANY:
        part = widest // bytes_each
        return Tile(1, part, triton.cdiv(classes, part), 8 if widest < WIDEST else 32, True)
    part = PART // bytes_each
    return Tile(1, part, triton.cdiv(classes, part), max(1, PART // WARP))


def tile_of_rows(x: Tensor) -> Tile:
    """Where each number of a tile has its exponential beside it."""
    return tile_for(x, WIDEST if x.itemsize > 2 else WIDEST_SHORT)


def tile_of_products(x: Tensor) -> Tile:
    return tile_for(x, WIDEST)


def tile_of_summaries(x: Tensor) -> Tile:
    """Where no row is read twice: then there is nothing to hold."""
    return tile_for(x, PART, in_cache=0)


def strides(x: Tensor) -> tuple[int, int, int, int]:
    """inner, and the steps along outer, classes and inner, which rows by themselves have not."""
    if x.ndim == 2:
        return 1, x.stride(0), x.stride(1), 0
    return x.shape[2], *x.stride()


def rows_in(x: Tensor) -> int:
    return int(x.numel() // x.shape[1])


def on(x: Tensor) -> AbstractContextManager[Any]:
    """Launch on the device of the tensor, whichever is current."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


def per_part(x: Tensor, tile: Tile, count: int) -> list[Tensor]:
    """Where the programs of a row leave what the others need: so many numbers for each part."""
    return list(x.new_empty((count, rows_in(x), tile.programs), dtype=torch.float64))


def run(
    kernel: Any, x: Tensor, tile: Tile, phase: Any, *arguments: Any, parts: int,
    computed_in: Any = None, is_fused: bool = True, **options: Any,
) -> None:  # fmt: skip
    """One launch over all rows, each of so many parts that have a summary."""
    programs = triton.cdiv(rows_in(x), tile.rows) * tile.programs
    if programs:
        with on(x):
            kernel[programs,](
                *arguments,
                PHASE=phase,
                SUMMARIES=parts,
                WIDTH=triton.next_power_of_2(parts),
                PARTS=tile.parts,
                ROWS=tile.rows,
                CLASSES=tile.classes,
                ARITHMETIC=arithmetic(x) if computed_in is None else computed_in,
                num_warps=tile.warps,
                enable_fp_fusion=is_fused,
                **options,
            )


def launch(kernels: Kernels, x: Tensor, tile: Tile, *arguments: Any, **options: Any) -> None:
    """Whole rows: in one launch, or in two, the second of which reads what the first summarised."""
    kernel = kernels.in_turn if tile.in_turn else kernels.of_rows
    for phase in [SUMMARISE, FINISH] if tile.programs > 1 else [WHOLE]:
        run(kernel, x, tile, phase, *arguments, parts=tile.programs, **options)


def few_registers(x: Tensor) -> dict[str, int]:
    """An option of a launch: so many more programs run beside each other that it pays to leave a
    few numbers in memory. Only NVIDIA's compiler takes it.
    """
    return {"maxnreg": 64} if x.is_cuda and torch.version.hip is None else {}


def over_rows(
    kernel: Any, rows: int, parts: int, *arguments: Any, is_fused: bool = True, **constants: Any
) -> None:
    """A launch that reads the summaries of all rows: a thread to each row, if it is one part."""
    width = triton.next_power_of_2(parts)
    at_once = max(1, 128 // width)
    if rows:
        with on(arguments[0]):
            kernel[triton.cdiv(rows, at_once),](
                *arguments,
                SUMMARIES=parts,
                WIDTH=width,
                ROWS=at_once,
                num_warps=4,
                enable_fp_fusion=is_fused,
                **constants,
            )
