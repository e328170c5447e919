"""Accounts for every byte of a file: what claims it, what is claimed twice, what nothing claims.

Rule 1: a claim is a range with a kind and a path; this module knows no TIFF.
Rule 2: ranges claimed twice are explained where that is lawful (one value for two tags: `shared`; a
structure inside of a block: `window`); what remains is an overlap. Bytes that nothing claims are
padding if they are zeros or align what follows, else a gap. Of very many bytes that nothing claims
only so many are looked through; the others are said to be unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tiffschema.types import Buffer

__all__ = ['KINDS', 'ByteMap', 'Claim', 'Span', 'ZeroTest', 'account']

KINDS: Final = (
    'header', 'directory', 'entry', 'value', 'segment', 'block', 'field', 'padding', 'gap',
    'overlap', 'trailing',
)  # fmt: skip
"""What bytes can be; entries, inline values and fields are parts of the others."""

_HOLDERS: Final = frozenset({'value', 'block'})
_ALIGNMENTS: Final = (2, 4, 8, 16)
_CHUNK: Final = 1 << 20
_NOTHING: Final = bytes(_CHUNK)
_MOST_LOOKED_THROUGH: Final = 1 << 32
"""Bytes nothing claims that are looked through in all: a hole of terabytes costs no space."""


class Claim(NamedTuple):
    """A range of the file that a structure says is its own.

    Parameters:
        start: First byte.
        stop: Byte behind the last.
        kind: One of `KINDS`.
        path: What it is, ``pages[0].tag 270 ImageDescription``.
        note: What else there is to say.
        parts: Structures inside, none of which is a claim of its own.
    """

    start: int
    stop: int
    kind: str
    path: str
    note: str = ''
    parts: tuple[Claim, ...] = ()


class Span(NamedTuple):
    """One row of the map.

    Parameters:
        start: First byte.
        stop: Byte behind the last.
        kind: One of `KINDS`.
        path: What it is.
        note: ``shared with …``, ``window of …``, ``zeros``, …
        depth: 0, or 1 and more for parts of what stands above.
        explained: Whether it is known why the bytes are there.
    """

    start: int
    stop: int
    kind: str
    path: str
    note: str = ''
    depth: int = 0
    explained: bool = True

    @property
    def nbytes(self) -> int:
        """Number of bytes."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class ByteMap:
    """All bytes of a file in order.

    Parameters:
        size: Bytes of the file.
        spans: Rows in the order of the file; parts follow what holds them.
    """

    size: int
    spans: tuple[Span, ...]

    @property
    def unexplained(self) -> tuple[Span, ...]:
        """Gaps, overlaps and trailing bytes."""
        return tuple(span for span in self.spans if not span.explained)

    def totals(self) -> dict[str, int]:
        """Return bytes by kind; shared ranges count once, for the first that claims them."""
        found: Counter[str] = Counter()
        behind = 0
        for span in self.spans:
            if span.depth == 0 and span.kind != 'overlap':
                found[span.kind] += max(0, span.stop - max(span.start, behind))
                behind = max(behind, span.stop)
        return {kind: found[kind] for kind in KINDS if found[kind]}


def account(claims: Iterable[Claim], size: int, view: Callable[[int, int], Buffer]) -> ByteMap:
    """Return the map of a file from what claims its bytes.

    Parameters:
        claims: In any order; what lies outside of the file is cut off.
        size: Bytes of the file.
        view: Gives bytes by offset and size, to tell zeros from data.

    Example:
        >>> data = bytes(8) + b'abc' + bytes(5)
        >>> claims = [Claim(0, 8, 'header', 'header'), Claim(8, 11, 'value', 'a')]
        >>> [span[:3] for span in account(claims, 16, lambda at, n: data[at : at + n]).spans]
        [(0, 8, 'header'), (8, 11, 'value'), (11, 16, 'trailing')]
    """
    ordered = sorted(
        (claim for claim in claims if claim.start < min(claim.stop, size)),
        key=lambda claim: (claim.start, -claim.stop),
    )
    spans: list[Span] = []
    active: list[Claim] = []
    test = ZeroTest(view)
    behind = 0
    for claim in ordered:
        if claim.stop > size:
            claim = claim._replace(
                stop=size, note=_joined(claim.note, 'cut by the end of the file')
            )
        if claim.start > behind:
            spans.append(_hole(behind, claim.start, size, test))
        while active and active[-1].stop <= claim.start:
            active.pop()
        spans.extend(_placed(claim, active))
        # Whatever begins later and ends no sooner stands for those below it: stops only decrease,
        # so that each claim is looked at once, however many lie over each other.
        while active and active[-1].stop <= claim.stop:
            active.pop()
        active.append(claim)
        behind = max(behind, claim.stop)
    if behind < size:
        spans.append(_hole(behind, size, size, test))
    return ByteMap(size, tuple(spans))


