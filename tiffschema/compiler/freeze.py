"""Compiled schemas as Python modules: made when the wheel is built, cached in a checkout.

Rule 1: a frozen module is the printed source and nothing else; the same schema gives the same bytes.
Rule 2: the cache of a checkout is a folder that only the user can write; its name comes from the
content of schema and compiler, never from input.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from types import CodeType

__all__ = ['freeze_all', 'frozen_code', 'module_name']

PACKAGE = 'tiffschema._frozen'
TARGETS = ('parse', 'build', 'trace')


def module_name(id: str, variant: str | None, target: str, order: str) -> str:
    """Return the name of a frozen module.

    Example:
        >>> module_name('tiff/ifd', 'big', 'parse', '<')
        'tiff__ifd__big__parse_le'
    """
    stem = re.sub(r'[^A-Za-z0-9_]', '__', id)
    middle = f'__{variant}' if variant else ''
    return f'{stem}{middle}__{target}_{"le" if order == "<" else "be"}'


def frozen_code(id: str, variant: str | None, target: str, order: str) -> CodeType | None:
    """Return the code of a frozen module, or None where it was not frozen."""
    try:
        spec = find_spec(f'{PACKAGE}.{module_name(id, variant, target, order)}')
    except ModuleNotFoundError:
        return None
    if spec is None or spec.loader is None:
        return None
    code: CodeType | None = spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
    return code


def freeze_all(out_dir: Path) -> list[Path]:
    """Write the modules of all shipped schemas.

    Parameters:
        out_dir: Folder that becomes the package `tiffschema._frozen`.

    Returns:
        The files, sorted.
    """
    from .library import schemas

    out_dir.mkdir(parents=True, exist_ok=True)
    written = [out_dir / '__init__.py']
    written[0].write_text('"""Compiled schemas. Made by freeze_all; not edited by hand."""\n')
    for id in schemas:
        schema = schemas[id]
        if not schema.raw.get('structs'):
            continue
        for variant in schema.variants:
            compiled = schema.compiled(variant)
            for target in TARGETS:
                for order in '<>':
                    path = out_dir / f'{module_name(id, variant, target, order)}.py'
                    path.write_text(compiled.text(target, order), encoding='utf-8')
                    written.append(path)
    return sorted(written)
