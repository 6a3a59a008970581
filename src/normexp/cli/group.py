"""The manners of every command: bad input is one line and status 2, Ctrl-C one line and 130."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from .._files import destination
from . import end
from .words import as_options


class Commands(click.Group):
    """Commands that end without a traceback wherever it is the user who can mend it."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.Abort:
            end("interrupted", 130)
        except click.ClickException as error:
            end(error.format_message(), 2)
        except (OSError, ValueError, TypeError, MemoryError) as error:
            if os.environ.get("NORMEXP_DEBUG"):
                raise
            if isinstance(error, OSError) and error.strerror:
                end(f"{error.filename or 'cannot read or write'}: {error.strerror}", 2)
            end(as_options(str(error)), 2)
        sys.exit(status if isinstance(status, int) else 0)


class Output(click.Path):
    """A file to write, in a folder that exists: refused before the work is done, not after it."""

    def __init__(self, *suffixes: str) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)
        self.suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        given: Any = super().convert(value, param, ctx)
        path = Path(given)
        if not path.name:
            self.fail(f"expected the name of a file, got {str(value)!r}", param, ctx)
        if self.suffixes and path.suffix not in self.suffixes:
            endings = " or ".join(filter(None, [", ".join(self.suffixes[:-1]), self.suffixes[-1]]))
            self.fail(f"expected a name that ends in {endings}, got {path.name}", param, ctx)
        destination(path)
        return path


def spare(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Refuse to write over a file that is read, by whatever name."""
    for output in filter(None, outputs):
        to = destination(output)
        for source in (Path(each) for each in inputs if each):
            for file in _read(source) if to.is_file and to.found else ():
                if file.exists() and file.samefile(to.end):
                    raise ValueError(f"cannot write {output}: it is what is read, {file}")


def _read(source: Path) -> list[Path]:
    """A file; of a folder of rows, all that hold them."""
    if not source.is_dir():
        return [source]
    from ..data.parts import files_of

    return files_of(source)
