"""How a lower floor reaches a higher one without importing it; knows names only.

A method such as ``page.aszarr`` belongs to an object of a lower floor, its work to a higher one.
The higher floor is named here by a text and imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ['face', 'faces', 'register_face']

_targets: dict[str, str] = {
    'sequence.imread': 'tiffschema.sequence:imread_sequence',
    'runtime.blocks': 'tiffschema.runtime.bytemap:loose_blocks',
    'runtime.handle': 'tiffschema.runtime.filehandle:target_handle',
    'zarr.store': 'tiffschema.integrations.zarr_store:open_store',
    'zarr.sequence': 'tiffschema.integrations.zarr_store:open_sequence',
    'dask.image': 'tiffschema.integrations.dask_:image_dask',
    'dask.sequence': 'tiffschema.integrations.dask_:sequence_dask',
    'xarray.page': 'tiffschema.integrations.xarray_:page_dataarray',
    'xarray.series': 'tiffschema.integrations.xarray_:series_dataarray',
    'xarray.sequence': 'tiffschema.integrations.xarray_:sequence_dataarray',
    'writer.overwrite': 'tiffschema.writer.edit:overwrite_tag',
    'writer.delete': 'tiffschema.writer.removal:delete_page',
    'writer.delete_pages': 'tiffschema.writer.removal:delete_pages',
}
_found: dict[str, Any] = {}


def register_face(name: str, target: str, /) -> None:
    """Name what stands behind a face.

    Parameters:
        name: Name of the face, ``'zarr.store'``.
        target: ``'package.module:attribute'``; imported when first asked for.

    Raises:
        ValueError: The target has another form.
    """
    module, found, attribute = target.partition(':')
    if not (module and found and attribute):
        raise ValueError(f"target {target!r} is not of the form 'package.module:attribute'")
    _targets[name] = target
    _found.pop(name, None)


def face(name: str, /) -> Any:
    """Return what stands behind a face.

    Raises:
        KeyError: No such face is registered; names the known ones.

    Example:
        >>> register_face('example.sqrt', 'math:sqrt')
        >>> face('example.sqrt')(9)
        3.0
    """
    found = _found.get(name)
    if found is None:
        target = _targets.get(name)
        if target is None:
            raise KeyError(f'no face {name!r}; known are {", ".join(sorted(_targets))}')
        module, _, attribute = target.partition(':')
        found = import_module(module)
        for part in attribute.split('.'):
            found = getattr(found, part)
        _found[name] = found
    return found


def faces() -> dict[str, str]:
    """Return the names of all faces and their targets."""
    return dict(_targets)
