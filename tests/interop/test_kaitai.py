"""Kaitai Struct itself compiles our exports, and what it makes of them reads what we read."""

from __future__ import annotations

import importlib
import json
import math
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.unit.compiler.features import FEATURES, feature_schema
from tiffschema.compiler.library import schemas
from tiffschema.compiler.targets.describe import visible
from tiffschema.compiler.targets.ksy import ksy_name, to_ksy
from tiffschema.compiler.targets.record import Record
from tiffschema.errors import UnsupportedError
from tiffschema.testing.schemas import Case, check_round_trip, schema_cases

pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')
kaitaistruct = pytest.importorskip('kaitaistruct', reason='kaitaistruct is absent')

COMPILE = """
const compiler = require('kaitai-struct-compiler');
const {readFileSync, writeFileSync} = require('fs');
const [source, target] = process.argv.slice(1);
const compile = compiler.compile ? compiler : new compiler();
(async () => {
  const said = {};
  for (const [name, tree] of Object.entries(JSON.parse(readFileSync(source, 'utf8')))) {
    try {
      const made = await compile.compile('python', tree, null, false);
      for (const [file, text] of Object.entries(made)) writeFileSync(`${target}/${file}`, text);
    } catch (error) { said[name] = String(error.message || error); }
  }
  console.log(JSON.stringify(said));
})();
"""


