"""Zarr metadata of arrays and multiscale groups, versions 3 and 2, as dictionaries.

Knows JSON documents of Zarr and OME-NGFF; imports no Zarr library, reads no files.

Source: Zarr core specification 3.0; Zarr storage specification 2; OME-NGFF 0.4 and 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ['array_v2', 'array_v3', 'dump_fill', 'group_v2', 'group_v3', 'load_fill',
           'multiscales', 'ngff_axes']  # fmt: skip

_SPACE, _CHANNEL = 'XYZ', 'CS'
_UNITS = {'micron': 'micrometer', 'um': 'micrometer', '\u00b5m': 'micrometer', 'nm': 'nanometer',
          'mm': 'millimeter', 'cm': 'centimeter', 's': 'second', 'ms': 'millisecond'}  # fmt: skip


def dump_fill(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return a fill value as JSON has it.

    Example:
        >>> dump_fill(float('nan'), np.dtype('f4'))
        'NaN'
    """
    if dtype.kind == 'b':
        return bool(value)
    if dtype.kind in 'iu':
        return int(value)
    if dtype.kind == 'c':
        part = np.dtype('f8')
        return [dump_fill(complex(value).real, part), dump_fill(complex(value).imag, part)]
    number = float(value)
    if math.isnan(number):
        return 'NaN'
    if math.isinf(number):
        return 'Infinity' if number > 0 else '-Infinity'
    return number


def load_fill(value: Any) -> Any:
    """Return a fill value from JSON.

    Example:
        >>> load_fill([0.0, 'Infinity'])
        infj
    """
    if isinstance(value, list | tuple):
        return complex(*(float(part) for part in value))
    return float(value) if isinstance(value, str) else value


def array_v3(
    shape: Sequence[int],
    chunks: Sequence[int],
    dtype: np.dtype[Any],
    fillvalue: Any,
    *,
    codecs: Sequence[Mapping[str, Any]] | None = None,
    dimension_names: Sequence[str] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the ``zarr.json`` of an array."""
    if codecs is None:
        codecs = [{'name': 'bytes', 'configuration': {'endian': 'little'}}]
    return {
        'zarr_format': 3,
        'node_type': 'array',
        'shape': list(shape),
        'data_type': dtype.name,
        'chunk_grid': {'name': 'regular', 'configuration': {'chunk_shape': list(chunks)}},
        'chunk_key_encoding': {'name': 'default', 'configuration': {'separator': '/'}},
        'fill_value': dump_fill(fillvalue, dtype),
        'codecs': [dict(codec) for codec in codecs],
        'attributes': dict(attributes or {}),
        'dimension_names': None if dimension_names is None else list(dimension_names),
        'storage_transformers': [],
    }


def group_v3(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``zarr.json`` of a group."""
    return {'zarr_format': 3, 'node_type': 'group', 'attributes': dict(attributes)}


def array_v2(
    shape: Sequence[int],
    chunks: Sequence[int],
    dtype: np.dtype[Any],
    fillvalue: Any,
    *,
    compressor: Mapping[str, Any] | None = None,
    filters: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the ``.zarray`` of an array; `dtype` is in the byte order of the stored samples."""
    return {
        'zarr_format': 2,
        'shape': list(shape),
        'chunks': list(chunks),
        'dtype': dtype.str,
        'compressor': None if compressor is None else dict(compressor),
        'fill_value': dump_fill(fillvalue, dtype),
        'filters': [dict(each) for each in filters] or None,
        'order': 'C',
    }


def group_v2() -> dict[str, Any]:
    """Return the ``.zgroup`` of a group."""
    return {'zarr_format': 2}


def ngff_axes(axes: str, units: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the axes of a multiscale image.

    Example:
        >>> ngff_axes('TY', {'Y': 'um'})
        [{'name': 'T', 'type': 'time'}, {'name': 'Y', 'type': 'space', 'unit': 'micrometer'}]
    """
    found = []
    for axis in axes:
        entry = {'name': axis}
        if axis in _SPACE:
            entry['type'] = 'space'
        elif axis == 'T':
            entry['type'] = 'time'
        elif axis in _CHANNEL:
            entry['type'] = 'channel'
        if units.get(axis):
            entry['unit'] = _UNITS.get(units[axis], units[axis])
        found.append(entry)
    return found


def multiscales(
    levels: Sequence[tuple[str, Sequence[int]]],
    axes: str,
    name: str,
    *,
    scales: Mapping[str, float],
    offsets: Mapping[str, float],
    units: Mapping[str, str],
    version: str | None = None,
) -> dict[str, Any]:
    """Return the entry of ``multiscales`` for the levels of a pyramid.

    Parameters:
        levels: Path and shape of each level, from the full size on.
        axes: Letters of the axes.
        name: Of the image.
        scales, offsets, units: Of the full size by axis.
        version: Written into the entry; in OME-NGFF 0.5 it stands elsewhere.
    """
    base = levels[0][1]
    datasets = []
    for path, shape in levels:
        ratio = [full / size if size else 1.0 for full, size in zip(base, shape, strict=True)]
        scale = [scales.get(axis, 1.0) * each for axis, each in zip(axes, ratio, strict=True)]
        transforms: list[dict[str, Any]] = [{'type': 'scale', 'scale': scale}]
        if any(offsets.get(axis) for axis in axes):
            shift = [float(offsets.get(axis, 0.0)) for axis in axes]
            transforms.append({'type': 'translation', 'translation': shift})
        datasets.append({'path': path, 'coordinateTransformations': transforms})
    entry = {'axes': ngff_axes(axes, units), 'datasets': datasets, 'name': name}
    return entry if version is None else {**entry, 'version': version}
