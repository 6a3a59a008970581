"""Opening a file, gzipped or not, so that a damaged one is a sentence and not a traceback."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open `path` for reading, unzipped if it begins with gzip's magic number.

    Raises ValueError if the file is empty, cut off or damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(GZIP_MAGIC))
            file.seek(0)
            if not start:
                raise ValueError(f"{path.name} is empty")
            if start == GZIP_MAGIC:
                with gzip.open(file) as unzipped:
                    yield cast("IO[bytes]", unzipped)
            else:
                yield file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path.name} is cut off or damaged: {error}") from error


def read_bytes(path: Path) -> bytes:
    """Read the whole of a file, unzipped."""
    with opened(path) as file:
        return file.read()


def check_magic(name: str, start: bytes, magic: bytes, kind: str) -> None:
    """Raise ValueError unless `start`, the first bytes of the file, begins with `magic`."""
    came = start[: len(magic)]
    if came != magic:
        raise ValueError(
            f"{name} is not {kind}: wrong magic number, expected {magic!r}, but it begins {came!r}"
        )
