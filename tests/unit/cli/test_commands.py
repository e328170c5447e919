"""Commands by their exit status and output, on files made here."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import tiffschema
from tiffschema.cli import main
from tiffschema.cli.arguments import COMMANDS
from tiffschema.cli.demo import SAMPLE
from tiffschema.cli.png import png_bytes, preview
from tiffschema.cli.tables import Table
from tiffschema.cli.values import brief, plain


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Run a command; return exit status, output and errors."""
    status = main(['tiffschema', *map(str, argv)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / 'image.tif'
    data = np.arange(3 * 32 * 48, dtype=np.uint16).reshape(3, 32, 48)
    tiffschema.imwrite(
        path, data, imagej=True, resolution=(2, 3),
        metadata={'axes': 'ZYX', 'Info': 'by hand', 'Labels': ['a', 'b', 'c']},
    )  # fmt: skip
    return path


def test_info_shows_pages_series_tags_and_metadata(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, 'info', image)
    assert status == 0
    for word in (
        '32 x 48',
        'uint16',
        'imagej',
        'ImageDescription',
        'What the schemas found',
        'Labels',
    ):
        assert word in out
    assert '\x1b' not in out


def test_info_as_json(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, 'info', '--json', image)
    found = json.loads(out)
    assert status == 0
    assert found['format'] == 'classic'
    assert found['series'][0]['shape'] == [3, 32, 48]
    assert found['tags']['ImageWidth'] == 48
    assert found['metadata']['imagej']['Info'] == 'by hand'
    assert found['faults'] == []


def test_info_of_a_bad_file_goes_on_with_the_next(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / 'bad.tif'
    bad.write_bytes(b'no tiff at all')
    status, out, err = run(capsys, 'info', bad, tmp_path / 'absent.tif', image)
    assert status == 1
    assert err.count('\n') == 2
    assert err.startswith(f'{bad}: ')
    assert 'uint16' in out


def test_dump_gives_every_field_its_offset(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, 'dump', '--json', image)
    assert status == 0
    rows = [json.loads(line) for line in out.splitlines()]
    names = [row['field'] for row in rows]
    assert names[0] == 'header.order'
    assert any(name.endswith('50839 IJMetadata._kinds[0].kind') for name in names)
    assert names[-1].endswith('.next')
    data = image.read_bytes()
    width = next(row for row in rows if row['field'].endswith('256 ImageWidth'))
    order = 'little' if data[:2] == b'II' else 'big'
    assert int.from_bytes(data[width['offset'] :][:2], order) == 48
    assert width['meaning']


def test_dump_of_one_tag(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, 'dump', '--tag', 'XResolution', '--page', '0', image)
    assert 'XResolution' in out
    assert 'ImageWidth' not in out
    status, _, err = run(capsys, 'dump', '--page', '9', image)
    assert status == 1
    assert 'page 9' in err


def test_map_accounts_for_every_byte(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, 'map', '--json', image)
    found = json.loads(out)
    assert status == 0
    assert sum(found['totals'].values()) == found['bytes'] == image.stat().st_size
    top = [span for span in found['spans'] if not span['depth']]
    assert top[0]['start'] == 0
    assert all(a['stop'] >= b['start'] for a, b in pairwise(top))
    fields = [span['path'] for span in found['spans'] if span['kind'] == 'field']
    assert any('IJMetadata._magic' in path for path in fields)


def test_map_check_fails_on_unexplained_bytes(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, 'map', '--check', image)[0] == 0
    image.write_bytes(image.read_bytes() + b'what is this doing here?')
    status, out, err = run(capsys, 'map', '--check', image)
    assert status == 1
    assert 'trailing of 24 bytes' in err
    assert not out


def test_map_as_html_needs_nothing_else(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiffschema.tiffcomment(image, '<script>alert(1)</script>')
    page = tmp_path / 'map.html'
    assert run(capsys, 'map', '--html', page, image)[0] == 0
    text = page.read_text(encoding='utf-8')
    assert text.startswith('<!DOCTYPE html>')
    assert 'IJMetadata' in text
    for word in ('<script', 'http:', 'https:', '<link', '<img'):
        assert word not in text


def test_tags_list_set_and_delete(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, 'tags', 'set', image, 'Artist', 'me')[0] == 0
    assert run(capsys, 'tags', 'set', image, '282', '72.5')[0] == 0
    _, out, _ = run(capsys, 'tags', 'list', '--json', image)
    found = json.loads(out)
    assert found['Artist'] == 'me'
    assert found['XResolution'] == [145, 2]
    assert run(capsys, 'tags', 'delete', image, 'Artist')[0] == 0
    assert run(capsys, 'tags', 'list', image, 'Artist')[0] == 1
    assert tiffschema.imread(image).shape == (3, 32, 48)


@pytest.mark.parametrize(
    ('arguments', 'word', 'expected'),
    [
        (('set', 'NoSuchTag', 'x'), 'NoSuchTag', 2),
        (('set', 'StripOffsets', '1'), '273', 1),
        (('set', 'XResolution', 'wide'), 'numbers', 2),
        (('set', 'Artist'), 'value', 2),
        (('set', 'Artist', 'x', '--page', '7'), 'page 7', 1),
        (('delete',), 'tag', 2),
        (('delete', 'Artist'), 'Artist', 1),
        (('list', 'Artist'), 'Artist', 1),
    ],
)
def test_tags_refuses_by_name(
    image: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str,
    expected: int,
) -> None:  # fmt: skip
    before = image.read_bytes()
    status, _, err = run(capsys, 'tags', arguments[0], image, *arguments[1:])
    assert status == expected
    assert word in err
    assert image.read_bytes() == before


def test_explain_names_the_rule(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, 'explain', image)
    assert status == 0
    assert 'imagej' in out


def test_validate_finds_nothing_wrong_with_our_own(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, 'validate', '--json', '--pixels', image)
    assert json.loads(out) == {'file': str(image), 'valid': True, 'findings': []}
    assert status == 0


def test_validate_names_damage(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = image.read_bytes()
    image.write_bytes(data[: len(data) // 2])
    status, out, _ = run(capsys, 'validate', '--json', image)
    found = json.loads(out)
    assert status == 1
    assert not found['valid']
    keys = {'rule', 'severity', 'path', 'offset', 'message', 'expected', 'source'}
    assert keys == set(found['findings'][0])


def test_validate_says_what_is_wrong_with_a_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'a.tif'
    path.write_bytes(b'XX*\0\x08\0\0\0' + bytes(20))
    status, out, _ = run(capsys, 'validate', path)
    assert status == 1
    assert 'H002' in out
    assert '1 errors' in out


def test_validate_holds_files_against_profiles(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, 'validate', '--profile', 'bigtiff', image)
    assert status == 1
    assert 'B001' in out
    assert run(capsys, 'validate', '--profile', 'none', image)[0] == 2
    assert run(capsys, 'validate')[0] == 2


def test_validate_lists_as_much_as_is_asked_for(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, 'validate', '--rules')
    assert status == 0
    assert 'S033' in out
    image.write_bytes(image.read_bytes() + b'abc' * 9)
    assert 'H008' not in run(capsys, 'validate', image)[1]
    assert 'H008' in run(capsys, 'validate', '--severity', 'information', image)[1]


def test_demo_reads_writes_and_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, 'demo', '--out', tmp_path)
    assert status == 0
    assert 'read back equal' in out
    assert (tmp_path / 'tiffschema-demo.png').read_bytes()[:4] == b'\x89PNG'
    copy = tiffschema.imread(tmp_path / 'tiffschema-demo.tif')
    assert np.array_equal(copy, tiffschema.imread(SAMPLE))


@pytest.mark.parametrize(
    ('arguments', 'word'),
    [
        (('list',), 'tiff/ifd'),
        (('show', 'tiff/ifd'), 'schema: tiff/ifd'),
        (('check', 'tiff/ifd'), '1 schemas: 0 wrong'),
        (('source', 'tiff/ifd', 'link'), 'def parse_link('),
        (('source', 'tiff/ifd', 'link', '--target', 'build'), 'def build_link('),
        (('docs', 'tiff/ifd'), '# TIFF header'),
        (('strategy', 'tiff/ifd', 'link'), 'value='),
        (('export', 'tiff/blocks'), 'meta:'),
        (('export', 'tiff/blocks', '--format', 'pyi'), 'class Irb(Record)'),
    ],
)
def test_schema_actions(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str
) -> None:
    status, out, err = run(capsys, 'schema', *arguments)
    assert status == 0, err
    assert word in out


def test_schema_of_a_file_with_an_error_names_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'acme.yaml'
    path.write_text('schema: vendor/acme\nstructs:\n  block:\n    fields:\n      n: u17\n')
    status, out, err = run(capsys, 'schema', 'check', path)
    assert status == 1
    assert 'acme.yaml:5' in out + err
    assert run(capsys, 'schema', 'docs', 'no/such')[0] == 1


def test_report_without_a_command(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, '--maxplots', '0', image)
    assert status == 0
    assert 'image.tif' in out
    assert 'ImageDescription' in out
    assert run(capsys, '-q', '--maxplots', '0', image.parent / '*.tif')[1] == ''
    status, _, err = run(capsys, '--maxplots', '0', image.parent / '*.nothing')
    assert (status, 'no file matches' in err) == (1, True)
    assert run(capsys, '--maxplots', '0', image.parent / 'absent.tif')[0] == 1


def test_preview_draws_series(
    image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib = pytest.importorskip('matplotlib', reason='matplotlib: extra plot is absent')
    matplotlib.use('Agg')
    from matplotlib import pyplot

    status, _, err = run(capsys, '-q', image)
    assert status == 0, err
    assert len(pyplot.get_fignums()) == 1
    pyplot.close('all')


def test_what_has_no_samples_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matplotlib = pytest.importorskip('matplotlib', reason='matplotlib: extra plot is absent')
    matplotlib.use('Agg')
    path = tmp_path / 'exif.tif'
    # A directory of one text, as a block of EXIF begins.
    path.write_bytes(bytes.fromhex('49492a0008000000 0100 0f01 0200 04000000 41636d00 00000000'))
    status, _, err = run(capsys, '-q', path)
    assert status == 0, err
    assert 'no samples to show' in err


def test_preview_without_matplotlib_names_the_extra(
    image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    status, _, err = run(capsys, '-q', image)
    assert status == 1
    assert 'tiffschema[plot]' in err


def test_help_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(capsys, '--help')
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    with pytest.raises(SystemExit) as ended:
        run(capsys, 'info')
    assert ended.value.code == 2


def test_module_runs_as_a_program(image: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'tiffschema', 'map', '--check', str(image)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'explained' in done.stdout


def test_tables_are_plain_without_a_terminal_and_rich_on_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip('rich', reason='rich: extra cli is absent')
    from tiffschema.cli import tables

    table = Table('Title', ('name', '>n'))
    table.add('a\x1b[31m', 1)
    plain_text, rich_text = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, 'stdout', plain_text)
    tables.show([table])
    monkeypatch.setattr(rich_text, 'isatty', lambda: True, raising=False)
    monkeypatch.setenv('TERM', 'xterm-256color')
    monkeypatch.setattr(sys, 'stdout', rich_text)
    tables.show([table])
    assert plain_text.getvalue() == 'Title\nname    n\na·[31m  1\n'
    assert 'Title' in rich_text.getvalue()
    assert '\x1b[31m' not in plain_text.getvalue() + rich_text.getvalue()


def test_values_as_text_and_json() -> None:
    assert brief({'a': (1.5, b'\x00')}) == 'a=1.5, 00'
    assert brief(np.zeros((5, 5))) == 'float64[5, 5]'
    assert plain({1: np.arange(3), 'x': float('inf')}) == {'1': [0, 1, 2], 'x': 'inf'}
    assert plain(list(range(300)))[-1] == '… 44 more'
    assert plain(tiffschema.COMPRESSION(1)) == 'NONE'


def test_png_holds_the_pixels() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    data = png_bytes(pixels)
    start = data.index(b'IDAT') + 4
    size = int.from_bytes(data[start - 8 : start - 4], 'big')
    rows = np.frombuffer(zlib.decompress(data[start : start + size]), np.uint8).reshape(2, 10)
    assert np.array_equal(rows[:, 1:].reshape(2, 3, 3), pixels)
    assert not rows[:, 0].any()
    with pytest.raises(ValueError, match='no image'):
        png_bytes(np.zeros((2, 2, 5), np.uint8))
    assert preview(np.full((4, 4), np.nan)).max() == 0
