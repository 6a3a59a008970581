"""The first call in a new process, which loads libraries and compiles or reads kernels."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec

from .measuring import Effort
from .results import Start

EMPTY_CACHE_GOAL, WARM_CACHE_GOAL = 1.5, 0.3  # seconds

OURS = {
    "softmax": "nex.softmax(x)",
    "cross-entropy with gradient": "nex.CrossEntropy().value_and_grad(x, y)",
}
PEERS = {
    "torch": ("import torch", "torch.softmax(torch.from_numpy(x), -1)"),
    "SciPy": ("from scipy import special", "special.softmax(x, -1)"),
    "jax": ("import jax", "jax.nn.softmax(x).block_until_ready()"),
}
PROGRAM = """
import time
import numpy as np
x, y = np.zeros((64, 1000), np.float32), np.zeros(64, np.int64)
start = time.perf_counter()
{imports}
imported = time.perf_counter()
{call}
print(imported - start, time.perf_counter() - imported)
"""


def starts(effort: Effort) -> list[Start]:
    """Ours with an empty cache and with the one that this has filled, and the peers'."""
    found = []
    for work, call in OURS.items():
        empty, warm = [], []
        for _ in range(effort.starts):
            with tempfile.TemporaryDirectory() as folder:
                environment = {"NORMEXP_CACHE_DIR": folder, "NORMEXP_NUM_THREADS": "1"}
                empty.append(seconds("import normexp as nex", call, environment))
                warm.append(seconds("import normexp as nex", call, environment))
        found += [
            Start(f"normexp {work}, empty cache", *medians(empty), EMPTY_CACHE_GOAL),
            Start(f"normexp {work}, warm cache", *medians(warm), WARM_CACHE_GOAL),
        ]
    for name, (imports, call) in PEERS.items():
        if find_spec(name.lower()):
            runs = [seconds(imports, call, {}) for _ in range(effort.starts)]
            found.append(Start(f"{name} softmax", *medians(runs)))
    return found


def seconds(imports: str, call: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds that importing takes in a new process, NumPy apart, and the first call after it."""
    program = PROGRAM.format(imports=imports, call=call)
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    imported, called = map(float, ran.stdout.split())
    return imported, called


def medians(runs: list[tuple[float, float]]) -> tuple[float, float]:
    imported, called = zip(*runs, strict=True)
    return statistics.median(imported), statistics.median(called)
