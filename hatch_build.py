"""What the build of a wheel does beside copying files: the explorer page, and compiled kernels.

Kernels are compiled where there is a C compiler to link them with; a wheel without them, like an
editable install, depends on Numba, which compiles them when they are first called.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXPLORER = Path("src/normexp/explorer")
LIBRARY = Path("normexp/kernels/cpu")

NUMBA = "numba>=0.61"
COMPILERS = [NUMBA, "cython>=3.1", "ml_dtypes>=0.4", "numpy>=2.0", "setuptools>=77"]


def compiles() -> bool:
    """Whether kernels are compiled: by NORMEXP_PROCESSORS, and the C compiler that there is."""
    has_compiler = sys.platform == "win32" or any(map(which, (os.environ.get("CC", "cc"), "gcc")))
    return os.environ.get("NORMEXP_PROCESSORS", "all") != "none" and has_compiler


class Build(BuildHookInterface):  # type: ignore[type-arg]
    def dependencies(self) -> list[str]:
        """What the environment of the build needs."""
        return COMPILERS if self.target_name == "wheel" and compiles() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the page and the kernels, but not to an editable install."""
        self.folder = tempfile.TemporaryDirectory()
        if version == "editable":  # the page is put together when asked
            build_data["dependencies"].append(NUMBA)
            return
        # Run, not imported: importing normexp takes NumPy, and the build may have none.
        assemble = runpy.run_path(str(Path(self.root, EXPLORER, "assemble.py")))["assemble"]
        file = Path(self.folder.name, "explorer.html")
        file.write_text(assemble(), encoding="utf-8")
        build_data["force_include"][str(file)] = str(EXPLORER.relative_to("src") / file.name)
        if not compiles():
            build_data["dependencies"].append(NUMBA)
            return
        library = self.library()
        build_data["force_include"][str(library)] = str(LIBRARY / library.name)
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def library(self) -> Path:
        """The compiled kernels, by a process of its own: it starts others and loads the package."""
        # Not by PYTHONPATH: in a build by pip that leads to what pip has installed for it, and pip
        # takes away what an editable install of this very package has put there.
        paths = [self.root, str(Path(self.root, "src"))]
        code = (
            f"import pathlib, sys; sys.path[:0] = {paths!r}\n"
            "from ahead_of_time.build import build; print(build(pathlib.Path(sys.argv[1])))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, self.folder.name],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return Path(done.stdout.splitlines()[-1])

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self.folder.cleanup()
