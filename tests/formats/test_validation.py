"""Rules of files: each is broken by one file here and alone, and by no sound file."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tiffschema
from tests.formats.rule_files import (
    BASES,
    COLOURS,
    edited,
    entries_of,
    entry,
    image,
    laid_out,
    relaid,
)
from tiffschema.formats.validation import findings, header_findings
from tiffschema.model.rules import profiles, rules
from tiffschema.runtime.source import open_source
from tiffschema.testing import DrawnFile, files, forge, forgeable
from tiffschema.writer.cog import write_cog

QUIET = {'H008'}
"""Told of every file that was edited: the directory it had before."""


def broken(data: bytes, profile: tuple[str, ...] = ()) -> set[str]:
    with tiffschema.TiffFile(data) as tif:
        return {found.rule for found in findings(tif, profile)} - QUIET


def headed(data: bytes) -> set[str]:
    return {found.rule for found in header_findings(open_source(io.BytesIO(data)))}


def patched(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    found = bytearray(data)
    for at, new in changes:
        found[at : at + len(new)] = new
    return bytes(found)


def with_child(name: str, space: str, tags: Mapping[str, Any], following: int = 0) -> bytes:
    """Return a file with a directory of another name space behind a tag."""
    data = BASES['gray']()
    made = [entry(key, value, space) for key, value in tags.items()]
    at = len(data) + len(data) % 2
    data = laid_out(data, {one.code: one for one in made}, at, following)
    return edited(data, {'set': {name: {'type': 4, 'data': at.to_bytes(4, 'little').hex()}}})


def jpeg(change: Callable[[bytearray], None]) -> bytes:
    """Return a file of one JPEG stream with changed bytes."""
    data = bytearray(image(32, 32, 3, photometric='ycbcr', compression='jpeg', **COLOURS))
    with tiffschema.TiffFile(bytes(data)) as tif:
        (start,), (nbytes,) = tif.pages[0].dataoffsets, tif.pages[0].databytecounts
    stream = data[start : start + nbytes]
    change(stream)
    data[start : start + nbytes] = stream
    return bytes(data)


def at_frame(offset: int, new: bytes) -> Callable[[bytearray], None]:
    def change(stream: bytearray) -> None:
        at = stream.index(b'\xff\xc0') + offset
        stream[at : at + len(new)] = new

    return change


def moved(data: bytes, name: str, at: int) -> bytes:
    """Return a file in which the value of a tag is said to lie elsewhere."""
    with tiffschema.TiffFile(data) as tif:
        tag = tif.pages[0].tags[name]
    return patched(data, (tag.offset + 8, at.to_bytes(4, 'little')))


def cog() -> bytes:
    stream = io.BytesIO()
    write_cog(stream, np.zeros((900, 1100), 'u1'), tile=(256, 256))
    return stream.getvalue()


def levels(width: int) -> bytes:
    """Return a pyramid of two levels as it comes: samples in the order of the levels."""
    stream = io.BytesIO()
    options: dict[str, Any] = {'tile': (256, 256), 'metadata': None, 'description': 'text'}
    with tiffschema.TiffWriter(stream, byteorder='<') as writer:
        writer.write(np.zeros((1200, 1200), 'u1'), **options)
        writer.write(np.zeros((600, width), 'u1'), subfiletype=1, **options)
    return stream.getvalue()


def turned() -> bytes:
    """Return a pyramid whose first directory lies last."""
    data = levels(600)
    with tiffschema.TiffFile(data) as tif:
        following = tif.pages[1].offset
    return relaid(data, entries_of(data), None, following)


def misdescribed() -> bytes:
    """Return an OME-TIFF with fewer pages than its XML says."""
    data = image(3, 20, 30, metadata={'axes': 'ZYX'}, ome=True, description=None)
    return data.replace(b'SizeZ="3"', b'SizeZ="7"')


def laid_out_again(following: int) -> bytes:
    data = BASES['gray']()
    return relaid(data, entries_of(data), None, following)


def ndtiff() -> bytes:
    return forge('ndtiff').data


def odd() -> bytes:
    data = BASES['gray']()
    return relaid(data, entries_of(data), len(data) // 2 * 2 + 1)


def unsorted() -> bytes:
    """Return a file whose first two entries changed places."""
    data = BASES['gray']()
    with tiffschema.TiffFile(data) as tif:
        at = tif.pages[0].directory.entry_at(0)
    return patched(data, (at, data[at + 12 : at + 24]), (at + 12, data[at : at + 12]))


def renamed(data: bytes, old: int, new: int) -> bytes:
    """Return a file with another code in place of a tag's."""
    with tiffschema.TiffFile(data) as tif:
        at = tif.pages[0].tags[old].offset
    return patched(data, (at, new.to_bytes(2, 'little')))


