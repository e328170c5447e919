"""Expressions of schemas over values that are not fields of a struct: tags, records, pages.

Knows the compiler's trees and a function from dotted names to values; nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiffschema.compiler.support import bits, item_at, pow10, power, shifted, size_of
from tiffschema.errors import FormatError, SchemaError, TiffFileError

__all__ = ['Expression']

_FUNCTIONS = {
    '__builtins__': {}, 'bits': bits, 'item_at': item_at, 'pow10': pow10, 'size_of': size_of,
    'power': power, 'shifted': shifted,
    'min': min, 'max': max, 'abs': abs,
}  # fmt: skip


class Expression:
    """A declared expression, compiled once from its checked tree.

    Parameters:
        text: The expression, or a number.
        path: Where it is declared, for errors.

    Raises:
        SchemaError: It is no expression of the language.

    Example:
        >>> Expression('count // 2 + tags.X', 'example')({'count': 6, 'tags.X': 1}.get)
        4
    """

    __slots__ = ('_code', 'names', 'path', 'text')

    def __init__(self, text: str | int, path: str, file: str = '') -> None:
        self.text = text
        self.path = path
        # The parser is large, and most files need no expression.
        from tiffschema.compiler.expr import ExprError, names_in, parse_expr, printed

        try:
            tree = parse_expr(text)
        except ExprError as error:
            raise SchemaError(str(error), file=file, field=path) from None
        self.names = tuple(dict.fromkeys(str(name) for name in names_in(tree)))
        source = printed(tree, lambda name: f'_v({str(name)!r})')
        self._code = compile(f'lambda _v: {source}', f'<{path}>', 'eval')

    @property
    def is_name(self) -> bool:
        """Whether the expression is one name and nothing else."""
        from tiffschema.compiler.expr import Name, parse_expr

        tree = parse_expr(self.text)
        return isinstance(tree, Name)

    def __call__(self, value_of: Callable[[str], Any]) -> Any:
        """Return the value, given the values of names; absent ones are None.

        Raises:
            FormatError: The values do not go together, as where one is absent.
        """
        try:
            return eval(self._code, _FUNCTIONS)(value_of)
        except TiffFileError:
            raise
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise FormatError(f'{self.text!r} cannot be worked out: {error}', self.path) from None
