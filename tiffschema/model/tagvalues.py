"""Values of tags, both ways: bytes in a file's byte order and what users see; no files, no pixels.

Conventions: one number is a scalar, more are a tuple, more than 1,024 an array; some tags are
always tuples; BYTE and UNDEFINED are bytes unless the tag holds numbers; rationals are flat pairs;
enumerated numbers become members, unknown ones stay numbers.
"""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tiffschema.compiler.library import schemas
from tiffschema.errors import BuildError, FormatError, LimitError, TruncatedError
from tiffschema.types import Buffer, ByteOrder, Faults

from .enums import enum
from .fieldtypes import FIELD_TYPES, FieldType
from .tagtable import TagRow
from .tagtext import (
    decode_coded_text,
    decode_text,
    encode_coded_text,
    encode_text,
    rational,
)

__all__ = ['decode_array', 'decode_value', 'encode_value']

ARRAY_THRESHOLD: Final = 1024
# Enumerations in which unknown numbers are so common that they are no fault.
_SILENT: Final = frozenset({'Compression', 'Predictor'})
_STRUCTS: Final = {
    'u1': 'u8', 'i1': 's8', 'u2': 'u16', 'i2': 's16', 'u4': 'u32', 'i4': 's32', 'u8': 'u64',
    'i8': 's64', 'f4': 'f32', 'f8': 'f64',
}  # fmt: skip


@cache
def _struct(numpy: str) -> Any:
    return schemas['tiff/values'].struct(_STRUCTS[numpy])


def decode_array(fieldtype: int, count: int, data: Buffer, byteorder: ByteOrder) -> NDArray[Any]:
    """Return all values as an array in the file's byte order, a view of `data`.

    Parameters:
        fieldtype: Code of the field type; rationals give two elements a value.
        count: Number of values.
        data: Their bytes, and perhaps more.
        byteorder: Of the file.

    Raises:
        FormatError: The field type is unknown.
        TruncatedError: There are fewer bytes than values.
    """
    kind = _fieldtype(fieldtype)
    if len(data) < count * kind.size:
        raise TruncatedError(f'{count} {kind.name} need {count * kind.size} bytes, has {len(data)}')
    args = {'count': count * kind.elements}
    values: NDArray[Any] = _struct(kind.numpy).parse(data, byteorder=byteorder, args=args).values
    return values


def _fieldtype(code: int) -> FieldType:
    try:
        return FIELD_TYPES[code]
    except KeyError:
        raise FormatError(f'field type {code} is unknown') from None


def decode_value(
    fieldtype: int,
    count: int,
    data: Buffer,
    byteorder: ByteOrder,
    row: TagRow | None = None,
    faults: Faults | None = None,
) -> Any:
    """Return the value of a tag from its bytes.

    Parameters:
        fieldtype: Code of the field type in the entry.
        count: Number of values in the entry.
        data: Their bytes.
        byteorder: Of the file.
        row: What is known of the tag; None for unknown tags.
        faults: Where to record what is odd about the value.

    Raises:
        FormatError: The field type is unknown.
        TruncatedError: There are fewer bytes than values.
    """
    kind = _fieldtype(fieldtype)
    result = 'auto' if row is None else row.result
    if result == 'bytes':
        return bytes(data)
    if kind.kind == 'text':
        text = decode_text(bytes(data[:count]))
        return _json(text, row, faults) if result == 'json' else text
    if kind.kind == 'bytes' and not (row is not None and row.is_numeric and result != 'json'):
        if len(data) < count:
            raise TruncatedError(f'{count} {kind.name} need {count} bytes, has {len(data)}')
        value = bytes(data[:count])
        if result == 'text':
            return decode_text(value)
        if result == 'coded_text':
            return decode_coded_text(value, byteorder)
        if row is not None and row.types and FIELD_TYPES[row.types[0]].kind == 'text':
            # Text of the wrong type is common; a reader of text wants text.
            value = value if faults is None else _noted(value, row, kind, faults)
        return _json(value, row, faults) if result == 'json' else value
    array = decode_array(fieldtype, count, data, byteorder)
    if result == 'colormap':
        return _colormap(array, faults)
    if result == 'array' or (len(array) > ARRAY_THRESHOLD and result != 'tuple'):
        return array.astype(array.dtype.newbyteorder('='), copy=False)
    values = array.tolist()
    if row is not None and row.enum is not None:
        values = [_member(row.enum, value, row, faults) for value in values]
    if len(values) == 1 and result != 'tuple':
        return values[0]
    return tuple(values)


