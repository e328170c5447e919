"""The examples in the README of the library whose interface this one keeps run as they stand.

Zarr 3 names keys by text and shows its objects otherwise than Zarr 2, for which that README was
written: these two differences are allowed for, nothing else.
"""

from __future__ import annotations

import doctest
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tests.conftest import SAMPLES

README = SAMPLES.parent / 'reference' / 'tifffile-2024.5.3-readme.txt'
ZARR2 = re.compile(r'<zarr\.|dask\.array<')
KEYS = (
    (re.compile(r'\bz\[0\]'), "z['0']"),
    (re.compile(r'from_zarr\(store, 0\)'), "from_zarr(store, '0')"),
)


class Checker(doctest.OutputChecker):
    """Takes any object that Zarr shows."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether an output is what the example says."""
        return bool(ZARR2.match(want)) or super().check_output(want, got, optionflags)


@pytest.mark.filterwarnings('ignore::DeprecationWarning', 'ignore::UserWarning')
def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('zarr', 'dask.array', 'fsspec', 'imagecodecs.numcodecs'):
        pytest.importorskip(name, reason=f'{name}: an example uses it')
    if not README.is_file():
        pytest.skip('samples: the folder of real files is absent')
    text = README.read_text(encoding='utf-8')
    text = text[text.index('\nExamples\n') :]
    for pattern, key in KEYS:
        text = pattern.sub(key, text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, 'tifffile', tiffschema)
    codecs = importlib.import_module('tiffschema.numcodecs')
    monkeypatch.setitem(sys.modules, 'tifffile.numcodecs', codecs)
    monkeypatch.setattr(tiffschema, 'numcodecs', codecs, raising=False)
    names: dict[str, Any] = {name: getattr(tiffschema, name) for name in tiffschema.__all__}
    test = doctest.DocTestParser().get_doctest(
        text, {'numpy': numpy, **names}, 'README', str(README), 0
    )
    assert len(test.examples) > 100
    runner = doctest.DocTestRunner(
        Checker(), verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.failures == 0, ''.join(said)
