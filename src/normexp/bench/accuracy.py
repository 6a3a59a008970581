"""The table of errors: the worst distance from the true value, ours and the peers', in ULP.

Run with ``python -m normexp.bench.accuracy``; mpmath is needed, peers that are absent are left out
and named.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

import normexp as nex

from .families import FAMILIES, family_row
from .oracle import PRECISION, OracleRow, oracle_row, ulps

Row = NDArray[Any]
RESULTS = ("softmax", "log_softmax", "logsumexp", "loss", "gradient")
ROWS = {2: 50, 10: 20, 1000: 2, 100_000: 1}
QUICK = {2: 10, 10: 5, 1000: 1}


def ours(z: Row, y: int) -> dict[str, Any]:
    value, grad = nex.CrossEntropy().value_and_grad(z, y)
    return {
        "softmax": nex.softmax(z),
        "log_softmax": nex.log_softmax(z),
        "logsumexp": nex.logsumexp(z),
        "loss": value,
        "gradient": grad,
    }


def five_lines(z: Row, y: int) -> dict[str, Any]:
    """What everybody writes."""
    e = np.exp(z - z.max())
    p = e / e.sum()
    gradient = p.copy()
    gradient[y] -= 1
    return {
        "softmax": p,
        "log_softmax": np.log(p),
        "logsumexp": z.max() + np.log(e.sum()),
        "loss": -np.log(p[y]),
        "gradient": gradient,
    }


def scipy_peer() -> Callable[[Row, int], dict[str, Any]]:
    from scipy import special

    def results(z: Row, y: int) -> dict[str, Any]:
        gradient = special.softmax(z)
        gradient[y] -= 1
        return {
            "softmax": special.softmax(z),
            "log_softmax": special.log_softmax(z),
            "logsumexp": special.logsumexp(z),
            "loss": -special.log_softmax(z)[y],
            "gradient": gradient,
        }

    return results


def torch_peer() -> Callable[[Row, int], dict[str, Any]]:
    import torch

    def results(z: Row, y: int) -> dict[str, Any]:
        x = torch.tensor(z, requires_grad=True)
        loss = torch.nn.functional.cross_entropy(x, torch.tensor(y))
        loss.backward()
        found = {
            "softmax": x.softmax(-1),
            "log_softmax": x.log_softmax(-1),
            "logsumexp": x.logsumexp(-1),
            "loss": loss,
            "gradient": x.grad,
        }
        return {name: value.detach().numpy() for name, value in found.items()}

    return results


def peers() -> tuple[dict[str, Callable[[Row, int], dict[str, Any]]], list[str]]:
    """Everything to be judged, and the names of the peers that are not installed."""
    found: dict[str, Callable[[Row, int], dict[str, Any]]] = {
        "normexp": ours,
        "NumPy, five lines": five_lines,
    }
    absent = []
    for name, peer in {"scipy": scipy_peer, "torch": torch_peer}.items():
        try:
            found[f"{name} {version(name)}"] = peer()
        except ImportError:
            absent.append(name)
    return found, absent


def truth(row: OracleRow, y: int, classes: list[int]) -> dict[str, Any]:
    with mpmath.workprec(PRECISION):
        return {
            "softmax": [row.probability(k) for k in classes],
            "log_softmax": [-row.surprise(k) for k in classes],
            "logsumexp": row.logsumexp(),
            "loss": row.surprise(y),
            "gradient": [row.probability(k) if k != y else -row.others(y) for k in classes],
        }


def worst_errors(dtype: str, sizes: dict[int, int]) -> tuple[list[dict[str, Any]], list[str]]:
    """For each family, result and peer the largest error over rows of every size."""
    everyone, absent = peers()
    table = []
    for family in FAMILIES:
        worst = {(name, result): 0.0 for name in everyone for result in RESULTS}
        for classes, rows in sizes.items():
            for seed in range(rows):
                z = family_row(family, classes, dtype, seed)
                y = int(z.argmax())
                rng = np.random.default_rng(seed)
                looked_at = np.unique([y, z.argmin(), *rng.permutation(classes)[:50]]).tolist()
                true = truth(oracle_row(z.tolist()), y, looked_at)
                for name, peer in everyone.items():
                    with np.errstate(all="ignore"):
                        got = peer(z, y)
                    for result in RESULTS:
                        value = got[result]
                        at = value[looked_at] if np.ndim(value) else np.asarray(value, dtype)
                        error = float(ulps(at, true[result]).max())
                        worst[name, result] = max(worst[name, result], error)
        table += [
            {"dtype": dtype, "family": family, "result": result, "peer": name, "ulp": error}
            for (name, result), error in worst.items()
        ]
    return table, absent


def shown(ulp: float) -> str:
    if ulp >= 1e5:
        return f"{ulp:.0e}"
    return f"{ulp:.2f}" if ulp < 10 else f"{ulp:.0f}"


def print_table(table: list[dict[str, Any]], dtype: str) -> None:
    names = list(dict.fromkeys(entry["peer"] for entry in table))
    width = max(map(len, names))
    for result in RESULTS:
        print(f"\n{dtype} {result}: worst error in ULP")
        print(" " * 20 + "".join(f"{name:>{width + 2}}" for name in names))
        for family in FAMILIES:
            errors = {
                entry["peer"]: entry["ulp"]
                for entry in table
                if (entry["family"], entry["result"]) == (family, result)
            }
            print(f"{family:20}" + "".join(f"{shown(errors[n]):>{width + 2}}" for n in names))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m normexp.bench.accuracy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, up to 1000 classes")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    options = parser.parse_args()
    sizes = QUICK if options.quick else ROWS
    tables = {dtype: worst_errors(dtype, sizes) for dtype in ("float32", "float64")}
    absent = tables["float32"][1]
    if options.json:
        entries = [entry for table, _ in tables.values() for entry in table]
        json.dump({"rows": sizes, "absent": absent, "errors": entries}, sys.stdout, indent=1)
        return
    print(f"normexp {nex.__version__}, NumPy {np.__version__}, {platform.machine()}")
    print("rows: " + ", ".join(f"{rows} of {classes} classes" for classes, rows in sizes.items()))
    print("the loss and the gradient are those of cross-entropy at the leading class")
    if absent:
        print("not installed, left out: " + ", ".join(absent))
    for dtype, (table, _) in tables.items():
        print_table(table, dtype)


if __name__ == "__main__":
    main()
