"""Measure contenders of a row side by side.

Rule 1: contenders run interleaved, in rounds, so that a busy machine slows all of them.
Rule 2: results are compared before a time counts; a contender with another result is disqualified.
Rule 3: goals are ratios of medians in one run on one machine, never absolute times.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy

Task = Callable[[], Any]

OURS = 'tiffschema'
BOUND = 'bound'


@dataclass
class Row:
    """One workload: who does it, and how results are compared.

    Parameters:
        name: Name in the table of goals.
        contenders: Task per name. `tiffschema` is ours, `bound` the bare work (codec or memcpy).
        same: Whether two results are equal; the bound's result is never compared.
        clock: ``wall`` or ``cpu`` time.
        rounds: Interleaved rounds.
        note: What is measured.
    """

    name: str
    contenders: dict[str, Task]
    same: Callable[[Any, Any], bool] = field(default=lambda a, b: equal(a, b))
    clock: str = 'wall'
    rounds: int = 7
    note: str = ''


@dataclass(frozen=True)
class Result:
    """Medians of one row in seconds, and what follows from them."""

    name: str
    medians: dict[str, float]
    disqualified: dict[str, str]
    clock: str
    rounds: int
    note: str

    @property
    def best_peer(self) -> str | None:
        """Name of the fastest other library."""
        peers = {k: v for k, v in self.medians.items() if k not in (OURS, BOUND)}
        return min(peers, key=peers.__getitem__) if peers else None

    def ratio(self, other: str | None) -> float | None:
        """Our time divided by another's."""
        if other is None or other not in self.medians or OURS not in self.medians:
            return None
        return self.medians[OURS] / self.medians[other]


def equal(a: Any, b: Any) -> bool:
    """Whether two results hold the same values."""
    if isinstance(a, numpy.ndarray) or isinstance(b, numpy.ndarray):
        a, b = numpy.asarray(a), numpy.asarray(b)
        return a.shape == b.shape and bool(numpy.array_equal(a, b))
    return bool(a == b)


def measure(row: Row, *, quick: bool = False) -> Result:
    """Run all contenders of a row and return their medians."""
    disqualified: dict[str, str] = {}
    try:
        reference = row.contenders[OURS]()
    except Exception as error:  # noqa: BLE001 - a row that fails is a result to report
        return Result(row.name, {}, {OURS: repr(error)[:200]}, row.clock, 0, row.note)
    running: dict[str, Task] = {}
    for name, task in row.contenders.items():
        try:
            result = task()
            if (
                row.clock != 'value'
                and name not in (OURS, BOUND)
                and not row.same(reference, result)
            ):
                disqualified[name] = 'result differs'
                continue
        except Exception as error:  # noqa: BLE001 - peers may lack a feature
            disqualified[name] = repr(error)[:200]
            continue
        running[name] = task
    del reference
    if row.clock == 'value':  # tasks measure themselves, and return what they found
        return Result(
            row.name, {name: float(task()) for name, task in running.items()}, disqualified,
            row.clock, 1, row.note,
        )  # fmt: skip
    clock = time.perf_counter if row.clock == 'wall' else time.process_time
    rounds = 3 if quick else row.rounds
    times: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(rounds):
        for name, task in running.items():
            gc.collect()
            gc.disable()
            start = clock()
            outcome = task()
            times[name].append(clock() - start)
            gc.enable()
            del outcome
    medians = {name: statistics.median(values) for name, values in times.items()}
    return Result(row.name, medians, disqualified, row.clock, rounds, row.note)
