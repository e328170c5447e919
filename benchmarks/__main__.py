"""``python -m benchmarks``: run rows, print ratios, write JSON, compare with the goals."""

from __future__ import annotations

import argparse
import fnmatch
import json
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from . import rows_compiler, rows_read, rows_regions, rows_start, rows_structure, rows_write
from .runner import BOUND, OURS, Result, Row, measure

MODULES = (rows_start, rows_structure, rows_read, rows_regions, rows_write, rows_compiler)
PACKAGES = (
    'numpy', 'imagecodecs', 'tifffile', 'opencv-python-headless', 'rasterio', 'pyvips', 'SimpleITK',
    'async-tiff', 'Pillow', 'construct', 'zarr',
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return versions of everything that takes part."""
    found = {'python': platform.python_version(), 'machine': platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = 'absent'
    return found


def verdict(result: Result, goal: dict[str, Any]) -> list[str]:
    """Say which goals of a row are missed."""
    missed = []
    wanted = [('best', result.best_peer, goal.get('best')), ('bound', BOUND, goal.get('bound'))]
    wanted += [(peer, peer, limit) for peer, limit in goal.get('vs', {}).items()]
    for label, other, limit in wanted:
        if limit is None:
            continue
        ratio = result.ratio(other)
        if ratio is None:
            missed.append(f'{label}: not measured')
        elif round(ratio, 2) > limit:
            missed.append(f'{label}: {ratio:.3f} > {limit}')
    return missed


def show(result: Result, missed: list[str]) -> None:
    """Print one row."""
    if OURS not in result.medians:
        print(f'{result.name:22} FAILED {result.disqualified}', flush=True)
        return
    ours = result.medians[OURS]
    others = '  '.join(
        f'{name} {ours / seconds:.3f}' for name, seconds in result.medians.items() if name != OURS
    )
    out = ''.join(f'  [{name}: {why[:60]}]' for name, why in result.disqualified.items())
    print(f'{result.name:22} {ours * 1e3:10.3f} ms  ours/ {others}{out}', flush=True)
    for line in missed:
        print(f'{"":22} missed {line}', flush=True)


def main() -> int:
    """Run the benchmarks that the arguments choose."""
    parser = argparse.ArgumentParser(prog='benchmarks', description=__doc__)
    parser.add_argument('rows', nargs='*', default=['*'], help='names or patterns of rows')
    parser.add_argument('--goals', action='store_true', help='exit 1 where a goal is missed')
    parser.add_argument('--quick', action='store_true', help='three rounds only')
    parser.add_argument('--json', type=Path, help='write results with versions here')
    parser.add_argument('--data', type=Path, help='folder of generated files, kept')
    parser.add_argument('--list', action='store_true', help='list the rows')
    args = parser.parse_args()
    goals: dict[str, Any] = json.loads((Path(__file__).parent / 'goals.json').read_text())
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.data or Path(temporary)
        folder.mkdir(exist_ok=True, parents=True)
        failed = False
        record: dict[str, Any] = {'versions': versions(), 'rows': {}}
        for module in MODULES:
            for name, make in module.ROWS.items():
                if not any(fnmatch.fnmatch(name, pattern) for pattern in args.rows):
                    continue
                if args.list:
                    print(name)
                    continue
                row: Row = make(name, folder)
                result = measure(row, quick=args.quick)
                missed = verdict(result, goals.get(name, {}))
                show(result, missed)
                failed |= bool(missed) or OURS not in result.medians
                record['rows'][name] = {
                    'median_ms': {k: round(v * 1e3, 4) for k, v in result.medians.items()},
                    'disqualified': result.disqualified,
                    'clock': result.clock,
                    'rounds': result.rounds,
                    'missed': missed,
                    'note': result.note,
                }
    if args.json:
        args.json.write_text(json.dumps(record, indent=1, sort_keys=True) + '\n')
    return 1 if args.goals and failed else 0


if __name__ == '__main__':
    sys.exit(main())
