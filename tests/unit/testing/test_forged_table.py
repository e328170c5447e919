"""The table of forged files in the guide is that of the variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffschema.testing.forging.table import with_table

PAGE = Path(__file__).parents[3] / 'docs' / 'guide' / 'testing.md'


def test_the_page_has_the_table_of_all_variants() -> None:
    page = PAGE.read_text(encoding='utf-8')
    assert with_table(page) == page, f'run: python -m tiffschema.testing.forging {PAGE.name}'


def test_pages_without_markers_are_refused() -> None:
    with pytest.raises(ValueError, match='page'):
        with_table('nothing')
