"""The errors of the library, sorted by whose fault they are.

Rule 1: a wrong declaration is a `SchemaError`, wrong values a `BuildError`, wrong bytes a
`TiffFileError`, and what is right but beyond us an `UnsupportedError`.
Rule 2: bad *data* never raises anything else; bad *arguments* raise the plain `TypeError`,
`ValueError` or `IndexError` that Python users expect.
Rule 3: an error about bytes says where: the path of the field and the offset in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = [
    'BuildError',
    'FormatError',
    'LimitError',
    'OmeXmlError',
    'SchemaError',
    'TiffFileError',
    'TiffSchemaError',
    'TruncatedError',
    'UnsupportedError',
    'logger',
]


class TiffSchemaError(Exception):
    """Base of every error that this library defines."""

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, self.__dict__)


class SchemaError(TiffSchemaError):
    """A declaration is wrong.

    Parameters:
        message: What is wrong, and what would be right.
        file: Name of the schema file or text.
        line: One-based line in it, 0 if unknown.
        field: Dotted path of the declaration, such as ``structs.block.fields.count``.

    Example:
        >>> print(SchemaError('no such type u13', file='acme.yaml', line=7))
        acme.yaml:7: no such type u13
    """

    def __init__(self, message: str, *, file: str = '', line: int = 0, field: str = '') -> None:
        self.message = message
        self.file = file
        self.line = line
        self.field = field
        place = f'{file}:{line}' if line else file
        super().__init__(': '.join(part for part in (place, field, message) if part))


class BuildError(TiffSchemaError, ValueError):
    """Values cannot be written as the schema says.

    Parameters:
        message: What is wrong.
        path: Dotted path of the field, such as ``vendor/olympus_sis.sis.blocks[1].general``.

    Example:
        >>> print(BuildError('needs 2 values', 'acme.stage.travel'))
        acme.stage.travel: needs 2 values
    """

    def __init__(self, message: str, path: str = '') -> None:
        self.message = message
        self.path = path
        super().__init__(f'{path}: {message}' if path else message)


class TiffFileError(TiffSchemaError, ValueError):
    """The data of a file is wrong."""


class FormatError(TiffFileError):
    """Bytes do not have the declared form.

    Parameters:
        message: What was found and what was expected.
        path: Dotted path of the field.
        offset: Where in the file (or buffer) the field lies, -1 if unknown.

    Example:
        >>> print(FormatError('no byte order', 'header.order', 0))
        header.order @0: no byte order
    """

    def __init__(self, message: str, path: str = '', offset: int = -1) -> None:
        self.message = message
        self.path = path
        self.offset = offset
        place = f'{path} @{offset}' if offset >= 0 else path
        super().__init__(f'{place.strip()}: {message}' if place else message)


class TruncatedError(FormatError):
    """The data ends before the structure does."""


class LimitError(FormatError):
    """The data asks for more than `Limits` allow."""


class UnsupportedError(TiffSchemaError, ValueError):
    """The file is valid, but a feature or a codec to read or write it is absent; names it."""


class OmeXmlError(TiffSchemaError):
    """An image does not fit the OME model."""


def logger() -> logging.Logger:
    """Return the logger of the library; silent until a user adds a handler.

    Most files have no fault to tell of, so the machinery is imported when the first one is met.
    """
    import logging

    found = logging.getLogger('tiffschema')
    if not found.handlers:
        found.addHandler(logging.NullHandler())
    return found


def _restore(
    kind: type[TiffSchemaError], args: tuple[object, ...], state: dict[str, object]
) -> TiffSchemaError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
