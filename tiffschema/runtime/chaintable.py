"""All directories of a chain as columns: offsets and sizes of 20,000 pages in milliseconds.

Knows entries, not pages. Directories with equal codes form a group; a column is one entry of all
directories of a group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, LimitError, TruncatedError
from tiffschema.model.fieldtypes import FIELD_TYPES
from tiffschema.values import value

if TYPE_CHECKING:
    from .chain import Chain

__all__ = ['ChainTable', 'Group']

_SHORT = 3
_BLOCK = 1 << 12


@value
class Group:
    """Directories with the same codes in the same order.

    Parameters:
        pages: Indices of the pages, ascending, of shape ``(n,)``.
        codes: Codes of the tags.
        entries: Structured array of all entries, of shape ``(n, tags)``.
        high: Bits 32 to 63 of the values (NDPI), of the same shape, or None.
    """

    pages: NDArray[np.int64]
    codes: tuple[int, ...]
    entries: NDArray[np.void]
    high: NDArray[np.uint32] | None = None


class ChainTable:
    """Columns of the directories of a chain.

    Parameters:
        chain: The chain; it is walked to its end.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.codec = chain.directories.codec
        self.offsets = chain.offsets
        self.groups = tuple(self._groups(chain.counts))

    def __len__(self) -> int:
        return len(self.offsets)

    def _groups(self, counts: NDArray[np.int64]) -> Iterator[Group]:
        # Most chains have directories of one length; sorting to find that out takes longest.
        equal = bool((counts == counts[:1]).all())
        for count in (counts[:1] if equal else np.unique(counts)).tolist():
            pages = np.flatnonzero(counts == count)
            if count == 0:
                yield Group(pages, (), np.empty((len(pages), 0), self.codec.entry_dtype))
                continue
            entries, high = self._entries(self.offsets[pages], count)
            codes = np.ascontiguousarray(entries['code'])
            while len(pages):
                same = codes == codes[0]
                if same.all():
                    yield Group(pages, tuple(codes[0].tolist()), entries, high)
                    break
                alike = same.all(axis=1)
                yield Group(
                    pages[alike],
                    tuple(codes[0].tolist()),
                    entries[alike],
                    None if high is None else high[alike],
                )
                rest = ~alike
                pages, entries, codes = pages[rest], entries[rest], codes[rest]
                high = None if high is None else high[rest]

    def _entries(
        self, offsets: NDArray[np.int64], count: int
    ) -> tuple[NDArray[np.void], NDArray[np.uint32] | None]:
        kind = np.dtype((self.codec.entry_dtype, (count,)))
        entries = np.asarray(self.take(offsets + self.codec.count_nbytes, kind))
        if not self.codec.is_ndpi:
            return entries, None
        high_at = offsets + self.codec.directory_nbytes(count) - 4 * count
        return entries, np.asarray(self.take(high_at, np.dtype(('<u4', (count,)))))

    def take(self, offsets: NDArray[np.int64], kind: np.dtype[Any]) -> NDArray[Any]:
        """Return items of a type from many places of the file, of shape ``(n, *kind.shape)``.

        Raises:
            TruncatedError: An item does not lie in the file.
        """
        return self.chain.directories.take(offsets, kind, self.chain.path)

    # Columns

    def numbers(self, code: int, default: int = 0) -> NDArray[np.int64]:
        """Return the first value of an integer tag on each page, int64 of shape ``(pages,)``.

        Parameters:
            code: Code of the tag.
            default: Where the tag is absent or holds no integers.
        """
        column = np.full(len(self), default, np.int64)
        for group in self.groups:
            if code in group.codes:
                values, counts = self._column(group, code, 1)
                good = counts > 0
                if good.any():
                    column[group.pages[good]] = values[good, 0]
        return column

    def arrays(self, code: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the values of an integer tag on each page.

        Parameters:
            code: Code of the tag.

        Returns:
            Values, int64 of shape ``(pages, most values of a page)``, zeros behind the values of a
            page; and numbers of values, of shape ``(pages,)``.

        Raises:
            TruncatedError: Values do not lie in the file.
            LimitError: They are more than the limits allow.
        """
        found = [
            (group.pages, *self._column(group, code))
            for group in self.groups
            if code in group.codes
        ]
        if len(found) == 1 and len(found[0][0]) == len(self):
            return found[0][1:]
        most = max((values.shape[1] for _, values, _ in found), default=0)
        limit = self.chain.directories.limits.items
        if most * len(self) > limit:
            raise LimitError(f'{most} x {len(self)} values, {limit} are allowed', f'tag {code}')
        columns = np.zeros((len(self), most), np.int64)
        lengths = np.zeros(len(self), np.int64)
        for pages, values, counts in found:
            columns[pages, : values.shape[1]] = values
            lengths[pages] = counts
        return columns, lengths

    def identities(self, code: int) -> NDArray[np.intp]:
        """Return a number for each page that pages with equal values of an integer tag share.

        Parameters:
            code: Code of the tag; pages without it have -1.

        Raises:
            TruncatedError: Values do not lie in the file.
            LimitError: They are more than the limits allow.
        """
        found = np.full(len(self), -1, np.intp)
        known: dict[bytes, int] = {}
        for group in self.groups:
            if code not in group.codes:
                continue
            values, counts = self._column(group, code)
            # As bytes: rows of numbers are compared column by column.
            rows = np.concatenate([counts[:, None], values], axis=1)
            whole = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).reshape(-1)
            _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
            keys = [rows[index, : 1 + counts[index]].tobytes() for index in first]
            numbers = np.array([known.setdefault(key, len(known)) for key in keys], np.intp)
            found[group.pages] = numbers[inverse.reshape(-1)]
        return found

    def alike(self, codes: tuple[int, ...], index: int = 0) -> NDArray[np.bool_]:
        """Return which pages have the same values of integer tags as one of them.

        Parameters:
            codes: Codes to compare; absent tags are equal to absent ones.
            index: The page to compare with.
        """
        same = np.ones(len(self), bool)
        for code in codes:
            present = np.zeros(len(self), bool)
            for group in self.groups:
                present[group.pages] = code in group.codes
            same &= present == present[index]
            if present[index]:
                values, counts = self.arrays(code)
                same &= (counts == counts[index]) & (values == values[index]).all(axis=1)
        return same

    def is_alike(self, codes: tuple[int, ...]) -> bool:
        """Return whether all directories have the same entries of some codes.

        Quicker than their values; False where it takes more than entries to tell.
        """
        first: NDArray[np.uint8] | None = None
        sizes = self.codec.sizes
        for group in self.groups:
            places = [group.codes.index(code) for code in codes if code in group.codes]
            if group.high is not None or not places or not len(group.pages):
                return False
            entries = np.ascontiguousarray(group.entries[:, places])
            rows = entries.view(np.uint8).reshape(len(entries), -1)
            if first is None:
                for kind, count in zip(entries[0]['type'], entries[0]['count'], strict=True):
                    if sizes.get(int(kind), 0) * int(count) > self.codec.inline:
                        return False
                first = rows[0]
            if rows.shape[1] != len(first) or not (rows == first).all():
                return False
        return first is not None

    def _column(
        self, group: Group, code: int, most: int = -1
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return values and counts of a tag in a group, no more than `most` values a page."""
        position = group.codes.index(code)
        entries = group.entries[:, position]
        limit = self.chain.directories.limits.items
        # Counts of 64 bits may be beyond int64; all beyond the limit are one.
        beyond = np.uint64(limit + 1)
        types, stored = entries['type'], np.minimum(entries['count'].astype(np.uint64), beyond)
        alike = bool(len(types) and (types == types[0]).all() and (stored == stored[0]).all())
        if alike:
            counts = np.full(len(types), int(stored[0]), np.int64)
        else:
            counts = stored.astype(np.int64)
        if most >= 0:
            counts = np.minimum(counts, most)
        width = int(counts.max(initial=0))
        if width * len(counts) > limit:
            raise LimitError(f'{width} x {len(counts)} values, {limit} are allowed', f'tag {code}')
        if alike and width and _is_whole(int(types[0])):
            every = slice(None)
            kind, count = int(types[0]), int(stored[0])
            return self._values(group, position, every, kind, count, width), counts
        values = np.zeros((len(counts), width), np.int64)
        for kind in np.unique(types).tolist():
            chosen = types == kind
            if not _is_whole(kind):
                counts = np.where(chosen, 0, counts)
                continue
            for count in np.unique(stored[chosen]).tolist():
                rows = np.flatnonzero(chosen & (stored == count))
                take = count if most < 0 else min(count, most)
                if take:
                    values[rows, :take] = self._values(group, position, rows, kind, count, take)
        return values, counts

    def _values(
        self,
        group: Group,
        position: int,
        rows: NDArray[np.intp] | slice,
        kind: int,
        count: int,
        take: int,
    ) -> NDArray[np.int64]:
        """Return values of equal type and count."""
        field = FIELD_TYPES[kind]
        codec = self.codec
        entries = group.entries[rows, position]
        dtype = np.dtype(field.numpy).newbyteorder(codec.byteorder)
        if field.size * count <= codec.inline:
            inner = np.dtype(
                {'names': ['v'], 'formats': [(dtype, (take,))], 'itemsize': codec.inline}
            )
            column = np.ascontiguousarray(entries['value']).view(inner)['v']
            return column.reshape(len(entries), take).astype(np.int64)
        offsets = np.ascontiguousarray(entries['value']).view(
            np.dtype(f'{codec.byteorder}u{codec.word_nbytes}')
        )
        offsets = offsets.reshape(-1).astype(np.int64)
        if group.high is not None:
            offsets |= group.high[rows, position].astype(np.int64) << 32
        try:
            found = self.take(offsets, np.dtype((dtype, (take,))))
        except TruncatedError as error:
            raise FormatError(error.message, f'tag {group.codes[position]}') from None
        return found.reshape(len(entries), take).astype(np.int64)


def _is_whole(kind: int) -> bool:
    """Return whether values of a field type are whole numbers."""
    field = FIELD_TYPES.get(kind)
    return field is not None and field.kind != 'pair' and field.numpy[0] in 'ui'
