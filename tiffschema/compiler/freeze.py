"""Compiled schemas as Python modules: made when the wheel is built, cached in a checkout.

Rule 1: a frozen module is printed source and literals; the same schema gives the same bytes.
Rule 2: the cache of a checkout is a folder that only the user can write; names in it come from the
content of schemas and compiler, never from input. What cannot be cached is compiled, silently.
"""

from __future__ import annotations

import marshal
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from .library import Schema

__all__ = ['FrozenSchema', 'freeze_all', 'frozen', 'kept', 'module_name']

PACKAGE = 'tiffschema._frozen'
TARGETS = ('parse', 'build', 'trace')


class FrozenSchema:
    """A schema that was compiled before.

    Parameters:
        facts: What `RunningVariant` needs, by variant (an empty name where there are none).
        code: Returns a module's code for a variant, target and byte order.
    """

    def __init__(self, facts: Mapping[str, Any], code: Any) -> None:
        self.facts = facts
        self.code = code


def module_name(id: str, variant: str | None, target: str, order: str) -> str:
    """Return the name of a frozen module.

    Example:
        >>> module_name('tiff/ifd', 'big', 'parse', '<')
        'tiff__ifd__big__parse_le'
    """
    middle = f'__{variant}' if variant else ''
    return f'{_stem(id)}{middle}__{target}_{"le" if order == "<" else "be"}'


def frozen(id: str, file: str) -> FrozenSchema | None:
    """Return the compiled form of a shipped schema, or None where there is none yet.

    Parameters:
        id: Id of the schema.
        file: Its YAML file, whose content a cached form must match.
    """
    code = _packaged(f'{_stem(id)}__facts')
    if code is not None:
        return FrozenSchema(
            _executed(code)['FACTS'], lambda v, t, o: _packaged(module_name(id, v, t, o))
        )
    cached = _cached(id, file)
    if cached is None:
        return None
    return FrozenSchema(cached['facts'], lambda v, t, o: cached['code'][v or '', t, o])


@cache
def _spec() -> ModuleSpec | None:
    """Return where the modules of the wheel are."""
    return PathFinder.find_spec(PACKAGE, sys.modules['tiffschema'].__path__)


def _is_packaged() -> bool:
    return _spec() is not None


def _packaged(name: str) -> CodeType | None:
    """Return the code of a module of the wheel."""
    package = _spec()
    if package is None:
        return None
    spec = PathFinder.find_spec(f'{PACKAGE}.{name}', package.submodule_search_locations)
    if spec is None or spec.loader is None:
        return None
    code: CodeType | None = spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
    return code


def _executed(code: CodeType) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(code, space)
    return space


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
    for id in schemas.shipped():
        schema = schemas[id]
        if not schema.raw.get('structs'):
            continue
        facts = {}
        for variant in schema.variants:
            compiled = schema.compiled(variant)
            facts[variant or ''] = compiled.facts()
            for target in TARGETS:
                for order in '<>':
                    path = out_dir / f'{module_name(id, variant, target, order)}.py'
                    path.write_text(compiled.text(target, order), encoding='utf-8')
                    written.append(path)
        path = out_dir / f'{_stem(id)}__facts.py'
        path.write_text(
            f'"""What running {id} needs. Not edited by hand."""\n\nFACTS = {facts!r}\n'
        )
        written.append(path)
    return sorted(written)


def store(schema: Schema) -> None:
    """Keep the compiled form of a shipped schema of a checkout."""
    folder = _folder()
    if folder is None or _is_packaged():
        return
    code, facts = {}, {}
    for variant in schema.variants:
        compiled = schema.compiled(variant)
        facts[variant or ''] = compiled.facts()
        for target in TARGETS:
            for order in '<>':
                name = f'<tiffschema {schema.id} {variant or ""} {target} {order}>'
                code[variant or '', target, order] = compile(
                    compiled.text(target, order), name, 'exec'
                )
    entry = {
        'uses': {used.id: used.digest for used in schema.used_schemas()},
        'facts': facts,
        'code': code,
    }
    # Under the text that was compiled, not under what the file may hold by now.
    _write(folder / f'{_stem(schema.id)}-{schema.digest}', entry)


def kept(name: str, key: str, make: Callable[[], Any]) -> Any:
    """Return plain data, from the cache of a checkout where it was made before.

    Parameters:
        name: What it is; a word of the caller's code, never of input.
        key: Digest of all that the data is made from.
        make: Makes the data; what `marshal` cannot keep is made each time.
    """
    folder = _folder()
    if folder is None:
        return make()
    path = folder / f'{name}-{key}'
    try:
        return marshal.loads(path.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        data = make()
        _write(path, data)
        return data


def _write(path: Path, data: Any) -> None:
    """Keep data under a name, whole or not at all."""
    temporary = path.with_suffix(f'.{os.getpid()}')
    try:
        temporary.write_bytes(marshal.dumps(data))
        temporary.replace(path)
    except (OSError, ValueError):
        temporary.unlink(missing_ok=True)


def _cached(id: str, file: str) -> dict[str, Any] | None:
    """Return what the cache has of a schema that is unchanged, as is what it uses."""
    folder = _folder()
    if folder is None:
        return None
    from pathlib import Path

    path = Path(file)
    try:
        name = f'{_stem(id)}-{digest(path.read_bytes())}'
        entry: dict[str, Any] = marshal.loads((folder / name).read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    root = path.parents[id.count('/')]
    for used, known in entry['uses'].items():
        path = root / f'{used}.yaml'
        if not path.is_file() or digest(path.read_bytes()) != known:
            return None
    return entry


@cache
def _folder() -> Path | None:
    """Return the cache folder, private to the user, or None where there can be none."""
    from pathlib import Path

    base = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    folder = Path(base) / 'tiffschema' / f'{sys.implementation.cache_tag}-{_compiler()}'
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in (folder, folder.parent):
            state = part.stat()
            if hasattr(os, 'getuid') and (state.st_uid != os.getuid() or state.st_mode & 0o022):
                return None
    except (OSError, RuntimeError):
        return None
    return folder


def digest(data: bytes) -> str:
    """Return what stands for contents in names of the cache."""
    import hashlib

    return hashlib.sha256(data).hexdigest()[:24]


def _compiler() -> str:
    """Return a digest of the compiler itself."""
    import hashlib
    from pathlib import Path

    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob('*.py')):
        total.update(path.read_bytes())
    return total.hexdigest()[:24]


def _stem(id: str) -> str:
    return re.sub(r'[^A-Za-z0-9_]', '__', id)
