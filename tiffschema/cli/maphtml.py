"""The byte map as a page of HTML that needs nothing else: a strip of the file, and its rows.

Rule: names and notes come from files, so every text is escaped, and the page runs no script.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from tiffschema.runtime.coverage import ByteMap, Span

__all__ = ['page']

_COLOURS: Final = {
    'header': '#4c566a',
    'directory': '#5e81ac',
    'entry': '#81a1c1',
    'value': '#a3be8c',
    'segment': '#d8a657',
    'block': '#b48ead',
    'field': '#d5c4e0',
    'padding': '#d8dee9',
    'gap': '#bf616a',
    'overlap': '#ff0000',
    'trailing': '#8f3f71',
    'rest': '#cccccc',
}
_BLOCKS: Final = 2000

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse } td, th { padding: 1px 10px; text-align: left }
td.n, th.n { text-align: right } td.n { font-variant-numeric: tabular-nums }
tr.bad { background: #fbe3e4 } .d1 td.k { padding-left: 2em } .d2 td.k { padding-left: 4em }
.strip { display: flex; height: 40px; margin: 1em 0; border: 1px solid #888 }
.strip i { display: block; min-width: 1px }
.key i, td.k i { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em }
tr:hover { background: #eef } .strip i:hover { outline: 2px solid #222 }
"""


def page(name: str, found: ByteMap) -> str:
    """Return the page.

    Parameters:
        name: Of the file.
        found: Its map.
    """
    title = escape(name)
    unexplained = sum(span.nbytes for span in found.unexplained)
    return '\n'.join([
        '<!DOCTYPE html>',
        '<html lang="en"><head><meta charset="utf-8">',
        f'<title>{title}</title><style>{_STYLE}{"".join(_rules())}</style></head><body>',
        f'<h1>{title}</h1><p>{found.size} bytes, {unexplained} unexplained</p>',
        f'<div class="strip">{"".join(_strip(found))}</div>',
        f'<p class="key">{"".join(_key(found))}</p>',
        '<table><tr><th class="n">start</th><th class="n">bytes</th>'
        '<th>kind</th><th>what</th><th>note</th></tr>',
        *map(_row, found.spans),
        '</table></body></html>',
        '',
    ])  # fmt: skip


def _rules() -> Iterator[str]:
    for kind, colour in _COLOURS.items():
        yield f'.c-{kind} {{ background: {colour} }}\n'


def _strip(found: ByteMap) -> Iterator[str]:
    """Yield coloured blocks, as wide as their share of the file; equal neighbours are one."""
    blocks: list[tuple[int, int, str, str]] = []
    behind = 0
    for span in found.spans:
        start, stop = max(span.start, behind), span.stop
        if span.depth or span.kind == 'overlap' or stop <= start:
            continue
        behind = stop
        if blocks and (blocks[-1][2] == span.kind or len(blocks) >= _BLOCKS):
            first, _, kind, path = blocks[-1]
            blocks[-1] = (
                first,
                stop,
                kind if kind == span.kind else 'rest',
                f'{path.split(" …")[0]} …',
            )
        else:
            blocks.append((start, stop, span.kind, span.path))
    for start, stop, kind, path in blocks:
        label = escape(f'{start}–{stop} {kind} {path}', quote=True)
        yield f'<i class="c-{kind}" style="flex-grow:{stop - start}" title="{label}"></i>'


def _key(found: ByteMap) -> Iterator[str]:
    for kind, nbytes in found.totals().items():
        yield f'<i class="c-{kind}"></i> {kind} {nbytes} &nbsp; '


def _row(span: Span) -> str:
    classes = f'd{min(span.depth, 2)}' + ('' if span.explained else ' bad')
    return (
        f'<tr class="{classes}"><td class="n">{span.start}</td><td class="n">{span.nbytes}</td>'
        f'<td class="k"><i class="c-{span.kind}"></i>{span.kind}</td><td>{escape(span.path)}</td>'
        f'<td>{escape(span.note)}</td></tr>'
    )
