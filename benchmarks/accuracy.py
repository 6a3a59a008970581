"""The table of errors: the worst distance from the true value, ours and the peers', in ULP.

Run with ``python -m benchmarks accuracy``; mpmath is needed, peers that are absent are left out
and named.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np

from . import peers
from .contenders import OURS, absent
from .families import FAMILIES, family_row
from .machine import versions
from .oracle import PRECISION, OracleRow, oracle_row, ulps
from .problem import Peer, Problem, problem
from .shapes import WORKS
from .truth import shown

ROWS = {2: 50, 10: 20, 1000: 2, 100_000: 1}
QUICK = {2: 10, 10: 5, 1000: 1}


def everyone() -> tuple[Peer, ...]:
    """Whoever is judged: JAX, which would compile for every row anew, is not."""
    optional = () if "torch" in absent() else (peers.torch,)
    return (*OURS, peers.five_lines, peers.scipy, *optional)


def truth(row: OracleRow, y: int, classes: list[int]) -> dict[str, Any]:
    with mpmath.workprec(PRECISION):
        return {
            "softmax": [row.probability(k) for k in classes],
            "log_softmax": [-row.surprise(k) for k in classes],
            "logsumexp": row.logsumexp(),
            "loss": row.surprise(y),
            "gradient": [row.probability(k) if k != y else -row.others(y) for k in classes],
        }


def worst_errors(dtype: str, sizes: dict[int, int]) -> list[dict[str, Any]]:
    """For each family, result and peer the largest error over rows of every size."""
    table = []
    for family in FAMILIES:
        worst: dict[tuple[str, str], float] = {}
        for classes, rows in sizes.items():
            for seed in range(rows):
                z = family_row(family, classes, dtype, seed)
                y = int(z.argmax())
                rng = np.random.default_rng(seed)
                looked_at = np.unique([y, z.argmin(), *rng.permutation(classes)[:50]]).tolist()
                true = truth(oracle_row(z.tolist()), y, looked_at)
                for name, result, value in results(problem(z, y)):
                    at = value[looked_at] if np.ndim(value) else np.asarray(value, dtype)
                    error = float(ulps(at, true[result]).max())
                    worst[name, result] = max(worst.get((name, result), 0.0), error)
        table += [
            {"dtype": dtype, "family": family, "result": result, "peer": name, "ulp": error}
            for (name, result), error in worst.items()
        ]
    return table


def results(row: Problem) -> Iterator[tuple[str, str, Any]]:
    """What everyone makes of one row: a name, a result and its value."""
    for result in WORKS:
        for peer in everyone():
            contender = peer(result, row)
            if contender is not None and contender.read is not None:
                with contender.setting(), np.errstate(all="ignore"):
                    yield contender.name, result, contender.read(contender.call())


def print_table(table: list[dict[str, Any]], dtype: str) -> None:
    names = list(dict.fromkeys(entry["peer"] for entry in table))
    width = max(map(len, names))
    for result in WORKS:
        print(f"\n{dtype} {result}: worst error in ULP")
        print(" " * 20 + "".join(f"{name:>{width + 2}}" for name in names))
        for family in FAMILIES:
            errors = {
                entry["peer"]: entry["ulp"]
                for entry in table
                if (entry["family"], entry["result"]) == (family, result)
            }
            print(f"{family:20}" + "".join(f"{shown(errors[n]):>{width + 2}}" for n in names))


def main(quick: bool = False, as_json: bool = False) -> None:
    sizes = QUICK if quick else ROWS
    tables = {dtype: worst_errors(dtype, sizes) for dtype in ("float32", "float64")}
    missing = [name for name in absent() if name == "torch"]
    if as_json:
        entries = [entry for table in tables.values() for entry in table]
        found = {"versions": versions(), "rows": sizes, "absent": missing, "errors": entries}
        json.dump(found, sys.stdout, indent=1)
        return
    print(", ".join(f"{name} {number}" for name, number in versions().items()))
    print("rows: " + ", ".join(f"{rows} of {classes} classes" for classes, rows in sizes.items()))
    print("the loss and the gradient are those of cross-entropy at the leading class")
    if missing:
        print("not installed, left out: " + ", ".join(missing))
    for dtype, table in tables.items():
        print_table(table, dtype)
