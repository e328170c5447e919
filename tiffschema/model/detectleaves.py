"""The tests of declared detection and how they are read from a schema; knows declarations only.

Every ``leaf_<name>`` is one test of the language: it checks what the author wrote and gives a node
whose syntax asks the facts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from tiffschema.errors import FormatError, SchemaError, TruncatedError

from .detect import (
    FACTS,
    Detector,
    Facts,
    Names,
    Node,
    Test,
    attribute,
    call,
    compare,
    expression,
    literal,
)
from .fieldtypes import FIELD_TYPES
from .references import checked_reference, resolve_reference
from .tagcodes import TagCode

__all__ = ['parse_detect']

_MAGIC_WINDOW: Final = 8192


class TreeParser:
    """Turns mappings of a schema into nodes."""

    def __init__(self, schema: object, file: str) -> None:
        self.schema = schema
        self.file = file

    def error(self, raw: object, path: str, message: str) -> SchemaError:
        line = getattr(raw, 'line', None)
        key = next(iter(raw), '') if isinstance(raw, Mapping) else ''
        number = line(key) if callable(line) else 0
        return SchemaError(message, file=self.file, line=number or 0, field=path)

    def node(self, raw: object, path: str, depth: int = 0) -> Node:
        if not isinstance(raw, Mapping) or not raw:
            raise self.error(raw, path, 'needs a mapping such as {tag: Name}')
        if depth > 16:
            raise self.error(raw, path, 'nests deeper than 16')
        key = str(next(iter(raw)))
        if key in ('all', 'any'):
            children = raw[key]
            if not isinstance(children, Sequence) or isinstance(children, str) or not children:
                raise self.error(raw, path, f'{key} needs a list')
            nodes = tuple(
                self.node(child, f'{path}.{key}[{index}]', depth + 1)
                for index, child in enumerate(children)
            )
            self.only(raw, path, key)
            return Node(key, f'{key} of', nodes)
        if key == 'not':
            self.only(raw, path, key)
            return Node('not', 'not', (self.node(raw[key], f'{path}.not', depth + 1),))
        if key == 'on_page':
            self.only(raw, path, key, 'holds')
            inner = self.node(raw.get('holds'), f'{path}.holds', depth + 1)
            return self.on_page(raw[key], inner, path, raw)
        maker = getattr(self, f'leaf_{key}', None)
        if maker is None:
            known = ', '.join(
                ['all', 'any', 'not', 'on_page']
                + [name[5:] for name in sorted(dir(self)) if name.startswith('leaf_')]
            )
            raise self.error(raw, path, f'unknown test {key!r}; known are {known}')
        node: Node = maker(raw[key], f'{path}.{key}', raw)
        return node

    def only(self, raw: Mapping[str, object], path: str, *allowed: str) -> None:
        for key in raw:
            if key not in allowed:
                raise self.error(raw, path, f'{key!r} does not belong to {allowed[0]!r}')

    def pairs(self, value: object, path: str, raw: object) -> list[tuple[str | int, object]]:
        if not isinstance(value, Mapping) or not value:
            raise self.error(raw, path, 'needs a mapping of a tag to a value')
        return list(value.items())

    def texts(self, value: object, path: str, raw: object) -> tuple[str, ...]:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, Sequence) or not all(isinstance(one, str) for one in values):
            raise self.error(raw, path, f'needs text or a list of texts, not {value!r}')
        return tuple(values)

    def both(self, nodes: list[Node]) -> Node:
        return nodes[0] if len(nodes) == 1 else Node('all', 'all of', tuple(nodes))

    # Leaves: presence and values of tags

    def leaf_tag(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'tag')
        names = value if isinstance(value, list | tuple) else [value]
        return self.both([self._present(name, path, raw) for name in names])

    def _present(self, name: object, path: str, raw: Mapping[str, object]) -> Node:
        if not isinstance(name, str | int):
            raise self.error(raw, path, f'{name!r} is no name of a tag')
        make: Callable[[Names], ast.expr] = lambda n: compare(  # noqa: E731
            n.code(name), ast.In(), attribute('codes')
        )
        return Node('leaf', f'tag {name}', make=make, tag=name)

    def leaf_only_tags(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'only_tags')
        names = value if isinstance(value, list | tuple) else [value]

        def make(n: Names) -> ast.expr:
            codes = literal(frozenset(n.number(name) for name in names))
            return compare(call(n.function(frozenset), attribute('codes')), ast.Eq(), codes)

        return Node('leaf', f'only tags {names}', make=make)

    def _tag_test(
        self,
        raw: Mapping[str, object],
        path: str,
        key: str,
        test: Callable[[Names, ast.expr, object], ast.expr],
        word: str,
    ) -> Node:
        self.only(raw, path, key)

        def leaf(name: str | int, wanted: object) -> Node:
            def make(n: Names) -> ast.expr:
                code = n.code(name)
                present = compare(code, ast.In(), attribute('codes'))
                return ast.BoolOp(ast.And(), [present, test(n, code, wanted)])

            return Node('leaf', f'tag {name} {word} {wanted!r}', make=make, tag=name)

        return self.both([leaf(name, wanted) for name, wanted in self.pairs(raw[key], path, raw)])

    def leaf_tag_equals(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        def test(n: Names, code: ast.expr, wanted: object) -> ast.expr:
            values = tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)
            return call(n.function(_equals), call(attribute('tag'), code), literal(values))

        return self._tag_test(raw, path, 'tag_equals', test, 'equals')

    def _text_test(
        self,
        key: str,
        function: Callable[[object, tuple[str, ...]], bool],
        path: str,
        raw: Mapping[str, object],
    ) -> Node:
        for name, wanted in self.pairs(raw[key], path, raw):
            self.texts(wanted, f'{path}.{name}', raw)

        def test(n: Names, code: ast.expr, wanted: object) -> ast.expr:
            return call(
                n.function(function),
                call(attribute('tag'), code),
                literal(self.texts(wanted, path, raw)),
            )

        return self._tag_test(raw, path, key, test, key.removeprefix('tag_'))

    def leaf_tag_starts(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        return self._text_test('tag_starts', _starts, path, raw)

    def leaf_tag_ends(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        return self._text_test('tag_ends', _ends, path, raw)

    def leaf_tag_contains(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        return self._text_test('tag_contains', _contains, path, raw)

    def leaf_tag_type(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        def test(n: Names, code: ast.expr, wanted: object) -> ast.expr:
            codes = tuple(FIELD_TYPES[name].code for name in self.texts(wanted, path, raw))
            return compare(call(attribute('tag_type'), code), ast.In(), literal(codes))

        for name, wanted in self.pairs(value, path, raw):
            for one in self.texts(wanted, path, raw):
                if one not in FIELD_TYPES:
                    raise self.error(raw, f'{path}.{name}', f'{one!r} is no field type')
        return self._tag_test(raw, path, 'tag_type', test, 'is of type')

    def leaf_tag_bits(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        def test(n: Names, code: ast.expr, wanted: object) -> ast.expr:
            return call(n.function(_has_bits), call(attribute('tag'), code), literal(wanted))

        self._numbers(value, path, raw)
        return self._tag_test(raw, path, 'tag_bits', test, 'has bits')

    def leaf_tag_above(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        def test(n: Names, code: ast.expr, wanted: object) -> ast.expr:
            return call(n.function(_above), call(attribute('tag'), code), literal(wanted))

        self._numbers(value, path, raw)
        return self._tag_test(raw, path, 'tag_above', test, 'is above')

    def _numbers(self, value: object, path: str, raw: Mapping[str, object]) -> None:
        for name, wanted in self.pairs(value, path, raw):
            if not isinstance(wanted, int):
                raise self.error(raw, f'{path}.{name}', f'needs a number, not {wanted!r}')

    def leaf_text(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'text')
        texts: Any = getattr(self.schema, 'texts', {})
        if value not in texts:
            known = ', '.join(texts) or 'none'
            raise self.error(raw, path, f'no such text {value!r}; declared are {known}')
        starts = texts.starts(value)
        if not starts:
            raise self.error(raw, path, f'text {value!r} does not say how it starts')

        def make(n: Names) -> ast.expr:
            texts = call(attribute('texts'), literal(TagCode.ImageDescription))
            return call(n.function(_any_starts), texts, literal(starts))

        return Node(
            'leaf', f'description starts {" or ".join(map(repr, starts))}', make=make,
            tag=TagCode.ImageDescription,
        )  # fmt: skip

    def leaf_entry(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        """One of the texts of a tag, where it may stand twice, fits all conditions."""
        self.only(raw, path, 'entry')
        pairs = dict(self.pairs(value, path, raw))
        tag = pairs.pop('tag', None)
        if not isinstance(tag, str | int):
            raise self.error(raw, path, 'needs the name of a tag: tag')
        first, last = pairs.pop('first', None), pairs.pop('last', None)
        if not isinstance(first, int | None) or not isinstance(last, int | None):
            raise self.error(raw, path, 'first and last need numbers of characters')
        window = slice(None, first) if last is None else slice(-last, None)
        conditions = []
        for key, wanted in pairs.items():
            if key not in _ENTRY_TESTS:
                raise self.error(raw, path, f'{key!r} is none of {", ".join(_ENTRY_TESTS)}')
            conditions.append((_ENTRY_TESTS[str(key)], self.texts(wanted, path, raw)))

        def fits(texts: Sequence[str]) -> bool:
            return any(
                all(test(text[window], wanted) for test, wanted in conditions) for text in texts
            )

        def make(n: Names) -> ast.expr:
            present = compare(n.code(tag), ast.In(), attribute('codes'))
            texts = call(attribute('texts'), n.code(tag))
            return ast.BoolOp(ast.And(), [present, call(n.function(fits), texts)])

        words = ', '.join(f'{key} {wanted!r}' for key, wanted in pairs.items())
        return Node('leaf', f'an entry of {tag} {words}', make=make, tag=tag)

    # Leaves: the file

    def leaf_suffix(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'suffix')
        wanted = tuple(text.lower() for text in self.texts(value, path, raw))
        return Node(
            'leaf',
            f'suffix {" or ".join(wanted)}',
            make=lambda n: compare(attribute('suffix'), ast.In(), literal(wanted)),
        )

    def leaf_sibling(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'sibling')
        names = self.texts(value, path, raw)
        if any('/' in name or '\\' in name for name in names):
            raise self.error(raw, path, 'needs the name of a file in the same folder')
        return Node(
            'any',
            f'sibling {" or ".join(names)}',
            tuple(
                Node(
                    'leaf',
                    f'file {name} beside it',
                    make=_asks('sibling', name),
                )
                for name in names
            ),
        )

    def leaf_pages(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'pages')
        low, high = value if isinstance(value, list | tuple) else (value, value)
        if not isinstance(low, int) or not isinstance(high, int | None):
            raise self.error(raw, path, 'needs a number, or [least, most] with most null if open')

        def make(n: Names) -> ast.expr:
            pages = call(attribute('n_pages'))
            if high is None:
                return compare(pages, ast.GtE(), literal(low))
            return ast.Compare(literal(low), [ast.LtE(), ast.LtE()], [pages, literal(high)])

        return Node('leaf', f'{low} to {high} pages', make=make)

    def _yes_or_no(self, key: str, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, key)
        if not isinstance(value, bool):
            raise self.error(raw, path, f'needs true or false, not {value!r}')
        node = Node('leaf', key, make=lambda n: attribute(key))
        return node if value else Node('not', 'not', (node,))

    def leaf_is_tiled(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        return self._yes_or_no('is_tiled', value, path, raw)

    def leaf_is_first(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        return self._yes_or_no('is_first', value, path, raw)

    def leaf_is_bigtiff(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        return self._yes_or_no('is_bigtiff', value, path, raw)

    def leaf_bytes(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'bytes', 'at')
        data = '\0'.join(self.texts(value, path, raw)).encode('latin-1')
        at = raw.get('at', 0)
        if not isinstance(at, int) or at < 0:
            raise self.error(raw, path, f'at needs an offset, not {at!r}')
        return Node(
            'leaf',
            f'bytes {data!r} at {at}',
            make=lambda n: compare(
                call(attribute('view'), literal(at), literal(len(data))),
                ast.Eq(),
                literal(data),
            ),
        )

    def leaf_magic(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        self.only(raw, path, 'magic', 'at')
        at = raw.get('at', 0)
        if not isinstance(value, str) or value not in getattr(self.schema, 'structs', {}):
            raise self.error(raw, path, f'no such struct {value!r}')
        if not isinstance(at, int) or at < 0:
            raise self.error(raw, path, f'at needs an offset, not {at!r}')
        schema = self.schema

        def fits(facts: Facts) -> bool:
            view = facts.view(at, _MAGIC_WINDOW)
            try:
                schema.struct(value).parse(  # type: ignore[attr-defined]
                    view, byteorder=facts.byteorder, base=-at, faults=[]
                )
            except TruncatedError as error:
                # The block goes on behind the window: what was before fitted.
                return error.offset not in (0, at) and len(view) == _MAGIC_WINDOW
            except FormatError:
                return False
            return True

        return Node('leaf', f'struct {value} at {at}', make=lambda n: call(n.function(fits), FACTS))

    def leaf_flag(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        """Another kind of the same schema holds for the page."""
        self.only(raw, path, 'flag')
        name = str(value)
        schema = self.schema

        @cache
        def other() -> Detector:
            found: Detector = schema.sections['detect'][name]  # type: ignore[attr-defined]
            return found

        return Node(
            'leaf',
            f'is_{name}',
            make=lambda n: call(n.function(lambda facts: other()(facts)), FACTS),
            same=lambda: other().page,
        )

    def leaf_python(self, value: object, path: str, raw: Mapping[str, object]) -> Node:
        """A function of this library, for what cannot be declared."""
        self.only(raw, path, 'python')
        try:
            reference = checked_reference(value)
        except ValueError as error:
            raise self.error(raw, path, str(error)) from None
        return Node(
            'leaf',
            f'{reference} says so',
            make=lambda n: call(
                n.function(lambda facts: resolve_reference(reference)(facts)), FACTS
            ),
        )

    def on_page(self, value: object, inner: Node, path: str, raw: object) -> Node:
        if not isinstance(value, int):
            raise self.error(raw, path, f'on_page needs an index, not {value!r}')

        def make(n: Names) -> ast.expr:
            arguments = ast.arguments([], [ast.arg('f')], None, [], [], None, [])
            test = ast.Lambda(arguments, expression(inner, n))
            return call(n.function(_asked_of), test, call(attribute('page'), literal(value)))

        return Node('leaf', f'page {value}: {inner.words}', make=make)


def _asks(method: str, argument: object) -> Callable[[Names], ast.expr]:
    return lambda n: call(attribute(method), literal(argument))


def _equals(value: object, values: tuple[object, ...]) -> bool:
    # An array, as damaged files have where others have a number, equals none.
    return not hasattr(value, 'shape') and value in values


def _starts(value: object, texts: tuple[str, ...]) -> bool:
    if isinstance(value, str):
        return value.startswith(texts)
    if isinstance(value, bytes):
        return value.startswith(tuple(text.encode('latin-1', 'replace') for text in texts))
    return False


def _ends(value: object, texts: tuple[str, ...]) -> bool:
    if isinstance(value, str):
        return value.rstrip('\0 \t\r\n').endswith(texts)
    if isinstance(value, bytes):
        value = value.rstrip(b'\0 \t\r\n')
        return value.endswith(tuple(text.encode('latin-1', 'replace') for text in texts))
    return False


def _contains(value: object, texts: tuple[str, ...]) -> bool:
    if isinstance(value, str):
        return any(text in value for text in texts)
    if isinstance(value, bytes):
        return any(text.encode('latin-1', 'replace') in value for text in texts)
    return False


def _any_starts(values: Sequence[str], texts: tuple[str, ...]) -> bool:
    return any(isinstance(value, str) and value.startswith(texts) for value in values)


def _has_bits(value: object, bits: int) -> bool:
    return isinstance(value, int) and value & bits == bits


def _above(value: object, bound: int) -> bool:
    return isinstance(value, int | float) and value > bound


def _asked_of(test: Test, facts: Facts | None) -> bool:
    return facts is not None and test(facts)


def _lacks(value: object, texts: tuple[str, ...]) -> bool:
    return not _contains(value, texts)


_ENTRY_TESTS: Final[Mapping[str, Callable[[object, tuple[str, ...]], bool]]] = {
    'starts': _starts,
    'ends': _ends,
    'contains': _contains,
    'lacks': _lacks,
}


def parse_detect(schema: object, raw: Mapping[str, object]) -> dict[str, Detector]:
    """Return the detectors of a schema's section ``detect:`` by name.

    Raises:
        SchemaError: A tree is wrong; names file, line and path.
    """
    from .tagtable import resolver

    parser = TreeParser(schema, str(getattr(schema, 'file', '') or getattr(schema, 'id', '')))
    detectors = {}
    for name, tree in raw.items():
        path = f'detect.{name}'
        doc = ''
        page: Node | None
        file: Node | None = None
        if isinstance(tree, Mapping) and tree.keys() & {'page', 'file', 'doc'}:
            parser.only(tree, path, 'page', 'file', 'doc')
            doc = str(tree.get('doc', ''))
            page = parser.node(tree['page'], f'{path}.page') if 'page' in tree else None
            file = parser.node(tree['file'], f'{path}.file') if 'file' in tree else None
        else:
            page = parser.node(tree, path)
        detectors[name] = Detector(name, page, file, resolve=resolver(schema), doc=doc)
    return detectors
