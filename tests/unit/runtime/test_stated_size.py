"""Pages of raw files whose size only their JPEG stream states."""

from __future__ import annotations

import numpy as np
import pytest

from tiffschema import TiffFile
from tiffschema.model.directory import Entry, codec

imagecodecs = pytest.importorskip('imagecodecs')

RAW = np.random.default_rng(0).integers(0, 4096, (20, 34), 'uint16')


def raw_page(stream: bytes, offset_tag: int, size_tag: int) -> bytes:
    """Return a file whose one page says that it is JPEG and where, as those of Canon do."""
    file_codec = codec('classic', '<')
    numbers = {259: (3, 6), offset_tag: (4, 200), size_tag: (4, len(stream))}
    entries = [
        Entry(code, *file_codec.encode_value(None, *numbers[code])) for code in sorted(numbers)
    ]
    built = file_codec.build(entries, 8)
    return (file_codec.build_header(8) + built.data).ljust(200, b'\0') + stream


@pytest.mark.parametrize('tags', [(273, 279), (513, 514)])
def test_lossless_jpeg(tags: tuple[int, int]) -> None:
    stream = imagecodecs.ljpeg_encode(RAW, bitspersample=12)
    with TiffFile(raw_page(stream, *tags)) as tif:
        page = tif.pages[0]
        assert (page.shape, page.dtype, page.bitspersample) == ((20, 34), np.uint16, 12)
        np.testing.assert_array_equal(tif.asarray(), RAW)
        assert not tif.faults


@pytest.mark.parametrize('stream', [b'', b'\xff\xd8\xff\xd9', b'no stream'])
def test_what_is_no_stream_states_nothing(stream: bytes) -> None:
    with TiffFile(raw_page(stream, 273, 279)) as tif:
        assert tif.pages[0].size == 0
