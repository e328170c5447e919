"""The commands with their arguments, and what happens to errors.

Knows which module runs a command, and imports no other.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from tiffschema._version import __version__

from .program import UsageError, ended

__all__ = ['COMMANDS', 'argument_parser', 'reference_arguments', 'run']


def _info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')
    parser.add_argument('--json', action='store_true', help='print one JSON object per file')
    add = parser.add_argument
    add('--pages', type=_from(0), default=20, metavar='N', help='pages and series shown')
    parser.add_argument('--page', type=int, default=0, metavar='N', help='page of the tags shown')


def _dump(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')
    parser.add_argument('--json', action='store_true', help='print a JSON object per field')
    parser.add_argument('--page', type=int, metavar='N', help='one page of the main chain only')
    parser.add_argument('--tag', metavar='CODE', help='one tag only, by code or name')
    parser.add_argument(
        '--width', type=_from(1), default=60, metavar='N', help='characters of a value'
    )


def _map(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')
    parser.add_argument('--json', action='store_true', help='print one JSON object per file')
    parser.add_argument('--check', action='store_true', help='fail if bytes are unexplained')
    parser.add_argument('--html', metavar='PATH', help='write a page that needs nothing else')
    parser.add_argument('--summary', action='store_true', help='totals by kind only')


def _from(least: int) -> Callable[[str], int]:
    """Return what reads an integer that is not less than another."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f'{text!r} is no number from {least} on')
        return int(text)

    return read


def _tile_side(text: str) -> int:
    if not text.isdecimal() or not int(text) or int(text) % 16:
        raise argparse.ArgumentTypeError(f'{text!r} is no multiple of 16')
    return int(text)


def page_key(text: str) -> tuple[int, ...]:
    """Return indices of a page and of the SubIFDs below it.

    Example:
        >>> page_key('-1'), page_key('0/1')
        ((-1,), (0, 1))
    """
    try:
        return tuple(int(part) for part in text.split('/'))
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is no index like 0, -1 or 0/1') from None


def _tags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('action', choices=('list', 'set', 'delete'), help='what to do')
    parser.add_argument('file', help='path')
    parser.add_argument('tag', nargs='?', help='code or name')
    parser.add_argument('value', nargs='?', help='for set: text, or numbers with commas')
    parser.add_argument(
        '--page', type=page_key, default=(0,), metavar='N',
        help='page, default 0; 0/1 is the second SubIFD of page 0',
    )  # fmt: skip
    parser.add_argument('--json', action='store_true', help='print one JSON object')


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')


def _validate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('file', nargs='*', help='path or URL')
    add('--json', action='store_true', help='print one JSON object per file, or per rule')
    add('--pixels', action='store_true', help='decode all segments, too')
    add(
        '--profile', action='append', default=[], metavar='NAME',
        help='what else files have to keep: baseline, bigtiff, cog, dng, ome, tia, tiffep, …',
    )  # fmt: skip
    add(
        '--severity', choices=('error', 'warning', 'information'), default='warning',
        help='the most harmless findings that are listed',
    )  # fmt: skip
    add('--rules', action='store_true', help='list all rules instead')


