"""The language reference: its examples run, its table of targets is that of the code."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import tiffschema
from tiffschema.compiler.library import schema_of
from tiffschema.compiler.targets import construct_this, ksy_expr

pytest.importorskip('construct', reason='construct: the extra "construct" is absent')

PAGE = Path(tiffschema.__file__).parents[1] / 'docs' / 'schema_language.md'


def test_examples_run() -> None:
    text = PAGE.read_text(encoding='utf-8')
    known: dict[str, Any] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    ran = 0
    for match in re.finditer(r'```(yaml|python)\n(.*?)```', text, re.S):
        kind, body = match.groups()
        if kind == 'yaml':
            known['schema'] = schema_of(body, PAGE.name)
            assert isinstance(known['schema'].check(), list)
            continue
        line = text[: match.start()].count('\n') + 1
        test = doctest.DocTestParser().get_doctest(body, known, PAGE.name, str(PAGE), line)
        assert runner.run(test, clear_globs=False).failed == 0, f'{PAGE.name}:{line}'
        known.update(test.globs)
        ran += 1
    assert ran > 8


def test_the_table_of_targets_is_that_of_the_code() -> None:
    text = PAGE.read_text(encoding='utf-8')
    table = text.partition('<!-- lacking: begin -->\n')[2].partition('<!-- lacking: end -->')[0]
    construct, ksy = construct_this.UNSUPPORTED, ksy_expr.UNSUPPORTED
    rows = ['| feature | construct | Kaitai Struct |', '| --- | --- | --- |']
    rows += [
        f'| {key} | {construct.get(key, "yes")} | {ksy.get(key, "yes")} |'
        for key in dict.fromkeys([*construct, *ksy])
    ]
    assert sorted(table.splitlines()) == sorted(rows)
