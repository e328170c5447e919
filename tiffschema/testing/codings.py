"""Which samples a compression keeps exactly: what may be combined in files made for tests.

Knows names only; every row can be written by `tiffschema.write` and read back bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tiffschema.codecs.registry import Codec, codecs
from tiffschema.model.enums import enum

__all__ = ['ALL_TYPES', 'CODINGS', 'Coding', 'predictors']

ALL_TYPES = ('?', 'u1', 'u2', 'u4', 'u8', 'i1', 'i2', 'i4', 'i8', 'f2', 'f4', 'f8', 'c8', 'c16')


@dataclass(frozen=True, slots=True)
class Coding:
    """One compression.

    Fields:
        name: As argument ``compression`` of `write` takes it.
        dtypes: Types of samples it keeps.
        samples: Numbers of interleaved samples it takes; empty for any.
        arguments: Arguments with which nothing is lost.
    """

    name: str
    dtypes: tuple[str, ...] = ALL_TYPES
    samples: tuple[int, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def of_bytes(self) -> bool:
        """Whether it compresses bytes, whatever the samples."""
        return not self.samples

    @property
    def codec(self) -> Codec:
        """What the registry knows of it."""
        name = 'ADOBE_DEFLATE' if self.name == 'zlib' else self.name.upper()
        return codecs[int(enum('COMPRESSION')[name].value)]

    @property
    def is_here(self) -> bool:
        """Whether an encoder and a decoder are installed."""
        return self.codec.can_encode and self.codec.can_decode

    def predictors(self, dtype: str) -> tuple[int, ...]:
        """Return the predictors that go with it and a type of samples.

        Example:
            >>> CODINGS['lzw'].predictors('u2'), CODINGS['packbits'].predictors('u2')
            ((1, 2, 34892, 34893), (1,))
        """
        return predictors(dtype) if self.codec.takes_predictor else (1,)

    def keeps(self, dtype: str, samples: int) -> bool:
        """Whether pixels of so many interleaved samples of a type come back as they were."""
        return dtype in self.dtypes and (self.of_bytes or samples in self.samples)


_BILEVEL = ('?',)
_UP_TO_5 = (1, 2, 3, 4, 5)
CODINGS: Mapping[str, Coding] = {
    coding.name: coding
    for coding in (
        Coding('zlib'),
        Coding('lzw'),
        Coding('packbits'),
        Coding('zstd'),
        Coding('lzma', arguments={'level': 0}),
        Coding('deflate'),
        Coding('pixtiff'),
        Coding('zstd_deprecated'),
        Coding('png', ('u1', 'u2'), (1, 2, 3, 4)),
        Coding('webp', ('u1',), (3, 4), {'lossless': True}),
        Coding('jpeg2000', ('u1', 'u2', 'i1', 'i2'), _UP_TO_5),
        Coding('jpegxl', ('u1', 'u2'), _UP_TO_5),
        Coding('lerc', ('u1', 'u2', 'u4', 'i1', 'i2', 'i4', 'f4', 'f8'), _UP_TO_5),
        Coding('jpegxr', ('u1', 'u2'), (1, 3, 4)),
        Coding('jpeg', ('u1', 'u2'), (1, 3), {'lossless': True}),
        Coding('ccittrle', _BILEVEL, (1,)),
        Coding('ccittrlew', _BILEVEL, (1,)),
        Coding('ccitt_t4', _BILEVEL, (1,)),
        Coding('ccitt_t6', _BILEVEL, (1,)),
    )
}
"""By name, those of bytes first."""


def predictors(dtype: str) -> tuple[int, ...]:
    """Return the predictors of a type: differences at distances 1, 2 and 4; of floats by bytes.

    Example:
        >>> predictors('u2'), predictors('c8')
        ((1, 2, 34892, 34893), (1,))
    """
    kind = np.dtype(dtype).kind
    if kind in 'ui':
        return 1, 2, 34892, 34893
    return (1, 3, 34894, 34895) if kind == 'f' else (1,)
