"""Entries and values of real files equal those that tifffile reads."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from tiffschema.model.directory import codec, parse_header
from tiffschema.model.tagtable import tag_tables

# Directories and structures of vendors: their values are tested with their formats.
POINTERS = (34665, 34853, 40965, 51192, 33560)
# A number stored in a BYTE is a number here, tifffile gives its byte.
DIFFERENT = {('TwelveMonkeys__a33.tif', 274)}


def same(left, right):
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.array_equal(np.asarray(left), np.asarray(right))
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    return type(left) is type(right) and (left == right or (left != left and right != right))


def check(tifffile, path, differences):
    try:
        tif = tifffile.TiffFile(path)
    except (ValueError, OSError):
        return 0
    data = path.read_bytes()
    header = parse_header(data[:16], ndpi=tif.tiff.is_ndpi)
    one = codec(header.variant, header.byteorder)
    checked = 0
    with tif:
        pages = tif.pages
        for index in range(min(4, len(pages))):
            try:
                page = pages[index]
            except (ValueError, IndexError):
                break
            if not isinstance(page, tifffile.TiffPage):
                continue
            found = one.parse(data, 0, page.offset, faults=[])
            for tag in page.tags:
                position = (tag.offset - found.entry_at(0)) // one.entry_nbytes
                assert (found.codes[position], found.counts[position]) == (tag.code, tag.count)
                if tag.code in POINTERS:
                    continue
                at, size = found.value_at(position), found.value_nbytes(position)
                assert at == tag.valueoffset
                row = tag_tables['tiff'].get(tag.code)
                if row is not None:
                    assert row.name == tag.name
                readers = set(tifffile.TIFF.TAG_READERS) - {301, 320, 33723}
                if tag.code in readers or (row is not None and row.value is not None):
                    continue
                kind = found.types[position]
                value = one.decode_value(kind, tag.count, data[at : at + size], row)
                if not same(value, tag.value) and (path.name, tag.code) not in DIFFERENT:
                    differences.append((path.name, tag.code, tag.value, value))
                checked += 1
    return checked


def test_tags_of_real_files(samples: Path):
    tifffile = pytest.importorskip('tifffile', reason='tifffile: the oracle is absent')
    logger = logging.getLogger('tifffile')
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    differences, checked = [], 0
    try:
        for path in sorted(samples.rglob('*')):
            tables = path.suffix in ('.csv', '.json')
            if path.is_file() and not tables and 'malformed' not in path.parts:
                checked += check(tifffile, path, differences)
    finally:
        logger.setLevel(level)
    assert not differences
    assert checked > 10_000
