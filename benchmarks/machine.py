"""Where a benchmark ran: what its numbers mean nothing without."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "normexp",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "scikit-learn",
    "torch",
    "jax",
    "jaxlib",
    "ml_dtypes",
)


def machine() -> dict[str, Any]:
    """The processor, its caches in bytes, the system, versions, and what else was running."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "caches": caches(),
        "system": platform.platform(),
        "load": load(),
        "python": platform.python_version(),
        "versions": versions(),
    }


def load() -> float | None:
    """How many programs ran at a time on average, in the last minute, where the system counts."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def busy() -> str | None:
    """A warning in words where half of the cores, or more, have other things to do."""
    running, cores = load(), os.cpu_count() or 1
    if running is None or running < cores / 2:
        return None
    return (
        f"The machine is busy: in the last minute {running:.1f} programs ran at a time on "
        f"{cores} {'core' if cores == 1 else 'cores'}. What is measured now will be slower than it "
        "is, and differ from round to round."
    )


def processor() -> str:
    """Its name, and LLVM's name for its kind, which says more in a virtual machine."""
    from llvmlite.binding import get_host_cpu_name

    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({get_host_cpu_name()})"


def caches(cpu: Path = Path("/sys/devices/system/cpu/cpu0")) -> dict[str, int]:
    """The bytes of each cache that holds data, where Linux tells them."""
    found = {}
    for index in sorted(cpu.glob("cache/index*")):
        level, kind, size = (
            (index / name).read_text().strip() for name in ("level", "type", "size")
        )
        if kind != "Instruction":
            found[f"L{level}"] = int(size.removesuffix("K")) * 1024
    return found


def versions() -> dict[str, str]:
    """The libraries that are installed, of those that matter here."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
