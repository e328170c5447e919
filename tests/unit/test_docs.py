"""Every example in README, docs and docstrings runs."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


# Pages whose examples need the schemas that stand beside them: run there, with these.
ELSEWHERE = {
    'CONTRIBUTING.md': 'tests/formats/test_acme.py',
    'docs/schema_language.md': 'tests/unit/compiler/test_language_docs.py',
}


def pages() -> list[Path]:
    found = [*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md')]
    return sorted(
        path
        for path in found
        if '>>>' in path.read_text(encoding='utf-8')
        and path.relative_to(ROOT).as_posix() not in ELSEWHERE
    )


def modules() -> Iterator[str]:
    """Yield the modules that have examples, without importing any."""
    for path in sorted((ROOT / 'tiffschema').rglob('*.py')):
        if '_frozen' in path.parts or '>>>' not in path.read_text(encoding='utf-8'):
            continue
        parts = path.relative_to(ROOT).with_suffix('').parts
        yield '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder, and forget the schemas that examples register."""
    from tiffschema.compiler.library import schemas
    from tiffschema.model import catalog

    monkeypatch.chdir(tmp_path)
    before = {id for id, _ in schemas.registered()}
    yield
    for id, _ in schemas.registered():
        if id not in before:
            schemas._registered.pop(id)
            schemas._loaded.pop(id, None)
            catalog.unregister(id)


def blocks(text: str) -> str:
    """Return the Python examples of a Markdown page, blank for all other lines."""
    kept = []
    inside = False
    for line in text.splitlines():
        if re.match(r'\s*```', line):
            inside = not inside and line.strip() in ('```python', '```pycon', '```py')
            kept.append('')
        else:
            kept.append(line if inside else '')
    return '\n'.join(kept) + '\n'


@pytest.mark.parametrize('path', pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_page(path: Path) -> None:
    text = blocks(path.read_text(encoding='utf-8'))
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    assert test.examples
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert not runner.failures, ''.join(said)


@pytest.mark.parametrize(('page', 'test'), ELSEWHERE.items())
def test_other_pages_are_run_elsewhere(page: str, test: str) -> None:
    assert Path(page).name in (ROOT / test).read_text(encoding='utf-8')


@pytest.mark.parametrize('name', list(modules()))
def test_module(name: str) -> None:
    module = importlib.import_module(name)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        if test.examples:
            runner.run(test, out=said.append)
    assert not runner.failures, ''.join(said)


def test_commands_of_the_readme_are_single_lines() -> None:
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    for name in ('demo', 'test'):
        (block,) = re.findall(rf'<!-- command: {name} -->\n```sh\n(.*?)```', text, re.DOTALL)
        assert block.count('\n') == 1
        assert block.startswith('python3 -m venv')


def shell_commands() -> list[tuple[str, str]]:
    """Return the commands of this library in the shell examples of all pages."""
    found = []
    for path in [*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md')]:
        text = path.read_text(encoding='utf-8')
        for block in re.findall(r'```sh\n(.*?)```', text, re.DOTALL):
            for line in block.splitlines():
                if re.match(r'(tiffschema|tiffcomment|tiff2fsspec|lsm2bin) ', line):
                    found.append((path.relative_to(ROOT).as_posix(), line.partition('#')[0]))
    return found


@pytest.mark.parametrize(('page', 'line'), shell_commands())
def test_commands_in_the_docs_are_understood(page: str, line: str) -> None:
    from tiffschema.cli.arguments import COMMANDS, argument_parser

    # Names of files in capitals; what may be given again, or is left to the reader, once.
    words = [word.strip('[].').split('|')[0] for word in shlex.split(line)]
    if words[0] == 'tiffschema' and words[1:] != ['FILE']:
        if words[1] == 'schema' and '|' in line:
            words += ['tiff/ifd'] if words[2] != 'list' else []
        assert argument_parser().parse_args(words[1:]).command in COMMANDS


def test_every_public_module_says_what_it_knows() -> None:
    bare = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / 'tiffschema').rglob('*.py')
        if '_frozen' not in path.parts
        and not ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
    ]
    assert not bare


def anchors(text: str) -> set[str]:
    """Return the anchors that headings of a Markdown page get."""
    text = re.sub(r'```.*?```', '', text, flags=re.DOTALL)
    headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
    return {
        re.sub(r'[^\w -]', '', heading).strip().lower().replace(' ', '-') for heading in headings
    }


def test_links_inside_the_docs_lead_somewhere() -> None:
    broken = []
    for path in [*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md')]:
        text = path.read_text(encoding='utf-8')
        prose = re.sub(r'```.*?```|`[^`]*`', '', text, flags=re.DOTALL)
        for link in re.findall(r'\]\(([^)]+)\)', prose):
            name, _, anchor = link.partition('#')
            target = path.parent / name if name else path
            if '://' in link:
                continue
            if not target.exists() or (
                anchor and anchor not in anchors(target.read_text(encoding='utf-8'))
            ):
                broken.append(f'{path.relative_to(ROOT)}: {link}')
    assert not broken


def test_the_index_leads_to_every_page_that_is_written_by_hand() -> None:
    text = (ROOT / 'docs' / 'index.md').read_text(encoding='utf-8')
    pages = [path.relative_to(ROOT / 'docs').as_posix() for path in (ROOT / 'docs').rglob('*.md')]
    made = [
        page for page in pages if page.startswith('reference/') and page != 'reference/index.md'
    ]
    assert [page for page in {*pages} - {*made, 'index.md'} if f']({page})' not in text] == []
