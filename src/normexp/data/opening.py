"""The one way in: every file that is read comes through here, looked at, unpacked and bounded.

What is no regular file (a device, a pipe, a folder) is refused before it is opened, since reading
it may never end. gzip, bzip2 and xz are known by how a file begins; a ``.zip`` holds one file.
Nothing is read, or unpacks, to more than `MAX_SIZE` bytes, or what `at_most` allows.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .words import listed, sized

MAX_SIZE = 4 * 10**9
CHUNK = 2**20

UNPACKERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    rb"\x1f\x8b": gzip.open,
    rb"BZh[1-9](1AY&SY|\x17rE8P\x90)": bz2.open,
    rb"\xfd7zXZ\x00": lzma.open,
}
PACKED = (".gz", ".bz2", ".xz")

# What a file of text is instead, by how it begins.
DISGUISES = {
    rb"PK\x03\x04": "a zip archive, as .zip, .xlsx and .npz files are",
    rb"PAR1": "a Parquet file",
    rb"\x93NUMPY": "an .npy file",
    rb"\x89HDF\r\n": "an HDF5 file",
    rb"MATLAB 5": "a .mat file",
    rb"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    rb"\x28\xb5\x2f\xfd": "packed by Zstandard",
    rb"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    rb"\x89PNG|\xff\xd8\xff|GIF8": "a picture",
    rb"%PDF-": "a PDF",
    rb"SQLite format 3\x00": "an SQLite database",
    rb"(\xef\xbb\xbf)?\s*(?i:<!doctype html|<html)": "a web page, perhaps the one that offers it",
    rb"version https://git-lfs": "a pointer of Git LFS that stands for the file",
}

KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
    stat.S_ISSOCK: "a socket",
}

_limit: ContextVar[int] = ContextVar("limit", default=MAX_SIZE)


class ReadingError(ValueError):
    """Why a file is not read, in words of ours: `readable` lets it pass."""


@contextmanager
def at_most(size: int | None) -> Iterator[None]:
    """Let no file be read, or unpack, to more than so many bytes within the block."""
    token = _limit.set(size or MAX_SIZE)
    try:
        yield
    finally:
        _limit.reset(token)


def is_allowed(size: int) -> bool:
    """Whether a file may hold, or unpack to, so many bytes."""
    return size <= _limit.get()


def check_size(size: int, name: str, holds: str = "holds, or unpacks to,") -> None:
    """Raise `ReadingError` if so many bytes of `name` are more than may be read."""
    if not is_allowed(size):
        raise ReadingError(
            f"{name} {holds} more than {sized(_limit.get())}: if you trust it, allow more with "
            "max_size="
        )


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open `path` for reading, unpacked if it is packed: it can be sought in, and has an end.

    Raises
    ------
    OSError
        If it is not there, or cannot be opened.
    ValueError
        If it is no regular file, empty, cut off, damaged or larger than allowed.
    """
    with _regular(path) as file:
        check_size(os.fstat(file.fileno()).st_size, path.name)
        unpack = _unpacker(path, file)
        if unpack is None:
            yield file
            return
        with readable(path.name), unpack(file) as packed:
            content = _unpacked(packed, path.name)
    yield content


def read_bytes(path: Path) -> bytes:
    """Read the whole of a file, unpacked."""
    with opened(path) as file:
        return file.getvalue() if isinstance(file, io.BytesIO) else file.read()


def read_plain(path: Path) -> bytes:
    """Read the whole of a file of text, unpacked, once its beginning looks like text."""
    content = read_bytes(path)
    if kind := what_is(content):
        raise ValueError(f"{path.name} is not what its name says, but {kind}")
    return content


def what_is(content: bytes) -> str:
    """Which format that is no text a file has by how it begins; nothing where that is not known."""
    return next((kind for magic, kind in DISGUISES.items() if re.match(magic, content)), "")


def less_packing(name: str) -> str:
    """The name of a file once it is unpacked.

    >>> less_packing("train-images-idx3-ubyte.gz")
    'train-images-idx3-ubyte'
    """
    return next((name[: -len(end)] for end in PACKED if name.lower().endswith(end)), name)


def plain_name(path: Path) -> str:
    """The name of what is in a file: less ``.gz``, and for a ``.zip`` that of the file in it."""
    if path.suffix.lower() != ".zip":
        return less_packing(path.name)
    with _regular(path) as file:
        check_magic(path.name, file.read(2), b"PK", "a zip archive")
        with readable(path.name), zipfile.ZipFile(file) as archive:
            return PurePosixPath(_only_member(archive, path.name).filename).name


def check_magic(name: str, start: bytes, magic: bytes, kind: str) -> None:
    """Raise ValueError unless `start`, the first bytes of the file, begins with `magic`."""
    came = start[: len(magic)]
    if came != magic:
        raise ValueError(
            f"{name} is not {kind}: wrong magic number, expected {magic!r}, but it begins {came!r}"
        )


def check_file(path: Path) -> None:
    """Raise as `opened` does, but for its size, for a file that another library is to open."""
    with _regular(path):
        pass


def check_regular(path: Path, status: os.stat_result) -> None:
    """Raise ValueError unless the status of `path` is that of a regular file."""
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kind = next((kind for is_kind, kind in KINDS.items() if is_kind(mode)), "of no known kind")
        raise ValueError(f"{path} is {kind}, where a file was expected")


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn whatever a parser raises into one line that names the file."""
    try:
        yield
    except ReadingError:
        raise
    except MemoryError as error:
        raise ReadingError(f"{name} needs more memory than there is") from error
    # Of a damaged file zipfile, tokenize, zlib and the rest each raise what they like.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(f"{name} is cut off or damaged: {reason}") from error


@contextmanager
def _regular(path: Path) -> Iterator[IO[bytes]]:
    """Open a regular file, or a link to one, that is not empty."""
    check_regular(path, path.stat())
    with open(path, "rb", opener=_unblocked) as file:
        status = os.fstat(file.fileno())
        check_regular(path, status)  # by now it may be another
        if status.st_size == 0:
            raise ValueError(f"{path.name} is empty")
        yield file


def _unblocked(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would wait for its writer


def _unpacker(path: Path, file: IO[bytes]) -> Callable[[IO[bytes]], Any] | None:
    start = file.read(16)
    file.seek(0)
    if path.suffix.lower() == ".zip":
        check_magic(path.name, start, b"PK", "a zip archive")
        return partial(_member, name=path.name)
    return next((unpack for magic, unpack in UNPACKERS.items() if re.match(magic, start)), None)


@contextmanager
def _member(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(file) as archive, archive.open(_only_member(archive, name)) as member:
        yield member


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The one file in an archive, beside what macOS adds of its own."""
    files = [
        member
        for member in archive.infolist()
        if not (member.is_dir() or member.filename.startswith("__MACOSX/"))
        and PurePosixPath(member.filename).name != ".DS_Store"
    ]
    if len(files) != 1:
        names = listed([file.filename for file in files])
        raise ReadingError(
            f"{name}: expected one file in the archive, got {names or 'none'}: unpack it"
        )
    return files[0]


def _unpacked(packed: IO[bytes], name: str) -> io.BytesIO:
    content = io.BytesIO()
    while chunk := packed.read(CHUNK):
        check_size(content.tell() + len(chunk), name)
        content.write(chunk)
    if not content.tell():
        raise ReadingError(f"{name} is empty")
    content.seek(0)
    return content
