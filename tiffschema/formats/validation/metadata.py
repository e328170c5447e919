"""Facts of metadata blocks that rules ask for; knows bytes of tags, no files."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.parsers import expat

__all__ = ['is_datetime', 'profile_space', 'xml_error']

_DATE: Final = re.compile(
    r'\d{4}:(0[1-9]|1[0-2]):(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-4]):[0-5]\d:[0-6]\d'
)
_UNKNOWN_DATE: Final = re.compile(r'[ :]{19}|0000:00:00 00:00:00')
_PROFILE_HEADER: Final = 128


def is_datetime(value: Any) -> bool:
    """Return whether a text is a date of TIFF or EXIF, or says that it is unknown.

    Example:
        >>> is_datetime('2020:01:31 23:59:59'), is_datetime('2020-01-31')
        (True, False)
    """
    if not isinstance(value, str):
        return False
    return bool(not value or _DATE.fullmatch(value) or _UNKNOWN_DATE.fullmatch(value))


def xml_error(value: Any) -> str:
    """Return why bytes are no well-formed XML, an empty text if they are; runs no entities.

    Example:
        >>> xml_error(b'<a/>'), xml_error(b'<a>')
        ('', 'no element found: line 1, column 3')
    """
    if value is None:
        return ''
    data = value.encode() if isinstance(value, str) else bytes(value)
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise expat.ExpatError('entities are declared')

    parser.EntityDeclHandler = refuse
    try:
        # Packets may be edited in place: zeros and blanks pad them.
        parser.Parse(data.strip(b'\0 \r\n\t'), True)
    except expat.ExpatError as error:
        return str(error)
    return ''


def profile_space(value: Any) -> str:
    """Return the colour space that an ICC profile is for, an empty text if its header is unsound.

    Example:
        >>> header = bytearray(128)
        >>> header[:4], header[16:20], header[36:40] = (128).to_bytes(4, 'big'), b'RGB ', b'acsp'
        >>> profile_space(bytes(header)), profile_space(b'')
        ('RGB', '')
    """
    data = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b''
    sound = len(data) >= _PROFILE_HEADER and data[36:40] == b'acsp'
    if not sound or int.from_bytes(data[:4], 'big') > len(data):
        return ''
    return data[16:20].decode('latin-1').strip()
