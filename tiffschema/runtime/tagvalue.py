"""Reads values of tags: bytes from the file, then numbers, text, records or directories.

Imported when a value that does not lie in its entry is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.directory import Directory
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagstructs import value_binding
from tiffschema.model.tagtable import tag_tables
from tiffschema.model.tagvalues import decode_value
from tiffschema.types import Buffer

from .reached import reached
from .signature import short_reader
from .tags import TiffTag, TiffTags

if TYPE_CHECKING:
    from tiffschema.compiler.library import Extent, Struct

    from .chain import Directories
    from .tagplans import TagPlan

__all__ = ['Block', 'block_of', 'plain_value', 'read_record', 'read_value', 'value_bytes']


def _path(tag: TiffTag) -> str:
    return f'tag {tag.code} {tag.name}'


def value_bytes(tag: TiffTag) -> memoryview:
    """Return the bytes of a tag's values.

    Raises:
        TruncatedError: The file ends before.
        LimitError: There are more than the limits allow.
    """
    directories: Directories = tag.parent.directories
    kind = FIELD_TYPES[tag.dtype]
    size = kind.size * tag.count
    limits = directories.limits
    bound = limits.text if kind.size == 1 else limits.items * kind.size
    if size > bound:
        raise LimitError(
            f'{size} bytes of values, {bound} are allowed', _path(tag), tag.valueoffset
        )
    return directories.source.exactly(tag.valueoffset, size, _path(tag))


def plain_value(tag: TiffTag) -> Any:
    """Return the value as numbers, text or bytes, without records and directories."""
    directories: Directories = tag.parent.directories
    row = tag.plan.row
    value = decode_value(
        int(tag.dtype),
        tag.count,
        value_bytes(tag),
        directories.codec.byteorder,
        row if row is not None and row.value is None else None,
        directories.faults,
    )
    return value


def read_value(tag: TiffTag) -> Any:
    """Return the value of a tag.

    Raises:
        TiffFileError: It cannot be read.
    """
    directories: Directories = tag.parent.directories
    if directories.source.closed:
        with tag.parent.reopened(f'tag {tag.name}'):
            return read_value(tag)
    plan = tag.plan
    row = plan.row
    value = _few(tag, plan, directories)
    if value is not None:
        return value
    faults = directories.faults
    if row is not None and row.value is not None:
        try:
            record = _parsed(tag, lazy=False)
        except FormatError as error:
            # The raw values are better than none.
            faults.append(_located(error, tag))
        else:
            binding = value_binding(row, _Context(tag))
            if binding is not None:
                return binding.value_of(record)
    if row is not None and row.space not in (None, 'tiff'):
        return _read_directory(tag, row.space if row.space in tag_tables else 'tiff')
    value = _decoded(tag, directories)
    if tag.plan.is_tuple and not isinstance(value, tuple | list | dict | bytes | str):
        value = tuple(value) if hasattr(value, '__len__') else (value,)
    return value


def _few(tag: TiffTag, plan: TagPlan, directories: Directories) -> Any:
    """Return a short text or a few numbers the short way, None if that is not possible."""
    codec = directories.codec
    read = short_reader(codec, tag._dtype, tag.count, plan)
    if read is None:
        return None
    size = codec.sizes[tag._dtype] * tag.count
    view, start = directories.window(tag.valueoffset, size)
    position = tag.valueoffset - start
    return None if position + size > len(view) else read(view, position)


def _decoded(tag: TiffTag, directories: Directories) -> Any:
    plan = tag.plan
    row = plan.row
    kind = int(tag.dtype)
    if directories.codec.is_ndpi and tag.count == 1 and FIELD_TYPES[kind].numpy == 'u4':
        wide = _wide_number(tag, directories)
        if wide is not None:
            return plan.of_number(wide)
    try:
        return decode_value(
            kind, tag.count, value_bytes(tag), directories.codec.byteorder, row, directories.faults
        )
    except FormatError as error:
        raise _located(error, tag) from None


def _wide_number(tag: TiffTag, directories: Directories) -> int | None:
    if tag._scope is None:
        return None
    directory = tag._scope.directory
    step = directory.codec.entry_nbytes
    index = (tag.offset - directory.offset - directory.codec.count_nbytes) // step
    return directory.number(index)


def _located(error: FormatError, tag: TiffTag) -> FormatError:
    if error.path.startswith('tag '):
        return error
    path = f'{_path(tag)}: {error.path}' if error.path else _path(tag)
    offset = error.offset if error.offset >= 0 else tag.valueoffset
    return type(error)(error.message, path, offset)


# Records of vendors' blocks


class _Context:
    """A tag as the binding of its struct sees it."""

    def __init__(self, tag: TiffTag) -> None:
        self._tag = tag
        self._directories: Directories = tag.parent.directories

    @property
    def count(self) -> int:
        return self._tag.count

    @property
    def size(self) -> int:
        return self._tag.valuebytecount

    @property
    def number(self) -> Any:
        return plain_value(self._tag)

    def partner(self, code: int, /) -> tuple[int, Any] | None:
        scope = self._tag._scope
        if scope is None:
            return None
        tag = TiffTags(self._tag.parent, scope.directory, scope.space).get(code)
        return None if tag is None else (tag.count, plain_value(tag))

    def is_kind(self, name: str, /) -> bool:
        return bool(self._tag.parent.is_kind(name))

    @property
    def offset(self) -> int:
        return self._tag.valueoffset

    def values(self) -> Buffer:
        return value_bytes(self._tag)

    def block(
        self, struct: Struct, offset: int, end: int | None, args: Mapping[str, Any], /
    ) -> Buffer:
        directories = self._directories
        return reached(
            directories.source,
            struct,
            offset,
            end,
            byteorder=directories.codec.byteorder,
            args=args,
            limits=directories.limits,
        )


def _parsed(tag: TiffTag, *, lazy: bool) -> Any:
    row = tag.plan.row
    if row is None or row.value is None:
        return None
    context = _Context(tag)
    binding = value_binding(row, context)
    if binding is None:
        return None
    directories: Directories = tag.parent.directories
    return binding.parse(
        context,
        directories.codec.byteorder,
        faults=directories.faults,
        limits=directories.limits,
        lazy=lazy,
        strict=directories.faults.strict,
    )


class Block(NamedTuple):
    """A vendor's block: its struct, and the extents of its fields in file offsets."""

    struct: Struct
    extents: list[Extent]


