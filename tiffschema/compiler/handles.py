"""What users hold: a struct to parse, build, trace; built bytes; extents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from struct import Struct as Packer
from struct import error as PackError
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..errors import BuildError, FormatError, TruncatedError
from ..limits import Limits
from ..types import Buffer, Faults, normalize_byteorder
from .running import RunningVariant
from .support import FAULTS, Parse, fault_of
from .targets.dtype import numpy_type
from .targets.record import LazyRecord, Record

if TYPE_CHECKING:
    from .library import Schema
    from .targets.build_support import Patch

__all__ = ['Built', 'Extent', 'Struct']

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Extent(NamedTuple):
    """Bytes of one field: ``start`` to ``stop``, its path, and what kind of bytes they are.

    Kinds: field, table, pad, window (inside of a known window that nothing describes), inline,
    shared, fault (the first fault; it ends a trace).
    """

    start: int
    stop: int
    path: str
    kind: str

    def value_in(self, parsed: Any) -> Any:
        """Return what stands at the path in a parsed value, None where nothing does."""
        found = parsed
        for part in self.path.replace('[', '.[').split('.'):
            if not part or found is None:
                continue
            try:
                found = found[int(part[1:-1])] if part.startswith('[') else found[part]
            except (KeyError, IndexError, TypeError, ValueError):
                return None
        return found


class Built:
    """Bytes that a builder made.

    Parameters:
        data: The bytes as they are at address 0.
        patches: Positions of pointers, their `struct` codes, and what they have to keep.
        args: Arguments of the struct that follow from the values.
    """

    __slots__ = ('args', 'data', 'patches', 'path')

    def __init__(
        self, data: bytes, patches: Sequence[Patch], args: Mapping[str, Any], path: str
    ) -> None:
        self.data = data
        self.patches = patches
        self.args = args
        self.path = path

    def at(self, address: int) -> bytes:
        """Return the bytes for an address in a file: pointers hold file offsets.

        Raises:
            BuildError: An offset does not fit its pointer, or a reader would not follow it.
        """
        if not address or not self.patches:
            return self.data
        out = bytearray(self.data)
        for position, code, condition in self.patches:
            packer = Packer(code)
            (offset,) = packer.unpack_from(out, position)
            if condition is not None:
                condition.check(offset + address)
            try:
                packer.pack_into(out, position, offset + address)
            except PackError as error:
                raise BuildError(
                    f'the offset {offset + address} does not fit', self.path
                ) from error
        return bytes(out)

    def __bytes__(self) -> bytes:
        return self.data

    def __len__(self) -> int:
        return len(self.data)

    def __eq__(self, other: object) -> bool:
        """Compare the bytes."""
        if isinstance(other, Built):
            return self.data == other.data
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return size and path."""
        return f'<Built {self.path}, {len(self.data)} bytes, {len(self.patches)} pointers>'


