"""How programs end: status, streams and messages, for files and names of all sorts."""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import tiffschema
from tiffschema.cli import main
from tiffschema.cli.arguments import COMMANDS
from tiffschema.cli.comment import main as tiffcomment
from tiffschema.cli.lsm2bin import main as lsm2bin
from tiffschema.cli.program import told
from tiffschema.cli.references import main as tiff2fsspec

DATA = np.arange(300, dtype='u2').reshape(15, 20)
SHOWING: Sequence[tuple[str, ...]] = (
    ('info',), ('info', '--json'), ('dump',), ('dump', '--json'), ('map',), ('map', '--json'),
    ('map', '--check'), ('map', '--summary'), ('explain',), ('validate',), ('validate', '--json'),
    ('tags', 'list'), ('tags', 'list', '--json'), ('--maxplots', '0'),
)  # fmt: skip
SPAWNED = (
    ('info', '--json'),
    ('dump',),
    ('map',),
    ('explain',),
    ('validate',),
    ('--maxplots', '0'),
)
NAMES = ('plain.tif', 'with  blanks.tif', 'ünïcödé–日本.tif', 'new\nline.tif', '[a]*.tif')


def run(*arguments: object) -> int:
    """Return the status of a command, also where the parser of arguments ends it."""
    try:
        return main(['tiffschema', *map(str, arguments)])
    except SystemExit as end:
        return int(end.code or 0)


