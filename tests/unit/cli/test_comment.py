"""``tiffcomment`` as function and as command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tiffschema
from tiffschema.cli.comment import main, tiffcomment


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / 'a.tif'
    data = np.zeros((2, 4, 5), np.uint8)
    tiffschema.imwrite(path, data, description='hello', metadata=None, photometric='minisblack')
    return path


def test_read_and_replace(image: Path) -> None:
    assert tiffcomment(image) == 'hello'
    assert tiffcomment(image, tagcode=256) == 5
    assert tiffcomment(image, 'a much longer text than before') is None
    assert tiffcomment(image) == 'a much longer text than before'
    tiffcomment(image, 'µ'.encode())
    assert tiffcomment(image, None, 0, 'ImageDescription') == 'µ'
    assert tiffschema.imread(image).shape == (2, 4, 5)


def test_what_is_wrong_is_said(image: Path) -> None:
    with pytest.raises(ValueError, match='ASCII'):
        tiffcomment(image, 'µ')
    with pytest.raises(ValueError, match="no 'Artist' tag found"):
        tiffcomment(image, tagcode='Artist')
    with pytest.raises(ValueError, match='no'):
        tiffcomment(image, 'x', 1)
    with pytest.raises(IndexError):
        tiffcomment(image, pageindex=9)


def test_command(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(image)
    assert main(['tiffcomment', path]) == 0
    assert capsys.readouterr().out == 'hello\n'
    assert main(['tiffcomment', path, path]) == 0
    assert capsys.readouterr().out == f'# {path}\nhello\n\n# {path}\nhello\n'
    assert main(['tiffcomment', '--set', 'new', 'absent.tif', path]) == 1
    assert capsys.readouterr().err.startswith('absent.tif: ')
    assert tiffcomment(image) == 'new'
    text = tmp_path / 'text'
    text.write_bytes('µm'.encode())
    assert main(['tiffcomment', '--set-file', str(text), path]) == 0
    assert tiffcomment(image) == 'µm'
    assert main(['tiffcomment', '--tag', '315', path]) == 1
    with pytest.raises(SystemExit) as ended:
        main(['tiffcomment', '--set', 'µ', path])
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        main(['tiffcomment', '--set', 'a', '--set-file', 'b', path])
