"""Tables on standard output: by Rich where it is installed and somebody looks, else plain text.

Knows columns and cells, no files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

__all__ = ['Table', 'printable', 'show', 'show_text']


@dataclass(slots=True)
class Table:
    """Rows under a title.

    Parameters:
        title: Heading.
        columns: Names; those that begin with ``>`` are aligned to the right.
        rows: Cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row; None is an empty cell."""
        self.rows.append(tuple('' if cell is None else str(cell) for cell in cells))

    def plain(self) -> str:
        """Return the table as text.

        Example:
            >>> table = Table('Sizes', ('name', '>bytes'))
            >>> table.add('a', 12)
            >>> print(table.plain())
            Sizes
            name  bytes
            a        12
        """
        names = [name.lstrip('>') for name in self.columns]
        right = [name.startswith('>') for name in self.columns]
        rows = [[printable(cell) for cell in row] for row in (names, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            '  '.join(
                cell.rjust(width) if end else cell.ljust(width)
                for cell, width, end in zip(row, widths, right, strict=True)
            ).rstrip()
            for row in rows
        ]
        return '\n'.join([printable(self.title), *lines] if self.title else lines)


def printable(text: str) -> str:
    """Return text of one line that no terminal takes for commands."""
    return ''.join(char if char.isprintable() else ' ' if char.isspace() else '·' for char in text)


def show_text(text: str) -> None:
    """Print lines as they are, without what a terminal would take for commands."""
    print('\n'.join(map(printable, text.splitlines())))


def show(tables: Iterable[Table]) -> None:
    """Print tables that have rows."""
    filled = [table for table in tables if table.rows]
    if sys.stdout.isatty() and find_spec('rich') is not None:
        _show_rich(filled)
    else:
        print('\n\n'.join(table.plain() for table in filled))


def _show_rich(tables: Sequence[Table]) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    for table in tables:
        shown: Any = RichTable(
            title=Text(printable(table.title), style='bold'), title_justify='left', box=None
        )
        for name in table.columns:
            justify: Any = 'right' if name.startswith('>') else 'left'
            shown.add_column(name.lstrip('>'), justify=justify, header_style='dim')
        for row in table.rows:
            shown.add_row(*(Text(printable(cell)) for cell in row))
        console.print(shown)
        console.print()
