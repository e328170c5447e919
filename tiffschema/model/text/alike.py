"""Many short texts that differ in whole numbers only, taken apart at once.

Index files have a text for each of thousands of frames. What does not change from text to text is
compared in one go, and the numbers become columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ['numbers_in']

_ZERO, _NINE = ord('0'), ord('9')
_LINE_FEED = ord('\n')
_DIGITS = 9


def numbers_in(texts: Sequence[bytes]) -> tuple[bytes, NDArray[np.int64]] | None:
    """Return the texts with all numbers 0, and their numbers; None if they differ otherwise.

    Numbers have no more than nine digits, and none has zeros in front: what is beyond that, or has
    no numbers at all, is left to a parser.

    Parameters:
        texts: At least one; those with line feeds are left to a parser, too.

    Returns:
        The text in which all are equal; and numbers, of shape ``(texts, numbers of each)``.

    Example:
        >>> numbers_in([b'{"z": 7, "t": 10}', b'{"z": 12, "t": 0}'])
        (b'{"z": 0, "t": 0}', array([[ 7, 10],
               [12,  0]]))
    """
    joined = np.frombuffer(b'\n'.join(texts) + b'\n', np.uint8)
    # What stands before 0 is a large number without a sign.
    digit = joined - np.uint8(_ZERO) <= _NINE - _ZERO
    count = len(texts)
    if digit[0]:
        return None
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    per = len(begins) // count
    if not per or len(begins) != per * count or int(lengths.max()) > _DIGITS:
        return None
    others = joined[~digit]
    width = len(others) // count
    if len(others) != width * count or (others.reshape(count, width) != others[:width]).any():
        return None
    if others[:width].tobytes().find(_LINE_FEED) != width - 1:
        return None
    # How many other characters precede each number.
    places = (begins - np.concatenate(([0], np.cumsum(lengths)[:-1]))).reshape(count, per)
    places -= np.arange(count)[:, None] * width
    if (places != places[0]).any() or ((joined[begins] == _ZERO) & (lengths > 1)).any():
        return None
    values = joined[begins].astype(np.int64) - _ZERO
    for place in range(1, int(lengths.max())):
        there = np.flatnonzero(lengths > place)
        values[there] = values[there] * 10 + (joined[begins[there] + place] - _ZERO)
    # The last of the other characters is the line feed.
    shared = np.insert(others[: width - 1], places[0], _ZERO)
    return shared.tobytes(), values.reshape(count, per)
