"""Type stubs: the record classes of a schema, for editors and type checkers.

Rule: a stub says what a parse gives; what a file may lack is ``| None``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tiffschema.compiler.ir import (
    ArrayType,
    BytesType,
    Field,
    NumberType,
    OneOfType,
    PStrType,
    RationalType,
    StructDef,
    StructType,
    Type,
    ZStrType,
)
from tiffschema.compiler.targets.describe import item_type, visible

if TYPE_CHECKING:
    from tiffschema.compiler.library import Schema

__all__ = ['class_name', 'to_stub']

_NUMPY = {
    'u8': 'uint8', 'u16': 'uint16', 'u32': 'uint32', 'u64': 'uint64', 's8': 'int8',
    's16': 'int16', 's32': 'int32', 's64': 'int64', 'f16': 'float16', 'f32': 'float32',
    'f64': 'float64',
}  # fmt: skip


def class_name(struct: str) -> str:
    """Return the class name of a struct.

    Example:
        >>> class_name('cz_lsminfo')
        'CzLsminfo'
    """
    return ''.join(part[:1].upper() + part[1:] for part in struct.split('_') if part)


def to_stub(schema: Schema, variant: str | None = None) -> str:
    """Return the text of a ``.pyi`` file that declares the records of a schema."""
    definition = visible(schema, variant)
    parts = [
        f'"""Records of the schema {definition.id}: generated, do not edit."""',
        'from datetime import datetime\nfrom typing import Any\n\nimport numpy as np\n'
        'from numpy.typing import NDArray\n\nfrom tiffschema.compiler.targets.record import Record',
    ]
    structs = definition.structs.values()
    fields = {field.name for struct in structs for field in struct.fields if not field.hidden}
    # In the body of a class a field hides the class of its name.
    hidden = sorted({class_name(struct.name) for struct in structs} & fields)
    for struct in structs:
        parts.append('\n'.join(_struct(struct, hidden)))
    parts += [f'_{name} = {name}' for name in hidden]
    return '\n\n'.join(parts) + '\n'


def _struct(struct: StructDef, hidden: Sequence[str]) -> Iterator[str]:
    yield f'class {class_name(struct.name)}(Record):'
    if struct.doc:
        yield f'    """{struct.doc.strip()}"""'
    shown = [field for field in struct.fields if not field.hidden]
    for field in shown:
        note = ' '.join(f'{field.unit} {field.doc}'.split())
        annotation = _annotation(field, bool(struct.extent))
        for name in hidden:
            annotation = re.sub(rf'\b{name}\b', f'_{name}', annotation)
        yield f'    {field.name}: {annotation}' + (f'  #: {note}' if note else '')
    if not shown:
        yield '    ...'


def _annotation(field: Field, extent: bool) -> str:
    text = _shown_type(field)
    absent = field.when is not None or field.fault == 'drop' or extent or bool(field.at)
    if text == 'Any' or not absent:
        return text
    return f'{text} | None'


def _shown_type(field: Field) -> str:
    if field.convert or field.switch is not None or field.each is not None or field.let is not None:
        return 'Any'
    if field.as_ == 'table':
        return 'NDArray[np.void]'
    if field.as_ == 'dict':
        return 'dict[Any, Any]'
    if field.time:
        return 'datetime'
    if field.flags:
        return 'frozenset[str | int]'
    if field.bits:
        return 'dict[str, int]'
    if isinstance(field.type, ArrayType):
        item = item_type(field.type)
        listed = field.enum or field.until is not None or field.as_ == 'list'
        if isinstance(item, NumberType) and not listed:
            return f'NDArray[np.{_NUMPY[item.name]}]'
        if isinstance(item, RationalType):
            return 'NDArray[Any]'
        return f'list[{_scalar(item, field)}]'
    return _scalar(field.type, field)


def _scalar(type_: Type | None, field: Field) -> str:
    match type_:
        case NumberType():
            if field.enum:
                return 'int'
            if field.as_ in ('bool', 'float'):
                return field.as_
            if field.as_ == 'hex':
                return 'str'
            return 'float' if type_.is_float or field.scale is not None else 'int'
        case RationalType():
            return 'float' if field.as_ == 'float' else 'tuple[int, int]'
        case BytesType(kind='bytes'):
            return 'bytes'
        case BytesType(kind='pad'):
            return 'None'
        case BytesType() | ZStrType() | PStrType():
            return 'str'
        case StructType(name=name):
            return class_name(name)
        case OneOfType(names=names):
            return ' | '.join(class_name(name) for name in names)
    return 'Any'
