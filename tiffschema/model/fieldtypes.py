"""Field types of TIFF: how the values of a tag are stored; knows the schema, no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

__all__ = ['FIELD_TYPES', 'FieldType', 'FieldTypes']

# NumPy's name of the stored elements; a rational is two of them.
_NUMPY: Final = {
    'u8': 'u1', 's8': 'i1', 'u16': 'u2', 's16': 'i2', 'u32': 'u4', 's32': 'i4', 'u64': 'u8',
    's64': 'i8', 'f32': 'f4', 'f64': 'f8', 'rational': 'u4', 'srational': 'i4', 'ifd': 'u4',
    'ifd8': 'u8', 'ascii': 'u1', 'utf8': 'u1', 'undefined': 'u1',
}  # fmt: skip


class FieldType:
    """One field type.

    Parameters:
        code: Number in a directory entry.
        name: Name in the specification, ``SHORT``.
        type: Name in schemas, ``u16``.
        size: Bytes of one value.
        numpy: dtype of one element without byte order, ``u2``.
        letter: Struct format of one value as ``TiffTag.dataformat`` shows it, ``1H``.
        kind: ``number``, ``pair``, ``text`` or ``bytes``: what values become.
        doc: For people.
    """

    __slots__ = ('code', 'doc', 'kind', 'letter', 'name', 'numpy', 'size', 'type')

    def __init__(self, code: int, row: Mapping[str, Any]) -> None:
        self.code = code
        self.name: str = row['name']
        self.type: str = row['type']
        self.size: int = row['size']
        self.numpy: str = _NUMPY[row['type']]
        self.letter: str = row['letter']
        self.kind: str = row['kind']
        self.doc: str = row['doc']

    def __repr__(self) -> str:
        return f'<FieldType {self.code} {self.name}>'

    @property
    def elements(self) -> int:
        """Elements of `numpy` in one value."""
        return 2 if self.kind == 'pair' else 1


class FieldTypes(Mapping[int | str, FieldType]):
    """Field types by number, by name (``SHORT``) and by name in schemas (``u16``).

    Example:
        >>> FIELD_TYPES[3].size, FIELD_TYPES['RATIONAL'].code, FIELD_TYPES['u16'].name
        (2, 5, 'SHORT')
    """

    @cached_property
    def _by_key(self) -> dict[int | str, FieldType]:
        from .catalog import table

        found: dict[int | str, FieldType] = {}
        for code, row in table('tiff/fieldtypes.fieldtypes').items():
            fieldtype = FieldType(code, row)
            found[code] = found[fieldtype.name] = found[fieldtype.type] = fieldtype
        return found

    def __getitem__(self, key: int | str) -> FieldType:
        return self._by_key[key]

    def __iter__(self) -> Iterator[int | str]:
        return (code for code in self._by_key if isinstance(code, int))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: object) -> bool:
        return key in self._by_key


FIELD_TYPES: Final = FieldTypes()
"""All field types that can be read: 1 to 13, 16 to 18, and 129 (UTF-8, EXIF 3.0)."""
