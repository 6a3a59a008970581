"""The library of compiled kernels: every form, for every kind of processor, in one extension.

python -m ahead_of_time.build FOLDER
"""

import os
import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Distribution, Extension

from . import back_end, front_end
from .forms import Form, forms

MODULE = "normexp.kernels.cpu._library"
HERE = Path(__file__).parent
# Forms that share most of their code are linked together; each batch is one task of a process.
BATCHES_PER_CORE = 3


def batches(names: list[str], cores: int) -> list[list[str]]:
    """Forms of the same types together."""
    ordered = sorted(names, key=lambda name: name.partition(" ")[::-1])
    size = -(-len(ordered) // (BATCHES_PER_CORE * cores))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


@cache
def told() -> dict[str, Form]:
    """All forms, once for each process."""
    return forms()


def compile_batch(number: int, symbols: dict[str, str], folder: Path) -> list[Path]:
    """The objects of some forms; `symbols` gives each a name that a linker takes."""
    modules = {symbols[name]: front_end.module_of(told()[name]) for name in symbols}
    return back_end.objects(modules, back_end.processors(), folder, f"b{number}")


def table(symbols: dict[str, str]) -> str:
    """The forms as the library reads them, in C."""
    chosen = [processor.name for processor in back_end.processors()]
    names = ", ".join(f'"{name}"' for name in chosen)
    lines = [
        "#include <stdint.h>",
        "typedef int (*Code)(void **, void **, int64_t *);",
        f"typedef struct {{ const char *name, *types; Code code[{len(chosen)}]; }} Row;",
        f"static const char *PROCESSOR_NAMES[] = {{{names}}};",
        f"enum {{ PROCESSOR_COUNT = {len(chosen)}, FORM_COUNT = {len(symbols)} }};",
    ]
    rows = []
    for name, symbol in symbols.items():
        codes = [f"{symbol}_{processor}" for processor in chosen]
        lines += [f"extern int {code}(void **, void **, int64_t *);" for code in codes]
        types = name.partition(" ")[2] + "II"  # and the range of rows
        rows.append(f'    {{"{name}", "{types}", {{{", ".join(codes)}}}}},')
    return "\n".join([*lines, "static Row FORMS[] = {", *rows, "};", ""])


def link(objects: list[Path], folder: Path) -> Path:
    """The extension, by whatever C compiler Python's extensions are built with."""
    for source in (*HERE.glob("*.pyx"), *HERE.glob("*.pxi")):
        (folder / source.name).write_bytes(source.read_bytes())
    options = [] if sys.platform in ("win32", "darwin") else ["-s", "-Wl,--gc-sections"]
    extension = Extension(
        MODULE,
        [str(folder / "library.pyx")],
        include_dirs=[np.get_include(), str(folder)],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        libraries=[] if sys.platform == "win32" else ["m"],
        extra_objects=sorted(map(str, objects)),
        extra_link_args=options,
    )
    distribution = Distribution({"ext_modules": cythonize([extension], quiet=True)})
    command = distribution.get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(MODULE))


def build(target: Path, only: str = "") -> Path:
    """Build the library into a folder, of the forms whose names hold what `only` says."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    names = [name for name in told() if re.search(only, name)]
    symbols = {name: f"normexp_{number}" for number, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tasks = batches(names, cores)
        with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
            futures = [
                pool.submit(compile_batch, i, {name: symbols[name] for name in batch}, folder)
                for i, batch in enumerate(tasks)
            ]
            objects = [path for future in futures for path in future.result()]
        (folder / "table.h").write_text(table(symbols), encoding="utf-8")
        built = link(objects, folder)
        target.mkdir(parents=True, exist_ok=True)
        return Path(built.replace(target / built.name))


if __name__ == "__main__":
    print(build(Path(sys.argv[1]), *sys.argv[2:]))