def block_of(tag: TiffTag) -> Block | None:
    """Return the traced block of a tag, None if no struct is declared.

    An extent of kind ``fault`` ends the list where the bytes do not have the declared form.

    Raises:
        FormatError: It is not known where the block lies.
    """
    row = tag.plan.row
    if row is None or row.value is None:
        return None
    context = _Context(tag)
    binding = value_binding(row, context)
    if binding is None or binding.grammar:
        return None
    directories: Directories = tag.parent.directories
    extents = binding.trace(context, directories.codec.byteorder, limits=directories.limits)
    return Block(binding.view.struct(binding.name), extents)


def read_record(tag: TiffTag) -> Any:
    """Return the lazy record of a tag, None if its row declares none.

    Raises:
        FormatError: The bytes do not have the declared form.
    """
    try:
        return _parsed(tag, lazy=True)
    except FormatError as error:
        raise _located(error, tag) from None


# Directories that values point to


def _read_directory(tag: TiffTag, space: str) -> Any:
    """Return the tags of a directory by name; its offset, with a fault, where there is none."""
    directories: Directories = tag.parent.directories
    offset = _decoded(tag, directories)
    if isinstance(offset, tuple) and offset:
        offset = offset[0]
    scope = tag._scope
    trail = () if scope is None else (*scope.trail, scope.directory.offset)
    try:
        if not isinstance(offset, int):
            raise FormatError(f'{offset!r:.40} is no offset of a directory')
        if offset in trail:
            raise FormatError('directory leads back to itself')
        if len(trail) > directories.limits.depth:
            raise LimitError(f'directories nest deeper than {directories.limits.depth}')
        directory: Directory = directories.read(offset)
    except FormatError as error:
        directories.faults.append(_located(error, tag))
        return offset
    tags = TiffTags(tag.parent, directory, space, trail=trail)
    values: dict[str, Any] = {}
    for child in tags:
        try:
            values.setdefault(child.name, child.value)
        except TiffFileError as error:
            if not isinstance(error, FormatError):
                raise
            directories.faults.append(error)
    return values
