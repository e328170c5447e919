"""Declared sizes of pixels: where the metadata of a kind say them (section ``calibration:``).

Knows metadata as mappings and numbers; reads nothing. It serves kinds whose series are plain
stacks: their format says how large a pixel is, and nothing else of the axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any

import numpy as np

from tiffschema.errors import SchemaError
from tiffschema.limits import DEFAULT_LIMITS

from . import catalog

__all__ = ['Calibration', 'calibration_kinds', 'calibration_rule', 'parse_calibration']

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """One place where the coordinates of an axis may stand.

    Parameters:
        place: Of the step, or of all coordinates.
        is_step: Which of both it is.
        unit: Name of the unit, or the place of that name.
        spatial: The axis is one of the object; else coordinates are given one by one, as nothing is
            the size of a pixel.
    """

    place: Path
    is_step: bool
    unit: str | Path
    spatial: bool


class Calibration:
    """Coordinates by axis that the metadata of one kind hold.

    Parameters:
        name: Kind.
        ways: By axis, the places that are asked in order.
    """

    def __init__(self, name: str, ways: Mapping[str, tuple[_Way, ...]]) -> None:
        self.name = name
        self.ways = ways

    def __call__(
        self, metadata: Any, sizes: Mapping[str, int]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return coordinates, as (offset, step) or all of them, and units by axis.

        Parameters:
            metadata: Of the file; what is not there, or no size, is passed over.
            sizes: Length of each axis.
        """
        coords: dict[str, Any] = {}
        units: dict[str, str] = {}
        for axis, ways in self.ways.items():
            for way in ways if axis in sizes else ():
                value = _at(metadata, way.place)
                found = _step(value) if way.is_step else _values(value, sizes[axis])
                if found is None:
                    continue
                if way.is_step and not way.spatial:
                    if sizes[axis] > DEFAULT_LIMITS.items:
                        continue
                    found = np.arange(sizes[axis]) * found[1]
                coords[axis] = found
                unit = way.unit if isinstance(way.unit, str) else _at(metadata, way.unit)
                if isinstance(unit, str) and unit.strip():
                    units[axis] = unit.strip()
                break
        return coords, units


def _at(value: Any, place: Path) -> Any:
    """Return what lies at a place, None if there is no such place."""
    for part in place:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(part, int):
            value = value[part] if part < len(value) else None
        else:
            return None
    return value


def _step(value: Any) -> tuple[float, float] | None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    try:
        step = float(value)
    except OverflowError:
        return None
    return (0.0, step) if isfinite(step) and step > 0 else None


def _values(value: Any, size: int) -> Any:
    if isinstance(value, list | tuple) and all(isinstance(one, int | float) for one in value):
        value = np.asarray(value)
    values = value if isinstance(value, np.ndarray) else None
    if values is None or values.shape != (size,) or values.dtype.kind not in 'iuf':
        return None
    return values


def parse_calibration(view: catalog.SchemaView, raw: Mapping[str, Any]) -> dict[str, Calibration]:
    """Return the rules of a schema's section ``calibration:`` by kind.

    Raises:
        SchemaError: A rule is wrong.
    """
    found = {}
    for name, axes in raw.items():
        path = f'calibration.{name}'
        if not isinstance(axes, Mapping):
            raise SchemaError('needs a mapping of axes', file=view.file, field=path)
        ways = {}
        for axis, declared in axes.items():
            items = declared if isinstance(declared, list | tuple) else [declared]
            ways[str(axis)] = tuple(_way(item, f'{path}.{axis}', view.file) for item in items)
        found[str(name)] = Calibration(str(name), ways)
    return found


def _way(raw: object, path: str, file: str) -> _Way:
    form = 'needs {step: place, unit: name or place} or {values: place, unit: name or place}'
    if not isinstance(raw, Mapping) or set(raw) - {'step', 'values', 'unit', 'spatial'}:
        raise SchemaError(form, file=file, field=path)
    if ('step' in raw) == ('values' in raw):
        raise SchemaError(form, file=file, field=path)
    unit = raw.get('unit', '')
    return _Way(
        _place(raw.get('step', raw.get('values')), path, file),
        'step' in raw,
        unit if isinstance(unit, str) else _place(unit, path, file),
        raw.get('spatial') is not False,
    )


def _place(raw: object, path: str, file: str) -> Path:
    parts = raw if isinstance(raw, list | tuple) else [raw]
    if not parts or not all(isinstance(part, str | int) for part in parts):
        raise SchemaError(f'{raw!r} is no place in metadata', file=file, field=path)
    return tuple(parts)


@cache
def calibration_kinds() -> tuple[str, ...]:
    """Return the kinds whose metadata say how large pixels are."""
    return tuple(name for raw in catalog.section('calibration').values() for name in raw)


@cache
def calibration_rule(name: str) -> Calibration:
    """Return the rule of a kind.

    Raises:
        KeyError: No schema has one.
    """
    for id, raw in catalog.section('calibration').items():
        if name in raw:
            return parse_calibration(catalog.view(id), {name: raw[name]})[name]
    raise KeyError(name)


def _forget(id: str) -> None:
    calibration_kinds.cache_clear()
    calibration_rule.cache_clear()


catalog.watch(_forget)
