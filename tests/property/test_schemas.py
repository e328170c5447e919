"""Every struct of every shipped schema, in all variants and both byte orders.

Values are drawn from the declaration, built, parsed, built again, traced, compared with construct
and NumPy, and damaged. A schema that is added is tested here without a line of code.
"""

from __future__ import annotations

import pytest

from tiffschema.testing.schemas import Case, check_examples, run_properties, schema_cases

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')
pytest.importorskip('construct', reason='construct: the extra "construct" is absent')

CASES = schema_cases()


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
