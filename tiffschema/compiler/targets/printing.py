"""What emitters of Python share: lines, names, constants."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from ..expr import Expr, Name, printed
from ..ir import Field
from ..plan import Call, Oneof, Plan, walk

__all__ = ['ModuleText', 'Printer', 'asks_family', 'local', 'turned']

# fmt: off
_RESERVED = frozenset(
    {
        'buf', 'pos', 'end', 'ctx', 'path', 'start', 'back', 'stop', 'out', 'values', 'v', 'r',
        'w', 'it', 'group', 'write', 'whole', 'local', 'outer_', 'Struct', 'frombuffer', 'dtype',
        'table_type', 'names_of', 'choice_of', 'before_', 'sizes_', 'error', 'NAN', 'FAULTS',
        'True', 'False', 'None', 'parent', 'root', 'here', 'file',
    }
)
# fmt: on
_MADE = re.compile(
    r'(unpack|pack|pack_into|type|rows|names|record|enum|time|convert|at|hidden|arg|block|code'
    r'|(parse|build|trace)(le|be)?)_.*|.*_(n|d|array|list|data|groups|sizes|argument)|.*_'
)


@cache
def _called() -> frozenset[str]:
    """Return names that generated code calls."""
    from .. import support
    from . import build_support

    return frozenset(dir(builtins)) | frozenset(vars(support)) | frozenset(vars(build_support))


def local(name: str) -> str:
    """Return the local variable of a field: its own name where that is free.

    No two fields share a variable, and none takes a name that generated code makes itself.

    Example:
        >>> local('count'), local('pos'), local('pos_'), local('_magic')
        ('count', 'pos_', 'pos__', 'hidden_magic')
    """
    if name == 'item':
        return name  # the item of a list at hand; `syntax` refuses fields of that name
    if name.startswith('_'):
        return f'hidden{name}'
    if name in _RESERVED or _MADE.fullmatch(name) or keyword.iskeyword(name) or name in _called():
        return f'{name}_'
    return name


class ModuleText:
    """The text of one generated module: constants first, then functions.

    Parameters:
        order: ``<`` or ``>``.
    """

    def __init__(self, order: str) -> None:
        self.order = order
        self.constants: dict[str, str] = {}
        self.functions: list[str] = []

    def constant(self, stem: str, source: str) -> str:
        """Return the name of a constant of this source, making it once."""
        for name, known in self.constants.items():
            if known == source:
                return name
        name = f'{stem}_{sum(1 for known in self.constants if known.startswith(stem + "_"))}'
        self.constants[name] = source
        return name

    def text(self) -> str:
        """Return the module."""
        lines = [f'{name} = {source}' for name, source in self.constants.items()]
        return '\n'.join(lines) + '\n\n\n' + '\n\n\n'.join(self.functions) + '\n'


class Printer:
    """Lines of one function.

    Parameters:
        module: Where constants go.
        plan: The struct.
        optional: Names that may be absent and then count as 0.
    """

    def __init__(self, module: ModuleText, plan: Plan, order: str) -> None:
        self.module = module
        self.plan = plan
        self.order = order
        self.plans: Mapping[str, Plan] = {}
        self.lines: list[str] = []
        self.level = 1
        self.counter = 0
        self.arrays: Mapping[str, Any] = {}

    def emit(self, line: str) -> None:
        """Add a line at the present indentation."""
        self.lines.append('    ' * self.level + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Indent what is emitted inside."""
        self.emit(head)
        self.level += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.emit('pass')
        self.level -= 1

    def fresh(self, stem: str) -> str:
        """Return a name that no field can have."""
        self.counter += 1
        return f'{stem}_{self.counter}_'

    def order_of(self, field: Field) -> str:
        """Return the byte order of a field: its own, else the struct's."""
        return {'little': '<', 'big': '>'}.get(field.endian, self.order)

    def encoding(self, field: Field) -> str:
        """Return a text encoding in the field's byte order."""
        name = field.encoding
        if name in ('utf-16', 'utf16', 'utf-32'):
            order = 'le' if self.order_of(field) == '<' else 'be'
            return f'{name}-{order}'.replace('utf16', 'utf-16')
        return name

    def dtype(self, code: str, field: Field) -> str:
        """Return the constant of a NumPy type in the field's byte order."""
        order = '|' if code.endswith('1') else self.order_of(field)
        return self.module.constant('type', f'dtype({order + code!r})')

    def function(self, verb: str, struct: str) -> str:
        """Return the name of the function of a struct that stands in this one.

        The byte order that a struct has of its own holds for the structs in it.
        """
        if self.plans[struct].endian or self.order == self.module.order:
            return f'{verb}_{struct}'
        return f'{verb}{"le" if self.order == "<" else "be"}_{struct}'

    def argument(self, name: str) -> str:
        """Return the local variable of an argument; a field may have the same name."""
        return f'arg_{name}' if name in self.plan.fields else local(name)

    def name(self, name: Name) -> str:
        """Print a name of an expression."""
        head, rest = name.parts[0], name.parts[1:]
        if head in ('item', 'it', 'parent', 'root'):
            if not rest:
                return head
            return f'{head}' + ''.join(f'[{part!r}]' for part in rest)
        if head == 'here':
            return '(pos - ctx.base)'
        if head == 'file':
            return '(len(buf) - ctx.base)'
        given = head in dict(self.plan.args)
        text = (self.argument(head) if given else local(head)) + ''.join(
            f'[{part!r}]' for part in rest
        )
        if head in self.plan.optional and not rest:
            return f'({text} or 0)'
        return text

    def expr(self, tree: Expr) -> str:
        """Print an expression."""
        text = printed(tree, self.name)
        return text[1:-1] if _wrapped(text) else text


def turned(plans: Mapping[str, Plan], order: str) -> list[Plan]:
    """Return the plans that structs of the other byte order need in that order."""
    other = 'big' if order == '<' else 'little'
    todo = [plan for plan in plans.values() if plan.endian == other]
    found: dict[str, Plan] = {}
    for plan in todo:
        for name in called(plan):
            if name in plans and name not in found and not plans[name].endian:
                found[name] = plans[name]
                todo.append(plans[name])
    return [plan for name, plan in plans.items() if name in found]


def called(plan: Plan) -> list[str]:
    """Return the structs that stand in one, directly."""
    names = []
    for op in walk(plan.ops):
        if isinstance(op, Call):
            names.append(op.struct)
        elif isinstance(op, Oneof):
            names += [choice for _, choice in op.choices]
    return names


def asks_family(struct: str, plans: Mapping[str, Plan]) -> bool:
    """Whether a struct, or one that it holds, speaks of ``parent`` or ``root``."""
    todo, seen = [struct], set()
    while todo:
        name = todo.pop()
        if name in seen or name not in plans:
            continue
        seen.add(name)
        if plans[name].used & {'parent', 'root'}:
            return True
        todo += called(plans[name])
    return False


def _wrapped(text: str) -> bool:
    """Whether one pair of brackets holds the whole text."""
    if not text.startswith('('):
        return False
    depth = 0
    quoted = ''
    for i, char in enumerate(text):
        if quoted:
            quoted = '' if char == quoted else quoted
        elif char in '\'"':
            quoted = char
        elif char == '(':
            depth += 1
        elif char == ')':
            depth -= 1
            if depth == 0:
                return i == len(text) - 1 and ',' not in text
    return False
