"""`TiffTagRegistry`: codes and names of tags both ways, as users of other libraries know it.

Knows names only; the declared tables (`tiffschema.model.tagtable`) know more of each tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ['TiffTagRegistry']


class TiffTagRegistry:
    """Multi-map of codes and names: a code may have several names, and a name several codes.

    Parameters:
        arg: Pairs of code and name, a mapping of them, or another registry.

    Example:
        >>> tags = TiffTagRegistry([(34853, 'GPSTag'), (34853, 'OlympusSIS2')])
        >>> tags[34853], tags['OlympusSIS2'], tags.getall(34853)
        ('GPSTag', 34853, ['GPSTag', 'OlympusSIS2'])
    """

    __slots__ = ('_codes', '_names')

    def __init__(
        self, arg: TiffTagRegistry | Mapping[int, str] | Iterable[tuple[int, str]], /
    ) -> None:
        self._names: dict[int, list[str]] = {}
        self._codes: dict[str, list[int]] = {}
        self.update(arg)

    def update(
        self, arg: TiffTagRegistry | Mapping[int, str] | Iterable[tuple[int, str]], /
    ) -> None:
        """Add many pairs of code and name.

        Parameters:
            arg: Another registry, a mapping of codes to names, or pairs of code and name.
        """
        pairs: Iterable[tuple[int, str]]
        if isinstance(arg, TiffTagRegistry | Mapping):
            pairs = arg.items()
        else:
            pairs = arg
        for code, name in pairs:
            self.add(code, name)

    def add(self, code: int, name: str, /) -> None:
        """Add a pair of code and name; pairs that are known are not added again.

        Parameters:
            code: Number of the tag.
            name: One of its names.
        """
        names = self._names.setdefault(int(code), [])
        if name not in names:
            names.append(name)
            self._codes.setdefault(name, []).append(int(code))

    def items(self) -> list[tuple[int, str]]:
        """Return all pairs of code and name, by code."""
        return [(code, name) for code in sorted(self._names) for name in self._names[code]]

    def getall(self, key: int | str, /, default: Any = None) -> Any:
        """Return all names of a code, or all codes of a name.

        Parameters:
            key: Code or name.
            default: Returned where there is none.
        """
        found = self._found(key)
        return list(found) if found else default

    def get(self, key: int | str, /, default: Any = None) -> Any:
        """Return the first name of a code, or the first code of a name.

        Parameters:
            key: Code or name.
            default: Returned where there is none.
        """
        found = self._found(key)
        return found[0] if found else default

    def _found(self, key: int | str) -> list[Any] | None:
        return self._codes.get(key) if isinstance(key, str) else self._names.get(key)

    def __getitem__(self, key: int | str, /) -> Any:
        found = self._found(key)
        if not found:
            raise KeyError(key)
        return found[0]

    def __delitem__(self, key: int | str, /) -> None:
        if isinstance(key, str):
            for code in self._codes.pop(key):
                self._names[code].remove(key)
                if not self._names[code]:
                    del self._names[code]
        else:
            for name in self._names.pop(key):
                self._codes[name].remove(key)
                if not self._codes[name]:
                    del self._codes[name]

    def __contains__(self, key: object, /) -> bool:
        return key in self._codes if isinstance(key, str) else key in self._names

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return sum(len(names) for names in self._names.values())

    def __repr__(self) -> str:
        return f'<tiffschema.TiffTagRegistry {len(self)} tags>'

    def __str__(self) -> str:
        return '\n'.join(['TiffTagRegistry', *(f'  {code} {name}' for code, name in self)])
