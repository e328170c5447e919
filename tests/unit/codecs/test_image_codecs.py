"""Codecs of images, both ways, and the sizes their streams state."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from tiffschema.codecs import SegmentSpec
from tiffschema.codecs.bytes_decoder import cached_memory, scratch
from tiffschema.codecs.codestream import (
    jpeg2k_info,
    jpeg_info,
    jpegxl_info,
    jpegxr_info,
    lerc_info,
    png_info,
    webp_info,
)
from tiffschema.codecs.jpeg import merge_tables, split_tables
from tiffschema.codecs.pipeline import decoder, encoder
from tiffschema.errors import (
    FormatError,
    LimitError,
    TiffSchemaError,
    TruncatedError,
    UnsupportedError,
)
from tiffschema.model.geometry import Geometry

RNG = np.random.default_rng(7)


def smooth(length: int, width: int, samples: int, dtype: str = 'u1', bits: int = 8) -> np.ndarray:
    y, x, s = np.ogrid[:length, :width, :samples]
    wave = (np.sin(x / 9 + s) + np.cos(y / 7)) / 4 + 0.5
    return (wave * ((1 << bits) - 1)).astype(dtype)[None]


def geometry(compression: int, array: np.ndarray, **more: object) -> Geometry:
    _, length, width, samples = array.shape
    kinds = {'u': 1, 'i': 2, 'f': 3}
    settings: dict[str, object] = {
        'imagewidth': width,
        'imagelength': length,
        'samplesperpixel': samples,
        'bitspersample': array.dtype.itemsize * 8,
        'sampleformat': kinds[array.dtype.kind],
        'compression': compression,
        'photometric': 2 if samples > 2 else 1,
        'extrasamples': (2,) if samples == 4 else (),
    }
    settings.update(more)
    return Geometry(**settings)  # type: ignore[arg-type]


LOSSLESS = [
    (33003, 'u1', 3, {'level': 0}),
    (33004, 'u1', 1, {'level': 0}),
    (33005, 'u1', 3, {'level': 0}),
    (34712, 'u1', 1, {'level': 0}),
    (34712, 'u2', 3, {'level': 0}),
    (34712, 'u1', 4, {'level': 0}),
    (34887, 'u1', 1, {}),
    (34887, 'u2', 3, {}),
    (34887, 'i2', 1, {}),
    (34887, 'f4', 1, {}),
    (34887, 'f8', 1, {}),
    (34887, 'f4', 3, {}),
    (34933, 'u1', 1, {}),
    (34933, 'u1', 3, {}),
    (34933, 'u1', 4, {}),
    (34933, 'u2', 3, {}),
    (34934, 'u1', 1, {'level': 1.0}),
    (34934, 'u1', 3, {'level': 1.0}),
    (22610, 'u2', 1, {'level': 1.0}),
    (50001, 'u1', 3, {'lossless': True}),
    (50001, 'u1', 4, {'lossless': True}),
    (34927, 'u1', 3, {'lossless': True}),
    (50002, 'u1', 1, {'lossless': True}),
    (50002, 'u1', 3, {'lossless': True}),
    (50002, 'u2', 1, {'lossless': True}),
    (50002, 'u1', 4, {'lossless': True}),
    (50002, 'f4', 1, {'lossless': True}),
    (52546, 'u2', 3, {'lossless': True}),
    (7, 'u1', 1, {'lossless': True, 'predictor': 1}),
    (7, 'u1', 3, {'lossless': True}),
    (7, 'u2', 1, {'lossless': True}),
]


@pytest.mark.parametrize(('compression', 'dtype', 'samples', 'args'), LOSSLESS)
def test_lossless_both_ways(compression: int, dtype: str, samples: int, args: dict) -> None:
    bits = 8 if dtype == 'u1' else 15
    array = smooth(37, 53, samples, dtype, bits)
    spec = SegmentSpec(geometry(compression, array))
    encode = encoder(spec, compressionargs=args)
    data = encode(array)
    if compression != 34887:  # LERC before imagecodecs 2026.6 leaves its last bits undefined
        assert data == encode(array)
    decode = decoder(spec)
    np.testing.assert_array_equal(decode(data, array.shape), array)
    image = np.zeros((60, 70, samples), dtype)
    out = image[2:39, 3:56][None]
    assert decode(data, array.shape, out) is out
    np.testing.assert_array_equal(out, array)
    tiled = Geometry(
        imagewidth=50,
        imagelength=30,
        samplesperpixel=samples,
        bitspersample=spec.geometry.bitspersample,
        sampleformat=spec.geometry.sampleformat,
        tilewidth=53,
        tilelength=37,
        compression=compression,
        photometric=spec.geometry.photometric,
        extrasamples=spec.geometry.extrasamples,
    )
    cropped = decoder(SegmentSpec(tiled))(data, (1, 30, 50, samples))
    np.testing.assert_array_equal(cropped, array[:, :30, :50])


@pytest.mark.parametrize(
    ('compression', 'samples', 'photometric', 'more'),
    [
        (7, 3, 6, {'subsampling': (2, 2)}),
        (7, 3, 6, {'subsampling': (2, 1)}),
        (7, 3, 6, {'subsampling': (1, 1)}),
        (7, 3, 2, {}),
        (7, 4, 5, {'extrasamples': ()}),
        (7, 1, 1, {}),
        (7, 1, 2, {'planarconfig': 2, 'samplesperpixel': 3}),
        (34892, 3, 34892, {}),
        (50001, 3, 2, {}),
        (50002, 3, 2, {}),
        (33005, 3, 2, {}),
        (34934, 3, 2, {}),
    ],
)
def test_lossy_is_close(compression: int, samples: int, photometric: int, more: dict) -> None:
    array = smooth(64, 80, samples)
    spec = SegmentSpec(geometry(compression, array, photometric=photometric, **more))
    data = encoder(spec, compressionargs={'level': 90})(array)
    decoded = decoder(spec)(data, array.shape)
    assert decoded.dtype == array.dtype
    assert np.abs(decoded.astype(int) - array).mean() < 4


@pytest.mark.parametrize('photometric', [1, 6])
def test_jpeg_of_12_bits(photometric: int) -> None:
    samples = 3 if photometric == 6 else 1
    array = smooth(48, 64, samples, 'u2', 12)
    spec = SegmentSpec(geometry(7, array, bitspersample=12, photometric=photometric))
    data = encoder(spec, compressionargs={'level': 95})(array)
    info = jpeg_info(data)
    assert info is not None
    assert info.bits == 12
    assert np.abs(decoder(spec)(data, array.shape).astype(int) - array).mean() < 30


def test_jpeg_tables_are_shared() -> None:
    array = smooth(32, 32, 3)
    g = geometry(7, array, photometric=6, subsampling=(2, 2))
    encode = encoder(SegmentSpec(g), compressionargs={'level': 80, 'sharetables': True})
    tables = encode.jpegtables
    assert tables is not None
    assert tables.startswith(b'\xff\xd8\xff\xdb')
    assert tables.endswith(b'\xff\xd9')
    short = encode(array)
    whole = encoder(SegmentSpec(g), compressionargs={'level': 80})(array)
    assert len(short) + 200 < len(whole)
    assert b'\xff\xdb' not in short
    expected = decoder(SegmentSpec(g))(whole, array.shape)
    np.testing.assert_array_equal(decoder(SegmentSpec(g, tables))(short, array.shape), expected)
    # Tables inside the segment override those of the tag.
    np.testing.assert_array_equal(decoder(SegmentSpec(g, tables))(whole, array.shape), expected)
    np.testing.assert_array_equal(
        imagecodecs.jpeg8_decode(merge_tables(tables, short)), expected[0]
    )
    assert split_tables(whole) == (tables, short)


def test_jpeg_colour_follows_photometric() -> None:
    array = smooth(32, 32, 3)
    stream = imagecodecs.jpeg8_encode(
        array[0], 95, colorspace='RGB', outcolorspace='YCbCr', subsampling='444'
    )
    # A stream with JFIF header is YCbCr whatever the page says; as RGB without it is raw.
    as_rgb = decoder(SegmentSpec(geometry(7, array, photometric=2)))(stream, array.shape)
    assert np.abs(as_rgb.astype(int) - array).mean() < 4
    at = stream.index(b'JFIF') - 4
    bare = stream[:at] + stream[at + 2 + int.from_bytes(stream[at + 2 : at + 4], 'big') :]
    raw = decoder(SegmentSpec(geometry(7, array, photometric=2)))(bare, array.shape)
    ycbcr = imagecodecs.jpeg8_decode(stream, outcolorspace='YCbCr')
    np.testing.assert_array_equal(raw[0], ycbcr)
    converted = decoder(SegmentSpec(geometry(7, array, photometric=6)))(bare, array.shape)
    assert np.abs(converted.astype(int) - array).mean() < 4


def test_lossless_jpeg_of_a_mosaic() -> None:
    array = RNG.integers(0, 1 << 14, (1, 20, 32, 1), 'u2')
    stream = imagecodecs.ljpeg_encode(array[0, :, :, 0], bitspersample=14)
    spec = SegmentSpec(geometry(7, array, photometric=32803))
    np.testing.assert_array_equal(decoder(spec)(stream, array.shape), array)
    halves = imagecodecs.jpeg8_encode(array.reshape(20, 16, 2), lossless=True, bitspersample=14)
    np.testing.assert_array_equal(decoder(spec)(halves, array.shape), array)


def test_one_stream_cut_at_restart_markers() -> None:
    """NDPI: header once, pieces between restart markers are tiles."""
    array = smooth(32, 64, 3)
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(array[0]).save(
        buffer, 'JPEG', quality=95, subsampling=0, restart_marker_blocks=4
    )
    stream = buffer.getvalue()
    start = stream.index(b'\xff\xda')
    start += 2 + int.from_bytes(stream[start + 2 : start + 4], 'big')
    header, body = stream[:start], stream[start:-2]
    pieces, at = [], 0
    for index in range(len(body) - 1):
        if body[index] == 0xFF and 0xD0 <= body[index + 1] <= 0xD7:
            pieces.append(body[at : index + 2])
            at = index + 2
    pieces.append(body[at:])
    assert len(pieces) == 8
    g = geometry(7, array, photometric=6, tilewidth=32, tilelength=8, subsampling=(1, 1))
    decode = decoder(SegmentSpec(g, jpegheader=header))
    result = np.zeros_like(array)
    for index, piece in enumerate(pieces):
        y, x = divmod(index, 2)
        decode(piece, (1, 8, 32, 3), result[:, y * 8 : y * 8 + 8, x * 32 : x * 32 + 32])
    np.testing.assert_array_equal(result[0], imagecodecs.jpeg8_decode(stream))


def test_jpeg_size_zero_is_taken_from_the_page() -> None:
    array = smooth(24, 40, 1)
    stream = bytearray(imagecodecs.jpeg8_encode(array[0, :, :, 0], 95))
    info = jpeg_info(stream)
    assert info is not None
    expected = imagecodecs.jpeg8_decode(bytes(stream))
    stream[info.at + 5 : info.at + 9] = bytes(4)
    result = decoder(SegmentSpec(geometry(7, array)))(bytes(stream), array.shape)
    np.testing.assert_array_equal(result[0, :, :, 0], expected)


def test_planar_chroma_is_repeated() -> None:
    small = smooth(12, 20, 1)
    stream = imagecodecs.jpeg8_encode(small[0, :, :, 0], 100)
    g = Geometry(
        imagewidth=40,
        imagelength=24,
        samplesperpixel=3,
        planarconfig=2,
        bitspersample=8,
        compression=7,
        photometric=6,
        subsampling=(2, 2),
    )
    result = decoder(SegmentSpec(g))(stream, (1, 24, 40, 1))
    expected = imagecodecs.jpeg8_decode(stream).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(result[0, :, :, 0], expected)


def test_sizes_in_streams_are_read() -> None:
    grey = smooth(37, 53, 1)[0, :, :, 0]
    rgb = smooth(37, 53, 3)[0]
    streams = [
        (jpeg_info, imagecodecs.jpeg8_encode(rgb)),
        (jpeg2k_info, imagecodecs.jpeg2k_encode(rgb, codecformat='j2k')),
        (jpeg2k_info, imagecodecs.jpeg2k_encode(rgb, codecformat='jp2')),
        (png_info, imagecodecs.png_encode(rgb)),
        (webp_info, imagecodecs.webp_encode(rgb, lossless=True)),
        (webp_info, imagecodecs.webp_encode(rgb, 80)),
        (jpegxl_info, imagecodecs.jpegxl_encode(rgb)),
        (jpegxl_info, imagecodecs.jpegxl_encode(rgb, usecontainer=True)),
        (jpegxr_info, imagecodecs.jpegxr_encode(rgb)),
        (lerc_info, imagecodecs.lerc_encode(grey)),
        (lerc_info, imagecodecs.lerc_encode(rgb)),
    ]
    for read, stream in streams:
        info = read(stream)
        assert info is not None, read
        assert (info.width, info.height) == (53, 37), read
        assert info.samples in {0, 1, 3}
        for end in range(min(len(stream), 200)):
            read(stream[:end])
    for width, height in ((8, 8), (256, 256), (1024, 512), (300, 200), (16, 9), (9, 2000)):
        stream = imagecodecs.jpegxl_encode(np.zeros((height, width), 'u1'), effort=1)
        found = jpegxl_info(stream)
        assert found is not None
        assert (found.width, found.height) == (width, height)


def bomb(compression: int) -> bytes:
    array = np.zeros((4000, 4000), 'u1')
    return {
        7: lambda: imagecodecs.jpeg8_encode(array),
        34712: lambda: imagecodecs.jpeg2k_encode(array),
        34887: lambda: imagecodecs.lerc_encode(array),
        34933: lambda: imagecodecs.png_encode(array),
        34934: lambda: imagecodecs.jpegxr_encode(array),
        50001: lambda: imagecodecs.webp_encode(np.zeros((4000, 4000, 3), 'u1'), lossless=True),
        50002: lambda: imagecodecs.jpegxl_encode(array, effort=1),
    }[compression]()


@pytest.mark.parametrize('compression', [7, 34712, 34887, 34933, 34934, 50001, 50002])
def test_bombs_are_refused_before_decoding(
    compression: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = bomb(compression)
    samples = 3 if compression == 50001 else 1
    array = np.zeros((1, 16, 16, samples), 'u1')
    spec = SegmentSpec(geometry(compression, array))
    decode = decoder(spec)
    for name in ('jpeg8', 'jpeg2k', 'lerc', 'png', 'jpegxr', 'webp', 'jpegxl'):
        monkeypatch.setattr(imagecodecs, f'{name}_decode', None)
    with pytest.raises(FormatError, match=r'4000 x 4000 pixels where 16 x 16'):
        decode(stream, array.shape)


@pytest.mark.parametrize('compression', [7, 34712, 34887, 34933, 34934, 50001, 50002])
def test_damage_gives_documented_errors(compression: int) -> None:
    array = smooth(32, 48, 3)
    spec = SegmentSpec(geometry(compression, array))
    stream = encoder(spec)(array)
    decode = decoder(spec)
    faults: list[FormatError] = []
    fill = decoder(spec, on_short='fill', nodata=7)
    rng = np.random.default_rng(compression)
    for _ in range(60):
        damaged = bytearray(stream)
        for _ in range(rng.integers(1, 6)):
            damaged[rng.integers(0, len(damaged))] = rng.integers(0, 256)
        cut = bytes(damaged[: rng.integers(0, len(damaged) + 1)])
        try:
            decode(cut, array.shape)
        except TiffSchemaError as error:
            assert isinstance(error, FormatError)  # noqa: PT017
            out = fill(cut, array.shape, None, faults.append)
            assert out.shape == array.shape
    assert faults


def test_smaller_images_are_faults_unless_outside() -> None:
    small = smooth(20, 30, 1)
    stream = imagecodecs.png_encode(small[0, :, :, 0])
    g = Geometry(
        imagewidth=30, imagelength=20, bitspersample=8, tilewidth=32, tilelength=32,
        compression=34933, photometric=1,
    )  # fmt: skip
    np.testing.assert_array_equal(decoder(SegmentSpec(g))(stream, small.shape), small)
    with pytest.raises(TruncatedError, match='30 x 20 pixels'):
        decoder(SegmentSpec(g))(stream, (1, 32, 32, 1))
    faults: list[FormatError] = []
    filled = decoder(SegmentSpec(g), on_short='fill', nodata=9)(
        stream, (1, 32, 32, 1), None, faults.append
    )
    np.testing.assert_array_equal(filled[:, :20, :30], small)
    assert (filled[:, 20:] == 9).all()
    assert (filled[:, :, 30:] == 9).all()
    assert len(faults) == 1


def test_other_samples_or_types_are_errors() -> None:
    array = smooth(16, 16, 3)
    stream = imagecodecs.png_encode(array[0])
    with pytest.raises(FormatError, match='expected'):
        decoder(SegmentSpec(geometry(34933, array[..., :1])))(stream, (1, 16, 16, 1))
    wide = imagecodecs.png_encode(array[0].astype('u2') * 256)
    with pytest.raises(FormatError, match='uint16'):
        decoder(SegmentSpec(geometry(34933, array)))(wide, (1, 16, 16, 3))
    # The other way round no value is lost.
    g = geometry(34933, array.astype('u2'))
    np.testing.assert_array_equal(decoder(SegmentSpec(g))(stream, (1, 16, 16, 3)), array)


def test_ambiguous_jpeg_or_jpeg2000_is_decided_from_the_stream() -> None:
    array = smooth(24, 24, 3)
    spec = SegmentSpec(geometry(33004, array, photometric=6))
    jpeg = imagecodecs.jpeg8_encode(array[0], 95)
    j2k = imagecodecs.jpeg2k_encode(array[0])
    for stream in (jpeg, j2k):
        assert np.abs(decoder(spec)(stream, array.shape).astype(int) - array).mean() < 4
    other = SegmentSpec(geometry(33007, array, photometric=6))
    assert np.abs(decoder(other)(jpeg, array.shape).astype(int) - array).mean() < 4
    with pytest.raises(UnsupportedError, match='33007'):
        decoder(other)(bytes(1000), array.shape)


@pytest.mark.parametrize('wrapper', [None, 'deflate', 'zstd'])
def test_lerc_masks_and_wrappers(wrapper: str | None) -> None:
    array = smooth(16, 24, 1, 'f4', 8)
    array[0, 3:5, 4:9] = np.nan
    options = {'lercparameters': (4, {None: 0, 'deflate': 1, 'zstd': 2}[wrapper])}
    spec = SegmentSpec(geometry(34887, array), options=options)
    stream = encoder(spec)(array)
    assert stream.startswith({None: b'Lerc2', 'deflate': b'x', 'zstd': b'\x28\xb5'}[wrapper])
    np.testing.assert_array_equal(decoder(spec)(stream, array.shape), array)
    rgb = smooth(16, 24, 3)[0]
    mask = np.ones((16, 24), bool)
    mask[2:5] = False
    blob = imagecodecs.lerc_encode(rgb, masks=mask, compression=wrapper)
    rgba = decoder(SegmentSpec(geometry(34887, smooth(16, 24, 4))))(blob, (1, 16, 24, 4))
    np.testing.assert_array_equal(rgba[0, ..., 3], np.where(mask, 255, 0))
    np.testing.assert_array_equal(rgba[0, 6:, :, :3], rgb[6:])


def test_eer_has_widths_in_tags() -> None:
    array = np.zeros((1, 128, 128, 1), 'u1')
    data = bytes((RNG.integers(0, 256, 40)).tolist())
    for options, widths in (({}, (7, 2, 2)), ({'eer': (7, 1, 1)}, (7, 1, 1))):
        spec = SegmentSpec(geometry(65002, array), options=options)
        expected = imagecodecs.eer_decode(data, (128, 128), *widths)
        np.testing.assert_array_equal(decoder(spec)(data, array.shape)[0, :, :, 0], expected)


@pytest.mark.parametrize(
    ('compression', 'words'),
    [(9, 'JBIG'), (10, 'JBIG'), (34661, 'JBIG'), (34715, 'JBIG2'), (32908, 'Pixar'),
     (34713, 'Nikon'), (48124, 'jetraw'), (12345, '12345')],
)  # fmt: skip
def test_what_is_missing_is_named(compression: int, words: str) -> None:
    array = np.zeros((1, 8, 8, 1), 'u2')
    if compression == 48124 and imagecodecs.JETRAW.available:
        pytest.skip('jetraw: this imagecodecs has it')
    with pytest.raises(UnsupportedError, match=words):
        decoder(SegmentSpec(geometry(compression, array)))
    with pytest.raises(UnsupportedError, match=words):
        encoder(SegmentSpec(geometry(compression, array)))


@pytest.mark.parametrize('nbytes', [1, 1000, 196608])
def test_scratch_memory_lies_where_jpeg_rows_stay_in_caches(nbytes: int) -> None:
    for memory in (cached_memory(nbytes), scratch(nbytes)):
        assert memory.size == nbytes
        assert memory.ctypes.data % 32 == 16


def test_tiles_beyond_what_their_bytes_can_be_take_no_memory() -> None:
    tile = Geometry(
        imagewidth=16, imagelength=16, bitspersample=8, compression=34933, tilewidth=1 << 20,
        tilelength=1 << 19,
    )  # fmt: skip
    decode = decoder(SegmentSpec(tile))
    with pytest.raises(LimitError, match='ratio'):
        decode(bytes(1000), (1, 16, 16, 1))
    with pytest.raises(LimitError, match='ratio'):
        decode(bytes(1000), (1, 16, 16, 1), np.empty((1, 16, 16, 1), 'u1'))


@pytest.mark.parametrize('samples', [3, 4])
def test_planes_in_webp_are_bytes_of_pixels(samples: int) -> None:
    plane = smooth(30, 40, 1)
    packed = np.zeros((30, 40, samples), 'u1')
    packed.reshape(-1)[: plane.size] = plane.reshape(-1)
    stream = imagecodecs.webp_encode(packed, lossless=True)
    for tiled in (False, True):
        tile = {'tilewidth': 40, 'tilelength': 30} if tiled else {}
        page = geometry(50001, packed[None], planarconfig=2, **tile)
        decode = decoder(SegmentSpec(page))
        np.testing.assert_array_equal(decode(stream, (1, 30, 40, 1)), plane)
        np.testing.assert_array_equal(decode(stream, (1, 20, 40, 1)), plane[:, :20])


def volume_tile(compression: int, shape: tuple[int, ...]) -> SegmentSpec:
    """Return the only tile of a volume that is 5 deep, 20 long and 30 wide."""
    depth, length, width, samples = shape
    return SegmentSpec(
        Geometry(
            30, 20, imagedepth=5, tilewidth=width, tilelength=length, tiledepth=depth,
            bitspersample=8, samplesperpixel=samples, compression=compression,
        )
    )  # fmt: skip


@pytest.mark.parametrize('samples', [1, 3])
@pytest.mark.parametrize('depth', [4, 16])
@pytest.mark.parametrize('compression', [34887, 50002])
def test_tiles_deeper_than_the_volume(compression: int, depth: int, samples: int) -> None:
    array = np.random.default_rng(1).integers(0, 255, (depth, 32, 32, samples), 'u1')
    spec = volume_tile(compression, array.shape)
    args = {'lossless': True} if compression == 50002 else {}
    data = encoder(spec, compressionargs=args)(array)
    for extent in ((depth, 32, 32, samples), (1, 20, 30, samples)):
        inside = tuple(slice(size) for size in extent)
        assert np.array_equal(decoder(spec)(data, extent), array[inside])
        out = np.zeros(extent, 'u1')
        decoder(spec)(data, extent, out)
        assert np.array_equal(out, array[inside])


@pytest.mark.parametrize('compression', [33003, 33005, 34712, 50001])
def test_volumes_that_codecs_would_mangle_are_refused(compression: int) -> None:
    array = np.zeros((4, 32, 32, 1 if compression == 34712 else 3), 'u1')
    with pytest.raises(UnsupportedError, match='volumes'):
        encoder(volume_tile(compression, array.shape))(array)
