"""The arguments of `write`, checked and brought into one form before a byte is written.

Knows names and numbers of the format's enumerations; neither files nor pixels.
Rule: every refusal names its argument.
"""

from __future__ import annotations

import datetime as datetimes
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiffschema.codecs.registry import codecs
from tiffschema.model.enums import enum

__all__ = [
    'JPEG_COMPRESSIONS',
    'Kind',
    'WriteArguments',
    'extra_items',
    'file_kind',
    'member',
    'normalize_arguments',
    'rational',
    'sample_dtype',
    'tag_text',
]

Kind: TypeAlias = Literal['generic', 'shaped', 'imagej', 'ome']

JPEG_COMPRESSIONS = frozenset({7, 33007, 34892})
LERC = 34887
PREDICTORS: dict[str, frozenset[int]] = {
    'integer': frozenset({2, 34892, 34893}),
    'float': frozenset({3, 34894, 34895}),
}
SUBSAMPLINGS = ((1, 1), (2, 1), (2, 2), (4, 1))
REDUCED, MASK = 1, 4  # bits of NewSubfileType


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteArguments:
    """What one call of `write` asked for; enumerations are plain integers.

    Fields carry the names and meanings of the parameters of `TiffWriter.write`.
    """

    photometric: int | None
    planarconfig: int | None
    extrasamples: tuple[int, ...] | Literal[False] | None
    volumetric: bool
    tile: tuple[int, ...]
    rowsperstrip: int | None
    bitspersample: int | None
    compression: int
    compressionargs: Mapping[str, Any]
    predictor: int
    subsampling: tuple[int, int] | None
    jpegtables: bytes | None
    iccprofile: bytes | None
    colormap: NDArray[np.uint16] | None
    description: bytes | None
    datetime: bytes | None
    resolution: tuple[tuple[int, int], tuple[int, int]]
    resolutionunit: int | None
    has_resolution: bool
    subfiletype: int | None
    software: bytes | None
    subifds: int
    metadata: Mapping[str, Any] | None
    extratags: tuple[Any, ...]
    contiguous: bool
    truncate: bool
    align: int
    maxworkers: int | None
    buffersize: int | None

    @property
    def is_reduced(self) -> bool:
        """Whether the image is a smaller version of another one."""
        return bool((self.subfiletype or 0) & REDUCED)

    @property
    def is_mask(self) -> bool:
        """Whether the image says which pixels of another one are valid."""
        return bool((self.subfiletype or 0) & MASK)


def member(name: str, value: object, argument: str) -> int:
    """Return the number of an enumeration's member given by number, name or member.

    Parameters:
        name: Name of the enumeration, such as ``COMPRESSION``.
        value: Number, member, or name in any case.
        argument: Parameter to name in errors.

    Raises:
        ValueError: There is no such member.
    """
    kind = enum(name)
    if isinstance(value, str):
        try:
            return int(kind[value.upper()].value)
        except KeyError:
            names = ', '.join(item.lower() for item in kind.__members__)
            raise ValueError(f'{argument}: {value!r} is none of {names}') from None
    try:
        return int(kind(operator.index(value)).value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f'{argument}: {value!r} is no member of {name}') from None


def file_kind(
    kind: str | None,
    *,
    imagej: bool = False,
    ome: bool | None = None,
    shaped: bool | None = None,
) -> Kind | None:
    """Return the flavour of a file from ``kind`` and its older spellings; None leaves it open.

    Raises:
        ValueError: The kind is unknown, or the arguments contradict each other.
    """
    if kind is not None:
        kinds: tuple[Kind, ...] = ('generic', 'shaped', 'imagej', 'ome')
        for known in kinds:
            if kind == known:
                return known
        raise ValueError(f'kind: {kind!r} is none of generic, shaped, imagej, ome')
    if imagej and ome:
        raise ValueError('imagej and ome exclude each other')
    if imagej:
        return 'imagej'
    if ome:
        return 'ome'
    if shaped is False:
        return 'generic'
    return 'shaped' if shaped else None


def sample_dtype(dtype: object) -> np.dtype[Any]:
    """Return the type of samples that TIFF can store.

    Raises:
        ValueError: It is neither bool, integer, float nor complex.
    """
    try:
        result = np.dtype(dtype)  # type: ignore[call-overload]
    except TypeError:
        raise ValueError(f'dtype: {dtype!r} is not understood') from None
    if result.kind not in 'buifc':
        raise ValueError(f'dtype: TIFF cannot store samples of type {result}')
    return result  # type: ignore[no-any-return]


