"""Compiled kernels kept on disk, so that only the first process ever waits for the compiler.

Numba's own cache keeps one index for each function, which two processes can leave pointing at each
other's code, believes a file that was cut off, and does not see an edit in another file. Here each
compiled kernel is one file that carries the digest of its content, under a name that stands for
everything the code depends on. Whatever goes wrong with a file, the kernel is compiled again.

The content is pickled, as Numba does it, so that whoever can write a file can run code: folder and
file must belong to the user, or to root, and nobody else may write to them, or they are not used.
"""

import hashlib
import os
import pickle
import re
import shutil
import stat
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

from ... import __version__
from ..._files import write_files

DIGEST_SIZE = hashlib.sha256().digest_size

# Of Numba, from its environment variables: what the code that comes out depends on.
SETTINGS = ("BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "OPT", "SLP_VECTORIZE")

# What is kept for other versions: these days since the last use, and no more than so many folders.
KEPT_DAYS = 30
KEPT_FOLDERS = 8


def _digest_of_sources() -> str:
    kernels = Path(__file__).parent.parent
    source = hashlib.sha256()
    for file in sorted(kernels.rglob("*.py")):
        content = file.read_bytes()
        source.update(f"{file.relative_to(kernels).as_posix()} {len(content)}\n".encode())
        source.update(content)
    return source.hexdigest()[:16]


# Taken with the code itself: an edit while a program runs must not name the code from before.
SOURCES = _digest_of_sources()


@cache
def folder() -> Path | None:
    """The folder of this version's kernels; None where none can be had that is safe to read."""
    name = "-".join(
        [
            f"normexp{__version__}",
            f"numba{numba.__version__}",
            f"python{sys.version_info.major}.{sys.version_info.minor}",
            SOURCES,
        ]
    )
    try:
        path = _user_folder() / name
        if not path.exists():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _prune(path)
        if not _is_trusted(path.stat()):
            return None
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    with suppress(OSError):  # kernels can be read from a folder that is read-only
        os.utime(path)  # the last use, for `_prune`
    return path


def _user_folder() -> Path:
    named = os.environ.get("NORMEXP_CACHE_DIR")
    if named:
        return Path(named).absolute()  # also after a change of the working folder
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "normexp/cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/normexp"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "normexp"


def _is_trusted(found: os.stat_result) -> bool:
    """Whether only the user, or root, can have written what is in a folder or file."""
    if sys.platform == "win32":  # a profile's folder is closed to others by its access list
        return True
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _prune(current: Path) -> None:
    """Delete what other versions left beside a new folder; one that still runs compiles again."""
    name = re.compile(r"normexp.+-numba.+-python\d+\.\d+-[0-9a-f]{16}")
    others = []
    with suppress(OSError):  # another process may be deleting the same
        for path in current.parent.iterdir():
            found = path.lstat()  # not what a link points to
            is_ours = stat.S_ISDIR(found.st_mode) and _is_trusted(found)
            if is_ours and name.fullmatch(path.name) and path != current:
                others.append((found.st_mtime, path))
    others.sort(reverse=True)
    old = time.time() - KEPT_DAYS * 24 * 60 * 60
    for rank, (used, path) in enumerate(others):
        if rank >= KEPT_FOLDERS or used < old:
            shutil.rmtree(path, ignore_errors=True)


def _digest(path: Path, payload: bytes) -> bytes:
    """Of the content and of what it is: under another name, or in another version's folder, a
    kernel would be taken for one that it is not.
    """
    return hashlib.sha256(f"{path.parent.name}/{path.name}\n".encode() + payload).digest()


def _read(path: Path) -> bytes | None:
    """What was written; None if somebody else can have done it, or if it is not all there."""
    # Opening a FIFO waits for a writer, and a device may do anything: only a file is opened.
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    with path.open("rb") as file:
        if not _is_trusted(os.fstat(file.fileno())):
            return None
        content = file.read()
    digest, payload = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    return payload if _digest(path, payload) == digest else None


def _write(path: Path, payload: bytes) -> None:
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        return  # it is not a kernel, and not ours to replace
    content = _digest(path, payload) + payload
    write_files({path: content}, mode=0o600)  # what others can write to is not read


class KernelCache(_Cache):
    """The compiled forms of one kernel, as a Numba dispatcher asks for them."""

    def __init__(self, function: Any) -> None:
        self._name = f"{function.__module__}.{function.__qualname__}"

    @property
    def cache_path(self) -> str:
        return str(folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kernel for a signature, or None if it has to be compiled."""
        path = self._path(sig, target_context.codegen())
        if path is None:
            return None
        try:
            payload = _read(path)
            if payload is None:
                return None
            # What compiled code calls. `refresh`, as Numba's own cache does, loads all of Numba.
            rtsys.initialize(target_context)
            return CompileResult._rebuild(target_context, *pickle.loads(payload))
        except Exception:  # a file that cannot be used is as good as none
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel, unless the disk or Numba has something against it."""
        path = self._path(sig, data.codegen)
        if path is None or data.library.has_dynamic_globals:
            return
        with suppress(OSError):
            _write(path, dumps(data._reduce()))

    def enable(self) -> None:
        """Always on; Numba's interface asks for this."""

    disable = flush = enable

    def _path(self, sig: Any, codegen: Any) -> Path | None:
        """The file of a signature, compiled for this processor and like this."""
        where = folder()
        if where is None:
            return None
        settings = [getattr(numba.config, name) for name in SETTINGS]
        what = sig, codegen.magic_tuple(), llvmlite.__version__, settings
        key = hashlib.sha256(repr(what).encode()).hexdigest()
        return where / f"{self._name}-{key[:32]}.kernel"
