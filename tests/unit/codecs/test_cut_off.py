"""Streams that are cut off or altered: one documented error, or the rest with a fault."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiffschema.codecs import SegmentSpec, backend
from tiffschema.codecs.codestream import jpegxr_info
from tiffschema.codecs.pipeline import decoder, encoder
from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.model.geometry import Geometry

LENGTH, WIDTH = 48, 64

# compression: samples, bits, type, photometric, each may occur more than once
STREAMS: list[tuple[int, int, int, str, int]] = [
    (1, 1, 8, 'u1', 1), (2, 1, 1, '?', 0), (3, 1, 1, '?', 0), (4, 1, 1, '?', 0),
    (32771, 1, 1, '?', 0), (5, 1, 8, 'u1', 1), (8, 1, 8, 'u1', 1), (32773, 1, 8, 'u1', 1),
    (34925, 1, 8, 'u1', 1), (50000, 1, 8, 'u1', 1), (7, 3, 8, 'u1', 2), (7, 3, 8, 'u1', 6),
    (7, 1, 8, 'u1', 1), (7, 1, 12, 'u2', 1), (34712, 3, 8, 'u1', 2), (34712, 1, 16, 'u2', 1),
    (34887, 1, 32, 'f4', 1), (34887, 3, 8, 'u1', 2), (34933, 3, 8, 'u1', 2),
    (34934, 3, 8, 'u1', 2), (34934, 1, 16, 'u2', 1), (50001, 3, 8, 'u1', 2),
    (50002, 3, 8, 'u1', 2), (50002, 1, 16, 'u2', 1), (32766, 1, 2, 'u1', 1),
    (32809, 1, 4, 'u1', 1), (32909, 1, 8, 'u1', 1), (34676, 1, 32, 'f4', 32844),
    (34676, 3, 32, 'f4', 32845), (34677, 3, 32, 'f4', 32845),
]  # fmt: skip

WITHOUT_IMAGECODECS = {1, 2, 3, 4, 5, 8, 32766, 32771, 32773, 32809, 34676, 34677, 34925}


def stream_of(case: tuple[int, int, int, str, int], seed: int) -> tuple[SegmentSpec, Any, bytes]:
    """Return spec, samples as they decode, and the encoded segment."""
    compression, samples, bits, dtype, photometric = case
    spec = SegmentSpec(
        Geometry(
            WIDTH, LENGTH, samplesperpixel=samples, bitspersample=bits, photometric=photometric,
            sampleformat=3 if dtype == 'f4' else 1, compression=compression,
        )
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    shape = (1, LENGTH, WIDTH, samples)
    if seed % 2:
        array = rng.integers(0, 1 << min(bits, 16), shape)
    else:
        ramp = np.add.outer(np.arange(LENGTH) * 2, np.arange(WIDTH))[None, :, :, None]
        array = np.broadcast_to((ramp + seed) & ((1 << min(bits, 16)) - 1), shape)
    if photometric in (32844, 32845):
        array = array + 1
    data = encoder(spec)(np.ascontiguousarray(array.astype(dtype)))
    return spec, decoder(spec)(data, shape), data


def check(spec: SegmentSpec, whole: Any, data: bytes) -> None:
    """Decode what may be damaged, in both ways; damage may look like what nobody implements."""
    try:
        found = decoder(spec)(data, whole.shape)
    except UnsupportedError:
        pass
    except FormatError:
        faults: list[FormatError] = []
        rest = decoder(spec, on_short='fill', nodata=0)(data, whole.shape, None, faults.append)
        assert rest.shape == whole.shape
        assert faults
    else:
        assert found.shape == whole.shape


@given(case=st.sampled_from(STREAMS), seed=st.integers(0, 5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_cut_off_streams_are_never_silently_short(case: Any, seed: int, data: Any) -> None:
    spec, whole, stream = stream_of(case, seed)
    kept = data.draw(st.integers(0, len(stream) - 1))
    for plain in {False, case[0] in WITHOUT_IMAGECODECS}:
        if plain:
            with backend.without_imagecodecs():
                _cut(spec, whole, stream[:kept])
        else:
            _cut(spec, whole, stream[:kept])


def _cut(spec: SegmentSpec, whole: Any, data: bytes) -> None:
    try:
        # All samples may be there where only marks of the end are missing.
        np.testing.assert_array_equal(decoder(spec)(data, whole.shape), whole)
    except FormatError:
        check(spec, whole, data)


@given(case=st.sampled_from(STREAMS), seed=st.integers(0, 5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_altered_streams_end_in_documented_errors(case: Any, seed: int, data: Any) -> None:
    spec, whole, stream = stream_of(case, seed)
    altered = bytearray(stream)
    places = data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=6))
    for place in places:
        altered[place] = data.draw(st.integers(0, 255))
    # Headers are the worst to alter.
    altered[data.draw(st.integers(0, min(len(stream) - 1, 40)))] ^= 1 << data.draw(
        st.integers(0, 7)
    )
    check(spec, whole, bytes(altered))
    if case[0] in WITHOUT_IMAGECODECS:
        with backend.without_imagecodecs():
            check(spec, whole, bytes(altered))


def jpeg(**options: Any) -> tuple[SegmentSpec, Any, bytes]:
    rng = np.random.default_rng(3)
    array = rng.integers(0, 256, (LENGTH, WIDTH, 3), 'u1')
    spec = SegmentSpec(
        Geometry(WIDTH, LENGTH, samplesperpixel=3, bitspersample=8, photometric=6, compression=7)
    )
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(array).save(stream, 'JPEG', **options)
    data = stream.getvalue()
    return spec, decoder(spec)(data, (1, LENGTH, WIDTH, 3)), data


@pytest.mark.parametrize(
    'options',
    [
        {'quality': 90}, {'quality': 90, 'subsampling': 0}, {'restart_marker_blocks': 3},
        {'restart_marker_rows': 1, 'subsampling': 0}, {'progressive': True},
    ],
    ids=str,
)  # fmt: skip
def test_jpeg_without_its_end(options: dict[str, Any]) -> None:
    spec, whole, stream = jpeg(**options)
    assert stream.endswith(b'\xff\xd9')
    for kept in range(len(stream) // 3, len(stream) - 2, 11):
        faults: list[FormatError] = []
        with pytest.raises(FormatError):
            decoder(spec)(stream[:kept], whole.shape)
        fill = decoder(spec, on_short='fill', nodata=7)
        rest = fill(stream[:kept], whole.shape, None, faults.append)
        assert faults
        if options.get('progressive'):
            continue
        # Rows from above are those of the image, the rest is nodata.
        lost = (rest == 7).all(axis=(0, 2, 3))
        first = int(lost.argmax()) if lost.any() else LENGTH
        assert lost[first:].all()
        assert first % 8 in {0, 7}
        np.testing.assert_array_equal(rest[:, :first], whole[:, :first])
        if kept > len(stream) * 0.8:
            assert first >= 31


def test_jpeg_that_lacks_the_marker_only() -> None:
    for options in ({'quality': 90}, {'restart_marker_blocks': 3, 'subsampling': 0}):
        spec, whole, stream = jpeg(**options)
        np.testing.assert_array_equal(decoder(spec)(stream[:-2], whole.shape), whole)
        padded = stream + bytes(5)
        np.testing.assert_array_equal(decoder(spec)(padded, whole.shape), whole)
    spec, _, stream = jpeg(progressive=True)
    with pytest.raises(TruncatedError, match='0 of 48 rows'):
        decoder(spec)(stream[:-2], (1, LENGTH, WIDTH, 3))


def test_pieces_between_restart_markers() -> None:
    """Tiles of NDPI: what lacks its last marker is cut off."""
    spec, whole, stream = jpeg(restart_marker_blocks=LENGTH * WIDTH // 256, subsampling=2)
    start = stream.index(b'\xff\xda')
    start += 2 + int.from_bytes(stream[start + 2 : start + 4], 'big')
    piece = SegmentSpec(spec.geometry, jpegheader=stream[:start])
    np.testing.assert_array_equal(decoder(piece)(stream[start:], whole.shape), whole)
    with pytest.raises(TruncatedError, match='rows'):
        decoder(piece)(stream[start : len(stream) // 2], whole.shape)


@pytest.mark.parametrize('samples', [3, 4])
def test_jpegxr_states_its_size(samples: int) -> None:
    array = np.arange(64 * samples, dtype='u1').reshape(8, 8, samples)
    stream = imagecodecs.jpegxr_encode(array)
    info = jpegxr_info(stream)
    assert info is not None
    assert info.nbytes == len(stream)