def integer(value: object, argument: str) -> int:
    """Return a whole number.

    Raises:
        TypeError: It is none; names the argument.
    """
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f'{argument}: {value!r} is no integer') from None


def tag_text(value: str | bytes, argument: str) -> bytes:
    """Return text of an ASCII tag without its NUL; bytes stay as they are.

    Raises:
        ValueError: It is no text, or not 7-bit ASCII.
    """
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError(f'{argument}: {value!r} is neither text nor bytes')
    try:
        return value.encode('ascii')
    except UnicodeEncodeError:
        raise ValueError(f'{argument}: TIFF text must be 7-bit ASCII; pass bytes') from None


def rational(value: object, argument: str) -> tuple[int, int]:
    """Return numerator and denominator, both below 2**32.

    Parameters:
        value: A number, a `fractions.Fraction`, or a pair of integers.
        argument: Parameter to name in errors.

    Raises:
        ValueError: The value is negative, not finite, or too large.

    Example:
        >>> rational(300.5, 'resolution'), rational((96000, 1000), 'resolution')
        ((601, 2), (96, 1))
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f'{argument}: {value!r} is no pair of numerator and denominator')
        try:
            numerator, denominator = (operator.index(item) for item in value)
        except TypeError:
            raise ValueError(f'{argument}: {value!r} is no pair of integers') from None
        if denominator == 0:
            raise ValueError(f'{argument}: the denominator of {value!r} is 0')
        fraction = Fraction(numerator, denominator)
    else:
        number = value if isinstance(value, (int, Fraction)) else _float(value, argument)
        if not math.isfinite(number):
            raise ValueError(f'{argument}: {value!r} is not finite')
        fraction = Fraction(number)
    if fraction < 0 or fraction > 0xFFFFFFFF:
        raise ValueError(f'{argument}: {value!r} is not between 0 and 4294967295')
    limit = 0xFFFFFFFF
    if fraction.numerator > limit or fraction.denominator > limit:
        # The nearest fraction with both parts in range: bound the denominator so that the
        # numerator, about denominator x value, stays in range too.
        bound = min(limit, max(1, int(limit / fraction))) if fraction else limit
        fraction = fraction.limit_denominator(bound)
    return fraction.numerator, fraction.denominator


def _float(value: object, argument: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f'{argument}: {value!r} is no number') from None


def normalize_arguments(
    dtype: np.dtype[Any],
    *,
    photometric: object = None,
    planarconfig: object = None,
    extrasamples: Sequence[object] | Literal[False] | object | None = None,
    volumetric: bool = False,
    tile: Sequence[int] | None = None,
    rowsperstrip: int | None = None,
    bitspersample: int | None = None,
    compression: object = None,
    compressionargs: Mapping[str, Any] | None = None,
    predictor: object = None,
    subsampling: tuple[int, int] | None = None,
    jpegtables: bytes | None = None,
    iccprofile: bytes | None = None,
    colormap: ArrayLike | None = None,
    description: str | bytes | None = None,
    datetime: object = None,
    resolution: Sequence[object] | None = None,
    resolutionunit: object = None,
    subfiletype: object = None,
    software: str | bytes | bool | None = None,
    subifds: int | Sequence[int] | None = None,
    metadata: Mapping[str, Any] | None = None,
    extratags: Iterable[Any] | None = None,
    contiguous: bool = False,
    truncate: bool = False,
    align: int | None = None,
    maxworkers: int | None = None,
    buffersize: int | None = None,
    default_software: bytes = b'tiffschema',
) -> WriteArguments:
    """Return the arguments of one `write` call, checked against each other and the type of samples.

    Parameters:
        dtype: Type of the samples; the others as in `TiffWriter.write`.
        default_software: Text of tag Software where none is given.

    Raises:
        ValueError: An argument is wrong; the message begins with its name.
        UnsupportedError: No encoder for the compression is installed.
    """
    code = _compression(compression, dtype)
    sides = _tile(tile)
    return WriteArguments(
        photometric=_optional('PHOTOMETRIC', photometric, 'photometric'),
        planarconfig=_optional('PLANARCONFIG', planarconfig, 'planarconfig'),
        extrasamples=_extrasamples(extrasamples),
        volumetric=bool(volumetric) or len(sides) == 3,
        tile=sides,
        rowsperstrip=None
        if rowsperstrip is None
        else max(integer(rowsperstrip, 'rowsperstrip'), 1),
        bitspersample=_bitspersample(bitspersample, dtype, code),
        compression=code,
        compressionargs=dict(_mapping(compressionargs, 'compressionargs') or {}),
        predictor=_predictor(predictor, dtype, code),
        subsampling=_subsampling(subsampling, code),
        jpegtables=_bytes(jpegtables, 'jpegtables'),
        iccprofile=_bytes(iccprofile, 'iccprofile'),
        colormap=None if colormap is None else _colormap(colormap),
        description=None if description is None else tag_text(description, 'description'),
        datetime=_datetime(datetime),
        resolution=_resolution(resolution),
        resolutionunit=_unit(resolution, resolutionunit),
        has_resolution=resolution is not None,
        subfiletype=_subfiletype(subfiletype, dtype),
        software=_software(software, default_software),
        subifds=_subifds(subifds),
        metadata=_mapping(metadata, 'metadata'),
        extratags=extra_items(extratags),
        contiguous=bool(contiguous),
        truncate=bool(truncate),
        align=_align(align),
        maxworkers=_maxworkers(maxworkers),
        buffersize=_buffersize(buffersize),
    )


def _optional(name: str, value: object, argument: str) -> int | None:
    return None if value is None else member(name, value, argument)


def _compression(value: object, dtype: np.dtype[Any]) -> int:
    if value in (None, False, 0, ''):
        return 1
    if value is True:
        return 8
    if isinstance(value, str) and value.lower() == 'zlib':
        return 8
    code = member('COMPRESSION', value, 'compression')
    if code == 1:
        return 1
    if code not in codecs:
        raise ValueError(f'compression: {value!r} is not implemented')
    codec = codecs[code]
    if codec.samples and dtype.name not in codec.samples:
        raise ValueError(f'compression: {codec.name} cannot store samples of type {dtype}')
    if dtype.kind == 'b' and codec.is_image and not codec.samples:
        raise ValueError(f'compression: {codec.name} cannot store bilevel images')
    _ = codec.encode  # names what to install, if anything is missing
    return code


def _predictor(value: object, dtype: np.dtype[Any], compression: int) -> int:
    if value is None or (value is not True and value in (0, 1)):
        return 1
    if value is True:
        if dtype.kind == 'f':
            code = 3
        elif dtype.kind in 'iu' and dtype.itemsize <= 4:
            code = 2
        else:
            raise ValueError(f'predictor: none is defined for samples of type {dtype}')
    else:
        code = member('PREDICTOR', value, 'predictor')
        if code == 1:
            return 1
        wanted = 'float' if dtype.kind == 'f' else 'integer'
        if dtype.kind not in 'uif' or code not in PREDICTORS[wanted]:
            raise ValueError(f'predictor: {value!r} does not fit samples of type {dtype}')
    if compression == 1:
        raise ValueError('predictor: there is no compression to use it with')
    if not codecs[compression].takes_predictor:
        raise ValueError(f'predictor: {codecs[compression].name} does not use one')
    return code


def _bitspersample(value: int | None, dtype: np.dtype[Any], compression: int) -> int | None:
    if value is None:
        return None
    bits = integer(value, 'bitspersample')
    if bits == (1 if dtype.kind == 'b' else dtype.itemsize * 8):
        return None
    if dtype.kind != 'u':
        raise ValueError(f'bitspersample: {bits} does not fit samples of type {dtype}')
    low = {1: 1, 2: 9, 4: 17}.get(dtype.itemsize, 0)
    if not low or not low <= bits < dtype.itemsize * 8:
        if compression in JPEG_COMPRESSIONS and dtype.itemsize == 2 and bits == 8:
            raise ValueError('bitspersample: 8 needs samples of type uint8')
        raise ValueError(f'bitspersample: {bits} does not fit samples of type {dtype}')
    if compression != 1 and not codecs[compression].is_image:
        raise ValueError('bitspersample: packed samples cannot be compressed')
    return bits


def _subsampling(value: tuple[int, int] | None, compression: int) -> tuple[int, int] | None:
    if value is None:
        return None
    try:
        pair = tuple(operator.index(item) for item in value)
    except TypeError:
        pair = ()
    if pair not in SUBSAMPLINGS:
        raise ValueError(f'subsampling: {value!r} is none of {SUBSAMPLINGS}')
    return pair


def _tile(value: Sequence[int] | None) -> tuple[int, ...]:
    if value is None:
        return ()
    try:
        tile = tuple(operator.index(item) for item in value)
    except TypeError:
        raise ValueError(f'tile: {value!r} is no sequence of integers') from None
    if not tile:
        return ()
    if len(tile) not in (2, 3) or tile[-1] % 16 or tile[-2] % 16 or min(tile) < 1:
        raise ValueError(
            f'tile: {value!r} is not (length, width) or (depth, length, width), multiples of 16'
        )
    return tile


def _extrasamples(value: Any) -> tuple[int, ...] | Literal[False] | None:
    if value is None or value is False:
        return value
    if isinstance(value, (str, int)):
        value = (value,)
    return tuple(member('EXTRASAMPLE', item, 'extrasamples') for item in value)


def _colormap(value: ArrayLike) -> NDArray[np.uint16]:
    array = np.asarray(value)
    if array.ndim != 2 or array.shape[0] != 3 or array.dtype.kind not in 'ui':
        raise ValueError(f'colormap: shape {array.shape}, type {array.dtype} is no (3, n) uint16')
    if array.size and (array.min() < 0 or array.max() > 0xFFFF):
        raise ValueError('colormap: values are not between 0 and 65535')
    return np.ascontiguousarray(array, dtype=np.uint16)


def _datetime(value: Any) -> bytes | None:
    if not value:
        return None
    if isinstance(value, str):
        if len(value) != 19 or value[16] != ':':
            raise ValueError(f'datetime: {value!r} is not of the form YYYY:MM:DD HH:MM:SS')
        return tag_text(value, 'datetime')
    moment = value if hasattr(value, 'strftime') else datetimes.datetime.now()
    return moment.strftime('%Y:%m:%d %H:%M:%S').encode('ascii')


def _resolution(value: Sequence[object] | None) -> tuple[tuple[int, int], tuple[int, int]]:
    if value is None:
        return (1, 1), (1, 1)
    if not hasattr(value, '__len__'):
        raise TypeError(f'resolution: {value!r} is no pair (x, y)')
    if len(value) not in (2, 3):
        raise ValueError(f'resolution: {value!r} is no pair (x, y)')
    return rational(value[0], 'resolution'), rational(value[1], 'resolution')


def _unit(resolution: Sequence[object] | None, value: object) -> int | None:
    if value is not None:
        return member('RESUNIT', value, 'resolutionunit')
    if resolution is not None and len(resolution) == 3 and resolution[2] is not None:
        return member('RESUNIT', resolution[2], 'resolution')
    return None


def _subfiletype(value: object, dtype: np.dtype[Any]) -> int | None:
    if value is None:
        return None
    bits = integer(value, 'subfiletype')
    if not 0 <= bits < 1 << 32:
        raise ValueError(f'subfiletype: {value!r} is not a 32-bit number')
    if bits & MASK and dtype.kind != 'b':
        raise ValueError(f'subfiletype: a mask needs samples of type bool, not {dtype}')
    return bits


def _software(value: str | bytes | bool | None, default: bytes) -> bytes | None:
    if value is None or value is True:
        return default
    if value is False or not value:
        return None
    return tag_text(value, 'software')


def _subifds(value: int | Sequence[int] | None) -> int:
    if value is None:
        return 0
    if isinstance(value, Sequence):
        return len(value)
    return integer(value, 'subifds')


def _bytes(value: object, argument: str) -> bytes | None:
    if value is None:
        return None
    # bytes(5) would be five zeros.
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f'{argument}: {type(value).__name__} is not bytes')
    return bytes(value)


def extra_items(value: Iterable[Any] | None) -> tuple[Any, ...]:
    """Return the items of argument ``extratags``, none for None.

    Raises:
        TypeError: It is no sequence.
        ValueError: An item is neither five (or four) items nor a pair.
    """
    if value is None:
        return ()
    try:
        items = tuple(value)
    except TypeError:
        raise TypeError(f'extratags: {value!r} is no sequence of tags') from None
    for item in items:
        if not isinstance(item, Sequence) or isinstance(item, str) or len(item) not in (2, 4, 5):
            raise ValueError(f'extratags: {item!r} is neither five items nor a pair')
    return items


def _align(value: int | None) -> int:
    if value is None:
        return 16
    alignment = integer(value, 'align')
    if alignment < 1:
        raise ValueError(f'align: {value} is not positive')
    return alignment


def _maxworkers(value: int | None) -> int | None:
    if value is None:
        return None
    if integer(value, 'maxworkers') < 0:
        raise ValueError(f'maxworkers: {value} is negative')
    return value


def _mapping(value: object, argument: str) -> Any:
    if value is None or isinstance(value, Mapping):
        return value
    raise TypeError(f'{argument}: {value!r} is no mapping')


def _buffersize(value: int | None) -> int | None:
    if value is None:
        return None
    size = integer(value, 'buffersize')
    if size < 1:
        raise ValueError(f'buffersize: {value} is not positive')
    return size
