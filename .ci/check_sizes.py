"""Fail where a hand-written Python file or function has outgrown the head.

Frozen modules are generated and exempt; so are tests and benchmarks, which are lists of cases.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

FILE_LINES = 600
FUNCTION_LINES = 80


def oversized(path: Path) -> list[str]:
    """Say what in one file is too long."""
    text = path.read_text(encoding='utf-8')
    found = []
    lines = text.count('\n')
    if lines > FILE_LINES:
        found.append(f'{path}: {lines} lines, {FILE_LINES} are enough')
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(f'{path}:{node.lineno}: {node.name} has {length} lines')
    return found


def main() -> int:
    """Check all Python files that git tracks."""
    names = subprocess.run(
        ['git', 'ls-files', '*.py'], capture_output=True, text=True, check=True
    ).stdout.split()
    paths = [Path(name) for name in names if not name.startswith(('tests/', 'benchmarks/'))]
    found = [message for path in paths if path.is_file() for message in oversized(path)]
    print('\n'.join(found) or 'sizes: all files and functions fit')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
