"""Declared detection: which format a page or file is (section ``detect:`` of schemas).

Knows schemas and the small protocol `Facts`; opens nothing. A tree of ``all``, ``any``, ``not`` and
leaves compiles to one expression over the facts, built as a syntax tree, never from pasted text.
Cheap leaves (codes in the directory) should come first in a tree, as they are asked in order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Protocol

from tiffschema.values import value

__all__ = ['Detector', 'Facts', 'Node', 'Test']


class Facts(Protocol):
    """What a detector may ask about a page; the file's first page stands for the file."""

    @property
    def codes(self) -> Collection[int]:
        """Codes of the directory, without reading values."""

    def tag(self, code: int, /) -> object:
        """Value of a tag, None if absent or unreadable."""

    def texts(self, code: int, /) -> Sequence[str]:
        """Texts of all tags of that code (files may hold two descriptions)."""

    def tag_type(self, code: int, /) -> int | None:
        """Field type of a tag, None if absent."""

    def view(self, offset: int, size: int, /) -> memoryview:
        """Bytes of the file, fewer at its end."""

    def n_pages(self) -> int:
        """Number of pages of the file."""

    def page(self, index: int, /) -> Facts | None:
        """Facts of another page, None if there is no such page."""

    def sibling(self, name: str, /) -> bool:
        """Whether a file of that name lies beside the file."""

    @property
    def suffix(self) -> str:
        """Suffix of the file's name in lower case, with its dot."""

    @property
    def byteorder(self) -> str: ...

    @property
    def is_tiled(self) -> bool: ...

    @property
    def is_first(self) -> bool: ...

    @property
    def is_bigtiff(self) -> bool: ...


Test = Callable[[Facts], bool]
Resolve = Callable[[str], int]


@value
class Node:
    """One node of a tree: a syntax node for the compiler, words for people.

    Parameters:
        kind: ``all``, ``any``, ``not`` or ``leaf``.
        words: What it asks.
        children: Nodes below.
        make: Gives the syntax of a leaf.
        tag: Name or code of the tag without which a leaf never holds.
        same: Gives the tree whose answer a leaf repeats, None if there is none.
    """

    kind: str
    words: str
    children: tuple[Node, ...] = ()
    make: Callable[[Names], ast.expr] | None = None
    tag: str | int | None = None
    same: Callable[[], Node | None] | None = None


class Names:
    """Names of the expression's constants that have no literal (functions)."""

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.space: dict[str, object] = {'__builtins__': {}}

    def function(self, function: Callable[..., object]) -> ast.expr:
        name = f'_{len(self.space)}'
        self.space[name] = function
        return ast.Name(name, ast.Load())

    def number(self, name: object) -> int:
        """Return the code of a tag."""
        return name if isinstance(name, int) else self.resolve(str(name))

    def code(self, name: object) -> ast.expr:
        """Return the syntax of a tag's code."""
        return literal(self.number(name))


_DEEPEST: Final = 4

FACTS: Final = ast.Name('f', ast.Load())


def literal(value: Any) -> ast.expr:
    """Return the syntax of a constant."""
    return ast.Constant(value)


def attribute(name: str) -> ast.expr:
    """Return the syntax of an attribute of the facts."""
    return ast.Attribute(FACTS, name, ast.Load())


def call(function: ast.expr, *args: ast.expr) -> ast.expr:
    """Return the syntax of a call."""
    return ast.Call(function, list(args), [])


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """Return the syntax of a comparison."""
    return ast.Compare(left, [operator], [right])


class Detector:
    """One named rule.

    Parameters:
        name: What is detected: ``is_<name>``.
        page: Tree asked of a page, None where only files are of the kind.
        file: Tree asked of the file (the facts of its first page) if it differs.
        resolve: Gives the code of a tag's name.
    """

    __slots__ = ('_file', '_page', '_resolve', 'doc', 'file', 'name', 'page')

    def __init__(
        self,
        name: str,
        page: Node | None,
        file: Node | None = None,
        *,
        resolve: Resolve,
        doc: str = '',
    ) -> None:
        self.name = name
        self.page = page
        self.file = file
        self.doc = doc
        self._resolve = resolve
        self._page: Test | None = None
        self._file: Test | None = None

    def needed_codes(self) -> frozenset[int] | None:
        """Return codes of which the first page of a file of the kind has one, None for any.

        Most kinds ask for a tag of their own: files without it need no further look.
        """
        node = self.page if self.file is None else self.file
        return None if node is None else needed_codes(node, self._resolve)

    def __call__(self, facts: Facts) -> bool:
        """Return whether a page is of the kind."""
        if self._page is None:
            self._page = self._compiled(self.page) if self.page else _never
        return self._page(facts)

    def matches_file(self, facts: Facts) -> bool:
        """Return whether the file with that first page is of the kind."""
        if self.file is None:
            return self(facts)
        if self._file is None:
            self._file = self._compiled(self.file)
        return self._file(facts)

    def explain(self, facts: Facts) -> str:
        """Return the rule with what holds (``+``) and what does not (``-``), a line per node."""
        lines = []
        for title, node in (('page', self.page), ('file', self.file)):
            if node is not None:
                lines.append(f'{self.name} ({title})')
                self._explain(node, facts, 1, lines)
        return '\n'.join(lines)

    def _explain(self, node: Node, facts: Facts, depth: int, lines: list[str]) -> None:
        holds = self._compiled(node)(facts)
        lines.append(f'{"  " * depth}{"+" if holds else "-"} {node.words}')
        for child in node.children:
            self._explain(child, facts, depth + 1, lines)

    def _compiled(self, node: Node) -> Test:
        names = Names(self._resolve)
        body = call(names.function(bool), expression(node, names))
        arguments = ast.arguments([], [ast.arg('f')], None, [], [], None, [])
        tree = ast.Expression(ast.Lambda(arguments, body))
        code = compile(ast.fix_missing_locations(tree), f'<detect {self.name}>', 'eval')
        test: Test = eval(code, names.space)
        return test


def _never(facts: Facts) -> bool:
    return False


def needed_codes(node: Node, resolve: Resolve, depth: int = 0) -> frozenset[int] | None:
    """Return codes of which one is present wherever a tree holds, None if it can without any."""
    if node.kind == 'leaf':
        if node.tag is not None:
            return frozenset([node.tag if isinstance(node.tag, int) else resolve(node.tag)])
        # Trees that repeat each other's answers have no end.
        same = node.same() if node.same is not None and depth < _DEEPEST else None
        return None if same is None else needed_codes(same, resolve, depth + 1)
    below = [needed_codes(child, resolve, depth) for child in node.children]
    stated = [codes for codes in below if codes is not None]
    if node.kind == 'all' and stated:
        # Private tags have high codes, and few files have them.
        return min(stated, key=lambda codes: (len(codes), -min(codes)))
    if node.kind == 'any' and len(stated) == len(below):
        return frozenset().union(*stated)
    return None


def expression(node: Node, names: Names) -> ast.expr:
    """Return the syntax of a tree."""
    if node.kind in ('all', 'any'):
        operator: ast.boolop = ast.And() if node.kind == 'all' else ast.Or()
        values = [expression(child, names) for child in node.children]
        return values[0] if len(values) == 1 else ast.BoolOp(operator, values)
    if node.kind == 'not':
        return ast.UnaryOp(ast.Not(), expression(node.children[0], names))
    assert node.make is not None
    return node.make(names)
