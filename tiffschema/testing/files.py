"""Hypothesis strategies for whole files: valid TIFFs with known pixels, and damaged ones.

Rule: files are drawn as arguments of the writer, so that a failing example says how to write it;
damage is put in by `tiffschema.testing.damage`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tiffschema.writer.tiffwriter import TiffWriter

from .codings import ALL_TYPES, CODINGS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ['DrawnFile', 'DrawnImage', 'files']

Draw: TypeAlias = Callable[[Any], Any]
Array: TypeAlias = NDArray[Any]

KIND_TYPES: Mapping[str, tuple[str, ...]] = {
    'generic': ALL_TYPES,
    'shaped': ALL_TYPES,
    'imagej': ('u1', 'u2', 'i2', 'f4'),
    'ome': ('?', 'u1', 'u2', 'u4', 'i1', 'i2', 'i4', 'f4', 'f8', 'c8', 'c16'),
}
"""Types of samples that each kind of file knows."""


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """One series as it was written.

    Fields:
        array: Its samples.
        frames: The samples by page of the file, shape (pages, samples of a page).
        options: Arguments of `TiffWriter.write`.
        children: Images in SubIFDs of its pages, shape (pages, …) each.
    """

    array: Array
    frames: Array
    options: Mapping[str, Any]
    children: tuple[DrawnImage, ...] = ()


class DrawnFile(bytes):
    """A file with what it holds; ``fault`` names the damage, and is empty for valid files."""

    images: tuple[DrawnImage, ...]
    opening: Mapping[str, Any]
    fault: str

    def __new__(
        cls,
        data: bytes,
        images: tuple[DrawnImage, ...],
        opening: Mapping[str, Any],
        fault: str = '',
    ) -> DrawnFile:
        """Return bytes that know what was written."""
        made = super().__new__(cls, data)
        made.images = images
        made.opening = opening
        made.fault = fault
        return made

    def __repr__(self) -> str:
        """Return the calls that write it, and the damage."""
        calls = [f'TiffWriter({dict(self.opening)})']
        for image in self.images:
            for one in (image, *image.children):
                calls.append(f'write({one.array.dtype}{one.array.shape}, {dict(one.options)})')
        return f'DrawnFile({len(self)} bytes, {self.fault or "valid"!r}: {"; ".join(calls)})'


@dataclass(frozen=True, slots=True)
class _Pixels:
    """What a page is: the shape behind the frames, and the arguments which say so."""

    shape: tuple[int, ...]
    samples: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    volume: bool = False

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return self.shape[-2 if self.samples == self.shape[-1] > 1 else -1]


def files(
    kind: Literal['valid', 'near_valid'] = 'valid', *, side: int = 40, faults: Iterable[str] = ()
) -> SearchStrategy[DrawnFile]:
    """Return a strategy for whole TIFFs.

    Parameters:
        kind: ``valid`` files, or ``near_valid`` ones, each with one named damage.
        side: Largest length and width in pixels.
        faults: Names from `tiffschema.testing.damage.DAMAGES`; all if none are given.

    Drawn are byte order, BigTIFF, kind of file, series, pages, children in SubIFDs, layout, types,
    photometric interpretation, extra samples, compression, predictor, packed samples, metadata
    and private tags.

    Raises:
        KeyError: There is no such damage.

    Example:
        >>> from hypothesis import HealthCheck, given, settings
        >>> @given(files())
        ... @settings(max_examples=3, database=None, deadline=None,
        ...           suppress_health_check=[HealthCheck.too_slow])
        ... def test_first_page(file):
        ...     with tiffschema.TiffFile(file) as tif:
        ...         found = tif.pages[0].asarray().reshape(-1)
        ...     assert found.tobytes() == file.images[0].frames[0].tobytes()
        >>> import tiffschema; test_first_page()
    """
    from hypothesis import strategies as st

    if kind not in ('valid', 'near_valid'):
        raise ValueError(f"kind: {kind!r} is neither 'valid' nor 'near_valid'")
    valid = st.composite(_file)(side)
    if kind == 'valid':
        return valid
    from .damage import damaged

    names = tuple(faults)
    return valid.flatmap(
        lambda file: damaged(bytes(file), names).map(
            lambda found: DrawnFile(found, file.images, file.opening, found.fault)
        )
    )


def _file(draw: Draw, side: int) -> DrawnFile:
    """Draw one valid file."""
    from hypothesis import strategies as st

    name = draw(st.sampled_from(tuple(KIND_TYPES)))
    opening = {
        'kind': name,
        'byteorder': draw(st.sampled_from('<>')),
        'bigtiff': name != 'imagej' and draw(st.booleans()),
    }
    count = 1 if name == 'imagej' else draw(st.integers(1, 3))
    images = tuple(_image(draw, name, side, opening['byteorder']) for _ in range(count))
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        with TiffWriter(stream, **opening) as tif:
            for image in images:
                for one in (image, *image.children):
                    tif.write(one.array, **one.options)
    return DrawnFile(stream.getvalue(), images, opening)


def _image(draw: Draw, kind: str, side: int, byteorder: str) -> DrawnImage:
    """Draw a series with its children."""
    from hypothesis import strategies as st

    dtype = draw(st.sampled_from(KIND_TYPES[kind]))
    pixels = _pixels(draw, kind, dtype, side)
    leading = tuple(draw(st.lists(st.integers(1, 3), max_size=0 if pixels.volume else 2)))
    bits = 0 if 'colormap' in pixels.options else _bits(draw, kind, dtype)
    options: dict[str, Any] = dict(pixels.options)
    options |= _segments(draw, kind, pixels)
    if bits:
        options['bitspersample'] = bits
    else:
        options |= _coding(draw, kind, dtype, pixels, options, byteorder)
    options |= _texts(draw, kind)
    if kind in ('imagej', 'ome'):
        planes = 'C' * (options.get('planarconfig') == 'separate')
        axes = 'TZ'[2 - len(leading) :] + planes + 'YX' + 'S' * (pixels.samples > 1 and not planes)
        options['metadata'] = {'axes': axes, **options.get('metadata', {})}
    array = _samples(draw, (*leading, *pixels.shape), dtype, bits)
    children: tuple[DrawnImage, ...] = ()
    wide = pixels.columns > 4  # children have two columns too
    if kind != 'imagej' and wide and not pixels.volume and draw(st.integers(0, 3)) == 0:
        count = draw(st.integers(1, 2))
        options['subifds'] = draw(st.sampled_from((count, -count)))
        children = tuple(_child(array, pixels, len(leading), options, n) for n in range(count))
    frames = array.reshape(int(np.prod(leading, dtype=int)), -1)
    return DrawnImage(array, frames, options, children)


def _child(
    array: Array, pixels: _Pixels, leading: int, options: Mapping[str, Any], level: int
) -> DrawnImage:
    """Return a reduced image: every other row and column, or every fourth."""
    step = slice(None, None, 2 << level)
    interleaved = pixels.samples > 1 and options.get('planarconfig') != 'separate'
    places = (..., step, step, slice(None)) if interleaved else (..., step, step)
    small = np.ascontiguousarray(array[places])
    own = ('photometric', 'planarconfig', 'extrasamples', 'compression', 'predictor')
    kept = {name: options[name] for name in (*own, 'compressionargs', 'bitspersample', 'colormap')
            if name in options}  # fmt: skip
    frames = small.reshape(int(np.prod(array.shape[:leading], dtype=int)), -1)
    return DrawnImage(small, frames, kept | {'subfiletype': 1})


def _pixels(draw: Draw, kind: str, dtype: str, side: int) -> _Pixels:
    """Draw what a page is."""
    from hypothesis import strategies as st

    # Trailing axes of length one are not those of pages: an image has two columns at least.
    size = draw(st.tuples(st.integers(1, side), st.integers(2, side)))
    gray = _Pixels(size, options={'photometric': 'minisblack'})
    if dtype == '?':
        return _Pixels(size, options={'photometric': draw(st.sampled_from(BILEVEL))})
    choices = [gray, gray]
    samples = draw(st.integers(3, 5))
    colour = {'photometric': 'rgb', 'planarconfig': 'contig'}
    if kind != 'imagej':
        choices.append(_Pixels((*size, samples), samples, colour))
        apart = colour | {'planarconfig': 'separate'}
        choices.append(_Pixels((samples, *size), samples, apart))
        ink = {'photometric': 'separated', 'planarconfig': 'contig'}
        choices.append(_Pixels((*size, 4), 4, ink))
        two = {'photometric': 'minisblack', 'planarconfig': 'contig', 'extrasamples': [2]}
        choices.append(_Pixels((*size, 2), 2, two))
    elif dtype == 'u1':
        choices.append(_Pixels((*size, 3), 3, {'photometric': 'rgb'}))
    if kind in ('generic', 'shaped'):
        depth = draw(st.integers(2, 5))
        volume = {'photometric': 'minisblack', 'volumetric': True}
        choices.append(_Pixels((depth, *size), options=volume, volume=True))
        choices.append(_Pixels(size, options={'photometric': 'miniswhite'}))
    if dtype == 'u1':
        palette = np.arange(768, dtype='u2').reshape(3, 256) * 85
        choices.append(_Pixels(size, options={'colormap': palette}))
    chosen: _Pixels = draw(st.sampled_from(choices))
    return chosen


BILEVEL = ('miniswhite', 'minisblack')


def _segments(draw: Draw, kind: str, pixels: _Pixels) -> dict[str, Any]:
    """Draw strips or tiles."""
    from hypothesis import strategies as st

    how = draw(st.sampled_from(('whole', 'strips', 'tiles')))
    if how == 'strips':
        return {'rowsperstrip': draw(st.integers(1, 20))}
    if how == 'tiles' and kind != 'imagej':
        tile = tuple(16 * draw(st.integers(1, 3)) for _ in range(2))
        return {'tile': (draw(st.integers(1, 3)), *tile) if pixels.volume else tile}
    return {}


def _bits(draw: Draw, kind: str, dtype: str) -> int:
    """Draw the number of bits stored of a sample, 0 for all of them."""
    from hypothesis import strategies as st

    ranges = {'u1': (1, 7), 'u2': (9, 15), 'u4': (17, 31)}
    if kind in ('imagej', 'ome') or dtype not in ranges or draw(st.integers(0, 4)):
        return 0
    return int(draw(st.integers(*ranges[dtype])))


def _coding(
    draw: Draw, kind: str, dtype: str, pixels: _Pixels, options: Mapping[str, Any], byteorder: str
) -> dict[str, Any]:
    """Draw compression and predictor."""
    from hypothesis import strategies as st

    samples = 1 if options.get('planarconfig') == 'separate' else pixels.samples
    if kind == 'imagej' or draw(st.booleans()):
        return {}
    fitting = [
        coding
        for coding in CODINGS.values()
        if coding.is_here
        and coding.keeps(dtype, samples)
        and (coding.of_bytes or not (pixels.volume or 'colormap' in options))
        # Their samples are stored byte-swapped, and may be no numbers then.
        and not (coding.name == 'lerc' and byteorder == '>')
    ]
    coding = draw(st.sampled_from(fitting))
    made: dict[str, Any] = {'compression': coding.name}
    if coding.arguments:
        made['compressionargs'] = dict(coding.arguments)
    predictor = draw(st.sampled_from(coding.predictors(dtype)))
    return made | ({'predictor': predictor} if predictor != 1 else {})


def _texts(draw: Draw, kind: str) -> dict[str, Any]:
    """Draw metadata, texts, numbers and private tags."""
    from hypothesis import strategies as st

    text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    made: dict[str, Any] = {'metadata': None} if kind == 'generic' else {}
    if kind == 'shaped' and draw(st.booleans()):
        made['metadata'] = {'note': draw(text), 'list': draw(st.lists(st.integers(), max_size=3))}
    if kind == 'ome' and draw(st.booleans()):
        made['metadata'] = {'Name': draw(text), 'PhysicalSizeX': 0.5, 'PhysicalSizeXUnit': 'µm'}
    if kind == 'imagej' and draw(st.booleans()):
        made['metadata'] = {'Info': draw(text), 'unit': 'um', 'spacing': 2.5}
    if kind in ('generic', 'shaped') and draw(st.booleans()):
        made['description'] = 'about: ' + draw(text)
    if draw(st.booleans()):
        made['resolution'] = draw(st.tuples(st.integers(1, 999), st.integers(1, 999)))
        made['resolutionunit'] = draw(st.sampled_from(('none', 'inch', 'centimeter')))
    made['software'] = draw(st.sampled_from((None, False, 'a program')))
    if draw(st.booleans()):
        numbers = draw(st.lists(st.integers(0, 65535), min_size=1, max_size=9))
        made['extratags'] = [
            (65000, 'H', len(numbers), tuple(numbers), draw(st.booleans())),
            (65001, 's', 0, draw(text) + '.', True),
            (65002, 7, 0, draw(st.binary(min_size=1, max_size=30)), False),
        ]
    return made


def _samples(draw: Draw, shape: tuple[int, ...], dtype: str, bits: int) -> Array:
    """Draw an array: one value, a ramp, or noise over the range of the type."""
    from hypothesis import strategies as st

    how = draw(st.sampled_from(('constant', 'ramp', 'noise')))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 16)))
    kind = np.dtype(dtype)
    if kind.kind == 'b':
        return rng.random(shape) > {'constant': 2, 'ramp': 0.9, 'noise': 0.5}[how]
    if kind.kind in 'ui':
        low, high = (0, (1 << bits) - 1) if bits else (np.iinfo(kind).min, np.iinfo(kind).max)
        if how == 'ramp':
            ramp = np.arange(np.prod(shape, dtype=int)) % min(high + 1, 251)
            return ramp.reshape(shape).astype(kind)
        noise = rng.integers(low, high, shape if how == 'noise' else (), kind, endpoint=True)
        return np.full(shape, noise, kind)
    values = rng.standard_normal(shape) if how == 'noise' else np.full(shape, rng.random())
    if kind.kind == 'c':
        return (values + 1j * np.flip(values)).astype(kind)
    return values.astype(kind)