def called(
    *arguments: object, stdout: int = subprocess.PIPE, **env: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a program of its own."""
    return subprocess.run(
        [sys.executable, '-m', 'tiffschema', *arguments],  # type: ignore[list-item]
        stdout=stdout, stderr=subprocess.PIPE, timeout=120, check=False,
        env={**os.environ, **env},
    )  # fmt: skip


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / 'plain.tif'
    tiffschema.imwrite(path, DATA, photometric='minisblack')
    return path


@pytest.mark.parametrize('command', SHOWING, ids=' '.join)
@pytest.mark.parametrize('name', NAMES)
def test_names_of_all_sorts(
    command: tuple[str, ...], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    tiffschema.imwrite(path, DATA, photometric='minisblack')
    if command[0] == '--maxplots':
        # It takes patterns, in which brackets and stars mean something else.
        path = Path(glob.escape(str(path)))
    assert run(*command, path) == 0
    out, err = capsys.readouterr()
    assert err == ''
    assert out.isascii() or not name.isprintable() or name in out
    if '--json' in command:
        documents = out.splitlines() if command[0] == 'dump' else [out]
        assert all(json.loads(document) for document in documents)
    else:
        assert not set(out) - {'\n'} & set(map(chr, range(32)))


def _empty(path: Path) -> None:
    path.write_bytes(b'')


def _text(path: Path) -> None:
    path.write_bytes(b'no TIFF at all, but a text')


def _header(path: Path) -> None:
    path.write_bytes(b'II*\0')


BAD: dict[str, Callable[[Path], object]] = {
    'folder': Path.mkdir, 'missing': lambda path: None, 'empty': _empty, 'text': _text,
    'header alone': _header,
}  # fmt: skip


@pytest.mark.parametrize('command', SHOWING, ids=' '.join)
@pytest.mark.parametrize('make', BAD.values(), ids=BAD)
def test_a_bad_file_is_told_in_one_line(
    command: tuple[str, ...], make: Callable[[Path], object], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / 'bad.tif'
    make(path)
    assert run(*command, path) == 1
    out, err = capsys.readouterr()
    if command[0] == 'validate' and out:
        assert str(path) in out  # what is wrong with a header is a finding
        return
    assert out == ''
    assert err.startswith(f'{path}: ')
    assert err.count('\n') == 1
    assert err.count('bad.tif') == 1
    assert 'Errno' not in err


@pytest.mark.parametrize(
    'command', [one for one in SHOWING if one[0] not in ('tags', '--maxplots')], ids=' '.join
)
def test_a_bad_file_among_good_ones(
    command: tuple[str, ...], image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = image.with_name('other.tif')
    other.write_bytes(image.read_bytes())
    assert run(*command, image, image.with_name('none.tif'), other) == 1
    out, err = capsys.readouterr()
    assert err == f'{image.with_name("none.tif")}: No such file or directory\n'
    assert run(*command, image, other) == 0
    assert capsys.readouterr().out == out


@pytest.mark.parametrize(
    'arguments',
    [
        ('inof', 'FILE'), ('inof',), ('--bogus',), ('info',), ('info', '--pages', '-5', 'FILE'),
        ('dump', '--width', '0', 'FILE'), ('dump', '--page', 'x', 'FILE'), ('map',),
        ('map', '--html', 'a.html', 'FILE', 'FILE'), ('tags', 'list'),
        ('tags', 'list', 'FILE', '--page', '0/'), ('validate',), ('convert', 'FILE'),
        ('validate', '--profile', 'none', 'FILE'),
        ('convert', 'FILE', 'new.tif', '--tile', '5', '5'), ('repair', 'FILE'),
        ('references', 'FILE', '--zattrs', '{'), ('references', 'FILE', '--zattrs', '[]'),
        ('schema',), ('schema', 'show'), ('schema', 'docs'),
        ('schema', 'strategy', 'tiff/ifd', '--count', '0'),
    ],
    ids=' '.join,
)  # fmt: skip
def test_wrong_arguments_end_with_2(
    arguments: tuple[str, ...], image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = image.read_bytes(), sorted(image.parent.iterdir())
    assert run(*(image if one == 'FILE' else one for one in arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert 'tiffschema' in err
    assert (image.read_bytes(), sorted(image.parent.iterdir())) == before


@pytest.mark.parametrize(
    'arguments',
    [
        ('info', '--page', '7', 'FILE'), ('info', '--page', '-7', 'FILE'),
        ('dump', '--page', '7', 'FILE'), ('dump', '--tag', 'Nothing', 'FILE'),
        ('dump', '--json', '--tag', '65000', 'FILE'), ('tags', 'list', 'FILE', 'Nothing'),
        ('map', '--html', 'FILE/a.html', 'FILE'), ('--page', '7', '--maxplots', '0', 'FILE'),
        ('--series', '7', '--maxplots', '0', 'FILE'), ('convert', 'FILE', 'FILE/new.tif'),
        ('convert', 'FILE', 'new.tif', '--series', '7'), ('demo', '--out', 'FILE'),
        ('convert', 'none.tif', 'new.tif'), ('references', 'FILE', '--out', 'FILE/a.json'),
        ('references', 'FILE', '--key', '7'), ('repair', 'none.tif', '--in-place'),
        ('schema', 'check', 'none'), ('schema', 'show', 'none.yaml'), ('schema', 'show', 'none'),
        ('schema', 'export', 'tiff/ifd', '--struct', 'none'),
        ('schema', 'source', 'tiff/ifd', 'none'), ('schema', 'docs', '--out', 'FILE'),
    ],
    ids=' '.join,
)  # fmt: skip
def test_what_cannot_be_done_ends_with_1(
    arguments: tuple[str, ...], image: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(image.parent)
    assert run(*(one.replace('FILE', str(image)) for one in arguments)) == 1
    out, err = capsys.readouterr()
    assert out == ''
    assert err.count('\n') == 1
    assert 'Errno' not in err
    assert sorted(image.parent.iterdir()) == [image]


@pytest.mark.parametrize('name', COMMANDS)
def test_help_of_each_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, '--help') == 0
    out = capsys.readouterr().out
    assert f'usage: tiffschema {name}' in out
    assert all(len(line) < 100 for line in out.splitlines())
    assert run(name, '--nothing') == 2


def test_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert run('--help') == 0
    assert 'exit status' in capsys.readouterr().out


@pytest.mark.parametrize(
    'command', [*SPAWNED, ('schema', 'list'), ('validate', '--rules', '--json')], ids=' '.join
)
def test_a_reader_that_goes_away_is_no_error(command: tuple[str, ...], image: Path) -> None:
    files = () if command[0] == 'schema' or '--rules' in command else (image,)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = called(*command, *files, stdout=writing)
    finally:
        os.close(writing)
    assert done.stderr == b''
    assert done.returncode in (0, 1)


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='there is no full disk to write to')
@pytest.mark.parametrize('command', [('info', 'FILE'), ('schema', 'list')], ids=' '.join)
def test_a_full_disk_is_told(command: tuple[str, ...], image: Path) -> None:
    with open('/dev/full', 'wb') as full:
        done = called(*(image if one == 'FILE' else one for one in command), stdout=full.fileno())
    assert done.returncode == 1
    assert b'No space left on device' in done.stderr
    assert b'Traceback' not in done.stderr
    assert b'Exception' not in done.stderr


@pytest.mark.parametrize('encoding', ['ascii', 'latin-1', 'utf-8'])
@pytest.mark.parametrize('command', [('info',), ('info', '--json'), ('map',)], ids=' '.join)
def test_what_a_stream_cannot_encode_is_escaped(
    command: tuple[str, ...], encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / 'ünïcödé–日本.tif'
    tiffschema.imwrite(path, DATA, photometric='minisblack')
    done = called(*command, path, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b'')
    if '--json' in command:
        assert json.loads(done.stdout.decode(encoding))['file'] == path.name


@pytest.mark.skipif(sys.platform != 'linux', reason='names of files are bytes on Linux only')
@pytest.mark.parametrize('command', [*SPAWNED, ('map', '--html', 'a.html')], ids=' '.join)
def test_names_that_are_no_text(command: tuple[str, ...], image: Path) -> None:
    path = os.fsencode(image.parent) + b'/bad\xff.tif'
    os.rename(image, path)
    html = os.fsencode(image.parent / 'a.html')
    done = called(*(html if one == 'a.html' else one for one in command), path)
    assert (done.returncode, done.stderr) == (0, b'')
    if command == ('info', '--json'):
        assert json.loads(done.stdout)['file'] == 'bad\udcff.tif'


def test_an_interrupt_ends_without_a_trace(
    image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr('tiffschema.cli.info.TiffFile', interrupted)
    assert run('info', image) == 130
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize('command', [('map', '--check'), ('validate',)], ids=' '.join)
def test_a_hole_of_terabytes_is_not_looked_through(
    command: tuple[str, ...], image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with image.open('r+b') as file:
        file.truncate(1 << 42)
    status = run(*command, image)
    out, err = capsys.readouterr()
    assert 'trailing' in out + err or status == 0
    run('map', image)
    assert 'too many bytes to look through' in capsys.readouterr().out


def test_the_rules_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run('validate', '--rules', '--json') == 0
    rules = json.loads(capsys.readouterr().out)
    assert len(rules) > 50
    assert all(rule['severity'] for rule in rules)


def test_programs_of_other_names(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = str(image.with_name('none.tif'))
    for program, arguments in (
        (tiffcomment, (none, str(image))),
        (tiff2fsspec, (none, 'file:///')),
        (lsm2bin, (none,)),
    ):
        assert program(['', *arguments]) == 1
        out, err = capsys.readouterr()
        assert err.endswith(f'{none}: No such file or directory\n')
        assert err.count('\n') == 1
        assert (DATA.shape[0].__str__() in out) == (program is tiffcomment)
    for program in (tiffcomment, tiff2fsspec, lsm2bin):
        with pytest.raises(SystemExit) as end:
            program([''])
        assert end.value.code == 2


def test_errors_name_the_file_once() -> None:
    assert told('a/b.tif', OSError(5, 'broken', 'c.html')) == 'a/b.tif: c.html: broken'
    assert told('a/b.tif', OSError('odd')) == 'a/b.tif: odd'
