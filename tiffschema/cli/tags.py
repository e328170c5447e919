"""``tiffschema tags``: list, set and delete tags of a page.

Knows the editor of the writer; changes the file in place.
"""

from __future__ import annotations

import argparse
from typing import Any

from tiffschema.errors import BuildError, TiffFileError
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.model.tagtable import tag_tables
from tiffschema.runtime.file import TiffFile

from .program import CommandError, UsageError, checked_index, command_error, each_file
from .tables import Table, show
from .values import brief, dumps, plain

__all__ = ['run', 'typed_value']


def run(arguments: argparse.Namespace) -> int:
    """List the tags of a page, or change one."""
    if arguments.action == 'list':
        return each_file([arguments.file], lambda path: _list(path, arguments))
    if arguments.tag is None:
        raise UsageError(f'{arguments.action} needs a tag')
    code = tag_code(arguments.tag)
    if arguments.action == 'set':
        if arguments.value is None:
            raise UsageError('set needs a value')
        return each_file([arguments.file], lambda path: _set(path, arguments.page, code, arguments))
    return each_file([arguments.file], lambda path: _delete(path, arguments.page, code))


def _list(path: str, arguments: argparse.Namespace) -> bool:
    with TiffFile(path) as tif:
        pages = tif.pages
        for index in arguments.page:
            checked_index(index, len(pages or ()), 'page')
            page = pages.get(index, aspage=True)
            pages = page.pages
        tags = [
            tag for tag in page.tags if arguments.tag in (None, str(tag.code), *tag.name.split('/'))
        ]
        if arguments.tag is not None and not tags:
            raise CommandError(f'page {_shown(arguments.page)} has no tag {arguments.tag}')
        if arguments.json:
            print(dumps({tag.name: plain(_value(tag)) for tag in tags}))
            return True
        table = Table('', ('>code', 'name', 'type', '>count', '>offset', 'value'))
        for tag in tags:
            value = brief(_value(tag), 100)
            table.add(tag.code, tag.name, tag.dtype_name, tag.count, tag.valueoffset, value)
        show([table])
    return True


def _shown(page: tuple[int, ...]) -> str:
    return '/'.join(map(str, page))


def _value(tag: Any) -> Any:
    try:
        return tag.value
    except TiffFileError as error:
        return f'<{error}>'


def tag_code(name: str) -> int:
    """Return the code for a code or name.

    Raises:
        CommandError: No tag has the name.
    """
    if name.isdecimal():
        return int(name)
    try:
        return tag_tables['tiff'].code(name)
    except KeyError:
        raise UsageError(f'no tag {name!r} is known') from None


def typed_value(code: int, text: str) -> Any:
    """Return text as the value of a tag: numbers where the tag has numbers.

    Example:
        >>> typed_value(270, '1, 2'), typed_value(285, 'cover'), typed_value(297, '1, 2')
        ('1, 2', 'cover', (1, 2))
        >>> typed_value(282, '72')
        (72, 1)
    """
    row = tag_tables['tiff'].get(code)
    kinds = [FIELD_TYPES[kind] for kind in row.types] if row is not None else []
    if not kinds or any(kind.kind == 'text' for kind in kinds):
        return text
    try:
        numbers = [_number(part) for part in text.split(',')]
    except ValueError:
        raise UsageError(f'tag {code} takes numbers, not {text!r}') from None
    if any(kind.kind == 'pair' for kind in kinds):
        from fractions import Fraction

        pairs = [Fraction(number).limit_denominator(1 << 31) for number in numbers]
        return tuple(part for pair in pairs for part in (pair.numerator, pair.denominator))
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _number(text: str) -> int | float:
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def _set(path: str, page: tuple[int, ...], code: int, arguments: argparse.Namespace) -> bool:
    from tiffschema.writer.edit import TagEditor

    try:
        with TagEditor(path) as editor:
            editor.set(code, typed_value(code, arguments.value), page=page)
    except IndexError:
        raise CommandError(f'there is no page {_shown(page)}') from None
    except (BuildError, ValueError) as error:
        raise command_error(path, error) from None
    return True


def _delete(path: str, page: tuple[int, ...], code: int) -> bool:
    from tiffschema.writer.edit import TagEditor

    try:
        with TagEditor(path) as editor:
            editor.delete(code, page=page)
    except KeyError:
        name = tag_tables['tiff'].get(code)
        label = f'{code} {name.name}' if name is not None else str(code)
        raise CommandError(f'page {_shown(page)} has no tag {label}') from None
    except IndexError:
        raise CommandError(f'there is no page {_shown(page)}') from None
    except (BuildError, ValueError) as error:
        raise command_error(path, error) from None
    return True