def _noted(value: bytes, row: TagRow, kind: FieldType, faults: Faults) -> bytes:
    faults.append(FormatError(f'text of type {kind.name}', f'tag {row.code} {row.name}'))
    return value


def _member(name: str, value: Any, row: TagRow, faults: Faults | None) -> Any:
    kind = enum(name)
    try:
        return kind(value)
    except (ValueError, KeyError):
        if faults is not None and name not in _SILENT:
            faults.append(
                FormatError(f'{value} is no {kind.__name__}', f'tag {row.code} {row.name}')
            )
        return value


def _colormap(array: NDArray[Any], faults: Faults | None) -> NDArray[Any]:
    array = array.astype(array.dtype.newbyteorder('='), copy=False)
    colours, rest = divmod(len(array), 3)
    is_table = not rest and colours > 1
    # A transfer function may be one curve, whose length is a power of two as well.
    length = colours if is_table else len(array)
    if faults is not None and length & (length - 1):
        faults.append(FormatError(f'{len(array)} values are no table of three colours', 'tag'))
    return array.reshape(3, -1) if is_table else array


def _json(text: str | bytes, row: TagRow | None, faults: Faults | None) -> Any:
    from .text import parse_json

    try:
        return parse_json(text)
    except (FormatError, LimitError) as error:
        if faults is not None:
            path = 'tag' if row is None else f'tag {row.code} {row.name}'
            faults.append(FormatError(error.message, path))
        return text


# Building


def _fitting(values: Any, kind: FieldType, path: str = '') -> NDArray[Any]:
    """Return values as an array of the type's elements, refused where a number would change."""
    dtype = np.dtype(kind.numpy)
    try:
        array = np.asarray(values).reshape(-1)
    except ValueError as error:
        raise BuildError(f'no list of numbers: {error}', path) from None
    if array.dtype == dtype or array.size == 0:
        return array.astype(dtype)
    if dtype.kind in 'ui':
        if array.dtype.kind == 'f' and not bool(np.all(array == np.floor(array))):
            raise BuildError(f'{kind.name} holds whole numbers', path)
        if array.dtype.kind not in 'buifO':
            raise BuildError(f'{values!r:.80} are no numbers', path)
        bounds = np.iinfo(dtype)
        try:
            low, high = int(array.min()), int(array.max())
        except (TypeError, ValueError, OverflowError) as error:
            raise BuildError(f'{values!r:.80} are no numbers: {error}', path) from None
        if low < bounds.min or high > bounds.max:
            worst = low if low < bounds.min else high
            raise BuildError(f'{worst} does not fit {kind.name}', path)
    elif array.dtype.kind not in 'buif':
        raise BuildError(f'{values!r:.80} are no numbers', path)
    return array.astype(dtype)


def encode_value(
    row: TagRow | None,
    fieldtype: int | None,
    value: Any,
    byteorder: ByteOrder,
    *,
    big: bool = False,
) -> tuple[int, int, bytes]:
    """Return field type, count and bytes of a value.

    Parameters:
        row: What is known of the tag; gives the field type where none is given.
        fieldtype: Code of the field type, None to choose the first of the tag's types that holds
        the value. value: Text, bytes, numbers, fractions, dates, or sequences of these. Bytes for
            other types than BYTE and text are taken as packed.
        byteorder: Of the file.
        big: The file is BigTIFF: 64-bit types may be chosen.

    Raises:
        BuildError: No type holds the value.
    """
    path = 'tag' if row is None else f'tag {row.code} {row.name}'
    if row is not None and row.result == 'coded_text' and isinstance(value, str):
        value = encode_coded_text(value, byteorder)
    if fieldtype is not None:
        try:
            kind = FIELD_TYPES[int(fieldtype)]
        except KeyError:
            raise BuildError(f'field type {fieldtype} is unknown', path) from None
        count, data = _encode(kind, value, byteorder, path)
        return kind.code, count, data
    errors = []
    for code in _candidates(row, value, path):
        kind = FIELD_TYPES[code]
        if kind.size == 8 and kind.kind == 'number' and kind.numpy[0] != 'f' and not big:
            continue
        try:
            count, data = _encode(kind, value, byteorder, path)
        except BuildError as error:
            errors.append(error.message)
            continue
        return code, count, data
    raise BuildError('; '.join(dict.fromkeys(errors)) or 'no type holds the value', path)


