"""Which items of ImageJ metadata are lines of the description, and which go to tag IJMetadata.

Knows names; the block is built by the schema ``vendor/imagej``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tiffschema.model.directory import codec
from tiffschema.model.tagstructs import ValueBinding, value_binding
from tiffschema.model.tagtable import tag_tables
from tiffschema.types import ByteOrder

__all__ = ['imagej_metadata_tag', 'split_metadata']

BLOCKS: dict[str, str] = {
    'info': 'Info',
    'labels': 'Labels',
    'ranges': 'Ranges',
    'luts': 'LUTs',
    'plot': 'Plot',
    'roi': 'ROI',
    'overlays': 'Overlays',
    'properties': 'Properties',
    'prop': 'Properties',
}
"""Items of tag IJMetadata by lower-case name, in the order ImageJ writes them."""

_BYTE = 1
IGNORED = frozenset({'images', 'channels', 'slices', 'frames', 'scifio'})


def split_metadata(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the items of tag IJMetadata, and those of the description.

    Example:
        >>> split_metadata({'Labels': ['a'], 'unit': 'um', 'images': 3})
        ({'Labels': ['a']}, {'unit': 'um'})
    """
    blocks: dict[str, Any] = {}
    lines: dict[str, Any] = {}
    for key, value in metadata.items():
        name = BLOCKS.get(key.lower())
        if name is not None and value is not None:
            blocks[name] = _block(name, value)
        elif key.lower() not in IGNORED and name is None:
            lines[key] = value
    ordered = dict.fromkeys(BLOCKS.values())
    return {name: blocks[name] for name in ordered if name in blocks}, lines


def imagej_metadata_tag(
    metadata: Mapping[str, Any], byteorder: ByteOrder, /
) -> tuple[tuple[int, int, int, bytes, bool], ...]:
    """Return the tags IJMetadata and IJMetadataByteCounts for argument ``extratags``.

    Parameters:
        metadata: Items by name: ``Info`` (text), ``Labels`` (texts), ``Ranges`` (numbers), ``LUTs``
            (uint8 arrays of shape (3, 256)), ``ROI``, ``Overlays`` and ``Plot`` (bytes),
            ``Properties`` (dictionary). Others are passed over.
        byteorder: ``'<'`` or ``'>'``, that of the file.

    Raises:
        ValueError: An item does not have that form, or the byte order is unknown.

    Example:
        >>> [tag[:3] for tag in imagej_metadata_tag({'Info': 'text'}, '<')]
        [(50839, 1, 20), (50838, 4, 2)]
    """
    if byteorder not in ('<', '>'):
        raise ValueError(f"byteorder {byteorder!r} is neither '<' nor '>'")
    blocks, _ = split_metadata(metadata)
    if not blocks:
        return ()
    built = _binding().build(blocks, byteorder, type_size=1)
    words = codec('classic', byteorder)
    tags = [(tag_tables['tiff']['IJMetadata'].code, _BYTE, built.count, built.at(0), True)]
    for code, values in built.partners.items():
        kind, count, data = words.encode_value(tag_tables['tiff'][code], None, tuple(values))
        tags.append((code, kind, count, data, True))
    return tuple(tags)


def _binding() -> ValueBinding:
    found = value_binding(tag_tables['tiff']['IJMetadata'])
    assert found is not None
    return found


def _block(name: str, value: Any) -> Any:
    try:
        return _block_value(name, value)
    except (TypeError, ValueError) as error:
        raise ValueError(f'metadata {name}: {value!r:.40} cannot be stored: {error}') from error


def _block_value(name: str, value: Any) -> Any:
    if name == 'Info':
        return str(value)
    if name in ('Labels', 'Properties'):
        if isinstance(value, Mapping):
            return [str(text) for pair in value.items() for text in pair]
        return [value] if isinstance(value, str) else [str(text) for text in value]
    if name == 'Ranges':
        return np.asarray(value, 'float64').reshape(-1)
    if name == 'LUTs':
        tables = [np.asarray(table, 'uint8') for table in value]
        for table in tables:
            if table.shape != (3, 256):
                raise ValueError(f'shape {table.shape} is not (3, 256)')
        return tables
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return [bytes(memoryview(item)) for item in value]  # bytes(5) would be five zeros
