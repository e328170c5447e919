"""Tags as fields of directory templates: the writer's own, and those of users.

Knows tag tables and packing of values by `tiffschema.model.directory`; no files.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from tiffschema.errors import BuildError, logger
from tiffschema.model.directory import DirectoryCodec, Entry
from tiffschema.model.enums import enum
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagstructs import BuiltValue, value_binding
from tiffschema.model.tagtable import TagRow, tag_tables

from .arguments import extra_items, tag_text
from .layout import Field
from .plan import TagValue

__all__ = [
    'declared_block', 'declared_value', 'extra_tags', 'field_of', 'fields_of', 'fieldtype_code',
    'is_owned', 'tag_code',
]  # fmt: skip

ASCII, LONG, UNDEFINED, LONG8 = 2, 4, 7, 16
RATIONALS = frozenset({5, 10})
LETTERS = {
    'B': 1, 's': 2, 'H': 3, 'I': 4, '2I': 5, 'b': 6, 'h': 8, 'i': 9, '2i': 10, 'f': 11, 'd': 12,
    'Q': 16, 'q': 17,
}  # fmt: skip


def is_owned(code: int) -> bool:
    """Return whether only the writer knows how to write a tag, as the tag is declared."""
    return any(row.owner == 'writer' for row in tag_tables['tiff'].rows(code))


def tag_code(key: int | str, argument: str = 'extratags') -> int:
    """Return the code of a tag given by code or name.

    Raises:
        ValueError: No table names such a tag.
    """
    if isinstance(key, str):
        row = tag_tables['tiff'].get(key)
        if row is None:
            raise ValueError(f'{argument}: there is no tag {key!r}')
        return int(row.code)
    try:
        code = operator.index(key)
    except TypeError:
        raise ValueError(f'{argument}: {key!r} is neither the code nor the name of a tag') from None
    if not 0 <= code < 1 << 16:
        raise ValueError(f'{argument}: code {code} is not between 0 and 65535')
    return code


def fieldtype_code(value: Any, argument: str = 'extratags') -> int:
    """Return the code of a field type given by number, member, name or letter.

    Raises:
        ValueError: There is no such type.
    """
    if isinstance(value, str):
        letter = value.removeprefix('1').lstrip('<>=')
        if letter in LETTERS:
            return LETTERS[letter]
        try:
            return int(enum('DATATYPE')[value.upper()].value)
        except KeyError:
            raise ValueError(f'{argument}: {value!r} is no field type') from None
    try:
        code = int(value)
    except TypeError:
        raise ValueError(f'{argument}: {value!r} is no field type') from None
    if code not in FIELD_TYPES:
        raise ValueError(f'{argument}: {value!r} is no field type')
    return code


def fields_of(codec: DirectoryCodec, tags: Iterable[TagValue], *, first: bool) -> list[Field]:
    """Return the fields of a page.

    Parameters:
        codec: Shape and byte order of the file.
        tags: Tags of the series.
        first: The page is the first one, which alone holds the write-once tags.
    """
    return [field_of(codec, tag) for tag in tags if first or not tag.once]


def field_of(codec: DirectoryCodec, tag: TagValue) -> Field:
    """Return the field of one tag, its value packed.

    Raises:
        ValueError: The value does not fit the type.
    """
    value = tag.value
    if isinstance(value, BuiltValue):
        fieldtype = tag.fieldtype or UNDEFINED
        # What is short would lie in the entry, where its offset has to be.
        slack = max(0, codec.inline + 1 - value.size) if value.far else 0
        return Field(tag.code, fieldtype, value.count, value.at(0), slack, patches=value)
    if isinstance(value, str):
        value = tag_text(value, f'tag {tag.code}')
    if isinstance(value, (bytes, bytearray, memoryview)) and tag.fieldtype is not None:
        return _bytes_field(tag, bytes(value))
    if isinstance(value, (int, tuple)) and tag.fieldtype not in RATIONALS:
        try:
            return _number_field(codec, tag)
        except TypeError:  # a tuple of lists has no hash
            pass
    return _encoded_field(codec, tag)


@lru_cache(maxsize=1024)
def _number_field(codec: DirectoryCodec, tag: TagValue) -> Field:
    # Pages of one kind share most of their numbers.
    return _encoded_field(codec, tag)


def _encoded_field(codec: DirectoryCodec, tag: TagValue) -> Field:
    row = tag_tables['tiff'].get(tag.code)
    fieldtype, count, data = codec.encode_value(row, tag.fieldtype, tag.value)
    return Field(tag.code, fieldtype, count, data, tag.slack)


def _bytes_field(tag: TagValue, data: bytes) -> Field:
    fieldtype = tag.fieldtype
    assert fieldtype is not None
    if fieldtype == ASCII:
        if not data.endswith(b'\0'):
            data += b'\0'
        return Field(tag.code, ASCII, len(data), data, tag.slack)
    size = FIELD_TYPES[fieldtype].size
    if len(data) % size:
        raise ValueError(f'tag {tag.code}: {len(data)} bytes are no multiple of {size}')
    return Field(tag.code, fieldtype, len(data) // size, data, tag.slack)


def extra_tags(codec: DirectoryCodec, given: Iterable[Any], taken: Iterable[int]) -> list[TagValue]:
    """Return the tags of argument ``extratags``.

    Parameters:
        codec: Shape and byte order of the file.
        given: Five-tuples (code, dtype, count, value, writeonce), also without the last; or pairs
            (name or code, value), whose type comes from the tag's row.
        taken: Codes which the writer writes itself; these are left out, with a message.

    Raises:
        ValueError: A tuple is not understood, or a value does not fit.
    """
    taken = frozenset(taken)
    tags: list[TagValue] = []
    for item in extra_items(given):
        code = tag_code(item[0])
        if code in taken or is_owned(code):
            logger().warning('extratags: tag %d is written by the writer itself', code)
            continue
        if len(item) == 2:
            found = _pair(codec, code, item[1])
        else:
            once = bool(item[4]) if len(item) == 5 else False
            if _is_block(item[3]):
                # The row of the tag says how such a value is stored, and how many it counts as.
                found = [replace(tag, once=once) for tag in _pair(codec, code, item[3])]
            else:
                found = [_quintuple(code, item[1], item[2], item[3], once)]
        for tag in found:
            try:
                field = field_of(codec, tag)
            except (BuildError, OverflowError, TypeError) as error:
                raise ValueError(f'extratags {tag.code}: {error}') from error
            wrong = len(item) > 2 and item[2] and int(item[2]) != field.count
            if wrong and field.fieldtype in RATIONALS and not isinstance(tag.value, bytes):
                raise ValueError(
                    f'extratags {code}: count {item[2]} is not that of the value, {field.count}'
                )
        tags += found
    return tags


def _quintuple(code: int, dtype: Any, count: Any, value: Any, once: bool) -> TagValue:
    fieldtype = fieldtype_code(dtype)
    kind = FIELD_TYPES[fieldtype]
    if fieldtype == ASCII:
        if isinstance(value, (bytearray, memoryview)):
            value = bytes(value)
        return TagValue(code, fieldtype, tag_text(value, f'extratags {code}'), once)
    if isinstance(value, (bytes, bytearray)):
        return TagValue(code, fieldtype, bytes(value), once)
    if fieldtype in RATIONALS:
        return TagValue(code, fieldtype, _rationals(value, count), once)
    array = np.atleast_1d(np.asarray(value))
    if array.dtype.kind not in 'buif':
        raise ValueError(f'extratags {code}: {value!r} is no number of type {kind.name}')
    if count and int(count) != array.size:
        raise ValueError(f'extratags {code}: count {count} is not that of the value, {array.size}')
    return TagValue(code, fieldtype, tuple(array.reshape(-1).tolist()), once)


def _rationals(value: Any, count: Any) -> Any:
    """Return numbers as fractions where they are as many as the values; pairs stay as they are."""
    items = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(items, int | np.integer):
        return Fraction(int(items))
    if not isinstance(items, list | tuple):
        return items
    whole = all(isinstance(item, int | np.integer) for item in items)
    if whole and count and len(items) == int(count):
        return [Fraction(int(item)) for item in items]
    return list(items)


def _is_block(value: Any) -> bool:
    """Return whether a value is a record, or the fields of one by name."""
    return isinstance(value, Mapping) or hasattr(value, '_fields')


def declared_block(codec: DirectoryCodec, row: TagRow, value: Any) -> TagValue | None:
    """Return a tag whose value is given as a record or mapping, None for all other values.

    Raises:
        ValueError: The value cannot be built.
    """
    return declared_value(codec, row, value) if _is_block(value) else None


def declared_value(codec: DirectoryCodec, row: TagRow, value: Any) -> TagValue | None:
    """Return a tag whose value is a declared block, text or directory, None for plain values.

    Parameters:
        codec: Shape and byte order of the file.
        row: The tag.
        value: Record or mapping, values by name for a directory; bytes are written as they are.

    Raises:
        ValueError: The value cannot be built.
    """
    binding = value_binding(row)
    # Offsets have the width of the file's.
    offset = LONG8 if codec.is_big else LONG
    if binding is None and row.space is not None and isinstance(value, Mapping):
        return TagValue(row.code, offset, _directory(codec, row.space, value))
    if binding is None or isinstance(value, (bytes, bytearray)):
        return None
    fieldtype = offset if binding.at_value else row.types[0]
    try:
        size = FIELD_TYPES[fieldtype].size
        built = binding.build(value, codec.byteorder, type_size=size)
    except BuildError as error:
        raise ValueError(f'{row.name}: {error}') from error
    return TagValue(row.code, fieldtype, built)


def _directory(codec: DirectoryCodec, space: str, values: Mapping[str, Any]) -> BuiltValue:
    """Return a directory as the value of the tag that points to it.

    Raises:
        ValueError: The name space has no such tag, or a value does not fit it.
    """
    entries = []
    for name, value in values.items():
        row = tag_tables[space].get(name)
        if row is None:
            raise ValueError(f'{space} has no tag {name!r}')
        try:
            entries.append(Entry(row.code, *codec.encode_value(row, None, value)))
        except BuildError as error:
            raise ValueError(f'{name}: {error}') from error
    size = len(codec.build(entries, 0).data)
    return BuiltValue(1, size, lambda address: codec.build(entries, address).data)


def _pair(codec: DirectoryCodec, code: int, value: Any) -> list[TagValue]:
    """Return the tag, and with a vendor's block the partner tags which its builder fills."""
    row = tag_tables['tiff'].get(code)
    if row is None:
        raise ValueError(f'extratags: tag {code} is in no table; give dtype and count too')
    try:
        built = declared_value(codec, row, value)
    except ValueError as error:
        raise ValueError(f'extratags: {error}') from error
    if built is not None:
        partners = built.value.partners.items()
        return [built, *(TagValue(partner, None, values) for partner, values in partners)]
    if isinstance(value, str):
        value = tag_text(value, f'extratags {row.name}')
    if isinstance(value, (bytes, bytearray)):
        return [TagValue(code, FIELD_TYPES[row.types[0]].code, bytes(value))]
    return [TagValue(code, None, value)]
