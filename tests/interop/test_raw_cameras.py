"""Lossy DNG against LibRaw: which colour transform the samples went through.

LibRaw applies the polynomials of OpcodeList2, this library does not: each of its values has to be a
function of one of ours, of the same channel. With another colour transform it would depend on
three.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tiffschema import TiffFile

pytest.importorskip('rawpy')

MAP_POLYNOMIAL = 8

# The libjpeg of LibRaw and that of imagecodecs crash each other in one process.
READ = """
import sys, numpy, rawpy
with rawpy.imread(sys.argv[1]) as raw:
    numpy.save(sys.argv[2], raw.raw_image)
"""


def polynomials(opcodes: bytes) -> list[list[float]]:
    """Return the coefficients per channel of a list of MapPolynomial (DNG 1.7, chapter 7)."""
    (count,) = struct.unpack_from('>I', opcodes)
    at, found = 4, []
    for _ in range(count):
        code, _, _, size = struct.unpack_from('>IIII', opcodes, at)
        assert code == MAP_POLYNOMIAL
        (degree,) = struct.unpack_from('>I', opcodes, at + 16 + 32)
        found.append(list(struct.unpack_from(f'>{degree + 1}d', opcodes, at + 16 + 36)))
        at += 16 + size
    return found


def test_lossy_dng_has_no_colour_transform(samples: Path, tmp_path: Path) -> None:
    path = samples / 'dng' / 'Magick.NET__DSC8695.dng'
    with TiffFile(path) as tif:
        page = tif.pages[0].pages[0]
        assert page.compression == page.photometric == 34892
        ours = page.asarray()
        curves = polynomials(page.tags[51009].value)
    saved = tmp_path / 'raw.npy'
    subprocess.run([sys.executable, '-c', READ, path, saved], check=True)
    theirs = np.load(saved)
    assert theirs.shape[:2] == ours.shape[:2]
    assert len(curves) == 3
    for channel, coefficients in enumerate(curves):
        values = ours[..., channel] / 255
        linear = 65535 * sum(c * values**power for power, c in enumerate(coefficients))
        assert np.array_equal(theirs[..., channel], np.floor(linear))
