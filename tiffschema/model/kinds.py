"""All declared kinds of files: their detectors and the order in which series are tried.

Knows the catalog of schemas; asks facts of nobody itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from . import catalog
from .detect import Detector, Facts

__all__ = [
    'Detectors', 'detectors', 'explain', 'needed_codes', 'schema_detectors', 'series_kinds',
]  # fmt: skip


def series_kinds() -> tuple[str, ...]:
    """Return the names of kinds of series in the order in which they are tried.

    Example:
        >>> series_kinds()[:2], series_kinds()[-1]
        (('shaped', 'lsm'), 'generic')
    """
    declared = list(catalog.declared('kinds', 'tiff/kinds'))
    # Kinds of registered schemas go before those that take anything.
    others = [
        kind for raw in catalog.section('series').values() for kind in raw if kind not in declared
    ]
    last = declared.index('uniform')
    return (*declared[:last], *dict.fromkeys(others), *declared[last:])


@cache
def schema_detectors(id: str) -> dict[str, Detector]:
    """Return the detectors of one schema by name."""
    from .detectleaves import parse_detect

    view = catalog.view(id)
    return parse_detect(view, view.raw.get('detect') or {})


class Detectors(Mapping[str, Detector]):
    """Detectors of all schemas by name; trees are read when they are asked for."""

    def __init__(self) -> None:
        self._owners: dict[str, str] | None = None
        self._met: dict[str, Detector] = {}
        catalog.watch(self._changed)

    def _changed(self, id: str) -> None:
        self._owners = None
        self._met = {}
        schema_detectors.cache_clear()

    @property
    def owners(self) -> Mapping[str, str]:
        """Id of the schema that declares each name."""
        if self._owners is None:
            self._owners = {
                str(name): id for id, raw in catalog.section('detect').items() for name in raw
            }
        return self._owners

    def __getitem__(self, name: str) -> Detector:
        found = self._met.get(name)
        if found is None:
            found = self._met[name] = schema_detectors(self.owners[name])[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.owners)

    def __len__(self) -> int:
        return len(self.owners)

    def __contains__(self, name: object) -> bool:
        return name in self.owners


detectors = Detectors()


@cache
def needed_codes(kind: str) -> frozenset[int] | None:
    """Return codes of which the first page of a file of a kind has one, None if any page will do.

    Example:
        >>> needed_codes('lsm'), needed_codes('generic')
        (frozenset({34412}), None)
    """
    return detectors[kind].needed_codes() if kind in detectors else None


catalog.watch(lambda id: needed_codes.cache_clear())


def explain(facts: Facts) -> str:
    """Return which rules hold for a file's first page, and why."""
    held = [detectors[name] for name in detectors if detectors[name].matches_file(facts)]
    return '\n'.join(detector.explain(facts) for detector in held) or 'no rule holds'
