"""Every struct of every shipped schema, in all variants and both byte orders.

Values are drawn from the declaration, built, parsed, built again, traced, compared with construct
and NumPy, and damaged. A schema that is added is tested here without a line of code. The worked
examples of the language, and one schema that uses each of its features, go the same way.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffschema.compiler.library import schema_of
from tiffschema.testing.schemas import Case, check_examples, run_properties, schema_cases

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')
pytest.importorskip('construct', reason='construct: the extra "construct" is absent')

EXAMPLES = [
    schema_of(path.read_text(encoding='utf-8'), path.name)
    for path in sorted((Path(__file__).parents[1] / 'unit/compiler/schemas').glob('*.yaml'))
]
CASES = [*schema_cases(), *schema_cases(EXAMPLES)]


@pytest.mark.parametrize('case', CASES, ids=str)
def test_properties(case: Case) -> None:
    run_properties(case, max_examples=20)


@pytest.mark.parametrize('case', CASES, ids=str)
def test_examples(case: Case) -> None:
    check_examples(case)


@pytest.mark.long
@pytest.mark.parametrize('case', CASES, ids=str)
def test_properties_long(case: Case) -> None:
    run_properties(case, max_examples=1000)
