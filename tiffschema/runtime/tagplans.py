"""What to do with the values of a tag, decided once per code and name space.

Knows tag tables and enumerations; no files.
"""

from __future__ import annotations

from enum import Flag
from typing import Any

from tiffschema.model import catalog
from tiffschema.model.enums import enum
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import TagRow, tag_tables
from tiffschema.values import value

__all__ = ['TagPlan', 'tag_plan']

_plans: dict[tuple[str, int], TagPlan] = {}


@value
class TagPlan:
    """How values of one tag become what users see.

    Parameters:
        row: Row of the tag, None for unknown ones.
        name: Name, or names, as `TiffTag.name` shows them.
        members: Members of the enumeration by number, None if the tag has none.
        is_tuple: Whether one value still is a tuple.
        is_plain: Whether one number is the value: no struct, text, or array is made of it.
        is_simple: Whether values are text or numbers and nothing else.
    """

    row: TagRow | None
    name: str
    members: dict[int, Any] | None
    is_tuple: bool
    is_plain: bool
    is_simple: bool

    def of_number(self, number: int) -> Any:
        """Return the value of an entry that holds one number."""
        value = number if self.members is None else self.members.get(number, number)
        return (value,) if self.is_tuple else value


def tag_plan(space: str, code: int) -> TagPlan:
    """Return the plan of a code in a name space.

    Example:
        >>> tag_plan('tiff', 259).name, tag_plan('tiff', 259).of_number(8).name
        ('Compression', 'ADOBE_DEFLATE')
    """
    found = _plans.get((space, code))
    if found is None:
        found = _plans[space, code] = _made(space, code)
    return found


def _made(space: str, code: int) -> TagPlan:
    table = tag_tables[space]
    row = table.get(code)
    if row is None:
        return TagPlan(None, str(code), None, False, True, True)
    members = None
    if row.enum is not None:
        kind = enum(row.enum)
        values = {member.value: member for member in kind}
        members = values if all(isinstance(value, int) for value in values) else None
    numeric = not row.types or FIELD_TYPES[row.types[0]].kind in ('number', 'pair')
    simple = (
        row.result in ('auto', 'tuple')
        and row.value is None
        and row.space in (None, 'tiff')
        and (row.enum is None or members is not None)
    )
    # Flags combine: their members are made by the enumeration itself.
    if members is not None and row.enum is not None and issubclass(enum(row.enum), Flag):
        members = _Flags(enum(row.enum), members)
    plain = simple and numeric
    return TagPlan(row, row.name, members, row.result == 'tuple', plain, simple)


class _Flags(dict[int, Any]):
    """Members of an enumeration of bits, combinations made when they are asked for."""

    def __init__(self, kind: Any, members: dict[int, Any]) -> None:
        super().__init__(members)
        self._kind = kind

    def get(self, key: int, default: Any = None) -> Any:
        found = super().get(key)
        if found is None:
            try:
                found = self[key] = self._kind(key)
            except ValueError:
                return default
        return found


catalog.watch(lambda id: _plans.clear())
