"""Text in tags and numbers as fractions, both ways; knows conventions of TIFF, no files.

Text ends in NULs and white space that do not count; it is UTF-8, else Windows-1252, else stays
bytes. What is written is 7-bit ASCII; who needs other bytes gives bytes.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from tiffschema.errors import BuildError

if TYPE_CHECKING:
    from fractions import Fraction

    from tiffschema.types import ByteOrder

__all__ = [
    'decode_coded_text',
    'decode_text',
    'encode_coded_text',
    'encode_text',
    'parse_datetime',
    'rational',
]

_UTF16: Final = {'<': 'utf-16-le', '>': 'utf-16-be'}
_U32: Final = (1 << 32) - 1
_S32: Final = (1 << 31) - 1


def decode_text(data: bytes) -> str | bytes:
    """Return the text of a tag, or the bytes where they are none.

    Example:
        >>> decode_text(b'ab\\0cd  \\0\\0'), decode_text(b'\\xb5m\\0'), decode_text(b'\\x81\\x8d')
        ('ab\\x00cd', 'µm', b'\\x81\\x8d')
    """
    data = data.rstrip(b'\0')
    for encoding in ('utf-8', 'cp1252'):
        try:
            return data.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    return data


def encode_text(value: str | bytes, path: str = '') -> bytes:
    """Return the bytes of a text, ended by NUL.

    Raises:
        BuildError: Text is not 7-bit ASCII.

    Example:
        >>> encode_text('ab'), encode_text('µm'.encode())
        (b'ab\\x00', b'\\xc2\\xb5m\\x00')
    """
    if isinstance(value, str):
        try:
            value = value.encode('ascii')
        except UnicodeEncodeError as error:
            char = value[error.start]
            raise BuildError(
                f'text must be 7-bit ASCII, {char!r} is not; give bytes for other encodings', path
            ) from None
    return value if value.endswith(b'\0') else value + b'\0'


_ASCII: Final = b'ASCII\0\0\0'
_UNICODE: Final = b'UNICODE\0'


def decode_coded_text(data: bytes, byteorder: ByteOrder) -> str | bytes:
    """Return the text behind the eight bytes that name its code; all bytes if that is unknown.

    Source: CIPA DC-008 (Exif), table 9; the code UNICODE is UTF-16 in the file's byte order.

    Example:
        >>> decode_coded_text(b'UNICODE\\0\\0a', '>'), decode_coded_text(b'JIS', '>')
        ('a', b'JIS')
    """
    code, text = data[:8], data[8:]
    try:
        if code == _ASCII:
            return text.decode('ascii').rstrip('\0')
        if code == _UNICODE:
            return text.decode(_UTF16[byteorder]).rstrip('\0')
    except UnicodeDecodeError:
        pass
    return data


def encode_coded_text(value: str, byteorder: ByteOrder) -> bytes:
    """Return a text behind the eight bytes that name its code.

    Example:
        >>> encode_coded_text('µm', '<')
        b'UNICODE\\x00\\xb5\\x00m\\x00'
    """
    if value.isascii():
        return _ASCII + value.encode('ascii')
    return _UNICODE + value.encode(_UTF16[byteorder])


def rational(
    value: float | tuple[int, int] | list[int] | Fraction, *, signed: bool = False, path: str = ''
) -> tuple[int, int]:
    """Return the nearest fraction whose halves fit 32 bits.

    Parameters:
        value: A number, or a numerator and a denominator.
        signed: The field is SRATIONAL.
        path: Name of the tag, for errors.

    Raises:
        BuildError: The value is not finite, negative without `signed`, or too large.

    Example:
        >>> rational(300.5), rational((10, 4)), rational(1 / 3)
        ((601, 2), (5, 2), (1, 3))
    """
    from fractions import Fraction

    largest = _S32 if signed else _U32
    try:
        if isinstance(value, tuple | list):
            numerator, denominator = value
            # A fraction over zero means "unset" in files, and is kept.
            if denominator == 0:
                if abs(numerator) > largest:
                    raise BuildError(f'{value!r} does not fit 32 bits', path)
                return int(numerator), 0
            fraction = Fraction(numerator) / Fraction(denominator)
        else:
            fraction = Fraction(value)
    except (ValueError, OverflowError, TypeError) as error:
        raise BuildError(f'{value!r} is no fraction: {error}', path) from None
    if fraction < 0 and not signed:
        raise BuildError(f'{value!r} is negative', path)
    if abs(fraction) > largest:
        raise BuildError(f'{value!r} does not fit 32 bits', path)
    bound = largest if abs(fraction) <= 1 else max(1, int(largest / abs(fraction)))
    nearest = fraction.limit_denominator(bound)
    if abs(nearest.numerator) > largest:  # rounding up went past the largest numerator
        nearest = fraction.limit_denominator(max(1, bound - 1))
    if abs(nearest.numerator) > largest:
        nearest = Fraction(largest if fraction > 0 else -largest, 1)
    return nearest.numerator, nearest.denominator


_FORMATS: Final = (
    '%Y:%m:%d %H:%M:%S', '%Y%m%d %H:%M:%S.%f', '%Y-%m-%dT%H %M %S.%f', '%Y-%m-%dT%H:%M:%S.%f',
    '%Y-%m-%dT%H:%M:%S', '%Y:%m:%d %H:%M:%S.%f', '%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M:%S.%f',
    '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %I:%M:%S.%f %p', '%Y%m%d %H:%M:%S', '%Y/%m/%d %H:%M:%S',
    '%Y/%m/%d %H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S%z', '%Y-%m-%dT%H:%M:%S.%f%z',
)  # fmt: skip


def parse_datetime(datetime_string: str, fmt: str | None = None, /) -> datetime.datetime:
    """Return the date and time of a text in one of the spellings met in TIFF.

    Parameters:
        datetime_string: The text.
        fmt: The spelling, as for `datetime.datetime.strptime`; all known ones are tried without.

    Raises:
        ValueError: No spelling fits.

    Example:
        >>> parse_datetime('2024:05:03 01:02:03')
        datetime.datetime(2024, 5, 3, 1, 2, 3)
    """
    for one in (fmt,) if fmt else _FORMATS:
        try:
            return datetime.datetime.strptime(datetime_string, one)
        except ValueError:
            continue
    raise ValueError(f'{datetime_string!r} is no date and time in a known form')
