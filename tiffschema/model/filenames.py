"""Positions in a stack from names of files, and how stacks of images tile larger ones.

Knows names, numbers and shapes; opens nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod

from tiffschema.model.axes import AXES_CODES

__all__ = ['EXTENSIONS', 'PATTERNS', 'TiledSequence', 'natural_sorted', 'parse_filenames']

EXTENSIONS = (
    'tif', 'tiff', 'ome.tif', 'lsm', 'stk', 'qpi', 'pcoraw', 'qptiff', 'ptiff', 'ptif', 'gel',
    'seq', 'svs', 'avs', 'scn', 'zif', 'ndpi', 'bif', 'tf8', 'tf2', 'btf', 'eer',
)  # fmt: skip
"""Ends of the names of files that are TIFF, or like it."""

_AXES_PAIR = r'_?(?:(q|l|p|a|c|t|x|y|z|ch|tp)(\d{1,4}))'
_AT_THE_END = r'(?=(?:\.[^/\\]*)?\Z)'
PATTERNS: Mapping[str, str] = {
    'axes': r'(?i)' + _AXES_PAIR + f'{_AXES_PAIR}?' * 6 + _AT_THE_END,
}
"""Named patterns: ``axes`` reads the ends of names of Olympus OIF and Leica TIFF files."""


def natural_sorted(iterable: Iterable[str], /) -> list[str]:
    """Return texts sorted with the numbers in them compared as numbers.

    Parameters:
        iterable: Texts.

    Example:
        >>> natural_sorted(['f10', 'f2', 'f1'])
        ['f1', 'f2', 'f10']
    """

    def key(text: str) -> list[tuple[int, int, str]]:
        parts = re.split(r'(\d+)', str(text))
        return [(0, int(p), '') if p.isdigit() else (1, 0, p) for p in parts]

    return sorted(iterable, key=key)


def parse_filenames(
    files: Sequence[str],
    /,
    pattern: str | re.Pattern[str] | None = None,
    axesorder: Sequence[int] | None = None,
    categories: Mapping[str, Mapping[str, int]] | None = None,
    *,
    _shape: Sequence[int] | None = None,
) -> tuple[tuple[str, ...], tuple[int, ...], list[tuple[int, ...]], Sequence[str]]:
    """Return dimension names, shape, zero-based indices and the files of a stack.

    Parameters:
        files: Names of files.
        pattern: Regular expression that is searched in each name, or a key of `PATTERNS`; a group
            is an index, named or preceded by a group that holds its name.
        axesorder: Order of the axes, a permutation.
        categories: Numbers of texts, per axis.
        _shape: Of the whole stack; numbers in names then are places, counted from 0. By default
            the smallest numbers are the first places.

    Raises:
        ValueError: A name does not match, or the names do not fit together; there is a pattern,
            but no name.

    Example:
        >>> parse_filenames(['a.tif', 'b.tif'])[:3]
        (('I',), (2,), [(0,), (1,)])
        >>> parse_filenames(['c1t1.tif', 'c2t3.tif'], r'(c)(\\d)(t)(\\d)')[:3]
        (('c', 't'), (2, 3), [(0, 0), (1, 2)])
    """
    if pattern is None:
        if axesorder is not None and tuple(axesorder) != (0,):
            raise ValueError('axesorder needs a pattern')
        count = len(files)
        return ('I',), (count,), [(i,) for i in range(count)], files
    if not files:
        raise ValueError('files: there is none')
    compiled = re.compile(PATTERNS.get(pattern, pattern)) if isinstance(pattern, str) else pattern
    prefix = os.path.dirname(files[0]) if len(files) == 1 else _common(files)
    labels: tuple[str, ...] | None = None
    found: list[tuple[int, ...]] = []
    for file in files:
        name = file[len(prefix) :].lstrip('/\\') if prefix else file
        names, numbers = _match(name, compiled, categories or {})
        if labels is not None and names != labels:
            raise ValueError(f'{name}: its axes {names} are not {labels}')
        labels = names
        found.append(numbers)
    assert labels is not None
    if axesorder is not None:
        order = tuple(axesorder)
        if sorted(order) != list(range(len(labels))):
            raise ValueError(f'axesorder {order} is no permutation of {len(labels)} axes')
        labels = tuple(labels[i] for i in order)
        found = [tuple(numbers[i] for i in order) for numbers in found]
    least = [min(column) for column in zip(*found, strict=True)]
    parsed = tuple(
        max(column) - low + 1 for column, low in zip(zip(*found, strict=True), least, strict=True)
    )
    if _shape is not None:
        # The shape of the whole stack is known, so numbers are places in it, counted from 0.
        largest = tuple(max(column) for column in zip(*found, strict=True))
        if len(_shape) != len(largest) or any(
            size <= number for size, number in zip(_shape, largest, strict=True)
        ):
            raise ValueError(f'shape {tuple(_shape)} does not hold {largest}')
        parsed = tuple(int(length) for length in _shape)
        least = [0] * len(parsed)
    indices = [
        tuple(number - low for number, low in zip(numbers, least, strict=True)) for numbers in found
    ]
    return labels, parsed, indices, files


def _common(files: Sequence[str]) -> str:
    try:
        return os.path.commonpath(files)
    except ValueError:
        return ''


def _match(
    name: str, pattern: re.Pattern[str], categories: Mapping[str, Mapping[str, int]]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return labels and numbers of one name."""
    match = pattern.search(name)
    if match is None:
        raise ValueError(f'{name}: does not match the pattern')
    named = {index: label for label, index in pattern.groupindex.items()}
    labels: list[str] = []
    numbers: list[int] = []
    pending = ''
    for index, text in enumerate(match.groups(), 1):
        if text is None:
            continue
        label = named.get(index, '')
        if not label and text[:1].isalpha():
            pending = text
            continue
        label = label or pending or 'Q'
        pending = ''
        try:
            number = categories[label][text] if label in categories else int(text)
        except (KeyError, ValueError):
            raise ValueError(f'{name}: {text!r} is no index of axis {label!r}') from None
        labels.append(label)
        numbers.append(number)
    if not labels:
        raise ValueError(f'{name}: the pattern gives no index')
    return tuple(labels), tuple(numbers)


