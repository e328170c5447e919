"""Conversions of stored words for the construct export, written apart from the parsers'.

Rule: this is a second opinion; it shares no code with what it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

__all__ = [
    'bits_reader',
    'bits_writer',
    'dict_reader',
    'enum_pair',
    'flags_reader',
    'flags_writer',
    'record_reader',
]


def bits_reader(parts: tuple[tuple[str, int, int], ...]) -> Callable[[int], dict[str, int]]:
    def read(word: int) -> dict[str, int]:
        found = {name: (word >> low) & ((1 << width) - 1) for name, low, width in parts}
        rest = word
        for _, low, width in parts:
            rest &= ~(((1 << width) - 1) << low)
        found['_'] = rest
        return found

    return read


def bits_writer(parts: tuple[tuple[str, int, int], ...]) -> Callable[[Mapping[str, int]], int]:
    def write(values: Mapping[str, int]) -> int:
        word = values.get('_', 0)
        for name, low, width in parts:
            word |= (values.get(name, 0) & ((1 << width) - 1)) << low
        return word

    return write


def flags_reader(names: Mapping[int, str]) -> Callable[[int], frozenset[str | int]]:
    def read(word: int) -> frozenset[str | int]:
        masks = [1 << bit for bit in range(word.bit_length()) if word >> bit & 1]
        return frozenset(names.get(mask, mask) for mask in masks)

    return read


def flags_writer(names: Mapping[int, str]) -> Callable[[Any], int]:
    numbers = {name: mask for mask, name in names.items()}

    def write(flags: Any) -> int:
        word = 0
        for flag in flags:
            word |= numbers[flag] if isinstance(flag, str) else flag
        return word

    return write


def dict_reader(key: str, names: Mapping[int, str]) -> Callable[[Any], dict[Any, Any]]:
    def read(items: Any) -> dict[Any, Any]:
        return {names.get(item[key], item[key]): item.get('value', item) for item in items}

    return read


class Parts(dict[str, Any]):
    """Members of a struct, told apart from those it does not have."""

    @property
    def _fields(self) -> tuple[str, ...]:
        return tuple(self)


def record_reader(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a reader that gets the members of a struct as records have them."""
    return lambda value: decode(Parts(value))


def enum_pair(names: Mapping[Any, str]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return reader and writer of an enum: members where all values are numbers, else names."""
    numbers = {name: number for number, name in names.items()}
    if all(isinstance(number, int) for number in names):
        members = IntEnum('members', {name: number for number, name in names.items()})  # type: ignore[misc]
        return (
            lambda value: members(value) if value in names else value,
            lambda value: numbers.get(value, value) if isinstance(value, str) else int(value),
        )
    return lambda value: names.get(value, value), lambda value: numbers.get(value, value)