def retyped(code: int, kind: int) -> bytes:
    data = BASES['gray']()
    with tiffschema.TiffFile(data) as tif:
        at = tif.pages[0].tags[code].offset
    return patched(data, (at + 2, kind.to_bytes(2, 'little')))


def endless() -> bytes:
    """Return a file with an entry more than is allowed for."""
    data = BASES['gray']()
    more = {code: entry(code, {'type': 3, 'data': '0100'}) for code in range(60000, 61100)}
    return relaid(data, {**entries_of(data), **more})


def in_samples() -> bytes:
    """Return a file whose directory lies among its samples."""
    data = image(60, 60)
    with tiffschema.TiffFile(data) as tif:
        (start,) = tif.pages[0].dataoffsets
    made = laid_out(data[: start + 200], entries_of(data), start + 200)
    data = made + data[len(made) :]
    return patched(data, (4, (start + 200).to_bytes(4, 'little')))


def dirty() -> bytes:
    """Return a file with bytes behind a short value."""
    data = BASES['gray']()
    with tiffschema.TiffFile(data) as tif:
        at = tif.pages[0].tags['Compression'].valueoffset
    return patched(data, (at + 2, b'xx'))


def shared(name: str, other: str, shift: int) -> bytes:
    """Return a file in which the value of a tag begins within that of another."""
    data = BASES['gray']()
    with tiffschema.TiffFile(data) as tif:
        at = tif.pages[0].tags[other].valueoffset
    return moved(data, name, at + shift)


def truncated() -> bytes:
    data = BASES['gray']()
    return moved(data, 'XResolution', len(data) - 4)


def reduced(width: int) -> bytes:
    stream = io.BytesIO()
    options: dict[str, Any] = {'metadata': None, 'description': 'text'}
    with tiffschema.TiffWriter(stream, byteorder='<') as writer:
        writer.write(np.zeros((20, 30), 'u1'), **options)
        writer.write(np.zeros((20, width), 'u1'), subfiletype=1, **options)
    return stream.getvalue()


def started(compression: str, begin: bytes) -> bytes:
    """Return a file whose only segment begins with other bytes."""
    data = image(20, 30, compression=compression)
    with tiffschema.TiffFile(data) as tif:
        (start,) = tif.pages[0].dataoffsets
    return patched(data, (start, begin))


def unreadable() -> bytes:
    data = BASES['deflate']()
    with tiffschema.TiffFile(data) as tif:
        (start,) = tif.pages[0].dataoffsets
    return patched(data, (start, b'\0' * 8))


