"""Killed, or out of space, at each change of a file in turn; nothing is lost or left over."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.writer.faulty import Killed, faulty
from tiffschema import TiffFile, TiffWriter, imwrite
from tiffschema.writer.compact import compact
from tiffschema.writer.edit import TagEditor

ARRAY = np.random.default_rng(0).integers(0, 250, (3, 64, 80), 'u1')
GRAY: dict[str, Any] = {'photometric': 'minisblack'}


@dataclass
class Scenario:
    """What is there before, what is done, and what must hold whenever it is cut short.

    Fields:
        prepare: Makes the file.
        work: Changes it; tells after each step what is finished.
        check: Looks at the file and the number of finished steps.
        whole: The file is the old one or the new one, byte by byte.
    """

    prepare: Callable[[Path], None]
    work: Callable[[Path], Iterator[int]]
    check: Callable[[Path, int], None] | None = None

    @property
    def whole(self) -> bool:
        return self.check is None


def once(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[Path], Iterator[int]]:
    def run(path: Path) -> Iterator[int]:
        work(path, *args, **kwargs)
        yield 1

    return run


def nothing(path: Path) -> None:
    path.unlink(missing_ok=True)


def file_of(**options: Any) -> Callable[[Path], None]:
    def prepare(path: Path) -> None:
        imwrite(path, ARRAY, **{**GRAY, **options})

    return prepare


def stream(count: int, *, opening: Any = None, **options: Any) -> Callable[[Path], Iterator[int]]:
    def run(path: Path) -> Iterator[int]:
        with TiffWriter(path, **(opening or {})) as tif:
            for number in range(count):
                tif.write(np.full((64, 80), number, 'u1'), **GRAY, **options)
                yield number + 1

    return run


def pages_hold(path: Path, finished: int) -> None:
    """Each finished page can be read; what may follow it is whole too."""
    if not path.exists():
        assert not finished
        return
    with TiffFile(path) as tif:
        assert len(tif.pages) >= finished
        for number in range(len(tif.pages)):
            assert (tif.pages[number].asarray() == number).all()
        assert not tif.faults


def planes_hold(path: Path, finished: int) -> None:
    """Each finished plane of a block can be read, directory or not."""
    if not path.exists():
        assert not finished
        return
    with TiffFile(path) as tif:
        array = tif.asarray().reshape(-1, 64, 80)
        assert len(array) >= finished
        np.testing.assert_array_equal(array[:finished, 0, 0], np.arange(finished))
        assert not tif.faults


def old_pages_hold(path: Path, finished: int) -> None:
    with TiffFile(path) as tif:
        assert len(tif.pages) >= 3
        np.testing.assert_array_equal(tif.asarray(key=range(3)), ARRAY)
        for page in tif.pages:
            assert page.asarray().shape[-1] == 80
        assert not tif.faults


def old_series_holds(path: Path, finished: int) -> None:
    """Old planes are where they were; as many planes as the file speaks of can be read."""
    with TiffFile(path) as tif:
        array = tif.series[0].asarray().reshape(-1, 64, 80)
        np.testing.assert_array_equal(array[:3], ARRAY)
        assert len(array) >= 3 * (1 + finished)
        # New pages come first, then the description counts them.
        assert all('no shape' in fault.message for fault in tif.faults)


TEXTS = ('x' * 30, 'y' * 5000, 'z' * 3000, 'a', 'b' * 20_000, 'c' * 19_000)
NUMBERS = (tuple(range(2000)), tuple(range(5, 1500)), tuple(range(9, 5000)), (7,))


def edits(path: Path) -> Iterator[int]:
    with TagEditor(path) as editor:
        for text in TEXTS:
            editor.set('ImageDescription', text)
            yield 0
        for numbers in NUMBERS:
            editor.set(65000, numbers, dtype='LONG')
            yield 0
        editor.set('Artist', 'me', page=1)
        editor.delete(65000)
        editor.delete('Artist', page=1, erase=True)


def overwrites(path: Path) -> Iterator[int]:
    with TiffFile(path, mode='r+') as tif:
        tags = tif.pages.first.tags
        for text in TEXTS:
            tags['ImageDescription'].overwrite(text)
            yield 0


def tags_hold(path: Path, finished: int) -> None:
    with TiffFile(path) as tif:
        page = tif.pages[0]
        assert page.tags['ImageDescription'].value in ('old', *TEXTS)
        value = page.tags.valueof(65000)
        assert value is None or tuple(np.atleast_1d(value)) in NUMBERS
        assert tif.pages[1].tags.valueof('Artist') in (None, 'me')
        np.testing.assert_array_equal(tif.asarray(key=range(3)), ARRAY)
        assert not tif.faults


def deletions(key: Any, *, erase: bool) -> Callable[[Path], Iterator[int]]:
    def run(path: Path) -> Iterator[int]:
        with TiffFile(path, mode='r+') as tif:
            tif.pages.delete(key, erase=erase)
            yield 1

    return run


def some_pages_hold(path: Path, finished: int) -> None:
    with TiffFile(path) as tif:
        assert 1 <= len(tif.pages) <= 3
        found = [tif.pages[index].asarray() for index in range(len(tif.pages))]
        assert all(any((page == old).all() for old in ARRAY) for page in found)
        assert not tif.faults


def touched(path: Path) -> None:
    imwrite(path, ARRAY, description='x' * 9000, metadata=None, **GRAY)
    with TagEditor(path) as editor:
        editor.set('ImageDescription', 'short')


GENERIC = file_of(metadata=None, description='old')
SCENARIOS: dict[str, Scenario] = {
    'replace': Scenario(file_of(), once(imwrite, ARRAY + 1, **GRAY)),
    'replace deflated': Scenario(
        file_of(), once(imwrite, ARRAY + 1, compression='zlib', tile=(16, 16), **GRAY)
    ),
    'replace ome': Scenario(file_of(), once(imwrite, ARRAY + 1, kind='ome', **GRAY)),
    'replace pyramid': Scenario(file_of(), once(imwrite, ARRAY[0] + 1, pyramid=2, **GRAY)),
    'new': Scenario(nothing, once(imwrite, ARRAY + 1, mode='x', **GRAY)),
    'compact': Scenario(touched, once(compact)),
    'stream': Scenario(nothing, stream(5), pages_hold),

    'stream without metadata': Scenario(nothing, stream(9, metadata=None), pages_hold),
    'stream deflated': Scenario(nothing, stream(4, compression='zlib'), pages_hold),
    'stream of tiles': Scenario(
        nothing, stream(3, tile=(16, 16), opening={'bigtiff': True}), pages_hold
    ),
    'stream ome': Scenario(nothing, stream(3, opening={'kind': 'ome'}), pages_hold),
    'contiguous': Scenario(nothing, stream(12, contiguous=True), planes_hold),
    'contiguous imagej': Scenario(
        nothing, stream(12, contiguous=True, opening={'kind': 'imagej'}), planes_hold
    ),
    'edit': Scenario(GENERIC, edits, tags_hold),
    'overwrite': Scenario(GENERIC, overwrites, tags_hold),
    **{
        f'delete {key} {erase}': Scenario(GENERIC, deletions(key, erase=erase), some_pages_hold)
        for key in (0, 1, -1, slice(0, 2))
        for erase in (False, True)
        if not (erase and key == slice(0, 2))
    },
    **{
        f'append {kind} {compression}': Scenario(
            file_of(kind=kind, compression=compression),
            once(imwrite, ARRAY[1:] + 1, append=True, compression=compression, **GRAY),
            old_pages_hold,
        )
        for kind in ('generic', 'shaped', 'ome')
        for compression in (None, 'zlib')
    },
    **{
        f'grow {kind} {compression}': Scenario(
            file_of(kind=kind, compression=compression),
            once(
                imwrite, ARRAY + 1, append=True, contiguous=True, compression=compression, **GRAY
            ),
            old_series_holds,
        )
        for kind, compression in (
            ('shaped', None), ('shaped', 'zlib'), ('ome', None), ('ome', 'zlib'), ('imagej', None),
        )
    },
}  # fmt: skip


def prepared(scenario: Scenario, folder: Path) -> tuple[Path, bytes | None]:
    path = folder / 'a.tif'
    scenario.prepare(path)
    return path, path.read_bytes() if path.exists() else None


def changes_of(scenario: Scenario, folder: Path) -> tuple[int, bytes]:
    path, _ = prepared(scenario, folder)
    with faulty(1 << 60) as system:
        list(scenario.work(path))
    return system.changes, path.read_bytes()


@pytest.mark.parametrize('name', SCENARIOS)
def test_killed_at_each_change(tmp_path: Path, name: str) -> None:
    scenario = SCENARIOS[name]
    changes, new = changes_of(scenario, tmp_path)
    assert changes
    for last in range(changes):
        path, old = prepared(scenario, tmp_path)
        finished = 0
        with faulty(last):
            try:
                for finished in scenario.work(path):  # noqa: B007
                    pass
            except Killed:
                pass
        if scenario.check is not None:
            scenario.check(path, finished)
        else:
            found = path.read_bytes() if path.exists() else None
            assert found == new if finished else found in (old, new), last
        for other in os.listdir(tmp_path):
            if other != 'a.tif':  # a file with a temporary name, where a name was needed
                assert other.startswith('.')
                os.unlink(tmp_path / other)


@pytest.mark.parametrize(
    ('name', 'unnamed'),
    [(name, True) for name in SCENARIOS]
    + [(name, False) for name, scenario in SCENARIOS.items() if scenario.whole],
)
def test_full_disk_at_each_change(
    tmp_path: Path, name: str, unnamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not unnamed:
        monkeypatch.delattr(os, 'O_TMPFILE', raising=False)
    scenario = SCENARIOS[name]
    changes, new = changes_of(scenario, tmp_path)
    for last in range(changes):
        path, old = prepared(scenario, tmp_path)
        finished = 0
        failed = False
        with faulty(last, full=True):
            try:
                for finished in scenario.work(path):  # noqa: B007
                    pass
            except OSError as error:
                failed = error.errno == errno.ENOSPC
        if scenario.check is not None:
            scenario.check(path, finished)
        else:
            found = path.read_bytes() if path.exists() else None
            assert found == (old if failed else new)
        if name.startswith('append') and failed:
            assert path.read_bytes() == old
        assert os.listdir(tmp_path) in ([], ['a.tif'])