def dimension_code(name: str) -> str:
    """Return the axis letter of a dimension name.

    Example:
        >>> dimension_code('channel'), dimension_code('tp'), dimension_code('z')
        ('C', 'T', 'Z')
    """
    return AXES_CODES.get(name) or AXES_CODES.get(name.lower()) or name[:1].upper()


class TiledSequence:
    """Index arithmetic of a stack of equal chunks, some axes of which tile axes of the chunks.

    Parameters:
        stackshape: Shape of the stack.
        chunkshape: Shape of each chunk.
        axestiled: Stack axis to chunk axis that it tiles.
        axes: Letters of stack and chunk axes.

    Raises:
        ValueError: An axis is tiled twice or is not there.

    Example:
        >>> tiled = TiledSequence((1, 2), (4, 5), axestiled={1: 1})
        >>> tiled.shape, tiled.slices((0, 1))
        ((1, 4, 10), (0, slice(0, 4, None), slice(5, 10, None)))
    """

    def __init__(
        self,
        stackshape: Sequence[int],
        chunkshape: Sequence[int],
        /,
        *,
        axestiled: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
        axes: str | None = None,
    ) -> None:
        self.stackdims = len(stackshape)
        self.chunkdims = len(chunkshape)
        self.stackshape = tuple(int(length) for length in stackshape)
        self.chunkshape = tuple(int(length) for length in chunkshape)
        tiled = dict(axestiled or {})
        for stack, chunk in tiled.items():
            if not (0 <= stack < self.stackdims and 0 <= chunk < self.chunkdims):
                raise ValueError(f'axestiled: no axes {stack} and {chunk}')
        if len(set(tiled.values())) != len(tiled):
            raise ValueError('axestiled: a chunk axis is tiled twice')
        self._tiled = tiled
        self._kept = [axis for axis in range(self.stackdims) if axis not in tiled]
        by_chunk = {chunk: stack for stack, chunk in tiled.items()}
        self._by_chunk = by_chunk
        stacked = [self.stackshape[axis] for axis in self._kept]
        image = [
            length * (self.stackshape[by_chunk[axis]] if axis in by_chunk else 1)
            for axis, length in enumerate(self.chunkshape)
        ]
        self.shape = (*stacked, *image)
        self.chunks = (*(1 for _ in stacked), *self.chunkshape)
        self.shape_squeezed = self.shape
        self.axes: str | None = None
        if axes:
            if len(axes) != self.stackdims + self.chunkdims:
                raise ValueError(f'axes {axes!r} do not fit {self.stackdims + self.chunkdims} axes')
            self.axes = ''.join(axes[axis] for axis in self._kept) + axes[self.stackdims :]
        self.axes_squeezed = self.axes

    @property
    def is_tiled(self) -> bool:
        """Whether an axis is tiled."""
        return bool(self._tiled)

    @property
    def ndim(self) -> int:
        """Number of axes of the result."""
        return len(self.shape)

    def indices(self, indices: Iterable[Sequence[int]], /) -> Iterator[tuple[int, ...]]:
        """Yield the indices of chunks for indices of the stack.

        Parameters:
            indices: For each file its index in the stack.
        """
        for index in indices:
            place = [index[axis] for axis in self._kept]
            image = [
                index[self._by_chunk[axis]] if axis in self._by_chunk else 0
                for axis in range(self.chunkdims)
            ]
            yield (*place, *image)

    def slices(self, indices: Sequence[int] | None = None, /) -> tuple[int | slice, ...]:
        """Return where the chunk of a stack index lies in the result.

        Parameters:
            indices: Index of a file in the stack; None for the first.
        """
        if indices is None:
            return tuple(slice(None) for _ in self.shape)
        place: list[int | slice] = [int(indices[axis]) for axis in self._kept]
        for axis, length in enumerate(self.chunkshape):
            start = int(indices[self._by_chunk[axis]]) * length if axis in self._by_chunk else 0
            place.append(slice(start, start + length))
        return tuple(place)

    def __repr__(self) -> str:
        """Return the shape."""
        return f'<TiledSequence {self.shape}, {prod(self.stackshape)} chunks>'