BUILT: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    'H008': (lambda: BASES['gray']() + b'abcdefgh' * 8, set()),
    'H009': (cog, {'M012'}),
    'H010': (lambda: laid_out_again(1 << 20), set()),
    'H011': (ndtiff, {'H009', 'M012', 'T010'}),
    'D001': (
        lambda: patched(
            BASES['gray']() + bytes(6), (4, len(BASES['gray']()).to_bytes(4, 'little'))
        ),
        {'D012'},
    ),
    'D004': (odd, {'H007'}),
    'D005': (unsorted, set()),
    'D006': (lambda: renamed(BASES['gray'](), 283, 282), {'S033'}),
    'D007': (endless, {'T015'}),
    'D008': (in_samples, {'S016', 'T009'}),
    'D009': (
        lambda: with_child('ExifTag', 'exif', {'ExifVersion': {'type': 7, 'data': '30323332'}}, 8),
        set(),
    ),
    'D010': (lambda: with_child('SubIFDs', 'tiff', {'Artist': 'me'}, 8), {'D012'}),
    'D012': (lambda: with_child('SubIFDs', 'tiff', {'Artist': 'me'}), set()),
    'T001': (lambda: retyped(305, 99), {'T003'}),
    'T006': (truncated, set()),
    'T007': (
        lambda: moved(BASES['gray']() + bytes(9), 'XResolution', len(BASES['gray']()) // 2 * 2 + 1),
        {'T012'},
    ),
    'T008': (dirty, set()),
    'T009': (lambda: shared('YResolution', 'XResolution', 4), set()),
    'S010': (lambda: image(1100, 1000, rowsperstrip=1100), set()),
    'S015': (lambda: edited(BASES['strips'](), {'set': {'StripByteCounts': [400, 300]}}), {'C015'}),
    'S016': (in_samples, {'D008', 'T009'}),
    'S041': (lambda: reduced(40), set()),
    'S030': (unreadable, {'C011'}),
    'S043': (lambda: edited(BASES['gray'](), {'set': {'Compression': 61234}}), {'S027'}),
    'P018': (lambda: edited(BASES['ycbcr'](), {'set': {'YCbCrSubSampling': [2, 1]}}), set()),
    'C006': (lambda: jpeg(lambda stream: stream.__setitem__(slice(0, 2), b'ab')), set()),
    'C007': (lambda: jpeg(at_frame(5, b'\0\x18')), set()),
    'C008': (lambda: jpeg(at_frame(4, b'\x0c')), set()),
    'C010': (lambda: started('lzw', b'\0\1'), set()),
    'C011': (lambda: started('zlib', b'\x4b\x4c'), set()),
    'C009': (
        lambda: edited(
            BASES['ycbcr'](), {'set': {'JPEGTables': {'type': 7, 'data': 'ffd8ffc00004ffd9'}}}
        ),
        set(),
    ),
    'M004': (
        lambda: edited(
            BASES['gray'](), {'set': {'ImageResources': {'type': 1, 'data': '3842494d04040000'}}}
        ),
        set(),
    ),
    'M006': (
        lambda: with_child(
            'ExifTag',
            'exif',
            {'ExifVersion': {'type': 7, 'data': '30323332'}, 'PixelXDimension': 31},
        ),
        set(),
    ),
    'M005': (lambda: with_child('ExifTag', 'exif', {'FNumber': [28, 10]}), set()),
    'M007': (lambda: with_child('GPSTag', 'gps', {'GPSLatitudeRef': 'N'}), set()),
    'COG004': (lambda: image(600, 700, tile=(256, 256)), set()),
    'COG005': (lambda: laid_out_again(0), {'COG010'}),
    'COG006': (lambda: cog().replace(b'EDITION=NO\n ', b'EDITION=YES\n'), {'H009', 'M012'}),
    'COG007': (lambda: levels(1200), {'COG011'}),
    'COG009': (turned, {'COG005', 'COG011'}),
    'COG010': (lambda: laid_out_again(0), {'COG005'}),
    'COG011': (lambda: levels(600), set()),
    'N004': (lambda: edited(BASES['dng'](), {'set': {'NewSubfileType': 1}}), set()),
    'O001': (lambda: BASES['gray'](), set()),
    'O002': (misdescribed, {'H011'}),
    'B001': (lambda: BASES['gray'](), set()),
    'B002': (
        lambda: relaid(image(20, 30, bigtiff=True), entries_of(image(20, 30, bigtiff=True)), 8002),
        set(),
    ),
}
"""Files that break a rule whose row has no example, and what else is told of them."""

HEADERS: dict[str, bytes] = {
    'H007': b'II*\0\x09\0\0\0' + bytes(20),
    'H001': b'II*\0\x08\0',
    'H002': b'XX*\0\x08\0\0\0' + bytes(20),
    'H003': b'II\x07\0\x08\0\0\0' + bytes(20),
    'H004': b'II+\0\x04\0\0\0' + (16).to_bytes(8, 'little') + bytes(20),
    'H005': b'II*\0\0\0\0\0' + bytes(20),
    'H006': b'II*\0\x90\0\0\0' + bytes(20),
}
"""Headers that break a rule, which are no files that could be opened."""

