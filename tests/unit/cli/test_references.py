"""``tiffschema references`` and ``tiff2fsspec`` write what Zarr opens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

from tiffschema import imwrite
from tiffschema.cli import main
from tiffschema.cli.references import main as tiff2fsspec


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / 'image.tif'
    data = numpy.arange(2 * 40 * 50, dtype='u2').reshape(2, 40, 50)
    imwrite(path, data, tile=(16, 32), compression='zlib', photometric='minisblack')
    return path


def test_references(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zarr = pytest.importorskip('zarr', reason='zarr: the package is absent')
    kerchunk = pytest.importorskip('kerchunk.utils', reason='kerchunk: the package is absent')
    assert main(['tiffschema', 'references', str(image), '--zarr-format', '3']) == 0
    assert capsys.readouterr().out == f'{image}.json: references to 12 chunks\n'
    refs = json.loads(Path(f'{image}.json').read_text())
    store = kerchunk.refs_as_store(refs, remote_protocol='file')
    array = zarr.open_array(store, mode='r')
    assert array[1, 20, :3].tolist() == [3000, 3001, 3002]


def test_arguments(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = image.with_name('out.json')
    arguments = ['tiff2fsspec', str(image), 'https://example.org/a', '--out', str(out)]
    given = ['--key', '1', '--groupname', 'g', '--ref-version', '1', '--zattrs', '{"a": 1}']
    assert tiff2fsspec([*arguments, *given]) == 0
    document = json.loads(out.read_text())
    assert document['version'] == 1
    assert document['refs']['g/0.0'][0] == 'https://example.org/a/image.tif'
    assert json.loads(document['refs']['g/.zattrs'])['a'] == 1
    assert tiff2fsspec([*arguments, '--key', '9']) == 1
    assert tiff2fsspec([*arguments, '--zattrs', '[]']) == 2
    assert tiff2fsspec([*arguments, '--chunkmode', 'page']) == 1
    assert 'more than one strip or tile' in capsys.readouterr().err
