"""A tag whose value is the offset of a declared block: read, written, edited, moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import tiffschema

SCHEMA = """\
schema: user/acme_far
title: Acme blocks behind an offset
endian: inherit
structs:
  far:
    doc: A block somewhere in the file.
    source: made up
    fields:
      _magic: {type: "bytes[4]", const: ACME}
      gain: {type: u16, scale: 0.01, unit: dB, doc: gain}
      count: {type: u16, doc: number of points}
      points: {type: "u32[count]", doc: points}
      stage_offset: {type: u32, doc: "offset of the stage, 0 if none"}
      stage: {type: stage, at: stage_offset, when: stage_offset, fault: drop, doc: stage}
  stage:
    doc: Reach of the stage.
    source: made up
    fields:
      name: {type: "str[8]", doc: name}
      travel: {type: "f64[2]", unit: um, doc: reach}
  near:
    doc: A block of a few bytes.
    source: made up
    fields:
      code: {type: u16, doc: code}
tags:
  65331: {name: AcmeFar, type: [u32, u64], count: 1, value: {type: far, at: value}, doc: offset}
  65332: {name: AcmeFar32, type: u32, count: 1, value: {type: far, at: value}, doc: offset}
  65334: {name: AcmeHere, type: undefined, count: any, value: far, doc: block}
  65333: {name: AcmeNear, type: [u32, u64], count: 1, value: {type: near, at: value}, doc: offset}
detect:
  acme_far: {tag: AcmeFar}
metadata:
  acme_far: tag.AcmeFar
"""
VALUES: dict[str, Any] = {
    'gain': 1.25, 'points': [1, 2, 70000], 'stage': {'name': 'long', 'travel': [10.0, 0.5]},
}  # fmt: skip
FILES = [{'byteorder': order, 'bigtiff': big} for order in '<>' for big in (False, True)]


@pytest.fixture(autouse=True)
def schema() -> Any:
    return tiffschema.register_schema(SCHEMA, replace=True)


@pytest.fixture(params=FILES, ids=lambda options: str([*options.values()]))
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def check(found: Any) -> None:
    assert (found['gain'], found['points'].tolist()) == (1.25, [1, 2, 70000])
    assert (found['stage']['name'], found['stage']['travel'].tolist()) == ('long', [10.0, 0.5])


@pytest.mark.parametrize('name', ['AcmeFar', 'AcmeFar32'])
@pytest.mark.parametrize('pages', [1, 3])
def test_a_block_is_written_and_read(
    tmp_path: Path, options: dict[str, Any], name: str, pages: int
) -> None:
    path = tmp_path / 'far.tif'
    image = numpy.arange(pages * 20, dtype='u2').reshape(pages, 4, 5)
    tiffschema.imwrite(path, image, photometric='minisblack', extratags=[(name, VALUES)], **options)
    with tiffschema.TiffFile(path) as tif:
        assert tif.faults == []
        for page in tif.pages:
            tag = page.tags[name]
            assert tag.count == 1
            check(tag.value)
        if name == 'AcmeFar':
            assert tif.is_acme_far
            check(tif.acme_far_metadata)
        numpy.testing.assert_array_equal(tif.asarray(), image)
        assert tiffschema.byte_map(tif).unexplained == ()


def test_a_small_block_lies_elsewhere_too(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / 'near.tif'
    tiffschema.imwrite(
        path, numpy.zeros((4, 5), 'u1'), extratags=[('AcmeNear', {'code': 513})], **options
    )
    with tiffschema.TiffFile(path) as tif:
        assert tif.faults == []
        assert tif.pages[0].tags['AcmeNear'].value['code'] == 513
        assert tiffschema.byte_map(tif).unexplained == ()


def test_a_block_is_written_anew_in_place_of_another(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = tmp_path / 'far.tif'
    image = numpy.arange(20, dtype='u2').reshape(4, 5)
    tiffschema.imwrite(path, image, extratags=[('AcmeFar', VALUES)], **options)
    with tiffschema.TiffFile(path, mode='r+') as tif:
        tag = tif.pages[0].tags['AcmeFar']
        tag.overwrite({**VALUES, 'points': list(range(50))})
    with tiffschema.TiffFile(path) as tif:
        assert tif.faults == []
        assert tif.acme_far_metadata['points'].tolist() == list(range(50))
        assert tif.acme_far_metadata['stage']['name'] == 'long'
        numpy.testing.assert_array_equal(tif.asarray(), image)


@pytest.mark.parametrize('points', [[7], [1, 2, 70000], list(range(50))], ids=len)
def test_a_block_in_the_value_is_written_anew(
    tmp_path: Path, options: dict[str, Any], points: list[int]
) -> None:
    path = tmp_path / 'here.tif'
    image = numpy.arange(20, dtype='u2').reshape(4, 5)
    tiffschema.imwrite(path, image, extratags=[('AcmeHere', VALUES)], **options)
    with tiffschema.TiffFile(path, mode='r+') as tif:
        check(tif.pages[0].tags['AcmeHere'].value)
        tag = tif.pages[0].tags['AcmeHere'].overwrite({**VALUES, 'points': points})
        assert tag.value['points'].tolist() == points
    with tiffschema.TiffFile(path) as tif:
        assert tif.faults == []
        found = tif.pages[0].tags['AcmeHere'].value
        assert (found['points'].tolist(), found['stage']['name']) == (points, 'long')
        numpy.testing.assert_array_equal(tif.asarray(), image)


def test_partners_of_a_block_are_not_left_behind(tmp_path: Path) -> None:
    path = tmp_path / 'imagej.tif'
    tiffschema.imwrite(
        path, numpy.zeros((2, 4, 5), 'u1'), imagej=True, metadata={'Labels': ['a', 'b']}
    )
    with (
        tiffschema.TiffFile(path, mode='r+') as tif,
        pytest.raises(ValueError, match='partners'),
    ):
        tif.pages[0].tags['IJMetadata'].overwrite({'Labels': ['longer', 'b']})


def test_a_file_with_such_blocks_is_not_made_compact(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    from tiffschema.writer.compact import compact

    path = tmp_path / 'far.tif'
    tiffschema.imwrite(
        path, numpy.zeros((4, 5), 'u1'), metadata=None, extratags=[('AcmeFar', VALUES)], **options
    )
    before = path.read_bytes()
    with pytest.raises(ValueError, match='65331'):
        compact(path)
    assert path.read_bytes() == before


def test_what_cannot_be_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='AcmeFar'):
        tiffschema.imwrite(
            tmp_path / 'a.tif', numpy.zeros((2, 2), 'u1'), extratags=[('AcmeFar', {'gain': 1.0})]
        )