PROFILE_BASES: Mapping[str, Callable[[], bytes]] = {
    'baseline': BASES['gray'],
    'bigtiff': lambda: image(20, 30, bigtiff=True),
    'cog': cog,
    'dng': BASES['dng'],
    'ome': lambda: image(3, 20, 30, metadata={'axes': 'ZYX'}, ome=True, description=None),
    'pixels': BASES['deflate'],
    'tia': BASES['tia'],
    'tiffep': BASES['tiffep'],
    'tifffx_s': BASES['fax'],
    'tifffx_f': BASES['fax'],
    'tiffit_ct': BASES['cmyk'],
    'tiffit_p1': BASES['cmyk'],
}
"""Files that keep all rules of a profile."""


@pytest.mark.parametrize('id', rules())
def test_a_rule_is_broken_by_its_example_and_by_nothing_else(id: str) -> None:
    rule = rules()[id]
    assert (rule.example is None) == (id in BUILT or id in HEADERS), 'one example, in one place'
    if id in HEADERS:
        assert headed(HEADERS[id]) == {id}
        return
    if rule.example is None:
        make, also = BUILT[id]
        with tiffschema.TiffFile(make()) as tif:
            found = {one.rule for one in findings(tif, rule.profiles[:1])}
        assert found - (QUIET - {id}) == {id, *also}
        return
    profile = (rule.example['profile'],) if 'profile' in rule.example else rule.profiles[:1]
    base = BASES[rule.example['base']]()
    before = broken(base, profile)
    wrong = broken(edited(base, rule.example), profile)
    if rule.example.keys() - {'base', 'also', 'profile'}:
        assert id not in before
        assert wrong - before == {id, *rule.example.get('also', ())} - before
    else:
        # The profile asks for what the sound file is not.
        assert wrong == {id, *rule.example.get('also', ())}


@pytest.mark.parametrize('name', BASES)
def test_sound_files_break_no_rule(name: str) -> None:
    assert broken(BASES[name]()) == set()


@pytest.mark.parametrize('name', PROFILE_BASES)
def test_a_file_keeps_the_rules_of_its_profile(name: str) -> None:
    assert (
        broken(PROFILE_BASES[name](), (name,))
        & {id for id, rule in rules().items() if name in rule.profiles}
        == set()
    )


def test_each_profile_has_rules_or_raises_some() -> None:
    named = {name for rule in rules().values() for name in rule.profiles}
    assert {name for name, profile in profiles().items() if not profile.errors} <= named
    assert named <= set(profiles())
    assert {id for one in profiles().values() for id in one.errors} <= set(rules())


def test_a_profile_turns_warnings_to_errors() -> None:
    data = edited(BASES['gray'](), {'without': ['XResolution']})
    with tiffschema.TiffFile(data) as tif:
        severities = [
            found.severity
            for profile in ((), ('baseline',))
            for found in findings(tif, profile)
            if found.rule == 'S033'
        ]
    assert severities == ['warning', 'error']


def test_rules_name_facts_that_there_are() -> None:
    """A name without a fact is an error of the schema wherever the rule is asked."""
    everything = tuple(profiles())
    for make in (*BASES.values(), cog, lambda: levels(600)):
        broken(make(), everything)


def errors_of(file: Any) -> list[str]:
    with tiffschema.TiffFile(file) as tif:
        return [
            f'{found.rule} {found.path}: {found.message}'
            for found in findings(tif)
            if found.severity == 'error'
        ]


@pytest.mark.parametrize('kind', forgeable())
def test_forged_files_have_no_errors(kind: str) -> None:
    assert errors_of(forge(kind).data) == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(files('valid'))
def test_files_of_any_kind_have_no_errors(drawn: DrawnFile) -> None:
    assert errors_of(io.BytesIO(drawn)) == []
