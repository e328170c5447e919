"""What reads references in tests: Zarr and kerchunk, with the codecs of imagecodecs registered."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest

__all__ = ['FORMATS', 'kerchunk', 'zarr']

zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
kerchunk = pytest.importorskip('kerchunk.utils', reason='kerchunk: the package is absent')
codecs = pytest.importorskip('imagecodecs.numcodecs', reason='imagecodecs: the package is absent')
codecs.register_codecs(verbose=False)
FORMATS = [2]
if find_spec('imagecodecs.zarr'):
    # Older ones, of Python 3.11, have no codecs for Zarr 3.
    import_module('imagecodecs.zarr').register_codecs()
    FORMATS = [2, 3]
