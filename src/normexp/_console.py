"""A terminal of any width: tables that fit it, and text from data that does nothing to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from ._text import visible

WIDE = 220  # where the output is no terminal, no line has to be broken


class Terminal(Console):
    """A console that finds neither markup nor control characters in what it is given."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)
        if not self.is_terminal:
            self.width = WIDE

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(visible(text), style)

    def print_tables(self, build: Callable[[Sequence[int]], Table], columns: int) -> None:
        """Print a table of so many columns as tables that fit the width, one below the other.

        Parameters
        ----------
        build : callable
            Given the indices of some columns, the table that holds these.
        """
        for some in self._parted(build, columns):
            self.print(build(some))

    def _parted(
        self, build: Callable[[Sequence[int]], Table], columns: int
    ) -> Iterator[Sequence[int]]:
        some: list[int] = []
        for column in range(columns):
            if some and self._width_of(build([*some, column])) > self.width:
                yield some
                some = []
            some.append(column)
        yield some

    def _width_of(self, table: Table) -> int:
        """The columns that it would take if there was no end of room."""
        return self.measure(table, options=self.options.update(width=10 * WIDE)).maximum
