"""Bytes that know what is wrong with them."""

from __future__ import annotations

__all__ = ['NearValid']


class NearValid(bytes):
    """Bytes of a struct or file with one fault; `fault` names it, `place` is where it begins."""

    fault: str
    place: int

    def __new__(cls, data: bytes, fault: str, place: int) -> NearValid:
        """Return bytes that know what is wrong with them."""
        made = super().__new__(cls, data)
        made.fault = fault
        made.place = place
        return made

    def __repr__(self) -> str:
        """Return fault, place and bytes."""
        return f'NearValid({bytes(self)!r}, {self.fault!r}, {self.place})'
