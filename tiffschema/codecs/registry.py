"""Which function decodes and encodes which TIFF compression, and what to install for it.

This module knows names of functions, not the functions: they are imported when a page needs
them. Rule 1: a codec has an ordered list of implementations; the first whose requirement is met
is used, so imagecodecs comes first and plain Python after it. Rule 2: what cannot be done ends in
an `UnsupportedError` whose sentence says what is missing.

Decoders have one of two signatures. A codec of bytes, whose result still has to be unpacked:

    decode(data: Buffer, spec: SegmentSpec, nbytes: int, out: ndarray | None) -> Buffer | ndarray

``nbytes`` is both the number of bytes expected and the most that may be produced; ``out`` is a flat
uint8 array of ``nbytes`` bytes that may be filled and returned, whole or shortened. A codec of
images, whose stream has its own size and type:

    decode_image(data: Buffer, spec: SegmentSpec, shape: tuple[int, ...],
                 out: ndarray | None) -> ndarray

``shape`` is the stored extent (depth, length, width, samples); ``out``, if given, is a
C-contiguous array of that shape and of the page's dtype which may be filled and returned. The
result may be smaller or larger than ``shape`` and may lack axes of length one; the pipeline crops
and fills. Encoders are ``encode(rows, spec, args) -> bytes`` with uint8 rows of shape (rows,
bytes per row), and ``encode_image(array, spec, args) -> bytes`` with the samples of shape (depth,
length, width, samples).

A factory implementation (``factory=True``) is called once per page with the spec and returns the
function without the parameter ``spec``.
"""

from __future__ import annotations

import dataclasses
import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tiffschema.errors import UnsupportedError
from tiffschema.plugins import entry_points

from . import backend

if TYPE_CHECKING:
    from .spec import SegmentSpec

__all__ = ['Codec', 'CodecRegistry', 'Implementation', 'codecs', 'register_codec']

Direction = Literal['decode', 'encode']


@dataclass(frozen=True, slots=True)
class Implementation:
    """One function for one direction of a codec.

    Parameters:
        function: ``package.module:function``, a name beginning with a dot being relative to
            `tiffschema.codecs`; or the function itself.
        requires: What must be there: the name of a codec of imagecodecs, ``module:`` and the name
            of a Python module, or nothing.
        factory: Called once per page with the spec, returns the function without ``spec``.
    """

    function: str | Callable[..., Any]
    requires: str = ''
    factory: bool = False

    @property
    def available(self) -> bool:
        """Whether the requirement is met here."""
        if not self.requires:
            return True
        kind, _, name = self.requires.rpartition(':')
        return backend.has_module(name) if kind == 'module' else backend.has(name)

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        if not isinstance(self.function, str):
            return self.function
        module, _, name = self.function.partition(':')
        result: Callable[..., Any] = getattr(importlib.import_module(module, __package__), name)
        return result


