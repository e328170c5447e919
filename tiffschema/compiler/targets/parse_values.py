"""Value steps of the parser: from stored to shown, printed inline where that is simple."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plan import Map
from .printing import local

if TYPE_CHECKING:
    from .python_parse import _Parser

__all__ = ['emit_map']


def emit_map(printer: _Parser, op: Map) -> None:
    """Emit one value step."""
    name = local(op.name)
    path, where = printer.path(op.name), printer.where(op)
    match op.function:
        case 'pair':
            printer.emit(f'{name} = ({name}_n, {name}_d)')
        case 'float':
            printer.emit(f'{name} = {name}_n / {name}_d if {name}_d else NAN')
        case 'floats':
            printer.emit(f'{name} = divided({name})')
        case 'max':
            printer.emit(
                f'if {name} > {op.argument}: too_large({name}, {op.argument}, {path}, {where})'
            )
        case 'enum':
            printer.emit(f'{name} = enum_{op.argument}.get({name}, {name})')
        case 'flags':
            printer.emit(f'{name} = flags_of({name}, enum_{op.argument})')
        case 'bits':
            parts = [
                f'{label!r}: ({name} >> {low}) & {(1 << width) - 1}'
                for label, low, width in op.argument
            ]
            named = sum(((1 << width) - 1) << low for _, low, width in op.argument)
            parts.append(f"'_': {name} & ~{named}")
            printer.emit(f'{name} = {{{", ".join(parts)}}}')
        case 'scale':
            printer.emit(f'{name} = {name} * {op.argument!r}')
        case 'time':
            printer.emit(f'{name} = converted(time_{op.argument}, {name}, {path}, {where})')
        case 'convert':
            printer.emit(f'{name} = converted(convert_{op.argument}, {name}, {path}, {where})')
        case 'bool':
            printer.emit(f'{name} = {name} != 0')
        case 'hex':
            printer.emit(f'{name} = hex({name})')
        case 'list':
            printer.emit(f'{name} = {name}.tolist()')
        case 'dict':
            names = printer.module.constant('names', f'names_of({names_of(op)!r})')
            printer.emit(f'{name} = dict_of({name}, {op.argument!r}, {names})')
        case _:
            raise NotImplementedError(f'parse: {op.function}')


def names_of(op: Map) -> str:
    """Return the struct whose table gives names to the keys of a dict."""
    from ..typetext import struct_names

    return struct_names(op.field.type)[0]
