"""The algebra of byte maps, and the maps of files with known layouts."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiffschema
from tiffschema.runtime.coverage import KINDS, Claim, account


def spans(claims: list[Claim], data: bytes) -> list[tuple[int, int, str, bool]]:
    found = account(claims, len(data), lambda at, size: data[at : at + size])
    return [(span.start, span.stop, span.kind, span.explained) for span in found.spans]


def test_padding_aligns_or_is_zero_and_the_rest_is_a_gap() -> None:
    data = bytes(8) + b'abc' + b'x' + b'defg' + b'junk!' + b'end' + b'tail.'
    claims = [
        Claim(0, 8, 'header', 'h'), Claim(8, 11, 'value', 'a'),
        Claim(12, 16, 'value', 'b'), Claim(21, 24, 'value', 'c'),
    ]  # fmt: skip
    assert spans(claims, data) == [
        (0, 8, 'header', True), (8, 11, 'value', True), (11, 12, 'padding', True),
        (12, 16, 'value', True), (16, 21, 'gap', False), (21, 24, 'value', True),
        (24, 29, 'trailing', False),
    ]  # fmt: skip


def test_shared_window_and_overlap() -> None:
    data = b'x' * 40
    claims = [
        Claim(0, 20, 'value', 'a'), Claim(0, 20, 'value', 'b'), Claim(4, 8, 'directory', 'c'),
        Claim(16, 24, 'segment', 'd'), Claim(20, 40, 'segment', 'e'),
    ]  # fmt: skip
    found = account(claims, 40, lambda at, size: data[at : at + size])
    notes = {span.path: span.note for span in found.spans if span.kind != 'overlap'}
    assert notes['b'] == 'shared with a'
    assert notes['c'].startswith('window of ')
    overlaps = [(span.start, span.stop) for span in found.unexplained]
    assert overlaps == [(16, 20), (20, 24)]


def test_long_claims_over_many_others() -> None:
    claims = [Claim(0, 100, 'value', 'all'), Claim(10, 90, 'value', 'most')]
    claims += [Claim(at, at + 20, 'segment', str(at)) for at in range(12, 60, 4)]
    claims += [Claim(92, 96, 'segment', 'late'), Claim(99, 104, 'segment', 'last')]
    found = account(claims, 104, lambda at, size: bytes(size))
    notes = {span.path: span.note for span in found.spans if span.kind != 'overlap'}
    assert notes['12'] == 'window of most'
    assert notes['late'] == 'window of all'
    assert [span.path for span in found.unexplained] == ['all and last']


def test_nothing_may_lie_in_a_directory_but_its_parts() -> None:
    claims = [Claim(0, 30, 'directory', 'd'), Claim(10, 14, 'value', 'v')]
    assert [s[2] for s in spans(claims, bytes(30))] == ['directory', 'value', 'overlap']


def test_claims_beyond_the_end_are_cut() -> None:
    found = account(
        [Claim(0, 99, 'segment', 's'), Claim(50, 60, 'value', 'v')], 10, lambda a, n: b''
    )
    assert [(span.start, span.stop) for span in found.spans] == [(0, 10)]
    assert 'cut' in found.spans[0].note


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 30), st.sampled_from(KINDS[:6])), max_size=12
    ),
    st.integers(0, 64),
)
def test_every_byte_is_in_some_span(places: list[tuple[int, int, str]], size: int) -> None:
    claims = [Claim(at, at + n, kind, str(i)) for i, (at, n, kind) in enumerate(places)]
    found = account(claims, size, lambda at, n: b'x' * n)
    covered = np.zeros(size, int)
    behind = 0
    for span in found.spans:
        assert 0 <= span.start < span.stop <= size
        covered[span.start : span.stop] += 1
        if span.kind != 'overlap':
            assert span.start <= behind
            behind = max(behind, span.stop)
    assert covered.all()
    assert sum(found.totals().values()) == size


@pytest.mark.parametrize('byteorder', ['<', '>'])
@pytest.mark.parametrize('bigtiff', [False, True])
@pytest.mark.parametrize(
    'options',
    [
        {}, {'compression': 'zlib'}, {'tile': (16, 16), 'compression': 'lzw'},
        {'subifds': 1}, {'extratags': [(65000, 's', 0, 'text of a private tag', False)]},
        {'metadata': None, 'description': 'odd'},
    ],
)  # fmt: skip
def test_our_own_files_are_explained(
    byteorder: str, bigtiff: bool, options: dict[str, object]
) -> None:
    stream = io.BytesIO()
    data = np.random.default_rng(1).integers(0, 255, (3, 33, 47)).astype(np.uint8)
    with tiffschema.TiffWriter(stream, byteorder=byteorder, bigtiff=bigtiff) as tif:
        tif.write(data, photometric='minisblack', **options)  # type: ignore[arg-type]
        if 'subifds' in options:
            tif.write(data[:, ::2, ::2], subfiletype=1, photometric='minisblack')
    with tiffschema.TiffFile(stream.getvalue()) as tif:
        found = tiffschema.byte_map(tif)
    assert found.unexplained == ()
    assert sum(found.totals().values()) == len(stream.getvalue())
    entries = [span for span in found.spans if span.kind == 'entry']
    assert {span.nbytes for span in entries} == {20 if bigtiff else 12}


def test_details_can_be_left_out() -> None:
    stream = io.BytesIO()
    tiffschema.imwrite(stream, np.zeros((8, 8), np.uint8))
    with tiffschema.TiffFile(stream.getvalue()) as tif:
        short, full = tiffschema.byte_map(tif, details=False), tiffschema.byte_map(tif)
    assert [span for span in full.spans if not span.depth] == list(short.spans)
    assert {span.kind for span in short.spans} <= {
        'header',
        'directory',
        'value',
        'segment',
        'padding',
    }
