"""Zeiss electron microscopes: lines of names in capitals, each followed by a line of a value.

Knows the text of tag 34118.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiffschema.model.text.values import auto

__all__ = ['dump_sem', 'metadata', 'parse_sem']

_CZ_SEM = 34118
_TRUTH = {'Yes': True, 'On': True, 'No': False, 'Off': False}


def metadata(tif: Any) -> dict[str, tuple[Any, ...]] | None:
    """Return the values of a file's first page by name; see `parse_sem`."""
    value = tif.pages.first.tags.valueof(_CZ_SEM)
    if isinstance(value, bytes):
        value = value.decode('cp1252', 'replace')
    return parse_sem(value) if isinstance(value, str) else None


def parse_sem(text: str) -> dict[str, tuple[Any, ...]]:
    """Return the values of a text by name.

    Parameters:
        text: Lines; a name in capitals is followed by a line ``label = value unit``.

    Returns:
        Label, value, and unit if there is one; what stands before the first name is under ``''``.

    Example:
        >>> parse_sem('0\\r\\nAP_WD\\r\\nWD = 5.2 mm\\r\\nDP_OUT\\r\\nOut : No')
        {'': (0,), 'ap_wd': ('WD', 5.2, 'mm'), 'dp_out': ('Out', False)}
    """
    found: dict[str, tuple[Any, ...]] = {'': ()}
    unnamed: list[Any] = []
    name = ''
    for line in text.splitlines():
        if line.isupper():
            name = line.lower()
        elif name:
            label, value, *unit = _entry(line)
            found[name] = (label, value, *unit)
            name = ''
        else:
            unnamed.append(auto(line))
    return {'': tuple(unnamed), **{key: value for key, value in found.items() if key}}


def _entry(line: str) -> tuple[Any, ...]:
    """Return label, value and perhaps the unit of a line."""
    label, mark, rest = line.partition('=')
    if not mark:
        label, mark, rest = line.partition(':')
    label, rest = label.strip(), rest.strip()
    if rest in _TRUTH:
        return label, _TRUTH[rest]
    words = rest.split()
    number = auto(words[0]) if words else ''
    if isinstance(number, int | float) and not isinstance(number, bool):
        if len(words) == 1:
            return label, number
        if len(words) == 2:
            return label, number, words[1]
    return label, rest


def dump_sem(values: Mapping[str, Sequence[Any]]) -> str:
    """Return the text of values, as `parse_sem` gives them.

    Example:
        >>> dump_sem({'': (0,), 'ap_wd': ('WD', 5.2, 'mm'), 'dp_out': ('Out', False)}).splitlines()
        ['0', 'AP_WD', 'WD = 5.2 mm', 'DP_OUT', 'Out = No']
    """
    lines = [str(value) for value in values.get('', ())]
    for name, (label, *rest) in values.items():
        if name:
            shown = [('No', 'Yes')[one] if isinstance(one, bool) else one for one in rest]
            lines += [name.upper(), f'{label} = {" ".join(map(str, shown))}']
    return '\r\n'.join([*lines, ''])
