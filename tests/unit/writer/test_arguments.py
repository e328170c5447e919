"""Arguments refused by name before a byte is written, and those that are ignored aloud."""

from __future__ import annotations

import inspect
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiffschema import OmeXmlError, TiffFile, TiffWriter, imwrite, memmap

GRAY = np.zeros((64, 64), 'u1')
BILEVEL = np.zeros((64, 64), '?')


@pytest.mark.parametrize(
    ('array', 'options', 'name'),
    [
        (GRAY, {'resolution': ((2.5, 1), (1, 1))}, 'resolution'),
        (GRAY, {'extratags': [(65000, 'H', 1, 70000, True)]}, 'extratags'),
        (GRAY, {'extratags': [(65000, 'B', 1, -1, True)]}, 'extratags'),
        (GRAY, {'extratags': [('Artist', 7)]}, 'extratags'),
        (BILEVEL, {'predictor': 2, 'compression': 'zlib'}, 'predictor'),
        (BILEVEL, {'bitspersample': 8}, 'bitspersample'),
        (GRAY, {'kind': 'imagej', 'photometric': 'cielab'}, 'photometric'),
        (GRAY, {'kind': 'imagej', 'photometric': 'separated'}, 'photometric'),
        (GRAY, {'kind': 'ome', 'photometric': 'rgb', 'planarconfig': 'contig'}, 'shape'),
        (GRAY, {'shape': (64, -64)}, 'shape'),
        (GRAY, {'dtype': 'nonsense'}, 'dtype'),
        (None, {'shape': (1 << 32, 1), 'dtype': 'u1'}, 'shape'),
        (None, {'shape': (16, 16), 'dtype': 'u1', 'compression': 'zlib'}, 'compress'),
    ],
)
def test_refused_by_name(tmp_path: Path, array: Any, options: dict[str, Any], name: str) -> None:
    path = tmp_path / 'a.tif'
    with pytest.raises((ValueError, OmeXmlError), match=name):
        imwrite(path, array, **options)
    assert os.listdir(tmp_path) == []
    kind = options.pop('kind', None)
    with TiffWriter(path, kind=kind) as tif:
        tif.write(GRAY)
        size = tif.filehandle.size
        with pytest.raises((ValueError, OmeXmlError), match=name):
            tif.write(array, **options)
        assert tif.filehandle.size == size
    with TiffFile(path) as tif2:
        assert len(tif2.pages) == 1
        assert not tif2.faults


@pytest.mark.parametrize('dtype', ['f4', 'i2', 'u4', '?', 'c8'])
def test_colormap_of_other_types_is_ignored(dtype: str) -> None:
    stream = io.BytesIO()
    with pytest.warns(UserWarning, match='colormap'):
        imwrite(stream, np.zeros((5, 6), dtype), colormap=np.zeros((3, 256), 'u2'))
    stream.seek(0)
    with TiffFile(stream) as tif:
        assert 'ColorMap' not in tif.pages[0].tags


def test_both_writers_take_the_same_arguments() -> None:
    alone = dict(inspect.signature(TiffWriter.write).parameters)
    one_call = inspect.signature(imwrite).parameters
    for name in ('self', 'data', 'subifds'):
        alone.pop(name)
    for name, parameter in alone.items():
        assert one_call[name].default == parameter.default, name
        assert one_call[name].kind == parameter.kind, name


@pytest.mark.parametrize(
    'options',
    [
        {'dtype': '?'}, {'tile': (16, 16)}, {'compression': 'zlib'}, {'bitspersample': 4},
        {'mode': 'w'}, {'photometric': 'nonsense'},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_mapped_leaves_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / 'a.tif'
    given: dict[str, Any] = {'shape': (3, 17, 19), 'dtype': 'u1', 'photometric': 'minisblack'}
    with pytest.raises(ValueError, match=r'.'):
        memmap(path, **{**given, **options})
    assert os.listdir(tmp_path) == []
    imwrite(path, GRAY)
    old = path.read_bytes()
    with pytest.raises(ValueError, match=r'.'):
        memmap(path, **{**given, **options})
    assert path.read_bytes() == old
