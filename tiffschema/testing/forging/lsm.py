"""Forged LSM files: scans of all types with thumbnails, some larger than their offsets can say.

Knows blocks declared in ``schemas/vendor/zeiss_lsm.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.pipeline import encoder
from tiffschema.codecs.spec import SegmentSpec
from tiffschema.compiler.handles import Built
from tiffschema.model import catalog
from tiffschema.model.directory import Entry, codec
from tiffschema.model.geometry import Geometry
from tiffschema.model.sections import schemas
from tiffschema.testing.forging.forged import Forged, ForgedSeries, Sparse

__all__ = ['lsm']

_WORD = 0xFFFFFFFF
_RELEASES = {
    '1.3': ('cz_lsminfo_1_3', ''),
    '2.0': ('cz_lsminfo', 'OffsetNextRecording'),
    '3.2': ('cz_lsminfo', 'OffsetUnmixParameters'),
    '3.5': ('cz_lsminfo', 'OffsetPalette'),
    '5.0': ('cz_lsminfo', 'InternalUse1'),
    '6.0': ('cz_lsminfo', ''),
}
"""Struct of the information block by release, and its last field if that is not the last of all."""
_DATA_TYPES = {'u1': 1, 'u2': 2}
_TEMPERATURE = {'name': 'Temperature', 'kind': 5, 'value': 36.5, 'rest': b''}
_FACTOR = {'Factor': 1.5, 'Offset': 0.5, 'Unit': 0}
_ROI = {
    'LineWidth': 1, 'Measure': 0, 'Color': [255, 0, 0, 0], 'Valid': 1, 'KnotWidth': 3,
    'CatchArea': 6, 'Font': [16] + [0] * 12, 'FaceName': 'Arial', 'MeasureFlags': [0] * 10,
    'elements': [{'Type': 24, 'Data': bytes(range(40))}],
}  # fmt: skip
_INFO, _BITS = 34412, 258
_LZW = 5


@dataclass(frozen=True, slots=True)
class _Page:
    """A page: its tags, and the bytes of its strips."""

    tags: list[tuple[int, int, Any]]
    strips: list[bytes]
    sizes: list[int]


def lsm(
    *,
    scan: int = 6,
    release: str = '6.0',
    dtype: str = 'u2',
    channels: int = 2,
    slices: int = 3,
    times: int = 2,
    positions: int = 1,
    tiles: int = 1,
    compressed: bool = False,
    thumbnails: bool = True,
    written: int | None = None,
    apart: int = 0,
    shape: tuple[int, int] = (8, 10),
) -> Forged:
    """Return a scan.

    Parameters:
        scan: Type of the scan, 0 to 10; it tells which of the axes there are.
        release: Of the information block: 1.3, 2.0, 3.2, 3.5, 5.0 or 6.0. Those before 6.0 have no
            positions and tiles.
        dtype: Of the pixels, ``'u1'`` or ``'u2'``.
        channels, slices, times, positions, tiles: Lengths of C, Z, T, P and M.
        compressed: Strips are compressed by LZW; their sizes are those of decoded ones.
        thumbnails: Each page of the image is followed by one of a thumbnail.
        written: Pages of the image that were written before the scan was stopped; None is all.
        apart: Bytes between strips of different pages; a sparse file with offsets modulo 4 GiB.
        shape: Rows and columns of pages; rows are those of the axes if these are not Y.

    Raises:
        ValueError: The release is unknown, or has no positions and tiles.
    """
    if release not in _RELEASES:
        raise ValueError(f'release {release!r} is none of {", ".join(_RELEASES)}')
    if positions * tiles > 1 and release != '6.0':
        raise ValueError(f'release {release} has no positions and tiles')
    values = catalog.view('vendor/zeiss_lsm').raw['enums']['LsmScanType']['values']
    axes = str(values[scan]['axes'])
    sizes = {'Z': slices, 'C': channels, 'T': times, 'Y': shape[0], 'X': shape[1]}
    trail = axes[-2:] if axes[0] == 'C' else axes[axes.index('C') + 1 :]
    lead = axes.replace(trail, '').replace('C', '')
    outer = {'M': tiles, 'P': positions}
    order = [axis for axis, size in outer.items() if size > 1] + list(lead)
    sizes |= outer
    count = math.prod(sizes[axis] for axis in order)
    page = (channels, sizes[trail[0]], sizes[trail[1]])
    numbers = np.arange(count * math.prod(page)) % (65521 if dtype == 'u2' else 251) + 1
    data = numbers.astype(dtype).reshape(count, *page)
    small = (np.arange(count * 48) % 251).astype('u1').reshape(count, 4, 4, 3)
    pages = _pages(data, small, compressed, thumbnails)
    turn = _written_order(order, sizes, 2 if thumbnails else 1)
    info, metadata = _info(scan, sizes, trail)
    info['DataType'] = metadata['DataType'] = _DATA_TYPES[dtype]
    info = _known(release, info)
    metadata = {name: value for name, value in metadata.items() if name in info}
    each = 2 if thumbnails else 1
    block = schemas['vendor/zeiss_lsm'].struct(_RELEASES[release][0]).build(info)
    file = _file(pages, turn, block, apart, len(pages) if written is None else written * each)
    if written is not None:
        data[written:], small[written:] = 0, 0
    whole = data.reshape(*(sizes[axis] for axis in order), *page)
    names = ''.join(order) + 'C' + trail
    kept = ''.join(axis for axis in names if sizes[axis] > 1)
    mpp = (0.25, 0.5) if trail == 'YX' else None
    series = [ForgedSeries('', kept, (whole.squeeze(),), mpp)]
    if thumbnails:
        reduced = small.reshape(*(sizes[axis] for axis in order), 4, 4, 3)
        letters = ''.join(axis for axis in order if sizes[axis] > 1)
        series.append(ForgedSeries('', letters + 'YXS', (reduced.squeeze(),)))
    faults = () if written is None else ('some pages were not written',)
    if apart:
        return Forged('lsm', {}, tuple(series), metadata, {'forged.lsm': file}, faults)
    files = {'forged.lsm': file.data()}
    return Forged('lsm', files, tuple(series), metadata, faults=faults)


def _pages(
    data: NDArray[Any], small: NDArray[Any], compressed: bool, thumbnails: bool
) -> list[_Page]:
    """Return pages of the image, each with its thumbnail."""
    pages = []
    for image, thumbnail in zip(data, small, strict=True):
        channels, length, width = image.shape
        bits = 8 * image.itemsize
        strips = [plane.tobytes() for plane in image]
        sizes = [len(strip) for strip in strips]
        tags: list[tuple[int, int, Any]] = [
            (254, 4, 0), (256, 4, width), (257, 4, length), (258, 3, (bits,) * channels),
            (259, 3, _LZW if compressed else 1), (262, 3, 1), (277, 3, channels), (284, 3, 2),
        ]  # fmt: skip
        if compressed:
            tags.append((317, 3, 2))
            strips = _compressed(image)
        pages.append(_Page(tags, strips, sizes))
        if thumbnails:
            tags = [
                (254, 4, 1), (256, 4, 4), (257, 4, 4), (258, 3, (8, 8, 8)), (259, 3, 1),
                (262, 3, 2), (277, 3, 3), (284, 3, 1),
            ]  # fmt: skip
            pages.append(_Page(tags, [thumbnail.tobytes()], [thumbnail.nbytes]))
    return pages


def _compressed(image: NDArray[Any]) -> list[bytes]:
    channels, length, width = image.shape
    geometry = Geometry(
        imagewidth=width, imagelength=length, imagedepth=1, samplesperpixel=channels,
        planarconfig=2, bitspersample=8 * image.itemsize, sampleformat=1, tilewidth=0,
        tilelength=0, tiledepth=0, rowsperstrip=length, compression=_LZW, predictor=2,
        photometric=1, fillorder=1, extrasamples=(0,) * (channels - 1), subsampling=None,
        byteorder='<',
    )  # fmt: skip
    encode = encoder(SegmentSpec(geometry))
    return [encode(plane[None, :, :, None]) for plane in image]


def _written_order(order: Sequence[str], sizes: dict[str, int], each: int) -> list[int]:
    """Return numbers of pages in the order in which their data were written.

    Directories are sorted by tile and position, data by time.
    """
    lengths = [sizes[axis] for axis in order]
    numbers = np.arange(math.prod(lengths) * each).reshape(*lengths, each)
    if 'T' in order:
        numbers = np.moveaxis(numbers, order.index('T'), 0)
    return [int(number) for number in numbers.ravel()]


def _info(scan: int, sizes: dict[str, int], trail: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return values of the information block, and those that metadata hold."""
    times, channels = sizes['T'], sizes['C']
    names = [f'Ch{c}' for c in range(channels)]
    metadata: dict[str, Any] = {
        'DimensionX': sizes['X'], 'DimensionY': sizes['Y'] if 'Y' in trail else 1,
        'DimensionZ': sizes['Z'], 'DimensionChannels': channels, 'DimensionTime': times,
        'DataType': 2, 'ThumbnailX': 4, 'ThumbnailY': 4, 'VoxelSizeX': 2.5e-7,
        'VoxelSizeY': 5e-7, 'VoxelSizeZ': 1e-6, 'ScanType': scan, 'TimeIntervall': 0.5,
        'DimensionP': sizes['P'] if sizes['P'] > 1 else 0,
        'DimensionM': sizes['M'] if sizes['M'] > 1 else 0,
    }  # fmt: skip
    count = max(1, sizes['P'] * sizes['M'])
    places = np.arange(3.0 * count).reshape(count, 3)
    entries = [
        _entry(0x10000001, 2, 'forged'),
        _entry(0x1000001C, 5, 0.25),
        _group(0x20000000, [_group(0x40000000, [_entry(0x4000000C, 2, 'Track 1')])]),
    ]
    blocks = {
        'ScanInformation': _group(0x10000000, entries),
        'TimeStamps': {'values': np.arange(times) * 0.5},
        'EventList': {'events': [{'time': 0.25, 'type': 0, 'text': 'marker'}]},
        'ChannelColors': {
            'mono': False, 'colors': [[255, 0, 0, 0]] * channels, 'names': names, 'colors_at': 24,
            'names_at': 24 + 4 * channels, 'size': 24 + 12 * channels,
        },
        'ChannelDataTypes': [2] * channels,
        'ChannelWavelength': {'values': [[5e-7, 6e-7]] * channels},
        'ChannelFactors': {'factors': [_FACTOR] * channels},
        'KsData': {'entries': [{'entry': _TEMPERATURE}]},
        'Roi': _ROI,
        'TilePositions': {'values': places},
        'InputLut': _lut(channels),
    }  # fmt: skip
    read = {
        'ScanInformation': {
            'Name': 'forged', 'SampleSpacing': 0.25, 'Tracks': [{'Name': 'Track 1'}],
        },
        'EventList': [(0.25, 0, 'marker')],
        'ChannelFactors': [_FACTOR] * channels,
        'KsData': {'Temperature': 36.5},
    }  # fmt: skip
    return {**metadata, **blocks}, {**metadata, **read}


