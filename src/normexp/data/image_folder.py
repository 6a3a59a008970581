"""Pictures: a file alone, a folder of them, or a folder for each class."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .images import images_as_rows
from .notes import Note
from .opening import check_size, opened, readable
from .raw import Raw
from .words import counted, listed

# What Pillow is let read: no format that starts another program, as PostScript does.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
SPLITS = {"train": ("train", "training"), "test": ("test", "testing")}

GREY = {"1", "L", "LA", "La"}
DEEP = {"I;16", "I;16L", "I;16B", "I", "F"}  # grey too, of more than 256 shades
TRANSPARENT = {"LA", "La", "RGBA", "RGBa", "PA"}
ORIENTATION, SIDEWAYS = 0x0112, {5, 6, 7, 8}  # in EXIF


class Header(NamedTuple):
    """What is known of a picture before its pixels are read."""

    width: int
    height: int
    kind: str  # grey, colour, or the mode of more than 256 shades
    is_transparent: bool
    is_animated: bool


def is_image_folder(path: Path) -> bool:
    """Tell whether a folder holds pictures, or folders that hold some."""
    sides = [folder for side in SPLITS if (folder := _split_folder(path, side)) is not None]
    roots = sides or [path]
    return any(_pictures(each) for root in roots for each in (root, *_classes(root)))


def read_image(path: Path) -> Raw:
    """Read one picture."""
    return _raw([path], None, path.name)


def read_image_folder(path: Path, split: str | None = None) -> Raw:
    """Read the pictures of a folder for each class, whose name is the label; or without labels.

    The classes may stand in a folder train (or training) and another, test (or testing).
    """
    parts = {side: _split_folder(path, side) for side in SPLITS}
    notes: tuple[Note, ...] = ()
    if any(parts.values()):
        split = split or "train"
        folder = parts[split]
        if folder is None:
            raise ValueError(f"{path.name}: expected a folder {split!r} beside the other part")
        path, notes = folder, (Note("folder", folder=folder.name),)
    elif split is not None:
        raise ValueError(f"split: {path.name} has no folders train and test")
    pictures = {folder: _pictures(folder) for folder in _classes(path)}
    loose = _pictures(path)
    if loose and any(pictures.values()):
        raise ValueError(
            f"{path.name}: expected pictures in a folder for each class, but {loose[0].name} "
            f"stands beside the {counted(len(pictures), 'folder')}"
        )
    if loose:
        return _raw(loose, None, path.name, notes)
    files = [file for each in pictures.values() for file in each]
    labels = [folder.name for folder, each in pictures.items() for _ in each]
    if empty := [folder.name for folder, each in pictures.items() if not each]:
        notes += (Note("empty-folders", names=tuple(empty)),)
    return _raw(files, labels, path.name, notes)


def _split_folder(path: Path, split: str) -> Path | None:
    return next((path / name for name in SPLITS[split] if (path / name).is_dir()), None)


def _classes(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir() and each.name[0] not in "._")


def _pictures(path: Path) -> list[Path]:
    return sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in ENDINGS and file.name[0] not in "._" and not file.is_dir()
    )


def _raw(
    files: list[Path], labels: list[str] | None, name: str, notes: tuple[Note, ...] = ()
) -> Raw:
    headers = [_header(file) for file in files]
    first = headers[0]
    for file, header in zip(files, headers, strict=True):
        if header[:2] != first[:2]:
            raise ValueError(
                f"{name}: the pictures differ in size, {files[0].name} has {first.width}×"
                f"{first.height} pixels, {file.name} {header.width}×{header.height}: bring them to "
                "one size"
            )
    kinds = {header.kind for header in headers}
    if kinds & DEEP and len(kinds) > 1:
        raise ValueError(f"{name}: some pictures have 256 shades, others more ({listed([*kinds])})")
    is_coloured = "colour" in kinds
    shape = (first.height, first.width, *((3,) if is_coloured else ()))
    check_size(len(files) * math.prod(shape) * (4 if kinds & DEEP else 1), name)
    pixels = [_pixels(file, is_coloured) for file in files]
    told = {
        "grey": is_coloured * sum(h.kind == "grey" for h in headers),
        "transparent": sum(h.is_transparent for h in headers),
        "animated": sum(h.is_animated for h in headers),
    }
    return images_as_rows(
        np.stack(pixels),
        None if labels is None else pl.Series("label", labels),
        no_target="its pictures are not in a folder for each class, whose name is the label",
        notes=notes + tuple(Note(kind, n=n) for kind, n in told.items() if n),
    )


@contextmanager
def _image(file: Path) -> Iterator[Any]:
    """Open a picture; its pixels are read when they are asked for."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise ValueError("pictures are read by Pillow: pip install pillow") from None

    with opened(file) as stream, readable(file.name), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a size that is checked here, of damaged EXIF
        with Image.open(stream, formats=FORMATS) as image:
            yield image


def _header(file: Path) -> Header:
    with _image(file) as image:
        width, height = image.size
        if image.getexif().get(ORIENTATION) in SIDEWAYS:
            width, height = height, width
        check_size(3 * width * height, file.name)
        is_grey = image.mode in GREY or (image.mode == "P" and _is_grey(image.getpalette()))
        kind = image.mode if image.mode in DEEP else "grey" if is_grey else "colour"
        is_transparent = image.mode in TRANSPARENT or "transparency" in image.info
        return Header(width, height, kind, is_transparent, getattr(image, "is_animated", False))


def _is_grey(palette: list[int] | None) -> bool:
    return palette is not None and palette[::3] == palette[1::3] == palette[2::3]


def _pixels(file: Path, is_coloured: bool) -> NDArray[Any]:
    from PIL import ImageOps

    with _image(file) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in DEEP:
            upright = upright.convert("RGB" if is_coloured else "L")
        pixels = np.array(upright)
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