def _convert(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('file', help='path or URL')
    add('target', help='path of the new file')
    add('--kind', choices=('shaped', 'ome', 'imagej', 'generic'), help='metadata; default by name')
    add('--series', type=int, metavar='N', help='one series; default all')
    add('--level', type=int, default=0, metavar='N', help='level of pyramids, 0 is full size')
    add('--compression', metavar='NAME', help='default: as it is, deflate where that loses data')
    add('--quality', type=int, metavar='N', help='level of the codec')
    add('--predictor', action='store_true', help='differences of neighbours before compression')
    add(
        '--tile',
        type=_tile_side,
        nargs=2,
        metavar=('LENGTH', 'WIDTH'),
        help='tiles, multiples of 16',
    )
    add('--pyramid', action='store_true', help='levels of half size, too')
    add('--bigtiff', action='store_true', help='64-bit offsets; default where needed')
    add('--byteorder', choices=('<', '>'), help='default that of this machine')
    add('--force', action='store_true', help='replace an existing file')


def _repair(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', help='path')
    parser.add_argument('--out', metavar='PATH', help='path of the new file')
    parser.add_argument('--in-place', action='store_true', help='replace the damaged file')
    parser.add_argument(
        '--force', action='store_true',
        help='write anew even if nothing is wrong, also over an existing file',
    )  # fmt: skip


def _schema(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')
    _action(actions, 'list', 'ids and titles of all schemas')
    for name, text in (
        ('show', 'the declaration'),
        ('check', 'compile, default all; print what is wrong, and warnings'),
        ('docs', 'the reference page, Markdown'),
    ):
        action = _action(actions, name, text)
        nargs = {'check': '*', 'docs': '?'}.get(name)
        action.add_argument('id', nargs=nargs, help='id or YAML file')
        if name == 'docs':
            action.add_argument('--out', metavar='DIR', help='write pages of all schemas, an index')
    source = _action(actions, 'source', 'the generated Python')
    strategy = _action(actions, 'strategy', 'examples drawn by Hypothesis')
    for action in (source, strategy):
        action.add_argument('id', help='id or YAML file')
        action.add_argument('struct', nargs='?', help='one struct only')
        action.add_argument('--byteorder', choices=('<', '>', 'little', 'big'), default='<')
    source.add_argument('--target', choices=('parse', 'build', 'trace'), default='parse')
    source.add_argument('--variant', help='of a schema with variants')
    strategy.add_argument('--kind', choices=('values', 'bytes', 'near_valid'), default='values')
    strategy.add_argument('--count', type=_from(1), default=3, metavar='N')
    export = _action(actions, 'export', 'other forms: Kaitai Struct, stubs')
    export.add_argument('id', help='id or YAML file')
    export.add_argument('--format', choices=('ksy', 'pyi'), default='ksy')
    export.add_argument('--struct', help='root struct, for ksy')
    export.add_argument('--byteorder', choices=('<', '>', 'little', 'big'), default='<')


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    found: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=_sentence(text)
    )
    return found


def _sentence(text: str) -> str:
    return f'{text[0].upper()}{text[1:]}.'


def reference_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``references``, which are those of ``tiff2fsspec``."""
    parser.add_argument('file', help='path')
    parser.add_argument('url', nargs='?', help='of the folder to read from, default where it lies')
    parser.add_argument('--out', metavar='PATH', help='what is written, default FILE.json')
    parser.add_argument('--key', type=int, metavar='N', help='page')
    parser.add_argument('--series', type=int, metavar='N', help='series, default the first')
    parser.add_argument('--level', type=int, metavar='N', help='level of a pyramid, default all')
    parser.add_argument('--chunkmode', metavar='MODE', help='strile (default) or page')
    parser.add_argument('--fillvalue', type=float, metavar='X', help='of what is not stored')
    parser.add_argument('--squeeze', action=argparse.BooleanOptionalAction, help='axes of length 1')
    parser.add_argument('--groupname', metavar='NAME', help='group to put the array into')
    parser.add_argument('--zattrs', metavar='JSON', help='attributes, a JSON object')
    parser.add_argument('--ref-version', type=int, choices=(0, 1), help='of the references')
    parser.add_argument('--zarr-format', type=int, choices=(2, 3), help='default 2')


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--out', default='.', metavar='DIR', help='folder of what is written')


COMMANDS: Final[dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]]] = {
    'info': ('show pages, series, tags, and what the schemas found', _info),
    'dump': ('show every field: offset, type, value, meaning', _dump),
    'map': ('account for every byte of the file', _map),
    'tags': ('list, set or delete tags', _tags),
    'explain': ('tell which declared rules made the file what it is', _explain),
    'validate': ('tell what is wrong with the file', _validate),
    'convert': ('write its images to a new file, encoded as asked', _convert),
    'repair': ('write a damaged file anew, with whatever can be read', _repair),
    'references': ('write where chunks lie, for Zarr: kerchunk references', reference_arguments),
    'schema': (
        'list, show, check, document and export the declarations',
        _schema,
    ),
    'demo': ('read a real file, show its structure, write it anew', _demo),
}
"""Names of commands, what they do, and what adds their arguments; modules have the same names."""


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog='tiffschema',
        description='Inspect, edit, convert, validate and repair TIFF and the files like it.',
        epilog=(
            'Without a command, `tiffschema FILE` reports on a file and shows its images. '
            'The exit status is 0, or 1 where a file could not be handled or did not pass, '
            '2 for wrong arguments.'
        ),
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, (text, arguments) in COMMANDS.items():
        arguments(commands.add_parser(name, help=text, description=_sentence(text)))
    return parser


def run(argv: list[str]) -> int:
    """Run a command, or report on a file where there is none; return the exit status."""
    return ended('tiffschema', lambda: _run(argv))


def _run(argv: list[str]) -> int:
    if argv and (argv[0] in COMMANDS or argv[0] in ('-h', '--help')):
        arguments = argument_parser().parse_args(argv)
        module = import_module(f'tiffschema.cli.{arguments.command}')
    else:
        if argv and argv[0].isalpha() and not os.path.exists(argv[0]):
            known = ', '.join(COMMANDS)
            raise UsageError(f'{argv[0]!r} is neither a file nor a command; commands are {known}')
        module = import_module('tiffschema.cli.report')
        arguments = module.argument_parser().parse_args(argv)
    status: int = module.run(arguments)
    return status