def has_compiler() -> bool:
    """Whether node finds the compiler, as NODE_PATH or a folder of modules says."""
    node = shutil.which('node')
    if node is None:
        return False
    asked = [node, '-e', "require('kaitai-struct-compiler')"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


if not has_compiler():
    # Exports are made when tests are collected: not for nobody.
    pytest.skip('the Kaitai compiler is not installed', allow_module_level=True)


def module_of(case: Case) -> str:
    """Return the name of the module that Kaitai makes of a case."""
    order = 'le' if case.byteorder == '<' else 'be'
    parts = case.schema.id, case.variant or 'plain', case.struct, order
    return ksy_name('_'.join(parts).replace('/', '_').replace(' ', '_').lower())


def every_case() -> Iterator[Case]:
    """Yield the features of the language, and the structs of shipped schemas."""
    for feature in FEATURES:
        schema = feature_schema(feature)
        for case in schema_cases([schema]):
            if case.struct == 'feature':
                yield case
    yield from schema_cases([id for id in schemas if schemas[id].structs])


def exported() -> dict[str, tuple[Case, dict[str, Any]]]:
    """Return what can be exported, by the name of its module."""
    found: dict[str, tuple[Case, dict[str, Any]]] = {}
    for number, case in enumerate(every_case()):
        try:
            text = to_ksy(case.schema, case.struct, byteorder=case.byteorder, variant=case.variant)
        except UnsupportedError:
            continue  # which features these are, and why, is a test of the targets
        tree = yaml.safe_load(text)
        tree['meta']['id'] = name = f'case{number}_{module_of(case)}'
        found[name] = case, tree
    return found


EXPORTED = exported()


@pytest.fixture(scope='module')
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Compile all exports at once; give what the compiler had to say by name."""
    folder = tmp_path_factory.mktemp('kaitai')
    source = folder / 'exports.json'
    source.write_text(json.dumps({name: tree for name, (_, tree) in EXPORTED.items()}))
    done = subprocess.run(
        ['node', '-e', COMPILE, str(source), str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        yield json.loads(done.stdout.splitlines()[-1])
    assert Path(folder).exists()


@pytest.mark.parametrize('name', EXPORTED)
def test_kaitai_reads_what_we_read(name: str, modules: dict[str, str]) -> None:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    from tiffschema.compiler.targets.strategy import arguments, struct_values

    assert name not in modules, modules[name]
    case, _ = EXPORTED[name]
    reader = next(
        item for item in vars(importlib.import_module(name)).values()
        if isinstance(item, type) and item.__module__ == name
    )  # fmt: skip
    definition = visible(case.schema, case.variant)
    changed = changed_fields(case)

    @settings(
        max_examples=5, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def properties(data: Any) -> None:
        args = data.draw(arguments(definition, case.struct))
        values = data.draw(struct_values(definition, case.struct, args))
        built, args = check_round_trip(case, values, args)
        record = case.handle.parse(built, byteorder=case.byteorder, args=args)
        given_ = [args[key] for key in case.handle.args]
        theirs = reader(*given_, kaitaistruct.KaitaiStream(BytesIO(built)))
        found = getattr(theirs, ksy_name(case.struct))
        wrong = list(differences(record, found, case.struct, changed))
        assert not wrong, (wrong, built.hex())

    properties()


def changed_fields(case: Case) -> set[str]:
    """Return fields whose value is not the stored one, which is what Kaitai gives."""
    structs = visible(case.schema, case.variant).structs.values()
    return {
        field.name
        for struct in structs
        for field in struct.fields
        if field.scale is not None
        or field.time
        or field.convert
        or field.bits
        or field.flags
        or field.as_
        or (field.until is not None and not field.include)
    }


def differences(ours: Any, theirs: Any, path: str, changed: set[str]) -> Iterator[str]:
    """Yield where values differ; what is absent has no attribute in Kaitai, or None."""
    if isinstance(ours, datetime):
        return  # made of the stored numbers, as alternatives of a switch may be
    wrapped = not (isinstance(ours, Record) and 'value' in ours)
    while wrapped and hasattr(theirs, 'value'):
        theirs = theirs.value  # alternatives and items have types of their own, enumerations values
    theirs = getattr(theirs, 'text', theirs) if hasattr(theirs, 'len_text') else theirs
    if isinstance(ours, Record):
        for name in ours:
            found = getattr(theirs, ksy_name(name), None)
            # What is absent may have a default with us.
            if name not in changed and ours[name] is not None and found is not None:
                yield from differences(ours[name], found, f'{path}.{name}', changed)
    elif isinstance(ours, np.ndarray) and ours.dtype.names:
        if len(ours) != len(theirs):
            yield f'{path}: {len(ours)} rows, {len(theirs)}'
            return
        for index, row in enumerate(theirs):
            for name in ours.dtype.names:
                if name not in changed and ours.dtype[name].kind in 'iuf':
                    one = getattr(row, ksy_name(name))
                    yield from differences(
                        ours[name][index], one, f'{path}[{index}].{name}', changed
                    )
    elif isinstance(ours, np.ndarray | list | tuple) and isinstance(theirs, list | bytes):
        theirs = [part for one in theirs for part in flat(one, ours)]
        ours = list(ours.reshape(-1) if isinstance(ours, np.ndarray) else ours)
        if len(ours) != len(theirs):
            yield f'{path}: {len(ours)} items, {len(theirs)}'
            return
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(a, b, f'{path}[{index}]', changed)
    elif not equal(ours, theirs):
        yield f'{path}: {ours!r}, {theirs!r}'


def flat(item: Any, ours: Any) -> list[Any]:
    """Return the numbers of an item: pairs of integers are two of an array."""
    is_pair = hasattr(item, 'denominator') and not isinstance(item, int)
    if is_pair and isinstance(ours, np.ndarray) and ours.dtype.kind in 'iu':
        return [item.numerator, item.denominator]
    return [item]


def equal(ours: Any, theirs: Any) -> bool:
    """Whether single values agree."""
    if isinstance(ours, np.generic):
        ours = ours.item()
    if hasattr(theirs, 'denominator') and not isinstance(theirs, int | float):
        pair = theirs.numerator, theirs.denominator
        theirs = pair if isinstance(ours, tuple) else pair[0] / pair[1] if pair[1] else math.nan
    if isinstance(ours, float) and isinstance(theirs, float | int):
        return ours == theirs or (math.isnan(ours) and math.isnan(theirs))
    if isinstance(ours, str) and isinstance(theirs, int):
        return True  # the label of a number
    if isinstance(ours, bytes) and isinstance(theirs, str):
        theirs = theirs.encode('latin-1')
    if isinstance(ours, str) and isinstance(theirs, bytes):
        theirs = theirs.decode('latin-1')
    if isinstance(ours, str):
        return ours.rstrip('\0') == str(theirs).rstrip('\0')
    return bool(ours == theirs) or ours is None