def _candidates(row: TagRow | None, value: Any, path: str) -> Sequence[int]:
    if row is not None and row.types:
        return row.types
    first = value
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if isinstance(first, str | datetime.datetime):
        return (2,)
    if isinstance(first, bytes | bytearray | memoryview):
        return (7,)
    kind = np.asarray(first).dtype.kind
    if kind in 'bui':
        return (3, 4, 8, 9, 16, 17)
    if kind == 'f':
        return (12,)
    if isinstance(first, numbers.Rational):
        return (5, 10)
    raise BuildError(f'{type(value).__name__} has no field type', path)


def _encode(kind: FieldType, value: Any, byteorder: ByteOrder, path: str) -> tuple[int, bytes]:
    if kind.kind == 'text':
        data = _texts(kind, value, path)
        return len(data), data
    if isinstance(value, str):
        if kind.kind != 'bytes':
            raise BuildError(f'text does not fit {kind.name}', path)
        value = value.encode('utf-8')
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        if len(data) % kind.size:
            raise BuildError(f'{len(data)} bytes are no whole {kind.name}', path)
        return len(data) // kind.size, data
    if kind.kind == 'pair':
        value = list(_pairs(value, kind.numpy == 'i4', path))
    array = _fitting(value, kind, path)
    data = bytes(_struct(kind.numpy).build({'values': array}, byteorder=byteorder))
    return len(array) // kind.elements, data


def _texts(kind: FieldType, value: Any, path: str) -> bytes:
    if isinstance(value, datetime.datetime):
        value = value.strftime('%Y:%m:%d %H:%M:%S')
    if isinstance(value, bytes | bytearray | memoryview):
        return encode_text(bytes(value), path)
    if isinstance(value, str):
        return encode_text(value.encode('utf-8') if kind.name == 'UTF8' else value, path)
    if isinstance(value, list | tuple) and all(isinstance(one, str | bytes) for one in value):
        return b''.join(encode_text(one, path) for one in value)
    raise BuildError(f'{type(value).__name__} is no text', path)


def _pairs(value: Any, signed: bool, path: str) -> Iterable[int]:
    """Yield numerators and denominators of a number, a pair, flat pairs, pairs, or numbers."""
    make: Callable[[Any], tuple[int, int]] = lambda one: rational(one, signed=signed, path=path)  # noqa: E731
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        yield from make(value)
        return
    if value and all(isinstance(one, list | tuple) and len(one) == 2 for one in value):
        value = [number for pair in value for number in pair]
        if not all(isinstance(one, int | np.integer) for one in value):
            value = [*zip(value[::2], value[1::2], strict=True)]
    if all(isinstance(one, int | np.integer) for one in value):
        if len(value) % 2:
            raise BuildError(f'{len(value)} numbers are no pairs', path)
        # Pairs in the exact form in which they are given, as far as they fit.
        for numerator, denominator in zip(value[::2], value[1::2], strict=True):
            bounds = (-(1 << 31), (1 << 31) - 1) if signed else (0, (1 << 32) - 1)
            if all(bounds[0] <= one <= bounds[1] for one in (numerator, denominator)):
                yield from (int(numerator), int(denominator))
            else:
                yield from make((int(numerator), int(denominator)))
    else:
        for one in value:
            yield from make(one)
