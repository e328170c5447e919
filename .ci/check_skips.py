"""Fail where a test was skipped for a reason that is not in the committed list.

The list, `allowed-skips.txt`, holds a regular expression a line; a line may end in
`  # reason for the reader`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree


def main(report: str) -> int:
    """Compare the skips of a JUnit report with the list."""
    lines = (Path(__file__).parent / 'allowed-skips.txt').read_text(encoding='utf-8').splitlines()
    allowed = [re.compile(line.split('  #')[0]) for line in lines if line and line[0] != '#']
    unexpected = []
    for case in ElementTree.parse(report).iter('testcase'):
        for skip in case.iter('skipped'):
            if skip.get('type') == 'pytest.xfail':
                continue
            # A module that is skipped whole has its reason in the text.
            reason = f'{skip.get("message", "")} {skip.text or ""}'
            if not any(pattern.search(reason) for pattern in allowed):
                unexpected.append(f'{case.get("classname")}::{case.get("name")}: {reason}')
    print('\n'.join(unexpected) or 'skips: none outside the committed list')
    return 1 if unexpected else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
