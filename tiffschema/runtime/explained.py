"""Why series are of a kind, where axes and sizes of pixels came from, and which sources disagree.

Knows series; decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose
from typing import Any

from .assemble import held_kinds
from .coordinates import page_coordinates

__all__ = ['explain_series']

_NEAR = 1e-3
"""Relative difference of two sizes that mean the same."""


def explain_series(tif: Any) -> str:
    """Return a line for the choice of kind, each series and each of its axes that has a size."""
    lines = _choice(tif)
    for number, series in enumerate(tif.series):
        shape = 'x'.join(map(str, series.shape))
        name = f' {series.name!r}' if series.name else ''
        lines.append(f'series {number}: {series.kind}{name}, {shape} {series.dtype} {series.axes}')
        if series.source:
            lines.append(f'  axes: from {series.source}')
        lines += (f'  {line}' for line in _axes(series))
    if tif.faults:
        lines.append(f'{len(tif.faults)} faults: see faults')
    return '\n'.join(lines)


def _choice(tif: Any) -> list[str]:
    """Return which kind the series are of, and what else the file might have been read as."""
    if not tif.series:
        return []
    chosen = tif.series[0].kind
    if tif.series.kind is not None:
        return [f'kind of series: {chosen}, as asked for']
    held = held_kinds(tif)
    place = held.index(chosen) if chosen in held else len(held)
    before, behind = held[:place], [kind for kind in held[place + 1 :] if kind != 'generic']
    line = f'kind of series: {chosen}'
    if before:
        line += f'; tried before, without series: {", ".join(before)}'
    if behind:
        line += f'; holds too, later in the order of kinds: {", ".join(behind)}'
    return [line]


def _axes(series: Any) -> Iterator[str]:
    known = series.coordinates
    tags = page_coordinates(series.keyframe)
    sizes = series.pixel_sizes
    for axis in dict.fromkeys(series.axes):
        unit = known.units.get(axis, '')
        source = known.source.get(axis, '')
        if axis in known.arrays:
            yield (
                f'{axis}: {len(known.arrays[axis])} coordinates {unit}'.rstrip()
                + f', from {source}'
            )
        elif axis in known.scales and (unit or source not in ('XResolution', 'YResolution')):
            yield (
                f'{axis}: {known.scales[axis]:g} {unit} a step'.replace('  ', ' ')
                + f', from {source}'
            )
        else:
            continue
        other = tags.pixel_size(axis)
        if axis not in sizes or other is None or other.source == source:
            continue
        if not isclose(sizes[axis].metres, other.metres, rel_tol=_NEAR):
            # Resolution tags often say how large to print; metadata speak of the object.
            yield f'{axis}: {other.source} says {other.metres:g} m, and is not followed'
