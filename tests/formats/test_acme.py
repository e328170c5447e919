"""A made-up vendor, declared in YAML only: the walk-through of CONTRIBUTING.md."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema
from tests.unit.test_schema_style import lacking
from tiffschema.compiler.library import Schema, schema_of
from tiffschema.errors import BuildError, FormatError
from tiffschema.testing import run_properties, schema_cases

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')
pytest.importorskip('construct', reason='construct: the extra "construct" is absent')

ROOT = Path(tiffschema.__file__).parents[1]
GUIDE = ROOT / 'CONTRIBUTING.md'
TEXT = re.search(r'```yaml\n(schema: vendor/acme\n.*?)```', GUIDE.read_text('utf-8'), re.S)[1]  # type: ignore[index]
CASES = schema_cases([schema_of(TEXT, 'acme.yaml')])
VALUES: dict[str, Any] = {
    'mode': 'Area', 'operator': 'Ada', 'exposure': 0.25, 'note': 'täglich',
    'spots': [{'x': 1.0, 'y': 2.0, 'counts': 30}, {'x': 1.5, 'y': 2.0, 'counts': 31}],
    'stage': {'name': 'long', 'travel': [10.0, 20.0]},
}  # fmt: skip


@pytest.fixture(scope='module')
def acme() -> Iterator[Schema]:
    return tiffschema.register_schema(TEXT, replace=True)


@pytest.fixture
def file(acme: Schema, tmp_path: Path) -> Path:
    path = tmp_path / 'scan.tif'
    tiffschema.imwrite(path, numpy.zeros((4, 5), 'u2'), extratags=[('AcmeBlock', VALUES)])
    return path


def test_the_schema_has_no_warnings_and_the_style_of_shipped_ones(acme: Schema) -> None:
    assert acme.check() == []
    assert list(lacking('vendor/acme')) == []


@pytest.mark.parametrize('case', CASES, ids=str)
def test_properties(case: Any) -> None:
    run_properties(case, max_examples=25)


def test_both_ways(acme: Schema) -> None:
    block = acme.struct('acme_block')
    data = bytes(block.build(VALUES))
    record = block.parse(data, strict=True)
    assert (record.version, record.mode.name, record.spot_count, record.note_size) == (
        3,
        'Area',
        2,
        8,
    )
    assert record.exposure == 0.25
    assert data[24:26] == b'\xfa\x00', 'stored as milliseconds'
    assert record.spots['counts'].tolist() == [30, 31]
    assert record.stage.travel.tolist() == [10.0, 20.0]
    assert bytes(block.build(record)) == data
    assert [extent.path for extent in block.trace(data)][-1] == 'stage.travel'


def test_an_edited_record_is_laid_out_anew(acme: Schema) -> None:
    block = acme.struct('acme_block')
    values = block.parse(bytes(block.build(VALUES))).asdict()
    values['note'] = 'a longer note than before'
    again = block.parse(bytes(block.build(values)))
    assert again.note_size == 25
    assert again.stage.name == 'long'


def test_damage_costs_what_is_damaged(acme: Schema) -> None:
    block = acme.struct('acme_block')
    data = bytearray(block.build(VALUES).data)
    stage = block.parse(bytes(data)).stage_offset
    data[stage] = 0
    faults: list[FormatError] = []
    record = block.parse(bytes(data), faults=faults)
    assert record.stage is None
    assert record.note == 'täglich'
    assert faults[0].path == 'vendor/acme.acme_stage._magic'
    with pytest.raises(BuildError, match='stage was lost'):
        block.build(record)
    data[0] = 0
    with pytest.raises(FormatError, match='ACME'):
        block.parse(bytes(data))


@pytest.mark.parametrize('options', [{}, {'byteorder': '>'}, {'bigtiff': True}], ids=str)
def test_a_file(acme: Schema, tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / 'scan.tif'
    image = numpy.arange(20, dtype='u2').reshape(4, 5)
    tiffschema.imwrite(path, image, extratags=[('AcmeBlock', VALUES)], **options)
    with tiffschema.TiffFile(path) as tif:
        assert tif.is_acme
        assert tif.faults == []
        found = tif.acme_metadata
        assert found['stage']['name'] == 'long'
        assert found['mode'].name == 'Area'
        assert found['spots']['x'].tolist() == [1.0, 1.5]
        assert tif.pages[0].tags['AcmeBlock'].value['operator'] == 'Ada'
        assert 'acme' in tif.explain()
        numpy.testing.assert_array_equal(tif.asarray(), image)
    found['note'] = 'changed'
    tiffschema.imwrite(path, image, extratags=[('AcmeBlock', found)], **options)
    with tiffschema.TiffFile(path) as tif:
        assert tif.acme_metadata['note'] == 'changed'


def test_other_files_are_not_of_this_vendor(acme: Schema, tmp_path: Path) -> None:
    path = tmp_path / 'plain.tif'
    tiffschema.imwrite(path, numpy.zeros((2, 2), 'u1'))
    with tiffschema.TiffFile(path) as tif:
        assert not tif.is_acme
        assert tif.acme_metadata is None


def run(folder: Path, *arguments: str) -> str:
    """Return what the command prints, with the schema in a folder of the user's."""
    (folder / 'acme.yaml').write_text(TEXT, encoding='utf-8')
    environment = {
        **os.environ, 'TIFFSCHEMA_PATH': str(folder), 'PYTHONPATH': str(ROOT), 'COLUMNS': '200',
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, '-m', 'tiffschema', *arguments],
        env=environment, capture_output=True, text=True, timeout=120, encoding='utf-8',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ('command', 'expected'),
    [
        ('info', ['AcmeBlock', 'acme', 'operator']),
        ('dump', ['AcmeBlock.stage.travel', 'reach of both axes', '10, 20']),
        ('map', ['AcmeBlock', 'unexplained      0']),
    ],
)
def test_commands_know_the_vendor(
    file: Path, tmp_path: Path, command: str, expected: list[str]
) -> None:
    shown = run(tmp_path, command, str(file))
    for text in expected:
        assert text in shown


def test_every_byte_is_explained(file: Path, tmp_path: Path) -> None:
    assert 'are explained' in run(tmp_path, 'map', '--check', str(file))


def test_the_page_and_the_check_of_the_command(tmp_path: Path) -> None:
    page = run(tmp_path, 'schema', 'docs', 'vendor/acme')
    for text in ('# Acme Scanner', '`exposure`', '| s |', 'acme_stage', '65100', 'AcmeBlock'):
        assert text in page
    run(tmp_path, 'schema', 'check', 'vendor/acme')


def test_the_guide_runs(acme: Schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    runner = doctest.DocTestRunner()
    for body in re.findall(r'```python\n(.*?)```', GUIDE.read_text('utf-8'), re.S):
        if '>>>' in body:
            test = doctest.DocTestParser().get_doctest(body, known, GUIDE.name, str(GUIDE), 0)
            assert runner.run(test, clear_globs=False).failed == 0
            known.update(test.globs)
        else:
            exec(body, known)  # the user's own test file
    assert callable(known['test_acme'])
