"""How many instructions the loops of the softmax kernel take: what their speed is bounded by.

Run with ``python -m benchmarks instructions``. The loops are compiled anew, for the processor of
this machine, and counted in the assembly: the instructions of the loop with the most arithmetic on
vectors, and those among them that multiply (and add), which most processors can start only one or
two of in a cycle. Counted with them are the few that only the end of a block or of a row takes.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

import normexp as nex

LOOPS = ("exponentials", "write_all")
CASES = {
    "float32, exact": (np.float32, "exact"),
    "float32, fast": (np.float32, "fast"),
    "float64": (np.float64, "exact"),
}

VECTOR = re.compile(r"%[xyz]mm|\bv\d+\.")
ARITHMETIC = re.compile(r"\s(v(?!mov|broadcast)\w+|f(?:mla|mul|add|sub)\w*)\s")
PRODUCT = re.compile(r"\s(vf?n?m(?:ul|add|sub)\w*|vfn?m\w+|fm(?:la|ls|ul)\w*)\s")
LABEL = re.compile(r"(\.LBB\w+):")
JUMP = re.compile(r"\s(?:j\w+|b\.\w+|cbn?z)\s.*?(\.LBB\w+)")


class Count(NamedTuple):
    """The instructions of one turn of a loop."""

    total: int
    vector: int  # arithmetic on vectors
    products: int  # of these, the multiplications and fused multiply-adds


def functions(assembly: str) -> Iterator[tuple[str, list[str]]]:
    """Each function's name and lines."""
    name, lines = "", list[str]()
    for line in assembly.splitlines():
        start = re.match(r"(_Z\w+):", line)
        if start:
            name, lines = start[1], []
        elif line.startswith(".Lfunc_end"):
            yield name, lines
        else:
            lines.append(line)


def hottest_loop(lines: list[str]) -> list[str]:
    """The lines between a label and the jump back to it, where most arithmetic is, and no more."""
    labels = {found[1]: i for i, line in enumerate(lines) if (found := LABEL.match(line))}
    jumps = [(i, found[1]) for i, line in enumerate(lines) if (found := JUMP.search(line))]
    spans = [lines[labels[to] : i + 1] for i, to in jumps if labels.get(to, i) < i]
    return max(spans, key=lambda span: (arithmetic(span), -len(span)), default=[])


def arithmetic(lines: list[str]) -> int:
    return sum(bool(ARITHMETIC.search(line) and VECTOR.search(line)) for line in lines)


def count(lines: list[str]) -> Count:
    code = [line for line in lines if line.startswith("\t") and not line.startswith("\t.")]
    products = sum(bool(PRODUCT.search(line) and VECTOR.search(line)) for line in code)
    return Count(len(code), arithmetic(code), products)


def assemblies() -> Iterator[tuple[str, str, int]]:
    """For each case its name, its assembly, and the numbers that a turn of its loops is about."""
    from normexp.kernels.cpu.calls import LANES, arithmetic
    from normexp.kernels.cpu.functions import softmax_of_rows as softmax

    for name, (dtype, accuracy) in CASES.items():
        before = set(softmax.dispatcher.overloads)
        with nex.accuracy(accuracy):
            nex.softmax(np.zeros((1, 100), dtype))
            lanes = LANES[arithmetic(np.dtype(dtype))]
        (form,) = set(softmax.dispatcher.overloads) - before
        yield name, softmax.dispatcher.inspect_asm(form), lanes


def main() -> None:
    with tempfile.TemporaryDirectory() as empty:
        os.environ["NORMEXP_CACHE_DIR"] = empty  # what comes from the disk cannot be looked into
        print("softmax, instructions of one turn of each loop")
        for case, assembly, lanes in assemblies():
            bodies = dict(functions(assembly))
            for loop in LOOPS:
                # A mangled name has its length before it and its version, B, after it.
                (body, *_) = (of for name, of in bodies.items() if f"{len(loop)}{loop}B" in name)
                found = count(hottest_loop(body))
                print(
                    f"{case:16} {loop:13} {lanes:3} numbers: {found.total:3} instructions, "
                    f"{found.vector:3} vector arithmetic, {found.products:3} products"
                )
