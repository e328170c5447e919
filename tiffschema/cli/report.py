"""``python -m tiffschema FILE``: a report on a file, and its images in windows.

Knows files and the viewer of the extra ``plot``; the options are those which users of such viewers
know.
"""

from __future__ import annotations

import argparse
import glob
from typing import Any

from tiffschema._version import __version__
from tiffschema.runtime.file import TiffFile

from .info import tables
from .program import CommandError, checked_index, each_file, say
from .tables import show

__all__ = ['argument_parser', 'run']

_ITEMS = 1 << 31


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of a file without a command."""
    parser = argparse.ArgumentParser(
        prog='tiffschema',
        description='Report on a file and show its images.',
        epilog='Commands: tiffschema --help.',
    )
    add = parser.add_argument
    add('path', nargs='?', help='file or glob pattern; none opens a dialog')
    add('--version', action='version', version=f'%(prog)s {__version__}')
    add('-p', '--page', type=int, default=-1, metavar='N', help='show one page')
    add('-s', '--series', type=int, default=-1, metavar='N', help='show one series')
    add('-l', '--level', type=int, default=-1, metavar='N', help='pyramid level')
    add('--no-multifile', dest='multifile', action='store_false', help='no other files of a set')
    add('--maxplots', type=int, default=10, metavar='N', help='windows at most; 0 shows none')
    add('--interpolation', metavar='METHOD', help='of matplotlib')
    add('--dpi', type=int, default=96, metavar='N', help='resolution of plots')
    add('--vmin', type=float, metavar='X', help='value shown darkest')
    add('--vmax', type=float, metavar='X', help='value shown brightest')
    add('--cmap', metavar='NAME', help='colour map')
    add('--maxworkers', type=int, metavar='N', help='threads that decode')
    add('--debug', action='store_true', help='let exceptions through')
    add('--detail', type=int, default=2, metavar='N', help='detail of the report, 0 to 3')
    add('-q', '--quiet', action='store_true', help='no report')
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Report on a file and show it."""

    def one(path: str) -> bool:
        with TiffFile(path, _multifile=arguments.multifile) as tif:
            if arguments.page >= 0:
                checked_index(arguments.page, len(tif.pages), 'page')
            if arguments.series >= 0:
                checked_index(arguments.series, len(tif.series), 'series')
            if not arguments.quiet:
                _report(tif, arguments)
            if arguments.maxplots > 0:
                _preview(tif, arguments)
        return True

    path = _path(arguments.path)
    if arguments.debug:
        return 0 if one(path) else 1
    return each_file([path], one)


def _path(path: str | None) -> str:
    """Return the file, the first match of a pattern, or what the user chooses.

    Raises:
        CommandError: There is none.
    """
    if path is None:
        return _chosen()
    if glob.has_magic(path):
        found = sorted(glob.glob(path))
        if not found:
            raise CommandError(f'no file matches {path!r}')
        return found[0]
    return path


def _chosen() -> str:
    try:
        from tkinter import TclError, Tk, filedialog
    except ImportError:
        raise CommandError(
            'name a file: the dialog needs tkinter, which is not installed'
        ) from None
    try:
        root = Tk()
    except TclError as error:
        raise CommandError(f'name a file: {error}') from None
    root.withdraw()
    name = filedialog.askopenfilename(filetypes=[('TIFF', '*.tif *.tiff *.*')])
    root.destroy()
    if not name:
        raise CommandError('no file was chosen')
    return str(name)


def _report(tif: TiffFile, arguments: argparse.Namespace) -> None:
    print(tif)
    if arguments.detail < 1:
        return
    for number, series in enumerate(tif.series):
        if arguments.series < 0 or number == arguments.series:
            print(series)
    if arguments.detail > 1:
        page = max(arguments.page, 0)
        print()
        show(tables(tif, 10 if arguments.detail < 3 else len(tif.pages), page)[3:])


def _preview(tif: TiffFile, arguments: argparse.Namespace) -> None:
    """Show pages or series in windows.

    Raises:
        CommandError: Matplotlib is not installed.
    """
    from importlib.util import find_spec

    if find_spec('matplotlib') is None:
        raise CommandError(
            'matplotlib is not installed; install tiffschema[plot], or give --maxplots 0'
        )
    from matplotlib import pyplot

    from tiffschema.integrations.plot import imshow, is_image

    shown = 0
    for title, image, options in _images(tif, arguments):
        if shown >= arguments.maxplots:
            break
        if not is_image(image):  # directories of metadata alone, as in EXIF blocks
            say(f'{title}: no samples to show')
            continue
        imshow(
            image, title=title, window_title=tif.filename, dpi=arguments.dpi, cmap=arguments.cmap,
            interpolation=arguments.interpolation, vmin=arguments.vmin, vmax=arguments.vmax,
            **options,
        )  # fmt: skip
        shown += 1
    if shown:
        pyplot.show()


def _images(tif: TiffFile, arguments: argparse.Namespace) -> Any:
    """Yield title, samples and how to show them."""
    if arguments.page >= 0:
        page = tif.pages.get(arguments.page, aspage=True)
        yield str(page), page.asarray(maxworkers=arguments.maxworkers), _options(page)
        return
    chosen = tif.series if arguments.series < 0 else [tif.series[arguments.series]]
    for series in chosen:
        levels = series.levels
        level = arguments.level
        if level < 0:
            level = next((i for i, one in enumerate(levels) if one.size < _ITEMS), len(levels) - 1)
        checked_index(level, len(levels), 'level')
        image = levels[level].asarray(maxworkers=arguments.maxworkers)
        yield str(series), image, _options(levels[level].keyframe)


def _options(page: Any) -> dict[str, Any]:
    bits = page.bitspersample
    return {
        'photometric': page.photometric,
        'planarconfig': page.planarconfig,
        'bitspersample': bits if isinstance(bits, int) else max(bits),
        'nodata': page.nodata,
    }