def _joined(*notes: str) -> str:
    return '; '.join(note for note in notes if note)


def _placed(claim: Claim, active: list[Claim]) -> Iterator[Span]:
    """Yield the rows of a claim, given those that begin before it and reach into it.

    The longest of these comes first.
    """
    holder = next((one for one in reversed(active) if one.stop >= claim.stop), None)
    note, overlap = claim.note, None
    if holder is not None and (holder.start, holder.stop) == (claim.start, claim.stop):
        note = _joined(note, f'shared with {holder.path}')
    elif holder is not None and _may_hold(holder, claim):
        note = _joined(note, f'window of {holder.path}')
    elif active:
        other = holder or active[0]
        overlap = Span(
            claim.start, min(claim.stop, other.stop), 'overlap', f'{other.path} and {claim.path}',
            explained=False,
        )  # fmt: skip
    yield Span(claim.start, claim.stop, claim.kind, claim.path, note)
    yield from _parts(claim.parts, 1)
    if overlap is not None:
        yield overlap


def _may_hold(holder: Claim, claim: Claim) -> bool:
    """Return whether one structure may lie inside of another.

    Blocks and values may hold anything (maker notes hold directories); coded data may hold coded
    data (a preview that is one of the segments, all frames of a stack).
    """
    if holder.kind == 'segment':
        return claim.kind in ('segment', 'block')
    return holder.kind in _HOLDERS


def _parts(parts: tuple[Claim, ...], depth: int) -> Iterator[Span]:
    for part in parts:
        yield Span(part.start, part.stop, part.kind, part.path, part.note, depth)
        yield from _parts(part.parts, depth + 1)


class ZeroTest:
    """Tells whether bytes are all zero, as long as there are not too many to look through.

    Parameters:
        view: Gives bytes by offset and size.
    """

    def __init__(self, view: Callable[[int, int], Buffer]) -> None:
        self._view = view
        self._left = _MOST_LOOKED_THROUGH

    def __call__(self, start: int, stop: int) -> bool | None:
        """Return whether a range holds nothing but zeros, None where that was not looked at."""
        if stop - start > self._left:
            return None
        for at in range(start, stop, _CHUNK):
            size = min(_CHUNK, stop - at)
            self._left -= size
            if bytes(self._view(at, size)) != (_NOTHING if size == _CHUNK else bytes(size)):
                return False
        return True


def _hole(start: int, stop: int, size: int, test: ZeroTest) -> Span:
    """Return the row of bytes that nothing claims."""
    found = test(start, stop)
    zeros = found is True
    aligns = any(stop % step == 0 and stop - start < step for step in _ALIGNMENTS)
    kind = 'trailing' if stop == size else 'padding' if zeros or aligns else 'gap'
    note = 'zeros' if zeros else f'up to a multiple of {_step(start, stop)}' if aligns else ''
    if found is None:
        note = 'too many bytes to look through'
    path = {'trailing': 'behind the last structure', 'gap': 'nothing points here'}.get(kind, '')
    return Span(start, stop, kind, path, note, explained=zeros or aligns)


def _step(start: int, stop: int) -> int:
    return next(step for step in _ALIGNMENTS if stop % step == 0 and stop - start < step)
