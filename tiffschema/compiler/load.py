"""YAML to plain data with positions; nothing but data comes out.

Rule 1: YAML 1.2 core scalars only: true/false, null, decimal and 0x integers, floats. ``on``,
``no``, ``012``, ``1:30`` and dates stay text.
Rule 2: duplicate keys, anchors, aliases and tags are refused, with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import SchemaError

__all__ = ['BASES', 'CORE_KEYS', 'SCHEMA_KEYS', 'Located', 'load_text']

CORE_KEYS = (
    'schema', 'title', 'doc', 'source', 'use', 'endian', 'variants', 'enums', 'structs', 'tables',
)  # fmt: skip
BASES = {'file': 'file', 'struct': 'struct', 'root': 'root'}
"""What offsets count from: the file, the struct, the outermost struct. `library.register_base` adds
words of higher floors for these."""
SCHEMA_KEYS = [*CORE_KEYS]
"""Top-level keys in their fixed order; `library.register_section` adds to them."""

MAX_TEXT = 4 << 20
MAX_DEPTH = 24
_INTEGER = re.compile(r'[-+]?(0x[0-9A-Fa-f]+|0|[1-9][0-9]*)')
_FLOAT = re.compile(r'[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?')
_WORDS = {
    'true': True, 'True': True, 'TRUE': True, 'false': False, 'False': False, 'FALSE': False,
    'null': None, 'Null': None, 'NULL': None, '~': None, '': None,
}  # fmt: skip


class Located(dict[Any, Any]):
    """A mapping that knows the line of each key.

    Parameters:
        items: Keys and values.
        lines: One-based line of each key.
        start: Line of the mapping itself.
    """

    __slots__ = ('lines', 'start')

    def __init__(
        self,
        items: Iterable[tuple[Any, Any]] = (),
        lines: dict[Any, int] | None = None,
        start: int = 0,
    ) -> None:
        super().__init__(items)
        self.lines = lines or {}
        self.start = start

    def line(self, key: Any = None) -> int:
        """Return the line of a key, or of the mapping."""
        return self.lines.get(key, self.start)


def load_text(text: str, file: str = '<text>') -> Located:
    """Return the mapping that a schema file holds.

    Raises:
        SchemaError: The text is not such YAML; names file and line.
    """
    import yaml

    if len(text) > MAX_TEXT:
        raise SchemaError(f'a schema has at most {MAX_TEXT} characters', file=file)
    loader: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    try:
        _refuse(yaml.parse(text, Loader=loader), file)
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise SchemaError(f'not YAML: {error.problem}', file=file, line=line) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SchemaError(f'not YAML: {error}', file=file) from None
    if not isinstance(node, yaml.MappingNode):
        raise SchemaError('a schema is a mapping that begins with schema: <id>', file=file, line=1)
    result = _value(node, file)
    assert isinstance(result, Located)
    return result


def _refuse(events: Iterator[Any], file: str) -> None:
    """Refuse what YAML has beyond data, and nesting without end."""
    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if getattr(event, 'anchor', None) is not None:
            raise SchemaError('anchors and aliases (& and *) are refused', file=file, line=line)
        if getattr(event, 'tag', None) is not None:
            raise SchemaError(f'the YAML tag {event.tag} is refused', file=file, line=line)
        name = type(event).__name__
        if name in ('MappingStartEvent', 'SequenceStartEvent'):
            depth += 1
            if depth > MAX_DEPTH:
                raise SchemaError(f'nests deeper than {MAX_DEPTH}', file=file, line=line)
        elif name in ('MappingEndEvent', 'SequenceEndEvent'):
            depth -= 1


def _value(node: Any, file: str) -> Any:
    kind = node.id
    if kind == 'mapping':
        items: list[tuple[Any, Any]] = []
        lines: dict[Any, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.id != 'scalar':
                raise SchemaError('a key is a name or a number', file=file, line=line)
            key = _scalar(key_node)
            if key in lines:
                raise SchemaError(f'the key {key!r} stands twice', file=file, line=line)
            lines[key] = line
            items.append((key, _value(value_node, file)))
        return Located(items, lines, node.start_mark.line + 1)
    if kind == 'sequence':
        return [_value(item, file) for item in node.value]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.style in ("'", '"', '|', '>'):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and any(mark in text for mark in '.eE') and not text.isdigit():
        return float(text)
    return text
