"""Rules held against the real files: sound ones have no errors, others those that are listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.samples.test_map_samples import samples_of
from tiffschema.errors import TiffFileError
from tiffschema.formats.validation import findings
from tiffschema.runtime.file import TiffFile

REASONS = (
    (r'\.index$|display_settings\.txt$', '', 'no TIFF'),
    (r'^dicom/', 'H006 H010', 'medical images whose first bytes are left over from a TIFF'),
    (r'^baseline/TwelveMonkeys__flower-', 'S002', 'made without PhotometricInterpretation'),
    (r'^baseline/gdal__minimum_tiff', 'H010 S002 S006', 'made with as few tags as can be'),
    (r'^baseline/gdal__stripbytecounts', 'H010 S007', 'made with too few byte counts'),
    (r'^baseline/image__0x0', 'S001 T014', 'made without pixels'),
    (r'^dng/droid__', 'H006 H010', 'the first bytes only'),
    (r'^dng/exiv2__IMG_1361', 'S014', 'its previews were cut off'),
    (r'^exif/exiv2__|^fax/exiv2__', 'H010 S001 S003 T003 T004 T006', 'made to break readers'),
    (r'^exif/libtiff__custom_dir', 'H010', 'values which no enumeration has'),
    (r'^fax/TwelveMonkeys__emptyexif', 'T005', 'an entry of zeros'),
    (r'^multipage/Pillow__child_ifd_jpeg', 'S002', 'a SubIFD without PhotometricInterpretation'),
    (r'^multipage/gdal__huge-implied', 'D008 H010 S002 S006', 'made with far too few strips'),
    (r'^multipage/jhove__testpage', 'P012', 'one sample that is said to be of four inks'),
    (r'^raw/droid__', 'H005 H010', 'the first bytes only'),
    (r'^raw/file-type__', 'H006 H010', 'the first bytes only'),
    (r'^raw/exiv2__issue', 'D001', 'no TIFF, but begins like one'),
    (r'^raw/(exiftool|flirpy|tika)', 'S001 S002 S019', 'raw files of cameras leave tags out'),
    (r'^tiled/commons-imaging__Index', 'H010', 'more tiles than the image has'),
    (r'^tiled/gdal__S2A', 'H010', 'offsets for more tiles than the image has'),
    (r'^tiled/gdal__non_standard', 'S012', 'made with tiles of two pixels'),
    (r'^tiled/libtiff.net__cramps-tile', 'S008 S011', 'tiles behind the tags of strips'),
)
"""Files by the beginning of their path, the rules they may break, and why."""


def test_errors_of_the_real_files(samples: Path) -> None:
    wrong = []
    for name in samples_of(samples):
        allowed = next((rules for path, rules, _ in REASONS if re.search(path, name)), '')
        try:
            with TiffFile(samples / name, _multifile=False) as tif:
                found = [one for one in findings(tif) if one.severity == 'error']
        except TiffFileError:
            assert re.search(REASONS[0][0], name), name
            continue
        wrong += [
            (name, one.rule, one.path, one.message)
            for one in found
            if one.rule not in allowed.split()
        ]
    assert wrong == []


@pytest.mark.parametrize('reason', REASONS[1:], ids=lambda reason: reason[0])
def test_reasons_are_of_use(reason: tuple[str, str, str], samples: Path) -> None:
    path, rules, _ = reason
    names = [name for name in samples_of(samples) if re.search(path, name)]
    found = set()
    for name in names:
        with TiffFile(samples / name, _multifile=False) as tif:
            found |= {one.rule for one in findings(tif) if one.severity == 'error'}
    assert found == set(rules.split())
