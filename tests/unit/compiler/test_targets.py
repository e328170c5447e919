"""Which targets support which features: all that can, and the others say why not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, get_args

import pytest
import yaml

from tests.unit.compiler.features import FEATURES, LACKING, feature_schema
from tiffschema.compiler import plan
from tiffschema.compiler.library import Schema, schemas
from tiffschema.compiler.targets.ksy import to_ksy
from tiffschema.compiler.targets.stub import to_stub
from tiffschema.errors import UnsupportedError
from tiffschema.testing.schemas import run_properties, schema_cases

pytest.importorskip('construct', reason='construct: the extra "construct" is absent')
pytest.importorskip('hypothesis', reason='hypothesis: the extra "testing" is absent')


def stub(schema: Schema) -> str:
    text = to_stub(schema)
    ast.parse(text)
    assert 'class Feature(Record):' in text
    return text


def markdown(schema: Schema) -> str:
    text = schema.docs()
    for field in schema.struct('feature').fields:
        assert f'`{field.name}`' in text
    return text


def ksy(schema: Schema) -> dict[str, Any]:
    """Export and check what every .ksy file must have."""
    found: dict[str, Any] = yaml.safe_load(to_ksy(schema, 'feature'))
    assert found['meta']['id'].isidentifier()
    assert found['meta']['endian'] in ('le', 'be')
    check_type(found, found['types'])
    for type_ in found['types'].values():
        check_type(type_, found['types'])
    return found


def check_type(type_: dict[str, Any], known: dict[str, Any]) -> None:
    names: set[str] = set()
    for attribute in type_.get('seq', []):
        assert attribute['id'] not in names, attribute
        names.add(attribute['id'])
    for attribute in [*type_.get('seq', []), *type_.get('instances', {}).values()]:
        assert set(attribute) & {'type', 'size', 'size-eos', 'contents', 'value', 'terminator'}
        kind = attribute.get('type')
        kinds = list(kind['cases'].values()) if isinstance(kind, dict) else [kind] if kind else []
        for one in kinds:
            plain = one.partition('(')[0]
            assert plain in known or plain in ('str', 'strz') or plain[0] in 'usf', one
        assert ('repeat' in attribute) or not {'repeat-expr', 'repeat-until'} & set(attribute)


TARGETS: dict[str, Callable[[Schema], Any]] = {
    'parse': lambda schema: schema.source('feature', target='parse'),
    'trace': lambda schema: schema.source('feature', target='trace'),
    'build': lambda schema: schema.source('feature', target='build'),
    'construct': lambda schema: schema.to_construct('feature'),
    'markdown': markdown,
    'ksy': ksy,
    'stub': stub,
}


@pytest.mark.parametrize('feature', FEATURES)
@pytest.mark.parametrize('target', TARGETS)
def test_every_feature_in_every_target(target: str, feature: str) -> None:
    schema = feature_schema(feature)
    reason = LACKING.get((target, feature))
    if reason is None:
        assert TARGETS[target](schema)
        return
    with pytest.raises(UnsupportedError, match=reason) as caught:
        TARGETS[target](schema)
    assert 'example/feature.feature' in str(caught.value)


@pytest.mark.parametrize('feature', FEATURES)
def test_every_feature_keeps_its_properties(feature: str) -> None:
    """Values, bytes and damaged bytes come from the strategy target; construct and NumPy agree."""
    for case in schema_cases([feature_schema(feature)]):
        if case.struct == 'feature':
            run_properties(case, max_examples=25)


def test_the_features_use_every_step_of_the_plan() -> None:
    used = set()
    for feature in FEATURES:
        compiled = feature_schema(feature).compiled()
        used |= {type(op) for op in plan.walk(compiled.plans['feature'].ops)}
    missing = {op.__name__ for op in get_args(plan.Op)} - {op.__name__ for op in used}
    assert not missing, f'no feature uses {missing}: add one to features.py'


def test_what_is_lacking_is_lacking_for_a_known_feature() -> None:
    assert all(feature in FEATURES and target in TARGETS for target, feature in LACKING)


@pytest.mark.parametrize('id', list(schemas))
def test_every_shipped_schema_has_a_page_and_a_stub(id: str) -> None:
    schema = schemas[id]
    page = schema.docs()
    assert page.startswith('# ')
    assert f'`{id}`' in page
    ast.parse(to_stub(schema))


@pytest.mark.parametrize('id', [id for id in schemas if schemas[id].structs])
def test_every_shipped_schema_exports_to_kaitai_or_says_why_not(id: str) -> None:
    try:
        text = to_ksy(schemas[id])
    except UnsupportedError as error:
        message = str(error)
    else:
        message = ''
    if message:
        assert message.startswith(f'{id}.')  # the path of the field, then the reason
        return
    found = yaml.safe_load(text)
    assert found['types']
    for type_ in found['types'].values():
        check_type(type_, found['types'])
