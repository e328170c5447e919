"""The commands with their arguments, and what happens to errors.

Knows which module runs a command, and imports no other.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

from tiffschema._version import __version__
from tiffschema.errors import TiffSchemaError

__all__ = [
    'COMMANDS', 'CommandError', 'argument_parser', 'each_file', 'reference_arguments', 'run',
]  # fmt: skip


class CommandError(Exception):
    """A command cannot do what it was asked for; the message says why."""


def _info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')
    parser.add_argument('--json', action='store_true', help='print one JSON object per file')
    parser.add_argument('--pages', type=int, default=20, metavar='N', help='pages and series shown')
    parser.add_argument('--page', type=int, default=0, metavar='N', help='page of the tags shown')


def _dump(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')
    parser.add_argument('--json', action='store_true', help='print a JSON object per field')
    parser.add_argument('--page', type=int, metavar='N', help='one page of the main chain only')
    parser.add_argument('--tag', metavar='CODE', help='one tag only, by code or name')
    parser.add_argument('--width', type=int, default=60, metavar='N', help='characters of a value')


def _map(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')
    parser.add_argument('--json', action='store_true', help='print one JSON object per file')
    parser.add_argument('--check', action='store_true', help='fail if bytes are unexplained')
    parser.add_argument('--html', metavar='PATH', help='write a page that needs nothing else')
    parser.add_argument('--summary', action='store_true', help='totals by kind only')


def page_key(text: str) -> tuple[int, ...]:
    """Return indices of a page and of the SubIFDs below it.

    Example:
        >>> page_key('-1'), page_key('0/1')
        ((-1,), (0, 1))
    """
    return tuple(int(part) for part in text.split('/'))


def _tags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('action', choices=('list', 'set', 'delete'))
    parser.add_argument('file', help='path')
    parser.add_argument('tag', nargs='?', help='code or name')
    parser.add_argument('value', nargs='?', help='for set: text, or numbers with commas')
    parser.add_argument(
        '--page', type=page_key, default=(0,), metavar='N',
        help='page, default 0; 0/1 is the second SubIFD of page 0',
    )  # fmt: skip
    parser.add_argument('--json', action='store_true', help='print JSON')


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', nargs='+', help='path or URL')


def _validate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('file', nargs='*', help='path or URL')
    add('--json', action='store_true', help='print one JSON object per file')
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
    add('--tile', type=int, nargs=2, metavar=('LENGTH', 'WIDTH'), help='tiles, multiples of 16')
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
    actions.add_parser('list', help='ids and titles of all schemas')
    for name, text in (
        ('show', 'the declaration'),
        ('check', 'compile; print warnings'),
        ('docs', 'reference page, Markdown'),
    ):
        action = actions.add_parser(name, help=text)
        nargs = {'check': '*', 'docs': '?'}.get(name)
        action.add_argument('id', nargs=nargs, help='id or YAML file')
        if name == 'docs':
            action.add_argument('--out', metavar='DIR', help='write pages of all schemas, an index')
    source = actions.add_parser('source', help='generated Python')
    strategy = actions.add_parser('strategy', help='examples drawn by Hypothesis')
    for action in (source, strategy):
        action.add_argument('id', help='id or YAML file')
        action.add_argument('struct', nargs='?', help='one struct only')
        action.add_argument('--byteorder', choices=('<', '>', 'little', 'big'), default='<')
    source.add_argument('--target', choices=('parse', 'build', 'trace'), default='parse')
    source.add_argument('--variant', help='of a schema with variants')
    strategy.add_argument('--kind', choices=('values', 'bytes', 'near_valid'), default='values')
    strategy.add_argument('--count', type=int, default=3, metavar='N')
    export = actions.add_parser('export', help='other forms: Kaitai Struct, stubs, construct')
    export.add_argument('id', help='id or YAML file')
    export.add_argument('--format', choices=('ksy', 'pyi'), default='ksy')
    export.add_argument('--struct', help='root struct, for ksy')
    export.add_argument('--byteorder', choices=('<', '>', 'little', 'big'), default='<')


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
    'info': ('pages, series, tags, and what the schemas found', _info),
    'dump': ('every field: offset, type, value, meaning', _dump),
    'map': ('every byte of the file accounted for', _map),
    'tags': ('list, set or delete tags', _tags),
    'explain': ('which declared rules made the file what it is', _explain),
    'validate': ('what is wrong with the file', _validate),
    'convert': ('its images in a new file, encoded as asked', _convert),
    'repair': ('a damaged file written anew, with whatever can be read', _repair),
    'references': ('where chunks lie, for Zarr: kerchunk references', reference_arguments),
    'schema': ('list, show, check, source, docs, strategy, export', _schema),
    'demo': ('read a real file, show its structure, write it anew', _demo),
}
"""Names of commands, what they do, and what adds their arguments; modules have the same names."""


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog='tiffschema',
        description='Inspect, edit, convert, validate and repair TIFF and the files like it.',
        epilog='Without a command, `tiffschema FILE` reports on a file and shows its images.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, (text, arguments) in COMMANDS.items():
        arguments(commands.add_parser(name, help=text, description=f'{text[0].upper()}{text[1:]}.'))
    return parser


def run(argv: list[str]) -> int:
    """Run a command, or report on a file where there is none; return the exit status."""
    if argv and (argv[0] in COMMANDS or argv[0] in ('-h', '--help')):
        arguments = argument_parser().parse_args(argv)
        module = import_module(f'tiffschema.cli.{arguments.command}')
    else:
        module = import_module('tiffschema.cli.report')
        arguments = module.argument_parser().parse_args(argv)
    try:
        status: int = module.run(arguments)
        sys.stdout.flush()
    except CommandError as error:
        print(f'tiffschema: {error}', file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of a pipe went away; what follows must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def each_file(paths: list[str], show: Callable[[str], bool]) -> int:
    """Call a function with each path and return the exit status.

    An error ends one file, with a line to standard error, not the command.

    Parameters:
        paths: Files.
        show: Returns whether the file is all right.
    """
    status = 0
    for path in paths:
        try:
            if not show(path):
                status = 1
        except BrokenPipeError:
            raise
        except (OSError, TiffSchemaError) as error:
            print(f'{path}: {error}', file=sys.stderr)
            status = 1
    return status
