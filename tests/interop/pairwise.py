"""Covering arrays: few cases in which every pair of values of two factors occurs.

Rule: what must not be combined is said by `Rule`s, each with its reason; a pair that no case can
hold is returned, so that a test can say that the rules and nothing else have excluded it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Case = dict[str, Any]
Pair = tuple[tuple[str, Hashable], tuple[str, Hashable]]


@dataclass(frozen=True)
class Rule:
    """Combinations that are left out, and why.

    Parameters:
        factors: Names of the factors whose values decide, separated by spaces.
        excludes: Called with their values.
        reason: Why these are left out.
    """

    factors: str
    excludes: Callable[..., bool]
    reason: str

    def hits(self, case: Mapping[str, Any]) -> bool:
        """Whether a case, perhaps one with factors still open, is left out."""
        names = self.factors.split()
        if not all(name in case for name in names):
            return False
        return self.excludes(*(case[name] for name in names))


def covering(
    factors: Mapping[str, Sequence[Hashable]], rules: Iterable[Rule], seed: int
) -> tuple[list[Case], list[Pair]]:
    """Return cases that cover all pairs, and the pairs that the rules exclude.

    Parameters:
        factors: Values by name.
        rules: What is left out.
        seed: Of the choice among the many sets of cases that do.
    """
    rng = random.Random(seed)
    search = _Search(factors, list(rules), rng)
    open_pairs = {
        ((one, a), (two, b))
        for one, two in combinations(factors, 2)
        for a in factors[one]
        for b in factors[two]
    }
    cases: list[Case] = []
    excluded: list[Pair] = []
    for first, second in sorted(open_pairs, key=lambda pair: (rng.random(), repr(pair))):
        if (first, second) not in open_pairs:
            continue
        case = search.complete(dict((first, second)), open_pairs)
        if case is None:
            open_pairs.discard((first, second))
            excluded.append((first, second))
            continue
        cases.append({name: case[name] for name in factors})
        open_pairs -= set(combinations(cases[-1].items(), 2))
    return cases, excluded


class _Search:
    def __init__(
        self, factors: Mapping[str, Sequence[Hashable]], rules: list[Rule], rng: random.Random
    ) -> None:
        self.factors, self.rules, self.rng = factors, rules, rng
        self.order = list(factors)

    def complete(self, case: Case, open_pairs: set[Pair]) -> Case | None:
        """Fill in the factors that are open, preferring pairs not yet covered; None if none fit."""
        if any(rule.hits(case) for rule in self.rules):
            return None
        names = [name for name in self.factors if name not in case]
        if not names:
            return case
        name = self.rng.choice(names)
        values = list(self.factors[name])
        self.rng.shuffle(values)
        values.sort(key=lambda value: -self._gain(case, name, value, open_pairs))
        for value in values:
            found = self.complete({**case, name: value}, open_pairs)
            if found is not None:
                return found
        return None

    def _gain(self, case: Case, name: str, value: Hashable, open_pairs: set[Pair]) -> int:
        place = self.order.index(name)
        gain = 0
        for other, chosen in case.items():
            pair = (other, chosen), (name, value)
            gain += (pair if self.order.index(other) < place else pair[::-1]) in open_pairs
        return gain
