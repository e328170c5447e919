"""``tiffschema repair``: a damaged file written anew, with whatever can be read of it.

Knows pages on one side and the writer on the other. The result appears complete or not at all; what
was lost is listed, never hidden.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tiffschema.errors import TiffFileError, TiffSchemaError, UnsupportedError
from tiffschema.model.tagcodes import TagCode
from tiffschema.runtime.file import TiffFile
from tiffschema.writer.tags import is_owned
from tiffschema.writer.tiffwriter import TiffWriter

from .copying import described, lossless, planes, tile_of
from .program import CommandError, UsageError, command_error
from .tables import Table, show

__all__ = ['repair', 'run']

_DERIVED: Final = {
    TagCode.NewSubfileType,
    TagCode.XResolution,
    TagCode.YResolution,
    TagCode.ResolutionUnit,
    TagCode.T4Options,
    TagCode.T6Options,
    TagCode.BadFaxLines,
    TagCode.CleanFaxData,
    TagCode.ConsecutiveBadFaxLines,
    TagCode.LercParameters,
    TagCode.ColorMap,
    TagCode.JPEGTables,
    TagCode.JPEGProc,
    TagCode.JPEGInterchangeFormat,
    TagCode.JPEGInterchangeFormatLength,
    TagCode.JPEGRestartInterval,
    TagCode.JPEGQTables,
    TagCode.JPEGDCTables,
    TagCode.JPEGACTables,
    TagCode.InterColorProfile,
}
"""Tags that follow from the samples, or that the copy describes by other arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Repair a file."""
    target = _target(arguments)
    try:
        with TiffFile(arguments.file) as tif:
            lost = list(tif.faults)
            if not _needed(tif) and not arguments.force:
                print(f'{arguments.file}: nothing is wrong, nothing was written')
                return 0
            pages, dropped = repair(tif, target)
            lost = list(tif.faults)
    except (OSError, ValueError, CommandError, TiffSchemaError) as error:
        raise command_error(arguments.file, error) from None
    table = Table(arguments.file, ('>offset', 'path', 'what was wrong'))
    for fault in lost:
        table.add(fault.offset if fault.offset >= 0 else '', fault.path, fault.message)
    for path, reason in dropped:
        table.add('', path, reason)
    show([table])
    print(f'{target}: {pages} pages')
    with TiffFile(target) as again:
        return 1 if _needed(again) else 0


def _target(arguments: argparse.Namespace) -> str:
    """Return where the new file goes; nothing that exists is replaced unless that was asked for.

    Raises:
        CommandError: It was not.
    """
    if bool(arguments.out) == arguments.in_place:
        raise UsageError('repair needs one of --out PATH and --in-place')
    target: str = arguments.out or arguments.file
    if arguments.out and os.path.exists(target) and not arguments.force:
        raise CommandError(f'{target} exists; --force replaces it')
    return target


def _needed(tif: TiffFile) -> bool:
    """Return whether there are faults, looking at all values and samples."""
    for page in _readable(tif):
        for tag in page.tags:
            _ = tag.value
        try:
            page.asarray(errors='fault')
        except (TiffFileError, UnsupportedError):
            return True
    return bool(tif.faults)


def _readable(tif: TiffFile) -> Iterator[Any]:
    """Yield the pages of the main chain up to one that cannot be read."""
    for index in range(len(tif.pages)):
        try:
            yield tif.pages.get(index, aspage=True)
        except (TiffFileError, IndexError):
            return


def repair(tif: TiffFile, target: str) -> tuple[int, list[tuple[str, str]]]:
    """Write what can be read of a file anew.

    Samples that are lost hold the value for missing data. Schemes that lose something are replaced
    by deflate, since samples are encoded again.

    Parameters:
        tif: The damaged file; its faults say what was wrong.
        target: Path of the new file, which may be that of the old one.

    Returns:
        Number of pages written, and path and reason of what was left out.

    Raises:
        CommandError: No page can be read.
    """
    dropped: list[tuple[str, str]] = []
    written = 0
    virtual = _virtual(tif)
    with TiffWriter(
        target, kind='generic', bigtiff=tif.is_bigtiff, byteorder=tif.byteorder, _stream=False
    ) as writer:
        for page in [virtual] if virtual is not None else _readable(tif):
            try:
                written += _copy(writer, page, dropped)
            except (TiffFileError, UnsupportedError) as error:
                dropped.append((page.keyframe.path, f'left out: {error}'))
        if not written:
            raise CommandError('no page can be read')
    return written, dropped


def _virtual(tif: TiffFile) -> Any:
    """Return the series whose planes have no directories of their own, None if all have."""
    series = tif.series[0] if len(tif.series) == 1 else None
    return series if series is not None and len(series.pages) > len(tif.pages) else None


def _copy(writer: TiffWriter, image: Any, dropped: list[tuple[str, str]]) -> int:
    page = image.keyframe
    if not page.size or page.dtype is None:
        dropped.append((page.path, 'left out: no samples'))
        return 0
    if page.segmenttable.nowhere:
        dropped.append((page.path, 'left out: no tag says where its samples lie'))
        return 0
    options = described(image)
    frames = list(planes(image, options, errors='fault'))
    tags, texts = _tags(page, dropped)
    compression = lossless(page)
    options['tile'] = tile_of(page)
    if int(page.predictor) != 1 and compression != 1:
        options['predictor'] = True
    if int(page.subfiletype):
        options['subfiletype'] = int(page.subfiletype)
    for number, data in enumerate(frames):
        writer.write(
            np.asarray(data), compression=compression, metadata=None, software=False,
            description=texts[0] if texts and not number else None,
            extratags=tags if not number else (), **options,
        )  # fmt: skip
    return len(frames)


def _tags(page: Any, dropped: list[tuple[str, str]]) -> tuple[list[Any], list[bytes]]:
    """Return tags that can be kept as they are, and descriptions."""
    tags: list[Any] = []
    texts: list[bytes] = []
    for tag in page.tags:
        row = tag.plan.row
        where = f'{page.path}.tag {tag.code} {tag.name}'
        if tag.code in _DERIVED or is_owned(tag.code):
            if row is not None and row.space is not None:
                dropped.append((where, 'left out: directories are not copied'))
            continue
        if row is not None and (row.pointer is not None or tag.count == 0):
            dropped.append((where, 'left out: its value points into the file'))
            continue
        data = _stored(tag)
        if data is None:
            dropped.append((where, 'left out: its value cannot be read'))
        elif tag.code == TagCode.ImageDescription:
            texts.append(data.rstrip(b'\0'))
        else:
            tags.append((tag.code, int(tag.dtype), tag.count, data, False))
    if len(texts) > 1:
        dropped.append((page.path, f'left out: {len(texts) - 1} more descriptions'))
    return tags, texts


def _stored(tag: Any) -> bytes | None:
    """Return the bytes of a value, None if the file does not hold all of them."""
    size = tag.valuebytecount
    view = tag.parent.source.view(tag.valueoffset, size) if size else b''
    return bytes(view) if size and len(view) == size else None
