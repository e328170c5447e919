"""How the axes of an array become dimensions, samples and modulo axes of the OME model.

Knows shapes and letters of axes; no XML.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tiffschema.errors import OmeXmlError

__all__ = ['DIMENSION_ORDERS', 'MODULO_TYPES', 'OmeLayout']

MODULO_TYPES = {
    'A': 'angle',
    'P': 'phase',
    'R': 'tile',
    'H': 'lifetime',
    'E': 'lambda',
    'Q': 'other',
}

DIMENSION_ORDERS = ('XYCZT', 'XYZCT', 'XYZTC', 'XYCTZ', 'XYTCZ', 'XYTZC')


class OmeLayout:
    """How the axes of an array become SizeC, SizeZ, SizeT, samples and modulo axes."""

    def __init__(
        self,
        order: str,
        sizes: dict[str, int],
        samples: int,
        interleaved: bool | None,
        modulo: dict[str, tuple[str, int]],
        frames: int,
        channels: int,
    ) -> None:
        self.order = order
        self.sizes = sizes
        self.samples = samples
        self.interleaved = interleaved
        self.modulo = modulo
        self.frames = frames
        self.channels = channels

    @classmethod
    def of(
        cls, shape: tuple[int, ...], stored: tuple[int, ...], axes: str | None, order: str | None
    ) -> OmeLayout:
        """Return the layout of an array.

        Raises:
            OmeXmlError: It does not fit the OME model.
            ValueError: Arguments do not fit each other.
        """
        frames, separate, depth, length, width, contig = stored
        samples = separate * contig
        if not all(shape):
            raise OmeXmlError('arrays without elements do not fit the OME model')
        if depth != 1:
            raise OmeXmlError('volumetric pages do not fit the OME model')
        if order is not None and order not in DIMENSION_ORDERS:
            raise OmeXmlError(f'DimensionOrder {order!r} is none of {DIMENSION_ORDERS}')
        axes = _image_axes(shape, samples, separate, contig, axes, order)
        sizes = dict(zip(axes, shape, strict=True))
        samples_axis = sizes.pop('S', 1)
        if (
            samples_axis != samples
            or sizes['Y'] != length
            or sizes['X'] != width
            or math.prod(size for axis, size in sizes.items() if axis not in 'YX') != frames
        ):
            raise ValueError(f'shape {shape} with axes {axes} is not stored as {stored}')
        interleaved = None if samples == 1 else contig > 1
        modulo, parents = _modulo_axes(axes)
        order = _dimension_order(axes, parents, order)
        final = {'X': width, 'Y': length}
        for letter in order[2:]:
            final[letter] = sizes.get(letter, 1)
        channels = final['C']
        for parent, letter in modulo.items():
            final[parent] *= sizes[letter]
        if 'C' in modulo and 'C' not in sizes:
            channels = 1
        final['C'] *= samples
        sized = {parent: (letter, sizes[letter]) for parent, letter in modulo.items()}
        return cls(order, final, samples, interleaved, sized, frames, channels)


def _image_axes(
    shape: tuple[int, ...],
    samples: int,
    separate: int,
    contig: int,
    axes: str | None,
    order: str | None,
) -> str:
    if axes is None:
        leading = (order or DIMENSION_ORDERS[0])[:1:-1]  # slowest first
        axes = leading + ('SYX' if separate > 1 else 'YXS' if contig > 1 else 'YX')
        if len(shape) > len(axes):
            raise OmeXmlError(f'{len(shape)} dimensions are too many; name their axes')
        axes = axes[len(axes) - len(shape) :]
        if 'Y' not in axes:
            raise OmeXmlError(f'shape {shape} has no rows and columns beside samples')
        return axes
    axes = axes.upper()
    if len(axes) != len(shape):
        raise ValueError(f'axes {axes!r} do not match shape {shape}')
    if axes.endswith('YXC') and contig > 1:
        axes = axes[:-1] + 'S'
    if separate > 1 and len(axes) > 2 and 'S' not in axes and axes[-3] == 'C':
        axes = f'{axes[:-3]}S{axes[-2:]}'
    if not axes.endswith(('YX', 'YXS')):
        raise OmeXmlError(f'axes {axes!r} do not end with YX or YXS')
    for letter in axes:
        if letter not in 'TZCYXSAPRHEQ':
            raise OmeXmlError(f'axes {axes!r}: {letter!r} is unknown to OME')
        if axes.count(letter) > 1:
            raise OmeXmlError(f'axes {axes!r}: more than one {letter!r}')
    if len(axes) > 8 + ('S' in axes):
        raise OmeXmlError(f'{len(axes)} dimensions are too many')
    return axes


def _modulo_axes(axes: str) -> tuple[dict[str, str], dict[int, str]]:
    """Give each modulo axis a parent: the T, Z or C before it, else the next unused one."""
    modulo: dict[str, str] = {}
    parents: dict[int, str] = {}
    free = [letter for letter in 'TZC' if letter not in axes]
    for index, letter in enumerate(axes):
        if letter not in MODULO_TYPES:
            continue
        before = axes[index - 1] if index else ''
        if before in 'TZC' and before and before not in modulo:
            parent = before
        elif free:
            parent = free.pop(0)
        else:
            raise OmeXmlError(f'axes {axes!r}: no dimension is left for {letter!r}')
        modulo[parent] = letter
        parents[index] = parent
    return modulo, parents


def _dimension_order(axes: str, parents: Mapping[int, str], order: str | None) -> str:
    """Return the DimensionOrder that holds the axes, as T, Z and C only, in reverse."""
    plain = ''
    for index, letter in enumerate(axes):
        letter = parents.get(index, letter)
        if letter in 'TZC' and letter not in plain:
            plain += letter
    wanted = plain[::-1]
    if order is not None:
        if wanted and not _in_order(wanted, order):
            raise OmeXmlError(f'metadata DimensionOrder {order!r} does not match axes {axes!r}')
        return order
    for known in DIMENSION_ORDERS:
        if f'XY{wanted}' in known or wanted in known:
            return known
    raise OmeXmlError(f'axes {axes!r} fit no DimensionOrder')


def _in_order(letters: str, order: str) -> bool:
    places = [order.index(letter) for letter in letters]
    return places == sorted(places)