class Struct:
    """One struct of a schema, ready to parse, build and trace.

    Example:
        >>> from tiffschema import schemas
        >>> link = schemas['tiff/ifd'].struct('link', variant='classic')
        >>> link.parse(b'\\0\\0\\0\\x08', byteorder='big').value
        8
        >>> bytes(link.build({'value': 8}, byteorder='big'))
        b'\\x00\\x00\\x00\\x08'
    """

    def __init__(self, schema: Schema, running: RunningVariant, name: str) -> None:
        self.schema = schema
        self.name = name
        self.variant = running.variant
        self.shape = running.shapes[name]
        self.args = self.shape.args
        self._path = self.shape.path
        self._running = running
        self._order = {'little': '<', 'big': '>'}.get(self.shape.endian or running.endian)
        self._parsers: dict[str | None, Any] = {}
        self._builders: dict[str | None, Any] = {}
        self._lazy: dict[str | None, Any] = {}

    def __repr__(self) -> str:
        """Return schema and name."""
        return f'<Struct {self.shape.path}>'

    def __reduce__(self) -> tuple[Any, ...]:
        return _struct, (self.schema.id, self.name, self.variant)

    @property
    def doc(self) -> str:
        """What the struct is."""
        return self.shape.doc

    @property
    def record(self) -> type[Record]:
        """Class of the records."""
        return self._running.records[self.name]

    @property
    def fields(self) -> tuple[Any, ...]:
        """Declared fields, as IR."""
        fields: tuple[Any, ...] = self.schema.compiled(self.variant).structs[self.name].fields
        return fields

    @property
    def plan(self) -> Any:
        """Steps of the compiler, for targets and tests."""
        return self.schema.compiled(self.variant).plans[self.name]

    @property
    def size(self) -> int | None:
        """Bytes, or None unless the layout is fixed."""
        return self.shape.size

    def dtype(self, byteorder: str | None = None) -> numpy.dtype[Any] | None:
        """Return the NumPy type, or None unless the layout is fixed."""
        return numpy_type(self.shape, self.order(byteorder))

    def order(self, byteorder: str | None) -> str:
        """Return the byte order: the schema's own, else the one given.

        Raises:
            TypeError: The schema inherits its byte order and none is given.
        """
        if self._order is not None:
            return self._order
        if byteorder is None:
            raise TypeError(f'{self.shape.path} inherits its byte order: byteorder= is needed')
        if byteorder in ('<', '>'):
            return byteorder
        return normalize_byteorder(byteorder)

    def arguments(self, args: Mapping[str, Any], missing: bool = False) -> list[Any]:
        """Return arguments in declared order.

        Raises:
            TypeError: One is missing or unknown.
        """
        if not self.args and not args:
            return []
        unknown = set(args) - set(self.args)
        absent = [] if missing else [name for name in self.args if name not in args]
        if unknown or absent:
            raise TypeError(
                f'{self.shape.path} takes the arguments {list(self.args)}, not {sorted(args)}'
            )
        return [args.get(name) for name in self.args]

    def parse(
        self,
        buffer: Buffer,
        offset: int = 0,
        end: int | None = None,
        *,
        byteorder: str | None = None,
        base: int = 0,
        args: Mapping[str, Any] = _NOTHING,
        limits: Limits | None = None,
        lazy: bool = False,
        faults: Faults | None = None,
        strict: bool = False,
    ) -> Any:
        """Return a record of the bytes at `offset`.

        Parameters:
            buffer: Bytes; pointers may lead anywhere in them.
            offset: Where the struct begins in `buffer`.
            end: Where its window ends, the end of `buffer` if None.
            byteorder: Needed by schemas that inherit it.
            base: Added to file offsets to give positions in `buffer`.
            args: Arguments of the struct.
            limits: Resource bounds.
            lazy: Return a record that decodes on access.
            faults: List that takes recoverable faults; else they are logged.
            strict: Raise recoverable faults.

        Raises:
            FormatError: The bytes do not have the declared form.
            TypeError: An argument or the byte order is missing.
        """
        if not lazy:
            return self._run(buffer, offset, end, byteorder, base, args, limits, faults, strict)[0]
        try:
            kind, need = self._lazy[byteorder]
        except KeyError:
            kind, need = self._lazy_of(byteorder)
        stop = len(buffer)
        if end is not None and end < stop:
            stop = end
        if not 0 <= offset <= stop - need:
            raise TruncatedError(
                f'needs {need} bytes, {max(0, stop - offset)} are left',
                self.shape.path,
                offset - base,
            )
        record = kind()
        record._held = (buffer, offset, self, end, byteorder, base, args, limits, faults, strict)
        return record

    def _lazy_of(self, byteorder: str | None) -> tuple[type[Any], int]:
        """Return the class of lazy records for a byte order as it was spelled, and least bytes."""
        found = self._lazy[byteorder] = _lazy_class(self, self.order(byteorder))
        return found

    def parse_next(
        self, buffer: Buffer, offset: int = 0, end: int | None = None, *,
        byteorder: str | None = None, base: int = 0, args: Mapping[str, Any] = _NOTHING,
        limits: Limits | None = None, faults: Faults | None = None, strict: bool = False,
    ) -> tuple[Any, int]:  # fmt: skip
        """Return a record and the offset behind it; parameters as in `parse`."""
        return self._run(buffer, offset, end, byteorder, base, args, limits, faults, strict)

    def iter(
        self, buffer: Buffer, offset: int = 0, end: int | None = None, **as_parse: Any
    ) -> Iterator[Any]:
        """Yield records to the end of the buffer; parameters as in `parse_next`."""
        end = len(buffer) if end is None else end
        while offset < end:
            record, behind = self.parse_next(buffer, offset, end, **as_parse)
            if behind <= offset:
                raise FormatError('a record of no bytes', self.shape.path, offset)
            yield record
            offset = behind

    def _parser(self, byteorder: str | None) -> Any:
        """Return the parser for a byte order as it was spelled."""
        parser = self._running.space('parse', self.order(byteorder))[f'parse_{self.name}']
        self._parsers[byteorder] = parser
        return parser

    def _run(
        self, buffer: Any, offset: int, end: int | None, byteorder: str | None, base: int,
        args: Mapping[str, Any], limits: Limits | None, faults: Faults | None, strict: bool,
    ) -> tuple[Any, int]:  # fmt: skip
        result: tuple[Any, int]
        try:
            parser = self._parsers[byteorder]
        except KeyError:
            parser = self._parser(byteorder)
        ctx = Parse()
        if base or strict or limits is not None or faults is not None:
            ctx.differ(base, limits, faults, strict)
        size = len(buffer)
        if end is None or end > size:
            end = size
        if offset:
            if offset < 0:
                raise TruncatedError(f'the offset {offset} is negative', self.shape.path, offset)
            ctx.start = offset
        given = self.arguments(args) if args or self.args else None
        try:
            if given:
                result = parser(buffer, offset, end, ctx, *given)
            else:
                result = parser(buffer, offset, end, ctx)
        except FormatError as error:
            if ctx.base and error.offset >= 0:
                raise type(error)(error.message, error.path, error.offset - ctx.base) from None
            raise
        except FAULTS as error:
            raise fault_of(error, self.shape.path, offset - ctx.base) from error
        return result

    def _builder(self, byteorder: str | None) -> tuple[Any, Any]:
        """Return the builder for a byte order as it was spelled."""
        space = self._running.space('build', self.order(byteorder))
        found = self._builders[byteorder] = (space[f'build_{self.name}'], space['Build'])
        return found

    def build(
        self,
        values: Any,
        *,
        byteorder: str | None = None,
        args: Mapping[str, Any] = _NOTHING,
        dropped: str = 'error',
    ) -> Built:
        """Return the bytes of values.

        Parameters:
            values: A record or a mapping, nested at will. Counts, sizes, offsets and magics follow
                from the rest.
            byteorder: Needed by schemas that inherit it.
            args: Arguments; those that follow from the values may be missing.
            dropped: ``error`` refuses records that lost fields on reading, ``zero`` writes zeros.

        Raises:
            BuildError: The values do not fit; names the path.
        """
        try:
            function, context = self._builders[byteorder]
        except KeyError:
            function, context = self._builder(byteorder)
        ctx = context()
        if dropped != 'error':
            if dropped != 'zero':
                raise ValueError(f'dropped={dropped!r} is neither error nor zero')
            ctx.zero = True
        given = self.arguments(args, True) if args or self.args else None
        try:
            if given:
                function(ctx, values, self._path, *given)
            else:
                function(ctx, values, self._path)
            if ctx.queue or ctx.late:
                ctx.drain()
        except BuildError:
            raise
        except (
            *FAULTS,
            OverflowError,
            KeyError,
            AttributeError,
            IndexError,
            ctx.pack_error,
        ) as error:
            raise BuildError(f'the values cannot be stored: {error}', self.shape.path) from error
        outputs = _NOTHING
        if self.args:
            # Arguments that do not follow from the values are those that were given.
            known = {**args, **ctx.args}
            outputs = {name: known[name] for name in self.args if name in known}
        return Built(bytes(ctx.out), ctx.patches, outputs, self._path)

    def trace(
        self, buffer: Buffer, offset: int = 0, end: int | None = None, *,
        byteorder: str | None = None, base: int = 0, args: Mapping[str, Any] = _NOTHING,
        limits: Limits | None = None, faults: Faults | None = None, strict: bool = False,
        reach: Callable[[int], None] | None = None,
    ) -> list[Extent]:  # fmt: skip
        """Return the extent of every field, in file offsets.

        Parameters:
            buffer, offset, end, byteorder, base, args, limits, faults, strict: As in `parse`.
            reach: Called with the position in the buffer where a struct or the target of a pointer
                begins, before its bytes are looked at.

        A fault ends the list with an extent of kind ``fault`` whose path is the message.
        """
        order = self.order(byteorder)
        tracer = self._running.space('trace', order)[f'trace_{self.name}']
        ctx = Parse()
        ctx.differ(base, limits, faults if faults is not None else [], strict)
        ctx.start = offset
        if reach is not None:
            ctx.reach = reach
        end = len(buffer) if end is None else min(end, len(buffer))
        given = self.arguments(args) if args or self.args else []
        last: list[Extent] = []
        try:
            tracer(buffer, offset, end, ctx, '', *given)
        except FAULTS as error:
            fault = fault_of(error, self.shape.path, offset)
            place = fault.offset if fault.offset >= 0 else offset
            last = [Extent(place - base, place - base, str(fault), 'fault')]
        seen: set[tuple[int, int]] = set()
        found = []
        for start, stop, path, kind in ctx.extents:
            shared = kind != 'inline' and (start, stop) in seen and stop > start
            seen.add((start, stop))
            found.append(
                Extent(start - base, stop - base, path.lstrip('.'), 'shared' if shared else kind)
            )
        return found + last


