"""Arguments of `write_cog`: what is written is in the file, what has no place there is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tiffschema import TiffFile
from tiffschema.writer.cog import write_cog

ARRAY = np.arange(64 * 96, dtype='u2').reshape(64, 96)


def test_texts_are_on_the_first_page() -> None:
    stream = io.BytesIO()
    texts: dict[str, Any] = {'description': 'a map', 'datetime': '2020:01:01 00:00:00'}
    write_cog(stream, ARRAY, tile=(32, 32), software='mine', **texts)
    stream.seek(0)
    with TiffFile(stream) as tif:
        first, second = tif.pages[0], tif.pages[1]
        assert (first.description, first.software) == ('a map', 'mine')
        assert first.tags['DateTime'].value == '2020:01:01 00:00:00'
        assert second.description == ''
        np.testing.assert_array_equal(tif.asarray(), ARRAY)
        assert not tif.faults


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('subifds', 1), ('contiguous', True), ('truncate', True), ('metadata', {'a': 1}),
        ('volumetric', True), ('rowsperstrip', 8), ('subfiletype', 1),
    ],
)  # fmt: skip
def test_what_has_no_place_is_refused(name: str, value: Any) -> None:
    stream = io.BytesIO()
    with pytest.raises(ValueError, match=name):
        write_cog(stream, ARRAY, **{name: value})
    assert stream.getvalue() == b''


def test_an_image_has_elements() -> None:
    with pytest.raises(ValueError, match='data'):
        write_cog(io.BytesIO(), np.zeros((0, 5), 'u1'))
