"""What all programs share: their streams, how errors are said, and the status they end with.

Rule 1: status 0 is success, 1 a file that could not be handled or did not pass, 2 wrong arguments.
Rule 2: an error is one line on standard error, without anything a terminal would take for commands.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from tiffschema.errors import TiffSchemaError

from .tables import printable

__all__ = [
    'CommandError', 'UsageError', 'checked_index', 'command_error', 'each_file', 'ended', 'say',
    'told',
]  # fmt: skip

_PROBLEM, _USAGE, _INTERRUPTED = 1, 2, 130


class CommandError(Exception):
    """A command cannot do what it was asked for; the message says why."""


class UsageError(CommandError):
    """Arguments have no possible meaning; the message says what would be right."""


def say(line: str) -> None:
    """Print one line to standard error."""
    print(printable(line), file=sys.stderr)


def told(path: str, error: Exception) -> str:
    """Return what was wrong with a file as one line that names it once.

    Example:
        >>> told('a/b.tif', FileNotFoundError(2, 'No such file or directory', '/x/a/b.tif'))
        'a/b.tif: No such file or directory'
        >>> told('a/b.tif', ValueError("'b.tif' is empty"))
        'a/b.tif: is empty'
    """
    message, name = str(error), os.path.basename(path)
    if isinstance(error, OSError) and error.strerror:
        message = error.strerror
        other = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ''
        if other and os.path.basename(other) != name:
            message = f'{other}: {message}'
    return f'{path}: {message.removeprefix(f"{name!r} ")}'


def command_error(path: str, error: Exception) -> CommandError:
    """Return why a file was not handled."""
    return CommandError(told(path, error))


def checked_index(index: int, count: int, what: str) -> int:
    """Return an index that counts from either end.

    Raises:
        CommandError: There are not so many.
    """
    if not -count <= index < count:
        raise CommandError(f'there is no {what} {index}; the file has {count}')
    return index


def each_file(paths: list[str], show: Callable[[str], bool]) -> int:
    """Call a function with each path and return the exit status.

    An error ends one file, with a line to standard error, not the command.

    Parameters:
        paths: Files.
        show: Returns whether the file is all right.
    """
    status = 0
    for path in paths:
        try:
            if not show(path):
                status = _PROBLEM
        except (BrokenPipeError, UsageError):
            raise
        except (CommandError, OSError, TiffSchemaError) as error:
            say(told(path, error))
            status = _PROBLEM
    return status


def ended(name: str, work: Callable[[], int]) -> int:
    """Run a program and return its exit status.

    Parameters:
        name: Of the program, for messages.
        work: Does it; returns the status.
    """
    _prepare_streams()
    try:
        status = work()
        sys.stdout.flush()
    except CommandError as error:
        say(f'{name}: {error}')
        return _USAGE if isinstance(error, UsageError) else _PROBLEM
    except BrokenPipeError:
        # The reader of the pipe has seen enough.
        _discard_output()
        return _PROBLEM
    except OSError as error:
        _discard_output()
        say(told(os.fsdecode(error.filename) if error.filename else name, error))
        return _PROBLEM
    except KeyboardInterrupt:
        _discard_output()
        return _INTERRUPTED
    return status


def _prepare_streams() -> None:
    """Have what a stream cannot encode written as escapes, and nothing said to closed streams."""
    for name in ('stdout', 'stderr'):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.BytesIO(), 'utf-8'))
        reconfigure = getattr(getattr(sys, name), 'reconfigure', None)
        if reconfigure is not None:
            reconfigure(errors='backslashreplace')


def _discard_output() -> None:
    """Let what is still buffered go nowhere: writing it once more would fail again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