def _lazy_class(struct: Struct, order: str) -> tuple[type[LazyRecord], int]:
    """Return a record class whose leading numbers are read from the buffer on access."""
    shape = struct.shape
    space: dict[str, Any] = {
        '__slots__': (), '__doc__': f'Lazy record of {shape.path}.', '_fields': shape.fields,
        '_path': shape.path,
    }  # fmt: skip
    behind = need = 0
    order = {'little': '<', 'big': '>'}.get(shape.endian, order)
    for name, letters, offset, plainly in shape.leading:
        packer = Packer(letters if letters[0] in '<>' else order + letters)
        behind = offset + packer.size
        if name == shape.extent:
            space['_extent'] = _extent_of(packer.unpack_from, offset, shape.path)
            need = behind
        elif plainly:
            space[name] = _reader(packer.unpack_from, offset, behind if shape.extent else 0)
    need = need or behind
    space['_all'] = _whole
    return type(shape.name, (LazyRecord,), space), need


def _reader(unpack: Any, offset: int, behind: int) -> property:
    def read(record: Any) -> Any:
        held = record._held
        return unpack(held[0], held[1] + offset)[0]

    def read_if_there(record: Any) -> Any:
        # The struct says its own size; what lies behind its end is absent.
        held = record._held
        try:
            size = record._size
        except AttributeError:
            size = record._size = record._extent(held[0], held[1])
        return unpack(held[0], held[1] + offset)[0] if behind <= size else None

    return property(read_if_there if behind else read)


def _extent_of(unpack: Any, offset: int, path: str) -> Any:
    def extent(record: Any, buffer: Any, start: int) -> int:
        size: int = unpack(buffer, start + offset)[0]
        if size > len(buffer) - start:
            raise TruncatedError(f'needs {size} bytes, {len(buffer) - start} are left', path, start)
        return size

    return extent


def _whole(record: Any) -> Any:
    try:
        return record._whole
    except AttributeError:
        pass
    buffer, offset, struct, *asked = record._held
    record._whole = struct._run(buffer, offset, *asked)[0]
    return record._whole


def _struct(id: str, name: str, variant: str | None) -> Struct:
    from .library import schemas

    return schemas[id].struct(name, variant)
