"""What was wrong with a file: recorded, logged once, or raised.

Rule: a fault is a value. Whoever meets one records it here and goes on; with ``strict`` it is
raised in its place. Nothing is dropped without one.
"""

from __future__ import annotations

import threading

from tiffschema.errors import FormatError, logger

__all__ = ['FaultLog']


class FaultLog(list[FormatError]):
    """Faults of one file in the order in which they were met; each is kept once.

    Parameters:
        name: Name of the file, for the log.
        strict: Whether to raise faults instead of recording them.

    Example:
        >>> log = FaultLog('a.tif')
        >>> log.append(FormatError('odd', 'tag 270', 8))
        >>> log.append(FormatError('odd', 'tag 270', 8))
        >>> [str(fault) for fault in log]
        ['tag 270 @8: odd']
    """

    def __init__(self, name: str = '', *, strict: bool = False) -> None:
        super().__init__()
        self.name = name
        self.strict = strict
        self._seen: set[str] = set()
        self._mutex = threading.Lock()

    def append(self, fault: FormatError, /) -> None:
        """Record a fault, or raise it where the file is read strictly.

        Raises:
            FormatError: The file is read strictly.
        """
        if self.strict:
            raise fault
        key = str(fault)
        with self._mutex:
            if key in self._seen:
                return
            self._seen.add(key)
            super().append(fault)
        logger().warning('%s: %s', self.name, key)

    def add(self, message: str, path: str, offset: int = -1) -> None:
        """Record a fault by its message, path and offset."""
        self.append(FormatError(message, path, offset))
