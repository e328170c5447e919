"""Writes the table of forged files into a page: ``python -m tiffschema.testing.forging PAGE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tiffschema.testing.forging.table import with_table

if __name__ == '__main__':
    parser = argparse.ArgumentParser(prog='python -m tiffschema.testing.forging')
    parser.add_argument('page', type=Path, help='Markdown page that has the markers of the table')
    page: Path = parser.parse_args().page
    page.write_text(with_table(page.read_text(encoding='utf-8')), encoding='utf-8')
