"""The maker of pairwise cases covers what can be covered, and nothing that is left out."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from tests.interop.pairwise import Rule, covering

FACTORS = {'a': [1, 2, 3], 'b': ['x', 'y'], 'c': [False, True], 'd': [0, 1, 2, 3]}
RULES = [
    Rule('a b', lambda a, b: a == 1 and b == 'x', 'a pair'),
    Rule('b c d', lambda b, c, d: b == 'y' and c and d > 1, 'three'),
    Rule('d', lambda d: d == 0, 'one value'),
]


@pytest.mark.parametrize('seed', range(20))
def test_pairs_are_covered_or_impossible(seed: int) -> None:
    cases, excluded = covering(FACTORS, RULES, seed)
    assert (cases, excluded) == covering(FACTORS, RULES, seed)
    assert not any(rule.hits(case) for rule in RULES for case in cases)
    possible = [dict(zip(FACTORS, values, strict=True)) for values in product(*FACTORS.values())]
    possible = [case for case in possible if not any(rule.hits(case) for rule in RULES)]

    def pairs(cases: list[dict[str, object]]) -> set[object]:
        return {pair for case in cases for pair in combinations(case.items(), 2)}

    assert pairs(cases) == pairs(possible)
    assert not set(excluded) & pairs(possible)
    assert len(cases) < len(possible)
