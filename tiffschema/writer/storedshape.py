"""How an array of some shape lies in pages: which axes are frames, samples, depth, rows, columns.

Knows numbers only: no files, no tags, no codecs. The rules that guess a colour interpretation from
shape and dtype are those users of the format's tools know; they stand in `sample_layout`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

__all__ = ['PHOTOMETRIC_SAMPLES', 'SampleLayout', 'StoredShape', 'sample_layout']

MINISWHITE, MINISBLACK, RGB, PALETTE, MASK, SEPARATED, YCBCR = range(7)
CFA = 32803
CONTIG, SEPARATE = 1, 2
UNASSOCIATED_ALPHA = 2

PHOTOMETRIC_SAMPLES: dict[int, int] = {
    RGB: 3,
    SEPARATED: 4,
    YCBCR: 3,
    8: 3,  # CIELab
    9: 3,  # ICCLab
    10: 3,  # ITULab
    32845: 3,  # LogLuv
}
"""Samples which a photometric interpretation itself uses; 1 for all others."""


class StoredShape(Sequence[int]):
    """Six numbers saying how an array lies in the pages of a file, and how many samples are extra.

    Parameters:
        frames: Number of pages; -1 where it is to be derived.
        separate_samples: Sample planes stored apart.
        depth: Planes of one volumetric page.
        length: Rows.
        width: Columns.
        contig_samples: Interleaved samples of one pixel.
        extrasamples: How many of the samples are not part of the colour.

    Example:
        >>> stored = StoredShape(frames=5, length=30, width=20, contig_samples=4, extrasamples=1)
        >>> stored.page_shape, stored.photometric_samples, stored.squeezed
        ((1, 1, 30, 20, 4), 3, (5, 30, 20, 4))
    """

    __slots__ = (
        'contig_samples',
        'depth',
        'extrasamples',
        'frames',
        'length',
        'separate_samples',
        'width',
    )

    def __init__(
        self,
        frames: int = 1,
        separate_samples: int = 1,
        depth: int = 1,
        length: int = 1,
        width: int = 1,
        contig_samples: int = 1,
        extrasamples: int = 0,
    ) -> None:
        if separate_samples != 1 and contig_samples != 1:
            raise ValueError('separate_samples and contig_samples exclude each other')
        self.frames = frames
        self.separate_samples = separate_samples
        self.depth = depth
        self.length = length
        self.width = width
        self.contig_samples = contig_samples
        self.extrasamples = extrasamples

    @property
    def shape(self) -> tuple[int, int, int, int, int, int]:
        """The six numbers."""
        return (
            self.frames,
            self.separate_samples,
            self.depth,
            self.length,
            self.width,
            self.contig_samples,
        )

    @property
    def page_shape(self) -> tuple[int, int, int, int, int]:
        """Shape of one page."""
        return self.shape[1:]

    @property
    def page_size(self) -> int:
        """Number of items in one page."""
        return math.prod(self.page_shape)

    @property
    def size(self) -> int:
        """Number of items in all pages."""
        return math.prod(self.shape)

    @property
    def squeezed(self) -> tuple[int, ...]:
        """Shape without entries of length 1, except rows and columns."""
        shape = [self.length, self.width]
        if self.separate_samples > 1:
            shape.insert(0, self.separate_samples)
        elif self.contig_samples > 1:
            shape.append(self.contig_samples)
        if self.depth > 1:
            shape.insert(1 if self.separate_samples > 1 else 0, self.depth)
        if self.frames > 1:
            shape.insert(0, self.frames)
        return tuple(shape)

    @property
    def samples(self) -> int:
        """Number of samples of one pixel."""
        return self.separate_samples * self.contig_samples

    @property
    def photometric_samples(self) -> int:
        """Number of samples which are not extra."""
        return self.samples - self.extrasamples

    @property
    def is_planar(self) -> bool:
        """Whether samples are stored apart."""
        return self.separate_samples > 1

    @property
    def planarconfig(self) -> int | None:
        """Value of tag PlanarConfiguration, None for one sample."""
        if self.separate_samples > 1:
            return SEPARATE
        return CONTIG if self.contig_samples > 1 else None

    @property
    def is_valid(self) -> bool:
        """Whether all numbers are at least 1 and the samples make sense."""
        return (
            min(self.shape) >= 1
            and self.extrasamples >= 0
            and (self.separate_samples == 1 or self.contig_samples == 1)
            and self.photometric_samples > 0
        )

    def __len__(self) -> int:
        return 6

    @overload
    def __getitem__(self, index: int, /) -> int: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[int, ...]: ...
    def __getitem__(self, index: int | slice, /) -> int | tuple[int, ...]:
        return self.shape[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self.shape)

    def __hash__(self) -> int:
        return hash((*self.shape, self.extrasamples))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, StoredShape)
            and self.shape == other.shape
            and self.extrasamples == other.extrasamples
        )

    def __repr__(self) -> str:
        names = (
            'frames',
            'separate_samples',
            'depth',
            'length',
            'width',
            'contig_samples',
            'extrasamples',
        )
        return f'StoredShape({", ".join(f"{name}={getattr(self, name)}" for name in names)})'


@dataclass(frozen=True, slots=True)
class SampleLayout:
    """What `sample_layout` found: the stored shape and the three tags that go with it."""

    stored: StoredShape
    photometric: int
    planarconfig: int | None
    extrasamples: tuple[int, ...]
    """Values of tag ExtraSamples; empty also where the caller asked to leave the tag out."""


def sample_layout(
    shape: tuple[int, ...],
    *,
    itemsize: int,
    dtypekind: str,
    kind: Literal['generic', 'shaped', 'imagej', 'ome'] = 'generic',
    photometric: int | None = None,
    planarconfig: int | None = None,
    extrasamples: tuple[int, ...] | Literal[False] | None = None,
    volumetric: bool = False,
    palette: bool = False,
) -> SampleLayout:
    """Return how an array of a shape is cut into pages, rows, columns and samples.

    Parameters:
        shape: Shape of the array; no axis may be of length 0.
        itemsize: Bytes of one item.
        dtypekind: NumPy's letter for the kind of type.
        kind: Flavour of the file; ImageJ and OME never guess planar colours.
        photometric: Colour interpretation, None to guess.
        planarconfig: 1 interleaved, 2 apart, None to guess.
        extrasamples: Meaning of samples beyond colour; empty forbids a sample axis; False leaves
            the tag out.
        volumetric: The axis before rows is the depth of one page.
        palette: A colormap is given, so that pixels are indices.

    Raises:
        ValueError: The shape does not hold the samples asked for.

    Example:
        >>> sample_layout((5, 6, 4), itemsize=1, dtypekind='u', photometric=2)
        SampleLayout(stored=StoredShape(frames=1, separate_samples=1, depth=1, length=5, width=6, \
contig_samples=4, extrasamples=1), photometric=2, planarconfig=1, extrasamples=(2,))
    """
    pageshape = (1,) * (2 - len(shape)) + shape
    apart = -4 if volumetric else -3  # the axis of planes stored apart
    if photometric is None:
        photometric, planarconfig = _guess_photometric(
            pageshape, itemsize, dtypekind, kind, planarconfig, apart, palette
        )
    if kind == 'shaped' and planarconfig is None and photometric not in PHOTOMETRIC_SAMPLES:
        # Trailing axes of length 1 would make pages of one column: where a description keeps the
        # full shape they are dropped from the pages.
        while len(pageshape) > 2 and pageshape[-1] == 1:
            pageshape = pageshape[:-1]
    samples = PHOTOMETRIC_SAMPLES.get(photometric, 1)
    if photometric == CFA:
        planarconfig = None
        if math.prod(pageshape[:-2]) != 1:
            raise ValueError(f'photometric CFA: shape {shape} is not that of one plane')
    if kind == 'imagej' and planarconfig == SEPARATE:
        raise ValueError('planarconfig: ImageJ does not store samples apart')
    if samples > 1:
        if len(pageshape) == 2 and planarconfig == CONTIG:
            pageshape = (1, *pageshape)
        if len(pageshape) < 3:
            raise ValueError(
                f'photometric {photometric} needs {samples} samples, shape {shape} has 1'
            )
        if planarconfig is None:
            planarconfig = _guess_planarconfig(pageshape, photometric, samples, apart)
    elif planarconfig is None and extrasamples and photometric in (MINISWHITE, MINISBLACK, PALETTE):
        planarconfig = CONTIG
    elif planarconfig is not None and isinstance(extrasamples, tuple) and not extrasamples:
        planarconfig = None  # an empty list says that there is no axis of samples
    elif planarconfig is not None and (len(pageshape) < 3 or kind == 'imagej'):
        planarconfig = None
    stored = _stored(pageshape, planarconfig, volumetric, apart)
    extra = stored.samples - samples
    if extra < 0:
        raise ValueError(
            f'photometric {photometric} needs {samples} samples, shape {shape} has {stored.samples}'
        )
    if photometric == PALETTE and extra and not extrasamples:
        raise ValueError('photometric: a palette image has one sample; extrasamples names others')
    stored.extrasamples = extra
    values = _extrasamples(extrasamples, extra, photometric)
    return SampleLayout(stored, photometric, stored.planarconfig, values)


def _guess_photometric(
    shape: tuple[int, ...],
    itemsize: int,
    dtypekind: str,
    kind: str,
    planarconfig: int | None,
    apart: int,
    palette: bool,
) -> tuple[int, int | None]:
    if dtypekind == 'b':
        return MINISWHITE, planarconfig
    if palette:
        return PALETTE, planarconfig
    common = dtypekind == 'u' and itemsize in (1, 2)
    has_contig = len(shape) > 2 and shape[-1] in (3, 4)
    has_separate = len(shape) >= -apart and shape[apart] in (3, 4)
    if planarconfig == CONTIG:
        guess, deprecated = has_contig, not common
    elif planarconfig == SEPARATE:
        guess, deprecated = has_separate, True
    elif has_contig and not (kind == 'imagej' and not (dtypekind == 'u' and itemsize == 1)):
        guess, deprecated, planarconfig = True, not common, CONTIG
    elif kind in ('imagej', 'ome'):
        return MINISBLACK, planarconfig
    else:
        guess, deprecated = has_separate, True
        if guess:
            planarconfig = SEPARATE
    if not guess:
        return MINISBLACK, planarconfig
    if deprecated:
        warnings.warn(
            f'photometric is not given: data of shape {shape} are written as RGB; this guess is '
            "deprecated, pass photometric='rgb' or 'minisblack'",
            DeprecationWarning,
            stacklevel=4,
        )
    return RGB, planarconfig


def _guess_planarconfig(shape: tuple[int, ...], photometric: int, samples: int, apart: int) -> int:
    last = shape[-1]
    third = shape[apart] if len(shape) >= -apart else 1
    fits = (3, 4) if photometric == RGB else (samples,)
    if last in fits:
        return CONTIG
    if third in fits:
        return SEPARATE
    return SEPARATE if last > third else CONTIG


def _stored(
    shape: tuple[int, ...], planarconfig: int | None, volumetric: bool, apart: int
) -> StoredShape:
    separate = contig = depth = 1
    rest = list(shape)
    if planarconfig == CONTIG:
        contig = rest.pop()
    if len(rest) < 2:
        raise ValueError(f'planarconfig: shape {shape} has no rows and columns beside samples')
    width = rest.pop()
    length = rest.pop()
    if volumetric and rest:
        depth = rest.pop()
    if planarconfig == SEPARATE:
        if not rest:
            raise ValueError(f'planarconfig: shape {shape} has no axis of planes stored apart')
        separate = rest.pop()
    return StoredShape(math.prod(rest), separate, depth, length, width, contig)


def _extrasamples(
    given: tuple[int, ...] | Literal[False] | None, extra: int, photometric: int
) -> tuple[int, ...]:
    if given is False or extra == 0:
        return ()
    if given is not None:
        if len(given) != extra:
            raise ValueError(f'extrasamples: {len(given)} given, the shape has {extra}')
        return given
    if photometric == RGB and extra == 1:
        return (UNASSOCIATED_ALPHA,)
    return (0,) * extra
