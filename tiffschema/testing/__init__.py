"""For tests of schemas and readers: strategies, forged files, checks of any schema, hex dumps.

Example:
    >>> from tiffschema.testing import schema_test
    >>> test_ifd = schema_test('tiff/ifd')
"""

from __future__ import annotations

from tiffschema.testing.forging import (
    Forged,
    ForgedSeries,
    Variant,
    forge,
    forge_variants,
    forgeable,
)
from tiffschema.testing.hexdump import hexdump, unhex
from tiffschema.testing.schemas import Case, run_properties, schema_cases, schema_test
from tiffschema.testing.strategies import DrawnFile, NearValid, files, from_schema, near_valid

__all__ = [
    'Case',
    'DrawnFile',
    'Forged',
    'ForgedSeries',
    'NearValid',
    'Variant',
    'files',
    'forge',
    'forge_variants',
    'forgeable',
    'from_schema',
    'hexdump',
    'near_valid',
    'run_properties',
    'schema_cases',
    'schema_test',
    'unhex',
]
