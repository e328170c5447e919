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
}
_BLOCKS: Final = 2000

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse } td, th { padding: 1px 10px; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums }
tr.bad { background: #fbe3e4 } .d1 td.k { padding-left: 2em } .d2 td.k { padding-left: 4em }
.strip { display: flex; height: 40px; margin: 1em 0; border: 1px solid #888 }
.strip i { display: block; min-width: 1px }
.key i { display: inline-block; width: 1em; height: 1em }
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
        '<table><tr><th>start</th><th>bytes</th><th>kind</th><th>what</th><th>note</th></tr>',
        *map(_row, found.spans),
        '</table></body></html>',
        '',
    ])  # fmt: skip


def _rules() -> Iterator[str]:
    for kind, colour in _COLOURS.items():
        yield f'.c-{kind} {{ background: {colour} }}\n'


def _strip(found: ByteMap) -> Iterator[str]:
    """Yield coloured blocks, as wide as their share of the file."""
    top = [span for span in found.spans if not span.depth and span.kind != 'overlap']
    behind = 0
    shown = 0
    for span in top:
        nbytes = span.stop - max(span.start, behind)
        behind = max(behind, span.stop)
        if nbytes <= 0 or shown >= _BLOCKS:
            continue
        shown += 1
        label = escape(f'{span.start}–{span.stop} {span.kind} {span.path}', quote=True)
        yield f'<i class="c-{span.kind}" style="flex-grow:{nbytes}" title="{label}"></i>'


def _key(found: ByteMap) -> Iterator[str]:
    for kind, nbytes in found.totals().items():
        yield f'<i class="c-{kind}"></i> {kind} {nbytes} &nbsp; '


def _row(span: Span) -> str:
    classes = f'd{min(span.depth, 2)}' + ('' if span.explained else ' bad')
    return (
        f'<tr class="{classes}"><td class="n">{span.start}</td><td class="n">{span.nbytes}</td>'
        f'<td class="k">{span.kind}</td><td>{escape(span.path)}</td>'
        f'<td>{escape(span.note)}</td></tr>'
    )
