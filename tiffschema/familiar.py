"""Small functions that code written for `tifffile` imports, under the names it knows.

Knows nothing that another module does not know better; the library itself has no use for these.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from .errors import BuildError
from .model.tagtext import rational as nearest_fraction
from .model.text.matlab import parse_lines, parse_value
from .model.text.xml import xml_to_dict

__all__ = [
    'Timer',
    'askopenfilename',
    'astype',
    'logger',
    'matlabstr2py',
    'nullfunc',
    'parse_kwargs',
    'product',
    'rational',
    'update_kwargs',
    'xml2dict',
]


def logger() -> logging.Logger:
    """Return the logger through which all warnings of the library go.

    Example:
        >>> logger().name
        'tiffschema'
    """
    return logging.getLogger('tiffschema')


def nullfunc(*args: Any, **kwargs: Any) -> None:
    """Do nothing, whatever the arguments are.

    Example:
        >>> nullfunc(1, two=2)
    """


def parse_kwargs(kwargs: dict[str, Any], /, *keys: str, **keyvalues: Any) -> dict[str, Any]:
    """Move named items out of a dictionary and return them.

    Parameters:
        kwargs: Where items are taken from.
        *keys: Items taken if they are there.
        **keyvalues: Items taken, with what stands in for those that are not there.

    Example:
        >>> given = {'one': 1, 'two': 2}
        >>> parse_kwargs(given, 'two', 'four', three=3), given
        ({'two': 2, 'three': 3}, {'one': 1})
    """
    found = {key: kwargs.pop(key) for key in keys if key in kwargs}
    for key, value in keyvalues.items():
        found[key] = kwargs.pop(key, value)
    return found


def update_kwargs(kwargs: dict[str, Any], /, **keyvalues: Any) -> None:
    """Add items to a dictionary where they are missing.

    Parameters:
        kwargs: Dictionary that is changed.
        **keyvalues: Items.

    Example:
        >>> given = {'one': 1}
        >>> update_kwargs(given, one=None, two=2)
        >>> given
        {'one': 1, 'two': 2}
    """
    for key, value in keyvalues.items():
        kwargs.setdefault(key, value)


def product(iterable: Iterable[int], /) -> int:
    """Return the product of integers, of any size; 1 for none.

    Parameters:
        iterable: Integers.

    Example:
        >>> product([2**31, 2**40]), product([])
        (2361183241434822606848, 1)
    """
    return math.prod(int(value) for value in iterable)


def astype(value: Any, /, types: Sequence[Any] | None = None) -> Any:
    """Return the value as the first of some types that takes it, else as it is.

    Parameters:
        value: Text, as a rule.
        types: Functions that raise an error where a value is none of theirs; by default integers,
            numbers, truth values and text.

    Example:
        >>> astype('42'), astype('3.5'), astype('True'), astype('red'), astype('4', (float,))
        (42, 3.5, True, 'red', 4.0)
    """
    for one in (int, float, _truth, _text) if types is None else types:
        try:
            return one(value)
        except (ValueError, TypeError, LookupError):
            continue
    return value


def _truth(value: Any) -> bool:
    return {'true': True, 'false': False}[_text(value).strip().lower()]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def rational(arg: Any, /) -> tuple[int, int]:
    """Return the nearest fraction whose halves fit 32 bits.

    Parameters:
        arg: A number, its text, or a pair of numerator and denominator.

    Raises:
        ValueError: The value is too large.
        TypeError: It is no number.

    Example:
        >>> rational(0.5), rational((10, 4)), rational(-2), rational('1/3')
        ((1, 2), (5, 2), (-2, 1), (1, 3))
    """
    from fractions import Fraction

    value = Fraction(*arg) if isinstance(arg, tuple | list) and arg[1] else arg
    if isinstance(value, str):
        value = Fraction(value)
    if not isinstance(value, tuple | list | int | float | Fraction) and not hasattr(
        value, '__float__'
    ):
        raise TypeError(f'{arg!r} is no number')
    try:
        signed = not isinstance(value, tuple | list) and value < 0
        return nearest_fraction(value, signed=signed)
    except BuildError as error:
        raise ValueError(str(error)) from None


def matlabstr2py(matlabstr: str, /) -> Any:
    r"""Return what a text in the syntax of MATLAB says: a value, or a dictionary of its lines.

    Parameters:
        matlabstr: A literal, or lines ``name = literal``.

    Raises:
        LimitError: Brackets nest too deeply.

    Example:
        >>> matlabstr2py('[1 2; 3 4]'), matlabstr2py("SI.a = {'x' 1}\nSI.b = true")
        ([[1, 2], [3, 4]], {'SI.a': ['x', 1], 'SI.b': True})
    """
    lines = parse_lines(matlabstr)
    return lines or parse_value(matlabstr.strip())


def xml2dict(
    xml: str | bytes,
    /,
    *,
    sanitize: bool = True,
    prefix: tuple[str, str] | None = None,
    sep: str = ',',
) -> dict[str, Any]:
    """Return an XML document as nested dictionaries; numbers and truth values are converted.

    Parameters:
        xml: The document.
        sanitize: Leave name spaces out of names.
        prefix: What is put before names of attributes, and before ``value`` for text beside them.
        sep: What parts the numbers of a list.

    Raises:
        FormatError: The document is damaged, or declares a document type.

    Example:
        >>> xml2dict('<a b="1"><c>2.5,3</c></a>', prefix=('@', '#'))
        {'a': {'c': (2.5, 3), '@b': 1}}
    """
    return xml_to_dict(xml, prefix=prefix or ('', ''), sep=sep, qualified=not sanitize)


def askopenfilename(**kwargs: Any) -> str:
    """Return the path that the user chooses in a dialog, an empty text if none.

    Parameters:
        **kwargs: For `tkinter.filedialog.askopenfilename`.

    Raises:
        ImportError: Python has no tkinter.
        tkinter.TclError: There is no display.
    """
    from tkinter import Tk, filedialog

    root = Tk()
    try:
        root.withdraw()
        root.update()
        return str(filedialog.askopenfilename(**kwargs) or '')
    finally:
        root.destroy()


class Timer:
    """A stopwatch that says what it measures; also a context manager.

    Parameters:
        message: Printed at the start.
        end: Printed behind the message.
        started: When it started, by `clock`; default now.

    Example:
        >>> timer = Timer(started=Timer.clock() - 2.0)
        >>> timer.stop() >= 2.0
        True
        >>> timer.duration == timer.stopped - timer.started
        True
    """

    started: float
    stopped: float
    duration: float

    @staticmethod
    def clock() -> float:
        """Return a time in seconds that only differences of mean anything."""
        return time.perf_counter()

    def __init__(
        self, message: str | None = None, *, end: str = ' ', started: float | None = None
    ) -> None:
        _say(message, end)
        self.duration = 0.0
        self.started = self.stopped = self.clock() if started is None else started

    def start(self, message: str | None = None, *, end: str = ' ') -> float:
        """Start anew and return the time by the clock.

        Parameters:
            message: Printed first.
            end: Printed behind the message.
        """
        _say(message, end)
        self.duration = 0.0
        self.started = self.stopped = self.clock()
        return self.started

    def stop(self, message: str | None = None, *, end: str = ' ') -> float:
        """Stop and return the seconds since the start.

        Parameters:
            message: Printed before the duration; None prints nothing.
            end: Printed behind the message.
        """
        self.stopped = self.clock()
        self.duration = self.stopped - self.started
        _say(message, end)
        return self.duration

    def print(self, message: str | None = None, *, end: str | None = None) -> None:
        """Print the duration, of a running watch that up to now.

        Parameters:
            message: Printed before the duration.
            end: Printed behind it; None ends the line.
        """
        _say(str(self) if message is None else f'{message} {self}', '\n' if end is None else end)

    def __str__(self) -> str:
        seconds = self.duration or self.clock() - self.started
        if seconds < 60:
            return f'{seconds:.6f} s'
        hours, rest = divmod(seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        return f'{int(hours)}:{int(minutes):02}:{seconds:06.3f}'

    def __repr__(self) -> str:
        return f'<tiffschema.Timer started={self.started}>'

    def __enter__(self) -> Timer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.print()


def _say(message: str | None, end: str) -> None:
    if message is not None:
        sys.stdout.write(f'{message}{end}')
        sys.stdout.flush()
