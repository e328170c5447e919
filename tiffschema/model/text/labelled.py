"""Lines of names in capitals, each followed by a line of a label and a value; knows strings.

Source: parameters of Zeiss electron microscopes, seen in files.
"""

from __future__ import annotations

from collections.abc import Mapping

from tiffschema.errors import BuildError
from tiffschema.types import Faults

from .values import TextValue, auto

__all__ = ['dump_labelled', 'parse_labelled']

_TRUTH = {'Yes': True, 'On': True, 'No': False, 'Off': False}


def parse_labelled(text: str, faults: Faults | None = None) -> dict[str, TextValue]:
    """Return the values of a text by name.

    Parameters:
        text: Lines; a name in capitals is followed by a line ``label = value unit``.
        faults: Of no use here; any line is a value.

    Returns:
        Label, value, and unit if there is one; what stands before the first name is under ``''``.

    Example:
        >>> parse_labelled('0\\r\\nAP_WD\\r\\nWD = 5.2 mm\\r\\nDP_OUT\\r\\nOut : No')
        {'': (0,), 'ap_wd': ('WD', 5.2, 'mm'), 'dp_out': ('Out', False)}
    """
    found: dict[str, TextValue] = {}
    unnamed: list[TextValue] = []
    name = ''
    for line in text.splitlines():
        if line.isupper():
            name = line.lower()
        elif name:
            found[name] = _entry(line)
            name = ''
        else:
            unnamed.append(auto(line))
    return {'': tuple(unnamed), **found}


def _entry(line: str) -> tuple[TextValue, ...]:
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


def dump_labelled(values: Mapping[str, TextValue]) -> str:
    """Return the text of values, as `parse_labelled` gives them.

    Raises:
        BuildError: A name or value has no such text.

    Example:
        >>> values = {'': (0,), 'ap_wd': ('WD', 5.2, 'mm'), 'dp_out': ('Out', False)}
        >>> dump_labelled(values).splitlines()
        ['0', 'AP_WD', 'WD = 5.2 mm', 'DP_OUT', 'Out = No']
    """
    lines: list[str] = []
    for name, value in values.items():
        if not isinstance(value, tuple | list):
            raise BuildError(f'{value!r:.80} is no label with a value', name)
        if not name:
            lines = [*map(str, value), *lines]
            continue
        if not 2 <= len(value) <= 3:
            raise BuildError(f'{value!r:.80} is no label with a value', name)
        label, *rest = value
        shown = [('No', 'Yes')[one] if isinstance(one, bool) else str(one) for one in rest]
        lines += [name.upper(), f'{label} = {" ".join(shown)}']
    text = '\r\n'.join([*lines, ''])
    if parse_labelled(text) != {'': (), **values}:
        raise BuildError('values would be read otherwise')
    return text
