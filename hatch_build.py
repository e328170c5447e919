"""Build hook: the wheel ships compiled schemas, so that nothing parses YAML when files are read.

Knows where generated modules go in a wheel; what they hold is the compiler's business.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGET = 'tiffschema/_frozen'


class FreezeHook(BuildHookInterface[Any]):
    """Freezes the schemas into the wheel; an editable install compiles on first use instead."""

    PLUGIN_NAME = 'custom'

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the modules to a temporary folder and have them taken into the wheel."""
        if self.target_name != 'wheel' or version == 'editable':
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        try:
            from tiffschema.compiler.freeze import freeze_all
            from tiffschema.model.catalog import freeze as freeze_catalog
        finally:
            sys.path.remove(str(root))
        self.folder = Path(tempfile.mkdtemp(prefix='tiffschema-frozen-'))
        for path in (*freeze_all(self.folder), *freeze_catalog(self.folder)):
            build_data['force_include'][str(path)] = f'{TARGET}/{path.name}'

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if hasattr(self, 'folder'):
            shutil.rmtree(self.folder)
