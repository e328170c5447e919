"""Values of argument ``extratags`` and of the tag editor: what each type takes, and what not."""

from __future__ import annotations

import io
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tiffschema import TagEditor, TiffFile, imwrite
from tiffschema.testing import forge

RATIONAL, SRATIONAL, ASCII = 5, 10, 2


def written(dtype: int, count: int, value: Any) -> tuple[Any, int]:
    stream = io.BytesIO()
    imwrite(stream, np.zeros((5, 6), 'u1'), extratags=[(65000, dtype, count, value, True)])
    stream.seek(0)
    with TiffFile(stream) as tif:
        tag = tif.pages[0].tags[65000]
        return tag.value, tag.count


@pytest.mark.parametrize(
    ('dtype', 'count', 'value', 'stored'),
    [
        (RATIONAL, 1, (300000, 1000), (300000, 1000)),
        (RATIONAL, 0, (1, 2, 3, 4), (1, 2, 3, 4)),
        (RATIONAL, 2, [(10, 20), (3, 4)], (10, 20, 3, 4)),
        (RATIONAL, 2, (300.0, 0.5), (300, 1, 1, 2)),
        (RATIONAL, 2, (7, 8), (7, 1, 8, 1)),
        (RATIONAL, 1, 3, (3, 1)),
        (RATIONAL, 1, Fraction(2, 3), (2, 3)),
        (RATIONAL, 2, np.array([1.5, 2.5]), (3, 2, 5, 2)),
        (SRATIONAL, 1, -0.25, (-1, 4)),
        (SRATIONAL, 1, (-1, 4), (-1, 4)),
        (ASCII, 0, 'text', 'text'),
        (ASCII, 0, bytearray(b'text'), 'text'),
    ],
    ids=str,
)
def test_values_are_stored_as_they_are_meant(
    dtype: int, count: int, value: Any, stored: Any
) -> None:
    found, number = written(dtype, count, value)
    assert found == stored
    assert number == (len(stored) // 2 if dtype != ASCII else len(stored) + 1)


@pytest.mark.parametrize(
    ('dtype', 'count', 'value'),
    [
        (RATIONAL, 1, (0.5, 1)),
        (RATIONAL, 3, (1, 2)),
        (RATIONAL, 1, -1),
        (RATIONAL, 1, float('nan')),
        (RATIONAL, 1, 'x'),
        (RATIONAL, 1, None),
        (ASCII, 1, 1),
        (ASCII, 2, (1, 2)),
        (ASCII, 1, np.arange(3)),
        (ASCII, 1, None),
    ],
    ids=str,
)
def test_what_is_meant_otherwise_is_refused(dtype: int, count: int, value: Any) -> None:
    with pytest.raises(ValueError, match='65000'):
        written(dtype, count, value)


@pytest.mark.parametrize(
    ('value', 'stored'), [(300, (300, 1)), (0.5, (1, 2)), ((72, 1), (72, 1)), ([(1, 3)], (1, 3))]
)
def test_the_editor_keeps_fractions(value: Any, stored: Any) -> None:
    stream = io.BytesIO()
    imwrite(stream, np.zeros((5, 6), 'u1'))
    with TagEditor(stream) as editor:
        editor.set('XResolution', value)
    stream.seek(0)
    with TiffFile(stream) as tif:
        tag = tif.pages[0].tags['XResolution']
        assert (tag.value, int(tag.dtype)) == (stored, RATIONAL)
    with TagEditor(stream) as editor, pytest.raises(ValueError, match='282'):
        editor.set('XResolution', None)


def block_of(data: bytes, code: int) -> tuple[Any, str]:
    """Return the declared block in a file's first page, and how it shows without its offsets."""
    with TiffFile(io.BytesIO(data)) as tif:
        assert not tif.faults
        value = tif.pages[0].tags[code].value
    return value, re.sub(r"'(offset|Offset\w+)': \d+", '', repr(value))


@pytest.mark.parametrize('bigtiff', [False, True])
@pytest.mark.parametrize(('kind', 'code'), [('sis', 33560), ('tvips', 37706), ('stk', 33629)])
def test_blocks_are_written_in_every_way(kind: str, code: int, bigtiff: bool) -> None:
    """Also those which the tag's number leads to: it is the offset of a block elsewhere."""
    value, shown = block_of(forge(kind).data, code)
    array = np.arange(30, dtype='u1').reshape(5, 6)

    def plain(**options: Any) -> io.BytesIO:
        stream = io.BytesIO()
        imwrite(stream, array, bigtiff=bigtiff, **options)
        return stream

    edited, replaced = plain(), plain(extratags=[(code, value)])
    with TagEditor(edited) as editor:
        editor.set(code, value)
    with TagEditor(replaced) as editor:
        editor.set(code, value)
    for stream in (
        plain(extratags=[(code, value)]), plain(extratags=[(code, 4, 0, value, True)]),
        edited, replaced,
    ):  # fmt: skip
        assert block_of(stream.getvalue(), code)[1] == shown
        stream.seek(0)
        with TiffFile(stream) as tif:
            np.testing.assert_array_equal(tif.asarray(), array)