def _lut(channels: int) -> dict[str, Any]:
    parts = [{'Type': kind, 'Data': [1.0 + kind] * channels} for kind in (1, 2, 3)]
    return {
        'NumberChannels': channels, 'LutType': 0, 'Advanced': 0, 'CurrentChannel': 0,
        'SubBlocks': parts,
    }  # fmt: skip


def _entry(entry: int, kind: int, value: Any) -> dict[str, Any]:
    return {'entry': entry, 'kind': kind, 'value': value}


def _group(entry: int, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {'entry': entry, 'kind': 0, 'children': children}


def _file(
    pages: Sequence[_Page], turn: Sequence[int], built: Built, apart: int, written: int
) -> Sparse:
    """Return the file: directories, the information block, then strips as they were written."""
    directories = codec('classic', '<')
    size = int.from_bytes(built.data[4:8], 'little')
    heads = []
    at = directories.header_nbytes
    for number, page in enumerate(pages):
        heads.append(at)
        block = _directory(page, [0] * len(page.strips), number == 0 and (size, 0), at, 0)
        at += len(block) + len(block) % 2
    info_at = at
    at += len(built.data) + len(built.data) % 2
    parts: dict[int, bytes] = {}
    placed: dict[int, list[int]] = {}
    for number in turn:
        placed[number] = []
        if number >= written:
            placed[number] = [0] * len(pages[number].strips)
            continue
        for strip in pages[number].strips:
            placed[number].append(at)
            parts[at] = strip
            at += len(strip)
        at += apart
    parts[0] = directories.build_header(heads[0])
    for number, (page, head) in enumerate(zip(pages, heads, strict=True)):
        link = heads[number + 1] if number + 1 < len(heads) else 0
        offsets = [offset & _WORD for offset in placed[number]]
        parts[head] = _directory(page, offsets, number == 0 and (size, info_at), head, link)
    parts[info_at] = built.at(info_at)
    return Sparse(at - apart, parts)


def _known(release: str, info: dict[str, Any]) -> dict[str, Any]:
    """Return what the information block of a release holds: zero where nothing is given."""
    struct, last = _RELEASES[release]
    fields = schemas['vendor/zeiss_lsm'].struct(struct).fields
    derived = ('MagicNumber', 'StructureSize')
    names = [field.name for field in fields if not field.at and field.name[0] != '_']
    names = names[: names.index(last) + 1] if last else names
    blocks = {field.name for field in fields if field.at and f'Offset{field.name}' in names}
    zeros: dict[str, Any] = {name: 0 for name in names if name not in derived}
    if 'DimensionsReserved' in zeros:
        zeros['DimensionsReserved'] = [0] * 16
    return zeros | {name: value for name, value in info.items() if name in zeros.keys() | blocks}


def _directory(page: _Page, offsets: Sequence[int], info: Any, address: int, link: int) -> bytes:
    directories = codec('classic', '<')
    values = [*page.tags, (273, 4, tuple(offsets)), (279, 4, tuple(page.sizes))]
    entries = [
        Entry(code, *directories.encode_value(None, kind, value)) for code, kind, value in values
    ]
    if info:
        entries.append(Entry(_INFO, 1, info[0], bytes(4)))
    built = directories.build(entries, address, link)
    data = bytearray(built.data)
    codes = sorted(entry.code for entry in entries)
    moved = {_INFO: info[1]} if info else {}
    samples = next(entry for entry in entries if entry.code == _BITS)
    if samples.length == 2:
        # Writers put two numbers elsewhere, though they fit the entry.
        moved[_BITS] = address + len(data)
        data += samples.data
    for code, at in moved.items():
        entry = entries[[entry.code for entry in entries].index(code)]
        place = directories.count_nbytes + codes.index(code) * directories.entry_nbytes
        stored = directories.build_entry(code, entry.fieldtype, entry.length, None, at)
        data[place : place + len(stored)] = stored
    return bytes(data)
