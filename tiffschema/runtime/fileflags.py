"""What kind a file is, and the metadata that its kinds declare: ``tif.is_…``, ``tif.…_metadata``.

Knows declared rules through its first page; only what no rule can say is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from tiffschema.model.kinds import detectors, needed_codes
from tiffschema.model.metadata import metadata_names

from .pageflags import FileFacts, PageFacts, file_is_kind, has_metadata, metadata_of

if TYPE_CHECKING:
    from .container import Container
    from .faults import FaultLog
    from .file import TiffFile
    from .pages import TiffPages

__all__ = ['FileFlags']

_NOT_APPENDABLE = ('ome', 'lsm', 'stk', 'imagej', 'fluoview', 'micromanager')
_OWN = ('uniform',)
_PROBES = (1, 7, -1)


class FileFlags:
    """Flags and metadata of a file; mixed into `TiffFile`."""

    if TYPE_CHECKING:
        _overrides: dict[str, bool]
        container: Container
        faults: FaultLog

        @property
        def pages(self) -> TiffPages: ...

    def is_kind(self, name: str, /) -> bool:
        """Return whether the file is of a kind.

        Parameters:
            name: What follows ``is_`` in the name of a flag, such as ``ome``.

        Raises:
            AttributeError: No schema declares the kind.
        """
        return bool(getattr(self, f'is_{name}'))

    @cached_property
    def facts(self) -> FileFacts:
        """What declared rules ask of the file: facts of its first page."""
        return PageFacts(self.pages.first) if self.pages else FileFacts(cast('TiffFile', self))

    def possible_kinds(self, kinds: Iterable[str], /) -> Iterator[str]:
        """Yield those of some kinds which the codes of the first page do not rule out.

        Parameters:
            kinds: Names of kinds.
        """
        codes, overrides = self.facts.codes, self._overrides
        for kind in kinds:
            needs = needed_codes(kind)
            if needs is None or not needs.isdisjoint(codes) or kind in overrides:
                yield kind

    def __getattr__(self, name: str) -> Any:
        if name.startswith('is_') and not name.startswith('__'):
            kind = name[3:]
            known = self.__dict__.get('_overrides', {}).get(kind)
            if known is None:
                if kind not in detectors:
                    raise AttributeError(
                        f'{type(self).__name__!r} object has no attribute {name!r}'
                    )
                known = file_is_kind(cast('TiffFile', self), kind)
            self.__dict__[name] = known
            return known
        if name.endswith('_metadata') and not name.startswith('_'):
            return self._metadata(name.removesuffix('_metadata'))
        if hasattr(type(self), name):
            # A property failed: its own error tells more than that it is missing.
            return object.__getattribute__(self, name)
        raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')

    def __dir__(self) -> list[str]:
        flags = (f'is_{kind}' for kind in detectors)
        return sorted(
            {*super().__dir__(), *flags, *(f'{name}_metadata' for name in metadata_names())}
        )

    def _metadata(self, kind: str) -> Any:
        """Return what a kind declares as metadata, None if the file is not of the kind."""
        name = f'{kind}_metadata'
        if kind not in detectors and not has_metadata(kind):
            raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
        found = None
        # Metadata of some kinds stand in files of any kind.
        held = kind not in detectors or getattr(self, f'is_{kind}')
        if held and self.pages:
            found = metadata_of(self.pages.first, kind)
        self.__dict__[name] = found
        return found

    @property
    def is_bigtiff(self) -> bool:
        """Whether offsets have 64 bits."""
        return self.container.codec.is_big

    @property
    def is_appendable(self) -> bool:
        """Whether pages can be appended without damage to metadata."""
        return not any(getattr(self, f'is_{kind}') for kind in _NOT_APPENDABLE if kind in detectors)

    @property
    def is_uniform(self) -> bool:
        """Whether all pages look alike: pages 0, 1, 7 and the last do.

        A single page is uniform, two to seven are not (there is nothing to gain). Files with
        children of pages are not; those of ScanImage and NIH Image always are.
        """
        known = self._overrides.get('uniform')
        if known is not None:
            return known
        if not self.pages:
            return False
        first = self.pages.first
        if any(kind in detectors and getattr(self, f'is_{kind}') for kind in ('scanimage', 'nih')):
            return True
        if first.subifds:
            return False
        if not self.pages.is_multipage:
            return True
        for probe in _PROBES:
            try:
                page = self.pages.get(probe)
            except IndexError:
                return False
            if page.hash != first.hash:
                return False
        return True

    @property
    def flags(self) -> set[str]:
        """Names of the ``is_…`` flags that hold for the file."""
        names = {name for name in detectors if getattr(self, f'is_{name}')}
        return names | {name for name in _OWN if getattr(self, f'is_{name}')}
