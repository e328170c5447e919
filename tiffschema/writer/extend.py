"""More pages for the last series of a file, its description brought up to date.

Knows directories, plans and the three flavours of descriptions.
Rule: pages first, then their directories, then the description; ImageJ's data stay one block, so
directories that stand in their way are written anew before anything is overwritten.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import OmeXmlError
from tiffschema.model.directory import Directory
from tiffschema.model.tagcodes import TagCode
from tiffschema.types import Buffer

from .append import AppendState, TextEntry, shaped_json, text_entries
from .chain import open_view
from .layout import DirectoryTemplate, Field
from .output import Output
from .pages import PageTemplates
from .pixels import Pixels
from .plan import ImagePlan
from .series import MainLinks, SeriesWriter

__all__ = ['extend_series']

STRUCTURE = (
    TagCode.ImageWidth,
    TagCode.ImageLength,
    TagCode.BitsPerSample,
    TagCode.Compression,
    TagCode.PhotometricInterpretation,
    TagCode.SamplesPerPixel,
    TagCode.PlanarConfiguration,
    TagCode.Predictor,
    TagCode.TileWidth,
    TagCode.TileLength,
    TagCode.ExtraSamples,
    TagCode.SampleFormat,
    TagCode.ImageDepth,
    TagCode.TileDepth,
)
DEFAULTS: Mapping[int, int] = {
    TagCode.BitsPerSample: 1,
    TagCode.Compression: 1,
    TagCode.SamplesPerPixel: 1,
    TagCode.PlanarConfiguration: 1,
    TagCode.Predictor: 1,
    TagCode.SampleFormat: 1,
    TagCode.ImageDepth: 1,
    TagCode.TileDepth: 1,
}
ONCE = frozenset(
    {
        TagCode.ImageDescription,
        TagCode.Software,
        TagCode.DateTime,
        TagCode.IJMetadataByteCounts,
        TagCode.IJMetadata,
    }
)
OFFSETS, COUNTS = (
    (TagCode.StripOffsets, TagCode.TileOffsets),
    (TagCode.StripByteCounts, TagCode.TileByteCounts),
)


def extend_series(
    state: AppendState, plan: ImagePlan, pixels: Pixels, rest: Sequence[Field], align: int
) -> None:
    """Write an array as further pages of the last series.

    Parameters:
        state: The file.
        plan: What the pages are like.
        pixels: The samples.
        rest: Entries of the new pages.
        align: Alignment of their data.

    Raises:
        ValueError: The array does not continue the series.
    """
    if state.first is None:
        raise ValueError('contiguous: the file to append to has no pages')
    if state.kind == 'imagej':
        _extend_imagej(state, plan, pixels)
        return
    view = open_view(state.sink)
    if state.kind == 'ome':
        entry = state.texts[-1]
        _check_structure(state, view, state.pages - 1, plan)
        text = _extend_ome(entry.text, state.pages, plan.stored.frames)
    elif state.kind == 'shaped':
        start, entry = _last_shaped(state, view)
        _check_structure(state, view, start, plan)
        text = _extend_shaped(entry.text, plan.shape)
    else:
        raise ValueError('contiguous: the file to append to has no series that can grow')
    output = state.output
    pages = PageTemplates(output.codec, plan, rest, rest)
    writer = SeriesWriter(output, plan, pages, MainLinks(output), align=align)
    if plan.contiguous:
        writer.write_block(pixels, plan.stored.frames)
        writer.finish()
    else:
        writer.write_pages(pixels, plan.stored.frames)
    state.offsets.extend(writer.addresses)
    state.fixed = True
    state.replace_text(entry, text)


def _numbers(view: Buffer, directory: Directory, code: int) -> tuple[int, ...] | None:
    position = directory.index.get(code)
    if position is None:
        return None
    at = directory.value_at(position)
    data = view[at : at + directory.value_nbytes(position)]
    value = directory.codec.decode_value(
        directory.types[position], directory.counts[position], data
    )
    if isinstance(value, (bytes, bytearray)):
        return tuple(value)
    return tuple(int(v) for v in np.atleast_1d(np.asarray(value)))


def _check_structure(state: AppendState, view: Buffer, page: int, plan: ImagePlan) -> None:
    directory = state.output.codec.parse(view, 0, state.offsets[page])
    wanted = {tag.code: tag.value for tag in plan.tags}
    for code in STRUCTURE:
        value = wanted.get(code, DEFAULTS.get(code))
        expected = None if value is None else tuple(int(v) for v in np.atleast_1d(value))
        found = _numbers(view, directory, code)
        if found is None and code in DEFAULTS:
            found = (DEFAULTS[code],)
        if expected is not None and found is not None and len(set(expected + found)) == 1:
            continue  # one number for all samples
        if expected != found:
            raise ValueError(f'contiguous: tag {code} is {expected}, the last series has {found}')


def _last_shaped(state: AppendState, view: Buffer) -> tuple[int, TextEntry]:
    """Return the first page of the last series and its description."""
    page = 0
    while True:
        directory = state.output.codec.parse(view, 0, state.offsets[page])
        entries = [e for e in text_entries(view, directory) if shaped_json(e.text) is not None]
        if not entries:
            raise ValueError('contiguous: a series of the file has no description of its shape')
        items = shaped_json(entries[-1].text)
        assert items is not None
        sizes = [
            _numbers(view, directory, code) or (1,)
            for code in (
                TagCode.ImageWidth,
                TagCode.ImageLength,
                TagCode.SamplesPerPixel,
                TagCode.ImageDepth,
            )
        ]
        size = math.prod(value[0] for value in sizes)
        pages, rest = divmod(math.prod(int(n) for n in items['shape']), max(size, 1))
        if items.get('truncated') or rest or pages < 1:
            raise ValueError('contiguous: directories of the last series are left out')
        if page + pages >= state.pages:
            return page, entries[-1]
        page += pages


def _extend_shaped(text: str, shape: tuple[int, ...]) -> str:
    items = dict(shaped_json(text) or {})
    old = tuple(int(n) for n in items['shape'])
    axes = items.get('axes')
    if old == shape:
        new = (2, *shape)
        if isinstance(axes, str) and len(axes) == len(shape):
            items['axes'] = ('I' if 'Q' in axes else 'Q') + axes
    elif old[1:] == shape:
        new = (old[0] + 1, *shape)
    elif len(old) == len(shape) > 2 and old[1:] == shape[1:]:
        new = (old[0] + shape[0], *shape[1:])
    else:
        raise ValueError(f'shape: {shape} does not continue a series of shape {old}')
    items['shape'] = list(new)
    return json.dumps(items)


def _behind_channels(order: str, axis: str, sizes: Mapping[str, int]) -> bool:
    """Whether channels vary slower than an axis."""
    return sizes['C'] > 1 and order.index('C') > order.index(axis)


def _extend_ome(text: str, pages: int, frames: int) -> str:
    """Return the document with its last image grown along its slowest axis."""
    start = text.rfind('<Image ')
    head, image = text[:start], text[start:]
    end = image.find('</Image>')
    image, rest = image[:end], image[end:]
    order = re.search(r'DimensionOrder="(XY[CZT]{3})"', image)
    planes = re.findall(r'<TiffData [^>]*?IFD="(\d+)"[^>]*?PlaneCount="(\d+)"', image)
    last = image.rfind('<TiffData ')
    if start < 0 or order is None or not planes or last < 0 or '<UUID' in image:
        raise OmeXmlError('append: the OME-XML does not list the planes of its last image plainly')
    begin, count = (int(n) for n in planes[-1])
    if begin + count != pages:
        raise OmeXmlError('append: the last image of the OME-XML does not end with the last page')
    sizes = {
        axis: int(re.search(rf'Size{axis}="(\d+)"', image)[1])  # type: ignore[index]
        for axis in 'CZT'
    }
    # The slowest axis that is used; planes of one more would lie in the same order.
    used = [axis for axis in reversed(order[1][2:]) if sizes[axis] > 1 and axis != 'C']
    slowest = used[0] if used and not _behind_channels(order[1], used[0], sizes) else order[1][4]
    samples = re.search(r'SamplesPerPixel="(\d+)"', image)
    spp = int(samples[1]) if samples else 1
    step = math.prod(n for axis, n in sizes.items() if axis != slowest)
    if slowest != 'C':
        step //= spp
    grown, remainder = divmod(frames, step)
    if remainder:
        raise ValueError(f'shape: {frames} pages are no multiple of {step}, as Size{slowest} needs')
    first = sizes[slowest]
    new = first + grown * (spp if slowest == 'C' else 1)
    image = re.sub(rf'Size{slowest}="\d+"', f'Size{slowest}="{new}"', image, count=1)
    close = image.find('/>', image.rfind('<TiffData ')) + 2
    added = f'<TiffData IFD="{pages}" First{slowest}="{first}" PlaneCount="{frames}"/>'
    if len(planes) == 1 and begin + count == pages and 'First' not in image[last:close]:
        # One run of planes: it only becomes longer.
        run = image[last:close].replace(f'PlaneCount="{count}"', f'PlaneCount="{count + frames}"')
        return head + image[:last] + run + image[close:] + rest
    return head + image[:close] + added + image[close:] + rest


@dataclass(frozen=True, slots=True)
class _Hyperstack:
    """The block of samples of an ImageJ file.

    Fields:
        start: Where it begins.
        page_bytes: Of one plane.
        planes: How many it holds.
        description: That says so.
        strips: Where the strips of a plane begin in it, and their sizes; two rows.
    """

    start: int
    page_bytes: int
    planes: int
    description: TextEntry
    strips: NDArray[np.int64]


def _extend_imagej(state: AppendState, plan: ImagePlan, pixels: Pixels) -> None:
    if not plan.contiguous:
        raise ValueError('compression: pages of an ImageJ file are one block of samples')
    frames = plan.stored.frames
    view = open_view(state.sink)
    _check_structure(state, view, 0, plan)
    stack = _hyperstack(state, view, plan)
    text = _imagej_text(stack.description.text, frames)
    tail = _tail_template(state, view, stack.strips.shape[1])
    output = state.output
    stop = stack.start + stack.planes * stack.page_bytes
    new_stop = stop + frames * stack.page_bytes
    if not output.fits(new_stop + (stack.planes + frames) * tail.size):
        raise ValueError('data: the ImageJ file would grow beyond 4 GiB')
    if state.pages > 1:
        _move_tail(state, stack, tail, max(output.end, new_stop))
    pages = PageTemplates(output.codec, plan, (), ())
    writer = SeriesWriter(output, plan, pages, MainLinks(output))
    writer.dataoffset, writer.frames = stop, 0
    writer._write_samples(pixels, frames, stop, frames * stack.page_bytes)
    if state.pages > 1 or stack.planes == 1:
        at = output.next_address()
        state.offsets += _write_tail(state, stack, tail, stack.planes, frames, at)
    state.replace_text(stack.description, text)


def _hyperstack(state: AppendState, view: Buffer, plan: ImagePlan) -> _Hyperstack:
    first = state.first
    assert first is not None
    entry = next(e for e in state.texts if e.text.startswith('ImageJ='))
    offsets = _numbers(view, first, TagCode.StripOffsets)
    images = re.search(r'^images=(\d+)$', entry.text, re.MULTILINE)
    planes = int(images[1]) if images else 1
    if offsets is None:
        raise ValueError('append: the ImageJ file has no strips')
    start = offsets[0]
    page_bytes = plan.stored.page_size * plan.storage.itemsize
    if state.pages not in (1, planes):
        raise ValueError(f'append: the ImageJ file has {state.pages} pages, says {planes}')
    for index, offset in enumerate(state.offsets[1:], 1):
        found = _numbers(view, state.output.codec.parse(view, 0, offset), TagCode.StripOffsets)
        if found is None or found[0] != start + index * page_bytes:
            raise ValueError('append: the planes of the ImageJ file are not one block')
    values = [first.value_at(i) for i in range(len(first)) if not first.is_inline(i)]
    if max(values, default=0) >= start or first.offset >= start:
        raise ValueError('append: values lie behind the planes of the ImageJ file')
    last = first if state.pages < 2 else state.output.codec.parse(view, 0, state.offsets[1])
    return _Hyperstack(start, page_bytes, planes, entry, _strips(view, last, page_bytes))


def _strips(view: Buffer, directory: Directory, page_bytes: int) -> NDArray[np.int64]:
    """Return where the strips of a plane begin in it, and their sizes.

    Raises:
        ValueError: They are not one stretch of the plane's size.
    """
    offsets = np.array(_numbers(view, directory, TagCode.StripOffsets), np.int64)
    sizes = np.array(_numbers(view, directory, TagCode.StripByteCounts) or page_bytes, np.int64)
    sizes = np.atleast_1d(sizes)
    begins = np.cumsum(sizes) - sizes
    whole = sizes.shape == offsets.shape and sizes.sum() == page_bytes
    if not whole or not np.array_equal(offsets - offsets[0], begins):
        raise ValueError('append: the strips of the ImageJ file are not one stretch')
    return np.array([begins, sizes])


def _imagej_text(text: str, frames: int) -> str:
    counts = {
        name: int(found[1]) if (found := re.search(rf'^{name}=(\d+)$', text, re.MULTILINE)) else 1
        for name in ('images', 'frames', 'slices', 'channels')
    }
    names = ('frames', 'slices', 'channels')
    grow = next((name for name in names if counts[name] > 1), 'frames')
    step = math.prod(counts[name] for name in names if name != grow)
    added, remainder = divmod(frames, step)
    if remainder:
        raise ValueError(f'shape: {frames} planes are no multiple of {step}, as {grow} needs')
    lines = [
        line
        for line in text.split('\n')
        if not line.startswith((f'{grow}=', 'images=')) or '=' not in line
    ]
    at = 1 + sum(line.startswith(('channels=', 'slices=')) for line in lines)
    if grow != 'frames':
        at = 1 + sum(line.startswith('channels=') for line in lines if grow == 'slices')
    lines.insert(at, f'{grow}={counts[grow] + added}')
    lines.insert(1, f'images={counts["images"] + frames}')
    return '\n'.join(lines)


def _tail_template(state: AppendState, view: Buffer, strips: int) -> DirectoryTemplate:
    """Return the template of directories behind the block, alike to those there are."""
    codec = state.output.codec
    page = 1 if state.pages > 1 else 0
    directory = codec.parse(view, 0, state.offsets[page])
    fields = []
    for position, code in enumerate(directory.codes):
        if code in ONCE:
            continue
        at = directory.value_at(position)
        data = bytes(view[at : at + directory.value_nbytes(position)])
        variable = code in OFFSETS or code in COUNTS
        count = strips if variable else directory.counts[position]
        kind = 4 if variable else directory.types[position]
        fields.append(Field(code, kind, count, None if variable else data))
    return DirectoryTemplate(codec, fields)


def _write_tail(
    state: AppendState,
    stack: _Hyperstack,
    tail: DirectoryTemplate,
    begin: int,
    count: int,
    address: int,
) -> list[int]:
    """Write directories of some planes, link them to the end of the chain; return their offsets."""
    output = state.output
    addresses = address + tail.size * np.arange(count, dtype=np.int64)
    nexts = addresses + tail.size
    nexts[-1] = 0
    starts = stack.start + stack.page_bytes * np.arange(begin, begin + count, dtype=np.int64)
    begins, sizes = stack.strips
    columns = {
        TagCode.StripOffsets: starts[:, None] + begins,
        TagCode.StripByteCounts: np.broadcast_to(sizes, (count, len(sizes))),
    }
    block = tail.block(addresses, nexts, columns)
    output.write(address, block.reshape(-1).data)
    MainLinks(output).tail(begin, addresses, tail.next_at)
    return addresses.tolist()


def _move_tail(
    state: AppendState, stack: _Hyperstack, tail: DirectoryTemplate, address: int
) -> None:
    """Write the directories that stand behind the block anew, farther away."""
    output: Output = state.output
    first = state.first
    assert first is not None
    state.fixed = True
    address += address & 1
    output.reserve(address)
    output.pointer = first.next_at
    state.offsets[1:] = _write_tail(state, stack, tail, 1, stack.planes - 1, address)
