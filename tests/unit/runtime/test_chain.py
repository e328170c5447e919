"""Chains end with a reason, cost no pages, and give columns that equal the pages."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tiffschema
from tiffschema import FormatError, LimitError, Limits, TiffFile, TiffFileError


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, 'tiffschema')


def faults(tif: Any) -> str:
    return '\n'.join(str(fault) for fault in tif.faults)


def test_pages(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    for index in range(5):
        made.page(4 + index, 3)
    with TiffFile(bytes(made)) as tif:
        assert tif.byteorder == container[1]
        assert tif.is_bigtiff == (container[0] == 'big')
        assert len(tif.pages) == 5
        assert [page.imagewidth for page in tif.pages] == [4, 5, 6, 7, 8]
        assert [page.offset for page in tif.pages] == made.offsets
        assert tif.pages[-1].imagewidth == 8
        assert [page.index for page in tif.pages[1:4:2]] == [1, 3]
        assert [page.index for page in tif.pages[[4, 0]]] == [4, 0]
        assert tif.pages.next_page_offset == made.link_at
        with pytest.raises(IndexError):
            tif.pages[5]
        with pytest.raises(IndexError):
            tif.pages[-6]
        with pytest.raises(TypeError):
            tif.pages['0']
        assert tif.pages.get(7, 'none') == 'none'
        assert not tif.faults


def test_random_access_makes_no_other_pages(
    forge: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = forge()
    for _ in range(2000):
        made.page()
    from tiffschema.runtime import pages

    count = 0

    class Counted(pages.TiffPage):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            nonlocal count
            count += 1
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(pages, 'TiffPage', Counted)
    with TiffFile(bytes(made)) as tif:
        assert len(tif.pages) == 2000
        assert count == 0
        assert tif.pages[1500].offset == made.offsets[1500]
        assert count == 1


@pytest.mark.parametrize('kind', ['memory', 'stream', 'file', 'remote'])
def test_columns_equal_pages(
    forge: Callable[..., Any], container: Any, kind: str, tmp_path: Any
) -> None:
    made = forge(*container)
    for index in range(300):
        extra = {270: 'x' * (index % 7)} if index % 3 == 0 else {}
        if index % 10 == 9:
            extra |= {273: (made.block(b'\1' * 8), made.block(b'\2' * 4)), 279: (8, 4), 278: 2}
        made.page(extra=extra)
    data = bytes(made)
    file: Any = data
    if kind == 'stream':
        file = io.BytesIO(data)
    elif kind == 'file':
        file = tmp_path / 'a.tif'
        file.write_bytes(data)
    elif kind == 'remote':
        fsspec = pytest.importorskip('fsspec', reason='fsspec: remote stores need it')
        fsspec.filesystem('memory').pipe('/chain.tif', data)
        file = 'memory://chain.tif'
    with TiffFile(file) as tif:
        table = tif.pages.chain.table()
        offsets, counts = table.arrays(273)
        sizes, _ = table.arrays(279)
        widths = table.numbers(256)
        alike = table.alike((256, 257, 278))
        absent = table.numbers(4711, -1)
        for index, page in enumerate(tif.pages):
            assert tuple(offsets[index, : counts[index]]) == page.tags[273].value
            assert tuple(sizes[index, : counts[index]]) == page.tags[279].value
            assert widths[index] == 4
            assert alike[index] == (index % 10 != 9)
            assert absent[index] == -1
        assert index == 299


def test_columns_of_entries_without_values(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    for _ in range(4):
        made.page(extra={40000: (7,)})
    data = bytearray(bytes(made))
    with TiffFile(bytes(data)) as tif:
        layout = 8 if tif.is_bigtiff else 4
        for page in tif.pages:
            at = page.tags[40000].offset + 4
            data[at : at + layout] = bytes(layout)
    with TiffFile(bytes(data)) as tif:
        table = tif.pages.chain.table()
        assert table.numbers(40000, -1).tolist() == [-1] * 4
        values, counts = table.arrays(40000)
        assert values.shape == (4, 0)
        assert counts.tolist() == [0] * 4


def test_columns_under_limits_beyond_32_bits(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    for _ in range(4):
        made.page()
    with TiffFile(bytes(made), limits=Limits(items=1 << 40)) as tif:
        assert tif.pages.chain.table().numbers(256).tolist() == [4] * 4
        assert tif.asarray(slice(None)).shape == (4, 3, 4)


@pytest.mark.parametrize('strict', [False, True])
@pytest.mark.parametrize(
    ('damage', 'pages', 'message'),
    [
        ('cycle', 3, 'leads back'),
        ('beyond', 3, 'does not lie in the file'),
        ('count', 3, 'absurd number of tags'),
        ('cut', 3, 'the file ends within the directory'),
        ('itself', 3, 'leads back'),
    ],
)
def test_damaged_chains_end(
    forge: Callable[..., Any], damage: str, pages: int, message: str, strict: bool
) -> None:
    made = forge()
    for _ in range(3):
        made.page()
    if damage == 'cycle':
        made.link(made.link_at, made.offsets[1])
    elif damage == 'itself':
        made.link(made.link_at, made.offsets[2])
    elif damage == 'beyond':
        made.link(made.link_at, 1 << 30)
    elif damage == 'count':
        made.link(made.link_at, made.block(b'\xff\xff' + bytes(99)))
    data = bytes(made)
    if damage == 'cut':
        data = data[: made.offsets[2] + 50]
    with TiffFile(data, strict=strict) as tif:
        if strict:
            with pytest.raises(FormatError, match=message):
                len(tif.pages)
            return
        assert len(tif.pages) == pages
        assert message in faults(tif)
        assert tif.faults[0].offset >= 0
        assert tif.pages[0].shape == (3, 4)
        assert len(tif.pages[2].tags) == (4 if damage == 'cut' else 9)


def test_limits(forge: Callable[..., Any]) -> None:
    made = forge()
    for _ in range(9):
        made.page()
    with TiffFile(bytes(made), limits=Limits(directories=5)) as tif:
        assert len(tif.pages) == 5
        assert isinstance(tif.faults[0], LimitError)
    with TiffFile(bytes(made), limits=Limits(tags=5)) as tif:
        assert len(tif.pages) == 0


def test_no_pages(forge: Callable[..., Any], container: Any) -> None:
    with TiffFile(bytes(forge(*container))) as tif:
        assert len(tif.pages) == 0
        assert not tif.pages
        assert 'no pages' in faults(tif)
        assert not tif.is_ome
        assert not tif.is_uniform
        assert tif.ome_metadata is None
        assert tif.flags == set()
    with pytest.raises(FormatError, match='no pages'):
        TiffFile(bytes(forge(*container)), strict=True)


@pytest.mark.parametrize(
    'data',
    [
        b'', b'I', b'II', b'II*', b'II*\0\x08', b'MM*\0\0\0\0\x08',
        b'II\x2b\0\x04\0\0\0' + bytes(8), b'II\x2b\0\x08\0\1\0' + bytes(8),
        b'GIF89a' + bytes(20), b'XX*\0' + bytes(20),
        b'II\x2a\x01' + bytes(20),
    ],
)  # fmt: skip
def test_no_tiff(data: bytes) -> None:
    with pytest.raises(TiffFileError):
        TiffFile(data)


def test_relatives(forge: Callable[..., Any]) -> None:
    made = forge()
    made.page()
    for start in (b'EP*\0', b'IIRC', b'IIU\0', b'IIRO', b'IIRS'):
        with TiffFile(start + bytes(made)[4:]) as tif:
            assert len(tif.pages) == 1
            assert tif.byteorder == '<'
    with pytest.raises(tiffschema.UnsupportedError, match='NIFF'):
        TiffFile(b'II1N' + bytes(made)[4:])


def test_embedded(forge: Callable[..., Any], tmp_path: Any) -> None:
    made = forge('big', '>')
    made.page()
    path = tmp_path / 'held.bin'
    path.write_bytes(b'before' + bytes(made) + b'behind')
    with TiffFile(path, offset=6, size=len(bytes(made))) as tif:
        assert tif.pages[0].asarray().tolist() == numpy.arange(12).reshape(3, 4).tolist()
        assert tif.filehandle.size == len(bytes(made))
    with path.open('rb') as file:
        file.seek(6)
        with TiffFile(file) as tif:
            assert tif.pages[0].shape == (3, 4)
        assert not file.closed


def test_children(forge: Callable[..., Any], container: Any) -> None:
    made = forge(*container)
    grandchild = made.directory({256: 1, 257: 1}, link=False)
    children = [
        made.directory({256: 2, 257: 2, 330: grandchild}, link=False),
        made.directory({256: 3, 257: 3}, link=False),
    ]
    made.page(extra={330: tuple(children)})
    made.page()
    with TiffFile(bytes(made)) as tif:
        page = tif.pages[0]
        assert page.subifds == tuple(children)
        assert [child.imagewidth for child in page.pages] == [2, 3]
        assert [child.treeindex for child in page.pages] == [(0, 0), (0, 1)]
        assert page.pages[1].index == 1
        assert page.pages[1].is_subifd
        assert page.pages[0].pages[0].treeindex == (0, 0, 0)
        assert page.pages[0].pages[0].imagewidth == 1
        assert tif.pages[1].pages is None
        assert tif.pages[1].subifds is None


def test_children_in_a_chain(forge: Callable[..., Any]) -> None:
    made = forge()
    last = made.directory({256: 3, 257: 3}, link=False)
    first = made.directory({256: 2, 257: 2}, link=False, following=last)
    made.page(extra={330: first})
    with TiffFile(bytes(made)) as tif:
        assert [child.imagewidth for child in tif.pages[0].pages] == [2, 3]


def test_children_that_lead_back(forge: Callable[..., Any]) -> None:
    made = forge()
    offset = made.page()
    own = made.directory({256: 2, 257: 2, 330: offset}, link=False)
    again = made.codec.parse(bytes(made), 0, offset)
    made.page(extra={330: (own, own, 0, 1 << 30)})
    assert again.offset == offset
    looped = made.page(extra={330: made.offsets[-1]})
    made.link(looped + 2 + 9 * 12 + 8, looped)  # its child is itself
    with TiffFile(bytes(made)) as tif:
        assert len(tif.pages[1].pages) == 1
        assert 'leads back' in faults(tif)
        assert 'does not lie in the file' in faults(tif)
        assert len(tif.pages[2].pages) == 0


def test_deep_trees_are_bounded(forge: Callable[..., Any]) -> None:
    made = forge()
    child = made.directory({256: 1, 257: 1}, link=False)
    for _ in range(60):
        child = made.directory({256: 1, 257: 1, 330: child}, link=False)
    made.page(extra={330: child})
    with TiffFile(bytes(made)) as tif:
        page = tif.pages[0]
        for _ in range(tif.limits.depth):
            page = page.pages[0]
        with pytest.raises(LimitError, match='nest deeper'):
            _ = page.pages
