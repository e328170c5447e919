"""Opening a file to add series to it."""

from __future__ import annotations

from dataclasses import dataclass

from .arguments import Kind
from .output import Output
from .sink import Sink, Target

__all__ = ['AppendState', 'open_append']


@dataclass
class AppendState:
    """What is known of a file to append to."""

    sink: Sink
    output: Output
    kind: Kind | None

    def finish(self, output: Output) -> None:
        """Bring descriptions of the file up to date."""


def open_append(file: Target, *, force: bool, kind: Kind | None) -> AppendState:
    """Open a file to append to."""
    raise NotImplementedError
