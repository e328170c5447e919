"""Forged files of electron events, whose electrons and positions in pixels are known."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.eer import Events, Widths, encode_events
from tiffschema.formats.eer import dump_items
from tiffschema.testing.forging.forged import Forged, ForgedSeries
from tiffschema.types import ByteOrder
from tiffschema.writer.tiffwriter import TiffWriter

__all__ = ['eer', 'electrons', 'image_of']

LENGTH, WIDTH = 24, 40
_WIDTHS = {65000: Widths(8, 2, 2), 65001: Widths(7, 2, 2), 65002: Widths(6, 3, 1)}


def electrons(frame: int, widths: Widths) -> Events:
    """Return the electrons of a frame: some one in twenty pixels, others in each frame."""
    places = np.arange(frame, LENGTH * WIDTH, 17 + 2 * (frame % 3))
    x, y = places % (1 << widths.horizontal), places // 3 % (1 << widths.vertical)
    return Events(places, x, y)


def image_of(events: Events, widths: Widths, superres: int = 0) -> NDArray[np.uint8]:
    """Return the image of electrons, each pixel of the detector divided 2 ** `superres` times."""
    x, y = min(superres, widths.horizontal), min(superres, widths.vertical)
    image = np.zeros((LENGTH << y, WIDTH << x), np.uint8)
    rows = (events.places // WIDTH << y) + (events.y >> widths.vertical - y)
    columns = (events.places % WIDTH << x) + (events.x >> widths.horizontal - x)
    image[rows, columns] = 1
    return image


def _strips(stream: bytes, count: int) -> Sequence[bytes]:
    """Return a stream cut into strips."""
    step = -(-len(stream) // count)
    return [stream[index * step : (index + 1) * step] for index in range(count)]


def eer(
    *,
    byteorder: ByteOrder = '<',
    compression: int = 65001,
    planes: int = 7,
    integrated: bool = False,
    superres: int = 0,
    strips: int = 1,
) -> Forged:
    """Return frames of a counting detector.

    Parameters:
        byteorder: Of the file.
        compression: 65000, 65001, or 65002, whose widths stand in tags.
        planes: Number of frames.
        integrated: The first page is the sum of all frames.
        superres: Level of super-resolution that the images in the result have.
        strips: Number of strips that the stream of a frame is cut into.
    """
    widths = _WIDTHS[compression]
    known = {
        'exposureTime': 1.5, 'exposureTime.unit': 's', 'totalDose': 40.5,
        'totalDose.unit': 'e/pixel', 'meanDoseRate': 27, 'numberOfFrames': planes,
        'timestamp': datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), 'gainCorrected': False,
        'serialNumber': 'forged <1>',
    }  # fmt: skip
    once = [(65001, 7, 0, dump_items(known).encode(), True)]
    if compression == 65002:
        each: list[Any] = [(65007 + i, 3, 1, width, False) for i, width in enumerate(widths)]
    else:
        each = []
    frames = [electrons(frame, widths) for frame in range(planes)]
    stream = io.BytesIO()
    common: dict[str, Any] = {
        'photometric': 'minisblack', 'metadata': None, 'software': False, 'contiguous': False
    }  # fmt: skip
    with TiffWriter(stream, bigtiff=True, byteorder=byteorder) as writer:
        if integrated:
            total = np.sum([image_of(one, widths) for one in frames], 0).astype(np.uint16)
            writer.write(total, extratags=once, **common)
        for number, events in enumerate(frames):
            first = once if number == 0 and not integrated else []
            item = {'frame': number}
            own = [(65002, 7, 0, dump_items(item).encode(), False)]
            writer.write(
                iter(_strips(encode_events(events, LENGTH * WIDTH, widths), strips)),
                shape=(LENGTH, WIDTH), dtype='u1', compression=compression,
                rowsperstrip=-(-LENGTH // strips), extratags=[*first, *own, *each], **common,
            )  # fmt: skip
    images = np.stack([image_of(one, widths, superres) for one in frames])
    series = [ForgedSeries('frames', 'IYX' if planes > 1 else 'YX', (images,))]
    if integrated:
        series.append(ForgedSeries('integrated', 'YX', (total,)))
    return Forged('eer', {'forged.eer': stream.getvalue()}, tuple(series), known)
