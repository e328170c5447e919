"""What calls of `write` with equal arguments have in common, kept from one file to the next.

Knows arguments, plans and fields; no files.
Rule: what is kept follows from the arguments alone. Arguments count as equal only if their types
are equal too (True is not 1), and arguments that could change later are compared by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from tiffschema.model.directory import DirectoryCodec
from tiffschema.model.tagcodes import TagCode

from .arguments import Kind, WriteArguments, normalize_arguments
from .metadata import Description, ShapedDescription, imagej_layout
from .openseries import imagej_tags
from .pages import PageTemplates, subifd_field
from .pixels import PixelSource
from .plan import ImagePlan, TagValue, plan_image
from .tags import extra_tags, fields_of

__all__ = ['PlannedCall', 'PlannedSeries', 'planned_call']

ASCII = 2
KEPT_CALLS = 64
KEPT_LENGTH = 1 << 10
"""Texts and sequences that are longer are not kept."""

KEPT_BYTES = 1 << 14
"""Nor are larger directories."""

ATOMS = frozenset({type(None), bool, int, str, bytes})


SeriesPages: TypeAlias = 'tuple[PageTemplates, Description | None]'


@dataclass(slots=True)
class PlannedSeries:
    """What an array becomes in a file of one kind."""

    plan: ImagePlan
    kind: Kind
    codec: DirectoryCodec
    axes: str | None
    rgb: bool
    is_checked: bool = False
    """The array was found to fit the model of the kind."""
    _pages: dict[bool, SeriesPages] = field(default_factory=dict)

    def pages(self, *, placeholder: bool) -> SeriesPages:
        """Return the templates of the pages, and the description, which counts arrays.

        Parameters:
            placeholder: Keep an entry for a description that is written in the end.

        Raises:
            ValueError: A description or an extra tag cannot be written.
        """
        found = self._pages.get(placeholder)
        if found is None:
            found = self._build(placeholder)
            if found[0].first.size <= KEPT_BYTES:
                self._pages[placeholder] = found
        return found

    def _build(self, placeholder: bool) -> SeriesPages:
        plan, kind, codec = self.plan, self.kind, self.codec
        arguments = plan.arguments
        tags = list(plan.tags)
        metadata = dict(arguments.metadata or {})
        description: Description | None = None
        if kind == 'imagej' and not plan.empty:
            description, more = imagej_tags(codec, plan, self.axes, self.rgb, metadata)
            tags += more
        elif kind in ('shaped', 'imagej'):
            description = ShapedDescription(
                plan.shape, metadata, truncated=arguments.truncate or plan.empty
            )
        if kind in ('generic', 'shaped') and arguments.description is not None:
            tags.append(TagValue(TagCode.ImageDescription, ASCII, arguments.description, once=True))
        if placeholder:
            tags.append(TagValue(TagCode.ImageDescription, ASCII, b'\0\0\0\0', once=True))
        elif description is not None:
            text = description.text(1)
            tags.append(
                TagValue(TagCode.ImageDescription, ASCII, text, once=True, slack=description.slack)
            )
        taken = {tag.code for tag in tags}
        tags += extra_tags(codec, arguments.extratags, taken)
        first = fields_of(codec, tags, first=True)
        rest = [item for item, tag in zip(first, tags, strict=True) if not tag.once]
        if arguments.subifds:
            slots = subifd_field(codec, max(arguments.subifds, 1))
            first.append(slots)
            rest.append(slots)
        return PageTemplates(codec, plan, first, rest), description


class PlannedCall:
    """The arguments of a `write` call, checked, and what they lead to.

    Parameters:
        arguments: The arguments.
    """

    def __init__(self, arguments: WriteArguments) -> None:
        self.arguments = arguments
        self._series: dict[Any, PlannedSeries] = {}

    def series(self, source: PixelSource, kind: Kind, codec: DirectoryCodec) -> PlannedSeries:
        """Return what an array becomes.

        Parameters:
            source: The array.
            kind: Flavour of the file.
            codec: Shape and byte order of the file.

        Raises:
            ValueError: Arguments do not fit each other; the message names them.
        """
        key = source.shape, source.dtype, kind, codec
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = self._plan(source, kind, codec)
        return found

    def _plan(self, source: PixelSource, kind: Kind, codec: DirectoryCodec) -> PlannedSeries:
        arguments = self.arguments
        layout = axes = None
        rgb = False
        if kind == 'imagej' and 0 not in source.shape:
            layout, axes, rgb = imagej_layout(source.shape, source.dtype, arguments)
        plan = plan_image(
            source.shape,
            source.dtype,
            arguments,
            kind=kind,
            byteorder=codec.byteorder,
            layout=layout,
        )
        return PlannedSeries(plan, kind, codec, axes, rgb)


_kept: dict[Any, PlannedCall] = {}


def planned_call(source: PixelSource, options: Mapping[str, Any]) -> PlannedCall:
    """Return the checked arguments of a call; calls that are alike share them.

    Parameters:
        source: The array.
        options: Arguments of `normalize_arguments` by name.

    Raises:
        ValueError: An argument is wrong; the message begins with its name.
    """
    key = _call_key(source, options)
    found = None if key is None else _kept.get(key)
    if found is None:
        found = PlannedCall(normalize_arguments(source.dtype, **options))
        if key is not None:
            if len(_kept) >= KEPT_CALLS:
                _kept.clear()
            _kept[key] = found
    return found


def _call_key(source: PixelSource, options: Mapping[str, Any]) -> Any:
    """Return what identifies a call, None for one that is not kept.

    The time of day is new each time; of guessed colours and of tags left out users are told anew.
    """
    if options['datetime'] is not None or options['extratags'] is not None:
        return None
    if options['photometric'] is None and (3 in source.shape or 4 in source.shape):
        return None
    try:
        given = [(name, _exact(value)) for name, value in options.items() if value is not None]
    except TypeError:
        return None
    return source.shape, source.dtype, *given


def _exact(value: Any) -> Any:
    """Return a value that never changes and equals only that of the same value and types.

    Raises:
        TypeError: It is too long, or of a type that is not known to have no other state.
    """
    kind = type(value)
    if kind in ATOMS:
        if kind in (str, bytes) and len(value) > KEPT_LENGTH:
            raise TypeError('long')
        return kind, value
    if kind is float:
        return kind, value.hex()  # -0.0 is equal to 0.0
    if kind in (tuple, list, dict):
        if len(value) > KEPT_LENGTH:
            raise TypeError('long')
        return kind, *map(_exact, value.items() if kind is dict else value)
    if isinstance(value, np.generic):
        return value.dtype, value.tobytes()
    if isinstance(value, (np.dtype, type, Enum)):
        return kind, value
    raise TypeError(kind)
