"""Real files of the codecs that are our own: page 0 equals what other readers recorded."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.samples import differences
from tiffschema.errors import TiffSchemaError
from tiffschema.runtime.file import TiffFile

OWN = {2, 3, 4, 6, 32766, 32771, 32809, 32909, 34676, 34677}
READERS = ('Pillow', 'rasterio', 'pyvips')

# Damaged files, in which readers find different remains, or nothing.
LEFT_OUT = {
    'malformed/Pillow__crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif': 'T.6 fault in row 24',
    'malformed/gdal__zackthecat_corrupted.tif': 'tiles lie beyond the end of the file',
    'malformed/image-tiff__id_000004_sig_06_src_000000_op_havoc_rep_2.tif': 'no reader decodes it',
    'malformed/libtiff.net__tiger-rgb-strip-contig-01.tif_converted_g4.tif': '3 samples in T.6',
    'malformed/libtiff.net__tiger-rgb-tile-contig-01.tif_converted_g4.tif': '3 samples in T.6',
    'malformed/metadata-extractor-images__m1-14847ce6f5fab0774dae9ad4fba31316.tif': '212 bits',
    'malformed/metadata-extractor-images__m1-76d5d8fd02d58b774f2bae6f7b763e3e.tif': 'cut off',
    'malformed/metadata-extractor-images__m1-b127f0fb89daedea07abb50b9db2dfd9.tif': 'T.6 fault',
    'malformed/metadata-extractor-images__m1-ed254aa9f390aab319728b42e00a73e7.tif': 'long rows',
    'malformed/metadata-extractor-images__m2-3562055aecf63b573f8a18c4034a4a23.tif': 'T.6 fault',
    'malformed/metadata-extractor-images__m2-b1ab6f4b81e9b8020a90c8f2c9bcfedb.tif': 'noise as T.4',
    'malformed/metadata-extractor-images__m3-76d5d8fd02d58b774f2bae6f7b763e3e.tif': 'no counts',
    'raw/exiftool__CanonRaw.cr2': 'a text stands for the image',
}


def _digest(array: np.ndarray) -> str:
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder('<'), copy=False)
    return hashlib.sha256(array.tobytes()).hexdigest()


def _recorded(files: dict[str, Any]) -> dict[str, set[str]]:
    """Return the digests of page 0 by file: tifffile's where it decodes and is not alone."""
    found = {}
    for name, facts in files.items():
        known = facts.get('tifffile') or {}
        compression = (known.get('page0_tags') or {}).get('compression')
        if not isinstance(compression, int) or compression not in OWN or name in LEFT_OUT:
            continue
        others = {facts[r]['sha256'] for r in READERS if 'sha256' in facts.get(r, {})}
        first = (known.get('page0') or {}).get('sha256')
        found[name] = {first} if first and not facts.get('dispute') else others | {first or ''}
    return found


def test_page_0_equals_other_readers(samples: Path, expected: dict[str, Any]) -> None:
    recorded = _recorded(expected)
    assert len(recorded) > 60
    wrong = []
    for name, digests in recorded.items():
        if name in differences.REPEATED_CHROMA and differences.is_old_imagecodecs():
            continue
        with TiffFile(samples / name) as tif:
            array = tif.pages[0].asarray()
        # Others deliver bits as bytes, and samples as planes.
        forms = [array, array.astype('u1') if array.dtype == bool else array]
        if array.ndim == 3:
            forms.append(np.moveaxis(array, -1, 0))
        if not digests & {_digest(form) for form in forms}:
            wrong.append(name)
    assert wrong == []


def test_zero_runs_are_changes(samples: Path) -> None:
    # Readers that leave runs of no length out of the row above lose this page at row 235.
    with TiffFile(samples / 'fax/libtiff__testfax4.tiff') as tif:
        array = tif.pages[0].asarray()
    assert np.flatnonzero(np.diff(array[235].astype('i1')))[:3].tolist() == [29, 32, 34]


@pytest.mark.parametrize('name', sorted(LEFT_OUT))
def test_damaged_files_end_with_documented_errors(samples: Path, name: str) -> None:
    with TiffFile(samples / name) as tif, contextlib.suppress(TiffSchemaError):
        assert tif.pages[0].asarray().size
