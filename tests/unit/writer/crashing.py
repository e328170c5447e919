"""Work that is killed while it runs; a program that forks itself for each piece of work.

Reads lines of scenario, path and seconds; forks a child that works on the path, kills it after that
time, and answers with the number of the last step that the child had finished, -1 for none.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import numpy as np

from tiffschema import TiffFile, TiffWriter, imwrite
from tiffschema.writer.edit import TagEditor

FOREVER = range(1_000_000)
GRAY = {'photometric': 'minisblack'}


def page(number: int) -> np.ndarray:
    """Return the page of a step."""
    return np.full((64, 64), number % 65521, 'u2')


def stream(path: str, *, opening: dict[str, object], **options: object) -> Iterator[int]:
    """Write pages."""
    with TiffWriter(path, **opening) as tif:
        for number in FOREVER:
            tif.write(page(number), **options)
            yield number


def append(path: str) -> Iterator[int]:
    """Add series."""
    for number in FOREVER:
        imwrite(path, page(number), append=True)
        yield number


def grow(path: str) -> Iterator[int]:
    """Add planes to the last series."""
    for number in FOREVER:
        imwrite(path, page(number), append=True, contiguous=True)
        yield number


def edit(path: str) -> Iterator[int]:
    """Change tags in place."""
    for number in FOREVER:
        with TagEditor(path) as editor:
            editor.set('ImageDescription', 'x' * (number % 300))
            editor.set(65000, (number,) * 3, dtype='LONG')
            editor.delete(65000)
        yield number


def overwrite(path: str) -> Iterator[int]:
    """Change a tag through the reader, in place and elsewhere."""
    for number in FOREVER:
        with TiffFile(path, mode='r+') as tif:
            tif.pages.first.tags['ImageDescription'].overwrite(
                'x' * (number * 97 % 9000), erase=False
            )
        yield number


def replace(path: str) -> Iterator[int]:
    """Write other files under the same name."""
    for number in FOREVER[1:]:
        imwrite(path, np.stack([page(number)] * 5), compression='zlib', **GRAY)
        yield number


SCENARIOS = {
    'stream': lambda path: stream(path, opening={}),
    'stream deflated': lambda path: stream(path, opening={}, compression='zlib'),
    'stream tiles': lambda path: stream(path, opening={'bigtiff': True}, tile=(16, 16)),
    'stream contiguous': lambda path: stream(path, opening={}, contiguous=True),
    'append': append,
    'grow': grow,
    'edit': edit,
    'overwrite': overwrite,
    'replace': replace,
}


def work(scenario: str, path: str, report: int) -> None:
    """Work until killed, telling of each step when it is finished."""
    os.write(report, b'\n')
    for number in SCENARIOS[scenario](path):
        os.write(report, b'%d\n' % number)


def killed(scenario: str, path: str, delay: float) -> int:
    """Let a child work for a time and return the number of its last finished step."""
    listen, report = os.pipe()
    child = os.fork()
    if not child:
        os.close(listen)
        try:
            work(scenario, path, report)
        finally:
            os._exit(1)
    os.close(report)
    os.read(listen, 1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    with os.fdopen(listen, 'rb') as stream:
        told = stream.read()
    os.waitpid(child, 0)
    steps = told[: told.rfind(b'\n') + 1].split()
    return int(steps[-1]) if steps else -1


def main() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        scenario, path, delay = line.rstrip('\n').split('\t')
        sys.stdout.write(f'{killed(scenario, path, float(delay))}\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main()
