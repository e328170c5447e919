"""Whole files drawn at random: what is written is read; what is damaged is refused or recorded."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')

from hypothesis import HealthCheck, given, settings

from tiffschema import TiffFile
from tiffschema.errors import OmeXmlError, TiffFileError, UnsupportedError
from tiffschema.limits import Limits
from tiffschema.runtime.bytemap import byte_map
from tiffschema.testing.damage import DAMAGES
from tiffschema.testing.files import DrawnFile, DrawnImage, files

Check = Callable[[DrawnFile], None]
DOCUMENTED = (TiffFileError, UnsupportedError, OmeXmlError)
LIMITS = Limits(pixels=1 << 24, bytes=1 << 26)


def drawn(
    kind: Any, examples: int, **options: Any
) -> Callable[[Callable[[DrawnFile], None]], None]:
    """Run a check on so many drawn files."""

    def run(check: Check) -> None:
        profile = settings(
            max_examples=examples, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        profile(given(files(kind, **options))(check))()

    return run


@contextmanager
def no_hang() -> Iterator[None]:
    """End what hangs: a guard, not a measurement."""

    def stop(*_: object) -> None:
        raise AssertionError('it hangs')

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(20)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether samples are equal to the bit, in whatever shape; one bit is read as bool."""
    if found.dtype == bool and expected.dtype == np.uint8:
        expected = expected.astype(bool)
    return found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


def check_round_trip(file: DrawnFile) -> None:
    """Compare pages, children, series and texts with what was written."""
    kind = file.opening['kind']
    with TiffFile(bytes(file)) as tif:
        assert tif.faults == []
        assert tif.byteorder == file.opening['byteorder']
        assert tif.is_bigtiff == file.opening['bigtiff']
        pages = iter(tif.pages)
        for image in file.images:
            for number, frame in enumerate(image.frames):
                page = next(pages).aspage()
                assert same(page.asarray(), frame)
                children = list(page.pages or ())
                assert len(children) == len(image.children)
                for child, drawn_child in zip(children, image.children, strict=True):
                    assert same(child.asarray(), drawn_child.frames[number])
                if number == 0:
                    check_texts(page, image, kind)
        assert next(pages, None) is None
        if kind in ('shaped', 'ome', 'imagej'):
            series = [one for one in tif.series if one.kind == kind]
            assert len(series) == len(file.images)
            for one, image in zip(series, file.images, strict=True):
                assert same(one.asarray(), image.array)
                if kind == 'shaped':
                    assert one.shape == image.array.shape
        assert byte_map(tif, details=False).unexplained == ()


def check_texts(page: Any, image: DrawnImage, kind: str) -> None:
    """Compare tags of a first page with the arguments."""
    options = image.options
    if 'description' in options:
        assert page.description == options['description'].strip()
    for code, _, _, value, _ in options.get('extratags', ()):
        found = page.tags[code].value
        expected = value if isinstance(value, (str, bytes)) or len(value) > 1 else value[0]
        assert found == (expected.strip() if isinstance(expected, str) else expected)
    if 'resolution' in options:
        for name, number in zip(('XResolution', 'YResolution'), options['resolution'], strict=True):
            assert page.tags[name].value == (number, 1)


def check_damaged(file: DrawnFile) -> None:
    """Read all of a damaged file: nothing but documented errors, and no hang."""
    with no_hang():
        try:
            tif = TiffFile(bytes(file), limits=LIMITS)
        except DOCUMENTED:
            return
        with tif:
            for look in (
                lambda: [page.asarray(errors='fault') for page in tif.pages[:20]],
                lambda: [list(page.aspage().tags.values()) for page in tif.pages[:20]],
                lambda: [
                    child.asarray() for page in tif.pages[:9] for child in page.aspage().pages or ()
                ],
                lambda: [one.asarray() for one in tif.series],
                lambda: byte_map(tif, details=False),
                lambda: str(tif),
            ):
                try:
                    look()
                except DOCUMENTED:
                    continue


def test_round_trip() -> None:
    drawn('valid', 150)(check_round_trip)


def test_damage() -> None:
    drawn('near_valid', 300)(check_damaged)


@pytest.mark.long
def test_round_trip_long() -> None:
    drawn('valid', 5000)(check_round_trip)


@pytest.mark.long
def test_damage_long() -> None:
    drawn('near_valid', 20000)(check_damaged)


@pytest.mark.parametrize('fault', DAMAGES)
def test_every_kind_of_damage_is_named(fault: str) -> None:
    def check(file: DrawnFile) -> None:
        assert file.fault == fault
        assert fault in repr(file)
        check_damaged(file)

    drawn('near_valid', 10, faults=[fault])(check)


def test_files_can_be_read_from_any_source() -> None:
    """Drawn files are bytes: of a stream too."""

    def check(file: DrawnFile) -> None:
        with TiffFile(io.BytesIO(file)) as tif:
            assert same(tif.pages[0].asarray(), file.images[0].frames[0])

    drawn('valid', 10)(check)
