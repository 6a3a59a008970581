"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def atomic_write(path: str | Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file that takes the place of `path` only once it is written to its end.

    The bytes go to a temporary name in the same folder, which replaces `path` on success and is
    removed on any failure, Ctrl-C included: `path` holds what it held before, or all of the new.

    Parameters
    ----------
    path : str or Path
        The file to write. Its folder must exist.
    mode : {"wb", "w"}
        Bytes, or UTF-8 text whose line ends are written as they are given.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.txt"
    ...     with atomic_write(path, "w") as file:
    ...         _ = file.write("whole")
    ...     path.read_text()
    'whole'
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {path.parent}")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        # Mode "x", not tempfile: a plain open leaves the permissions to the umask.
        with open(temporary, mode.replace("w", "x"), **text) as file:  # noqa: PTH123
            yield file
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
