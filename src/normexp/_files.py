"""Writing files: each of them whole, and all of them or none."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import NamedTuple

LINKS = 40  # as many in a row as Linux follows

# Names of what is open already. To open it by its name once more would begin at its start, and
# overwrite what an appending shell has there.
DESCRIPTOR = re.compile(r"/dev/(?P<name>stdout|stderr)|/(?:dev|proc/self)/fd/(?P<number>\d+)")
STREAMS = {"stdout": 1, "stderr": 2}
BINARY = getattr(os, "O_BINARY", 0)  # of Windows, which else writes line ends of its own
# A pipe that nobody reads is an error, and no reason to wait for ever. Not all systems have these.
THROUGH = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


class Destination(NamedTuple):
    """Where the bytes of a file go: past every link, and what is there now."""

    path: Path
    end: Path
    found: os.stat_result | None
    descriptor: int | None

    @property
    def is_file(self) -> bool:
        """Whether it is a file, or will be one; anything else is written through."""
        is_new = self.found is None or stat.S_ISREG(self.found.st_mode)
        return self.descriptor is None and is_new


Content = bytes | str | Iterable[bytes | str]


def write_files(contents: Mapping[Path, Content], mode: int | None = None) -> None:
    """Write files, each of them whole: all of them, or none where one cannot be written.

    Each goes to a temporary name in its folder, and they take their places when all are whole. A
    file that was there keeps its permissions and, where that is allowed, its owner. A link stays,
    and what it leads to is replaced. A terminal, a pipe or a device takes the bytes as they come.

    Parameters
    ----------
    contents : mapping of Path to bytes, str, or an iterable of them
        What to write where. Text is written as UTF-8, its line ends as they are. Pieces of a file
        that is larger than the memory are asked for as they are written.
    mode : int, optional
        The permissions of each file; else those of the file that was there, or what the umask
        leaves of 0o666.

    Raises
    ------
    OSError
        With the path that cannot be written as its `filename`: see `destination`, and where the
        disk is full. Every file is then as it was.
    ValueError
        If two of the paths lead to the same file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.txt"
    ...     write_files({path: "whole"})
    ...     path.read_text()
    'whole'
    """
    wanted = [(destination(path), _pieces(content)) for path, content in contents.items()]
    _check_apart([each for each, _ in wanted if each.is_file])
    with ExitStack() as tidy, ExitStack() as undo:
        whole = []
        for each, content in wanted:
            if each.is_file:
                temporary = _name_beside(each.end, tidy)
                _write_new(temporary, content, each, mode)
                whole.append((each, temporary))
        for each, content in wanted:
            if not each.is_file:
                _write_through(each, content)
        for each, temporary in whole:
            with _naming(each.path):
                old = _name_beside(each.end, tidy)
                if each.found is not None:
                    _copy(each.end, old)
                undo.callback(_put_back, old, each)
                os.replace(temporary, each.end)  # noqa: PTH105
        undo.pop_all()


def destination(path: Path) -> Destination:
    """Where the bytes of a file will go; refuses at once what `write_files` would refuse.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    OSError
        If the path leads to a folder, a disk or a socket, or round in a circle, or if it, or a new
        file beside it, must not be written. `filename` is the path.
    """
    end = path
    for _ in range(LINKS):
        if named := DESCRIPTOR.fullmatch(str(end)):
            number = STREAMS.get(named["name"]) or int(named["number"])
            return Destination(path, end, None, number)
        if not end.is_symlink():
            break
        end = end.parent / end.readlink()
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if not end.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {end.parent}")
    try:
        found = end.stat()
    except FileNotFoundError:
        found = None
    to = Destination(path, end, found, None)
    if problem := _problem(to):
        raise OSError(*problem, str(path))
    return to


def _problem(to: Destination) -> tuple[int, str] | None:
    """The number of the error that writing there would give, and its words."""
    if to.found is not None:
        if stat.S_ISDIR(to.found.st_mode):
            return errno.EISDIR, "it is a folder"
        if stat.S_ISBLK(to.found.st_mode) or stat.S_ISSOCK(to.found.st_mode):
            return errno.EINVAL, "neither disks nor sockets are written to"
        if not os.access(to.end, os.W_OK):
            return errno.EACCES, "it must not be written"
    if to.is_file and not os.access(to.end.parent, os.W_OK | os.X_OK):
        return errno.EACCES, "no file may be made in its folder"
    return None


def _check_apart(files: Iterable[Destination]) -> None:
    taken: dict[str, Path] = {}
    for each in files:
        other = taken.setdefault(os.path.realpath(each.end), each.path)
        if other != each.path:
            raise ValueError(f"cannot write both {other} and {each.path}: they are the same file")


def _pieces(content: Content) -> Iterator[bytes]:
    for piece in (content,) if isinstance(content, bytes | str) else content:
        # A name of a file need not be UTF-8: its odd bytes come as escapes.
        yield piece.encode(errors="backslashreplace") if isinstance(piece, str) else piece


def _name_beside(end: Path, tidy: ExitStack) -> Path:
    """A name in the same folder that nothing has; whatever gets it is removed in the end."""
    name = end.with_name(f".normexp-{secrets.token_hex(8)}")
    tidy.callback(name.unlink, missing_ok=True)
    return name


def _write_new(name: Path, content: Iterator[bytes], to: Destination, mode: int | None) -> None:
    """Write a file of these permissions, or with those of what was there, or of the umask."""
    like = to.found
    if mode is None and like is not None:
        mode = stat.S_IMODE(like.st_mode) & 0o777  # not the right to run as its owner
    # Nobody may look into it before it has its permissions.
    first = 0o666 if mode is None else mode & 0o600
    with _naming(to.path):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, first)
    with _opened(descriptor, to.path) as file:
        with _naming(to.path):
            if like is not None and sys.platform != "win32":
                with suppress(OSError):  # only root may give a file away
                    os.chown(name, like.st_uid, like.st_gid)
            if mode is not None:
                name.chmod(mode)
        _write_all(file, content, to.path)


def _copy(end: Path, old: Path) -> None:
    """A second name for a file; a copy where the disk knows no second names."""
    try:
        old.hardlink_to(end)
    except OSError:
        shutil.copy2(end, old)


def _put_back(old: Path, to: Destination) -> None:
    if to.found is None:
        to.end.unlink(missing_ok=True)
    else:
        os.replace(old, to.end)  # noqa: PTH105


def _write_through(to: Destination, content: Iterator[bytes]) -> None:
    """Write to what is open already, or to a device or a pipe."""
    with _naming(to.path):
        if to.descriptor is not None:
            sys.stdout.flush()
            descriptor = os.dup(to.descriptor)
        else:
            descriptor = os.open(to.end, THROUGH)
            os.set_blocking(descriptor, True)
    with _opened(descriptor, to.path) as file:
        _write_all(file, content, to.path)


@contextmanager
def _opened(descriptor: int, path: Path) -> Iterator[FileIO]:
    """A file that is written at once, so that to close it after an error is none more."""
    file = FileIO(descriptor, "wb")
    try:
        yield file
    finally:
        with _naming(path):
            file.close()


def _write_all(file: FileIO, content: Iterator[bytes], path: Path) -> None:
    """Write piece by piece; an error in making one is none of this path's."""
    for piece in content:
        with _naming(path):
            rest = memoryview(piece)
            while rest:
                rest = rest[file.write(rest) or 0 :]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An error of the system names the file that was asked for, not a temporary one."""
    try:
        yield
    except OSError as error:
        number = error.errno or errno.EIO
        words = "nobody reads this pipe" if number == errno.ENXIO else error.strerror
        raise OSError(number, words or str(error), str(path)) from error
