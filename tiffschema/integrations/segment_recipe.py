"""How to decode one strip or tile away from its file, as JSON: what our own Zarr codecs are told.

Knows segment specs and decoders; neither Zarr nor references. A recipe holds what a decoder needs
of the directory, so that a reader with nothing but the bytes of a segment gives its samples.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.codecs.pipeline import Decoder, decoder
from tiffschema.codecs.spec import NO_OPTIONS, SegmentSpec
from tiffschema.errors import FormatError, TruncatedError, UnsupportedError
from tiffschema.model.geometry import Geometry
from tiffschema.types import Buffer
from tiffschema.values import fields

from .zarr_metadata import dump_fill, load_fill

if TYPE_CHECKING:
    from .chunks import ChunkedImage

__all__ = ['SegmentRecipe']

_BLOCK = 16
"""Rows of the largest blocks that JPEG codes; images are padded to whole ones."""

_FIELDS = fields(Geometry)


def _dumped(name: str, value: Any) -> Any:
    """Return a value as JSON has it.

    Raises:
        UnsupportedError: JSON has nothing for it.
    """
    if isinstance(value, bytes):
        return {'base64': b64encode(value).decode('ascii')}
    if isinstance(value, list | tuple):
        return [_dumped(name, each) for each in value]
    if isinstance(value, np.ndarray):
        return _dumped(name, value.tolist())
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise UnsupportedError(f'{name}, which segments are decoded with, cannot be expressed')


def _loaded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return b64decode(value['base64'])
    if isinstance(value, list | tuple):
        return tuple(_loaded(each) for each in value)
    return value


class SegmentRecipe:
    """What gives the samples of a stored segment.

    Parameters:
        geometry: Fields of `Geometry` that are not what they are by default.
        extent: What a chunk takes of a segment along (depth, length, width, samples).
        last: Rows inside the image of its last strips or tiles where they are fewer, 0 if not.
            Strips hold no more; tiles may.
        fillvalue: Of the rows that a short strip does not have, as Zarr's JSON has it.
        jpegtables, jpegheader: As `SegmentSpec`, in base64.
        options: As `SegmentSpec`.

    Raises:
        FormatError: The parameters say nothing that can be decoded.
        UnsupportedError: There is no codec, or no type for the samples.

    Example:
        >>> recipe = SegmentRecipe({'imagewidth': 4, 'imagelength': 2, 'bitspersample': 4},
        ...                        extent=(1, 2, 4, 1))
        >>> recipe.decode(bytes.fromhex('12345678')).tolist()
        [1, 2, 3, 4, 5, 6, 7, 8]
    """

    def __init__(
        self,
        geometry: Mapping[str, Any],
        *,
        extent: Sequence[int],
        last: int = 0,
        fillvalue: Any = 0,
        jpegtables: str | None = None,
        jpegheader: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.config: dict[str, Any] = {'geometry': dict(geometry), 'extent': list(extent)}
        given = {
            'last': last, 'fillvalue': fillvalue, 'jpegtables': jpegtables,
            'jpegheader': jpegheader, 'options': dict(options or {}),
        }  # fmt: skip
        self.config.update({name: value for name, value in given.items() if value})
        unknown = set(geometry) - set(_FIELDS)
        if unknown or len(extent) != 4:
            raise FormatError(f'{self.config} describes no segment', 'recipe')
        try:
            made = Geometry(**{name: _loaded(value) for name, value in geometry.items()})
            self._spec = SegmentSpec(
                made,
                b64decode(jpegtables) if jpegtables else None,
                b64decode(jpegheader) if jpegheader else None,
                {name: _loaded(value) for name, value in (options or {}).items()} or NO_OPTIONS,
            )
            self._extent = tuple(int(size) for size in extent)
            self._last = int(last)
            self._fill = load_fill(fillvalue)
        except (TypeError, ValueError, KeyError) as error:
            raise FormatError(f'{self.config} describes no segment: {error}', 'recipe') from error

    @classmethod
    def of(cls, chunked: ChunkedImage) -> SegmentRecipe:
        """Return the recipe of the segments of an image.

        Raises:
            UnsupportedError: Chunks are more than single segments, or JSON cannot say how they
                are decoded.
        """
        geometry, spec, plan = chunked.geometry, chunked.image.keyframe.spec, chunked.plan
        if plan is None:
            raise UnsupportedError('the shape of the series is not made of whole pages')
        extent = [1, 1, 1, 1]
        for place, size in zip(plan.places, chunked.chunkshape[len(plan.lead) :], strict=True):
            if place > 0:
                extent[place - 1] = size
        nominal = geometry.segment_shape
        if any(size > whole for size, whole in zip(extent, nominal, strict=True)):
            raise UnsupportedError('chunks are more than one strip or tile')
        last = geometry.shaped[2] % nominal[1]
        return cls(
            {
                name: _dumped(name, getattr(geometry, name))
                for name, default in _FIELDS.items()
                if getattr(geometry, name) != default
            },
            extent=extent,
            last=last,
            fillvalue=dump_fill(chunked.fillvalue, chunked.dtype),
            jpegtables=spec.jpegtables and b64encode(spec.jpegtables).decode('ascii'),
            jpegheader=spec.jpegheader and b64encode(spec.jpegheader).decode('ascii'),
            options={name: _dumped(name, value) for name, value in spec.options.items()},
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Native type of the samples."""
        return self._decoder.dtype

    @cached_property
    def _decoder(self) -> Decoder:
        return decoder(self._spec)

    def decode(self, data: Buffer) -> NDArray[Any]:
        """Return the samples of a chunk, in their order.

        Parameters:
            data: The stored bytes of a segment.

        Raises:
            FormatError: The data is damaged.
        """
        samples = self._segment(data)
        depth, length, width, contig = self._extent
        part = samples[:depth, :length, :width, :contig]
        if part.shape != self._extent:
            raise FormatError(f'segment of shape {samples.shape}, chunk {self._extent}', 'recipe')
        return np.ascontiguousarray(part).reshape(-1)

    def _segment(self, data: Buffer) -> NDArray[Any]:
        nominal = self._spec.geometry.segment_shape
        try:
            return self._decoder(data, nominal)
        except TruncatedError as error:
            if not self._last:
                raise
            short = self._short(data, nominal, error)
        whole = np.full(nominal, self._fill, short.dtype)
        whole[:, : self._last] = short
        return whole

    def _short(self, data: Buffer, nominal: tuple[int, ...], error: TruncatedError) -> NDArray[Any]:
        """Return the samples of a short strip.

        A strip that lost its end must not pass for one: that holds no row more than it has. Images
        may be padded to whole blocks.
        """
        depth, _, width, contig = nominal
        short = self._decoder(data, (depth, self._last, width, contig))
        beyond = self._last + (_BLOCK if self._spec.geometry.is_image_codec else 1)
        if beyond < nominal[1]:
            try:
                self._decoder(data, (depth, beyond, width, contig))
            except TruncatedError:
                return short
            raise error
        return short

    def __repr__(self) -> str:
        """Return the extent and the type."""
        return f'<SegmentRecipe {self._extent} compression {self._spec.geometry.compression}>'