@dataclass(frozen=True, slots=True)
class Codec:
    """What is known about one compression.

    Parameters:
        code: Value of tag 259.
        name: Name in the enumeration COMPRESSION.
        decoders, encoders: Implementations, the best first.
        needs: Sentence that says what is missing where no implementation can be used.
        is_image: The stream carries size and type of its own; bit packing, byte order and
            predictor do not apply.
        bitorder: FillOrder 2 applies to the stored bytes.
        salvage: Returns what damaged data yields; called with (data, spec, nbytes), for codecs of
            images with (data, spec, shape).
        samples: Names of the types that can be encoded; empty where each encoder says itself.
        endless: A stream that is cut off looks like a whole one; only its size tells.
        predicted: Tag Predictor applies to its bytes; readers ignore it with any other.
    """

    code: int
    name: str
    decoders: tuple[Implementation, ...] = ()
    encoders: tuple[Implementation, ...] = ()
    needs: str = ''
    is_image: bool = False
    bitorder: bool = True
    salvage: Implementation | None = None
    samples: tuple[str, ...] = ()
    endless: bool = False
    predicted: bool = True
    _chosen: dict[str, tuple[Implementation, Callable[..., Any]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def takes_predictor(self) -> bool:
        """Whether samples may be differenced before they are compressed."""
        return self.predicted and not self.is_image

    @property
    def can_decode(self) -> bool:
        """Whether an implementation of decoding can be used here."""
        return any(item.available for item in self.decoders)

    @property
    def can_encode(self) -> bool:
        """Whether an implementation of encoding can be used here."""
        return any(item.available for item in self.encoders)

    @property
    def decode(self) -> Callable[..., Any]:
        """The best function that decodes.

        Raises:
            UnsupportedError: There is none; says what to install.
        """
        return self._choose('decode')[1]

    @property
    def encode(self) -> Callable[..., Any]:
        """The best function that encodes.

        Raises:
            UnsupportedError: There is none; says what to install.
        """
        return self._choose('encode')[1]

    def decoder(self, spec: SegmentSpec) -> Callable[..., Any]:
        """Return ``f(data, nbytes or shape, out)`` for the segments of a page."""
        implementation, function = self._choose('decode')
        if implementation.factory:
            made: Callable[..., Any] = function(spec)
            return made
        return lambda data, size, out: function(data, spec, size, out)

    def encoder(self, spec: SegmentSpec, args: Mapping[str, Any]) -> Callable[..., Any]:
        """Return ``f(rows or array)`` for the segments of a page."""
        implementation, function = self._choose('encode')
        if implementation.factory:
            made: Callable[..., Any] = function(spec, args)
            return made
        return partial(_encode, function, spec, args)

    def salvage_image(self, data: Any, spec: SegmentSpec, shape: tuple[int, ...]) -> Any:
        """Return the image that damaged data yields, None if that cannot be known."""
        if self.salvage is None or not self.salvage.available:
            return None
        return self.salvage.load()(data, spec, shape)

    def salvage_bytes(self, data: Any, spec: SegmentSpec, nbytes: int) -> bytes:
        """Return what damaged data yields before its fault, nothing if that cannot be known."""
        if self.salvage is None or not self.salvage.available:
            return b''
        saved: bytes = self.salvage.load()(data, spec, nbytes)
        return saved

    def _choose(self, direction: Direction) -> tuple[Implementation, Callable[..., Any]]:
        chosen = self._chosen.get(direction)
        if chosen is None:
            ways = self.decoders if direction == 'decode' else self.encoders
            for way in ways:
                if way.available:
                    chosen = self._chosen[direction] = (way, way.load())
                    break
            else:
                raise UnsupportedError(self._missing(direction, bool(ways)))
        return chosen

    def _missing(self, direction: Direction, known: bool) -> str:
        subject = f'compression {self.name} ({self.code}) cannot be {direction}d'
        if self.needs and (known or not self.decoders):
            return f'{subject}: {self.needs}'
        return f'{subject}: no {direction}r is implemented'


def _encode(
    function: Callable[..., Any], spec: SegmentSpec, args: Mapping[str, Any], data: Any
) -> Any:
    return function(data, spec, args)


class CodecRegistry(Mapping[int, Codec]):
    """Read-only view of the codecs by compression; `register_codec` adds to it.

    Example:
        >>> codecs[8].name
        'ADOBE_DEFLATE'
        >>> codecs['LZW'].code
        5
    """

    def __init__(self) -> None:
        self._codecs: dict[int, Codec] = {}
        self._names: dict[str, int] = {}
        self._filled = self._filling = False
        self._mutex = threading.RLock()

    def __getitem__(self, compression: int | str) -> Codec:
        if not self._filled:
            self._fill()
        code = self._names.get(compression) if isinstance(compression, str) else int(compression)
        if code is None:
            raise KeyError(compression)
        return self._codecs[code]

    def __iter__(self) -> Iterator[int]:
        if not self._filled:
            self._fill()
        return iter(self._codecs)

    def __len__(self) -> int:
        if not self._filled:
            self._fill()
        return len(self._codecs)

    def find(self, compression: int) -> Codec:
        """Return the codec of a compression found in a file.

        Raises:
            UnsupportedError: Nobody has registered one.
        """
        try:
            return self[compression]
        except KeyError:
            raise UnsupportedError(
                f'compression {int(compression)} is unknown: no codec is registered for it'
            ) from None

    def forget(self) -> None:
        """Forget which implementations were chosen; they are chosen anew on use."""
        for codec in self._codecs.values():
            codec._chosen.clear()

    def _add(self, codec: Codec) -> None:
        self._codecs[codec.code] = codec
        self._names[codec.name] = codec.code

    def _fill(self) -> None:
        """Take in the codecs of this library, then those of installed packages, on first use."""
        with self._mutex:
            if self._filled or self._filling:  # what is taken in may ask for what is there
                return
            self._filling = True
            from . import builtin  # noqa: F401

            for point in entry_points('tiffschema.codecs'):
                point.load()(register_codec)
            self._filled = True


def register_codec(codec: Codec, *, replace: bool = True) -> None:
    """Add a codec, in front of a known one of the same compression.

    An installed package can do so through an entry point of the group ``tiffschema.codecs``: a
    function that is called with this one.

    Parameters:
        codec: What to add. Its implementations come before those already known.
        replace: Drop the known implementations of directions which `codec` brings.

    Raises:
        TypeError: `codec` is not a `Codec`.
    """
    if not isinstance(codec, Codec):
        raise TypeError(f'codec is a {type(codec).__name__}, not a Codec')
    known = codecs.get(codec.code)
    if known is not None:
        decoders, encoders = codec.decoders, codec.encoders
        if not replace or not decoders:
            decoders += known.decoders
        if not replace or not encoders:
            encoders += known.encoders
        codec = dataclasses.replace(
            codec,
            decoders=decoders,
            encoders=encoders,
            needs=codec.needs or known.needs,
            salvage=codec.salvage or known.salvage,
            samples=codec.samples
            or (known.samples if encoders[-1:] == known.encoders[-1:] else ()),
            endless=codec.endless or known.endless,
            _chosen={},
        )
    codecs._add(codec)


codecs = CodecRegistry()
backend.on_change(codecs.forget)
