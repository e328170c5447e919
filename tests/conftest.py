"""What all tests share: where the real sample files are, and the long profile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(
    os.environ.get('TIFFSCHEMA_SAMPLES')
    or Path(__file__).resolve().parents[2] / 'shared' / 'samples'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--long', action='store_true', help='run the deep variants of bounded tests')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption('--long'):
        return
    # A deep variant repeats a test of the bounded profile with more examples: it is left out, not
    # skipped, because nothing goes untested without it.
    chosen = [item for item in items if 'long' not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if 'long' in item.keywords])
    items[:] = chosen


@pytest.fixture(scope='session')
def samples() -> Path:
    """Folder of real files; tests that need it are skipped where it is absent."""
    if not (SAMPLES / 'MANIFEST.csv').is_file():
        pytest.skip('samples: the folder of real files is absent')
    return SAMPLES


@pytest.fixture(scope='session')
def expected(samples: Path) -> dict[str, Any]:
    """What other readers find in the real files, by name."""
    files: dict[str, Any] = json.loads((samples / 'expected.json').read_text())['files']
    return files


@pytest.fixture(autouse=True, scope='module')
def _registered_schemas() -> Iterator[None]:
    """What a module of tests registers is forgotten behind it."""
    from tiffschema.compiler.library import schemas
    from tiffschema.model import catalog

    before = {id for id, _ in schemas.registered()}
    yield
    for id in {id for id, _ in schemas.registered()} - before:
        schemas.forget(id)
        catalog.unregister(id)
