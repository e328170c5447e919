"""Adding to a file that exists: one more series, or more pages of its last one.

Knows directories and descriptions; reads no pixels.
Rule: what the file held stays readable at every moment. New bytes go behind the end, then one
pointer is written; descriptions are brought up to date last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tiffschema.errors import FormatError, LimitError
from tiffschema.model.directory import Directory, DirectoryCodec
from tiffschema.model.tagcodes import NdpiCode, TagCode
from tiffschema.types import Buffer

from .arguments import Kind
from .chain import directory_offsets, open_view, read_codec
from .claims import claims_of, lost_behind
from .output import Output
from .sink import Sink, SpoolSink, StreamSink, Target, open_sink

__all__ = [
    'AppendState',
    'TextEntry',
    'open_append',
    'replace_entry_text',
    'shaped_json',
    'text_entries',
]

ASCII = 2
FOREIGN = {
    TagCode.UIC1tag: 'stk',
    TagCode.UIC2tag: 'stk',
    TagCode.CZ_LSMINFO: 'lsm',
    TagCode.MM_Header: 'fluoview',
    TagCode.MM_Stamp: 'fluoview',
    TagCode.MicroManagerMetadata: 'micromanager',
    NdpiCode.FileFormat: 'ndpi',
}
"""Tags of formats whose own structures would not know of added pages."""

MAX_SLACK = 80

CHECKED_ENDS = 2
"""Directories at each end of a chain that are asked whether the file is whole."""

CHECKED_PAGES = 64
"""Files with more pages are not walked for what their bytes are used for."""


@dataclass(frozen=True, slots=True)
class TextEntry:
    """A description in the file.

    Fields:
        entry_at: Position of its entry.
        value_at: Position of its value.
        room: Bytes free there: the value and the zeros behind it.
        text: What it says.
        size: Bytes of the value.
    """

    entry_at: int
    value_at: int
    room: int
    text: str
    size: int


@dataclass(slots=True)
class AppendState:
    """What is known of a file to append to.

    Fields:
        sink, output: The file.
        kind: Flavour its first description shows, None if it shows none.
        offsets: Offsets of its directories.
        first: Its first directory.
        texts: Descriptions of its first directory.
        pointer, size: Position of the last pointer, which is 0; end of the file.
        fixed: What is written can no longer be taken back.
    """

    sink: Sink
    output: Output
    kind: Kind | None
    offsets: list[int]
    first: Directory | None = None
    texts: list[TextEntry] = field(default_factory=list)
    pointer: int = -1
    size: int = 0
    fixed: bool = False

    def take_back(self) -> None:
        """Let the file end as it did, after an append that failed half way."""
        if self.fixed or self.pointer < 0:
            return
        self.sink.write_at(self.pointer, self.output.word(0))
        self.sink.truncate(self.size)

    @property
    def pages(self) -> int:
        """Number of directories in the chain."""
        return len(self.offsets)

    def replace_text(self, entry: TextEntry, text: str) -> None:
        """Write another text into an entry of a description, and remember where it lies."""
        data = text.encode('utf-8', 'surrogateescape')
        room = self.room_of(entry)
        value_at, room = replace_entry_text(self.output, entry.entry_at, entry.value_at, room, data)
        written = TextEntry(entry.entry_at, value_at, room, text, len(data) + 1)
        self.texts = [written if known is entry else known for known in self.texts]

    def room_of(self, entry: TextEntry) -> int:
        """Return how many bytes at a description are its own, to write over and to zero.

        Other entries may share its value; zeros behind it may be pixels. Of files with many pages
        this is not asked: their texts move.
        """
        if len(self.offsets) > CHECKED_PAGES:
            return 0
        try:
            claims = claims_of(self.sink, self.output.codec)
        except LimitError:
            return 0
        start = entry.value_at
        for room in (entry.room, entry.size):
            if not claims.others(start, start + room, (entry.entry_at,)):
                return room
        return 0


def open_append(
    file: Target, *, force: bool, kind: Kind | None, durable: bool | None = None
) -> AppendState:
    """Open a file to append to.

    Parameters:
        file: Path or file object of a TIFF.
        force: Append also to formats whose structures will then be wrong.
        kind: Flavour the caller wants.
        durable: Wait for the disk when the file is closed.

    Raises:
        ValueError: The file is of a format that cannot be appended to, or not seekable.
        TiffFileError: The file is no TIFF, its chain of directories is damaged, or its end lost.
    """
    sink = open_sink(file, 'r+', durable=durable)
    if isinstance(sink, SpoolSink):
        raise ValueError('file: appending needs a file that can be read and changed in place')
    if isinstance(sink, StreamSink):
        sink.rebase(0)
    try:
        return _inspect(sink, force, kind)
    except BaseException:
        sink.abort()
        raise


def _inspect(sink: Sink, force: bool, kind: Kind | None) -> AppendState:
    view = open_view(sink)
    codec, start = read_codec(view)
    if codec.is_ndpi:
        raise ValueError('append: pages cannot be added to an NDPI file')
    offsets, pointer = directory_offsets(codec, view, start)
    output = Output(sink, codec, pointer)
    output.directories = len(offsets)
    state = AppendState(sink, output, None, offsets, pointer=pointer, size=sink.size)
    if not offsets:
        return state
    state.first = codec.parse(view, 0, offsets[0])
    _check_whole(sink, codec, offsets)
    state.texts = text_entries(view, state.first)
    foreign = next((FOREIGN[c] for c in state.first.codes if c in FOREIGN), None)
    if foreign is not None and not force:
        raise ValueError(f"append: the file is of kind {foreign}; pass append='force' to add to it")
    state.kind = _kind(state.texts)
    # A description in the first page makes the kind; it cannot be another's, nor come later.
    described = {state.kind, kind} & {'ome', 'imagej'}
    if described and kind not in (None, 'generic', state.kind) and not force:
        raise ValueError(
            f'kind: the file to append to is of kind {state.kind or "generic"}, not {kind}'
        )
    return state


def _check_whole(sink: Sink, codec: DirectoryCodec, offsets: list[int]) -> None:
    """Refuse a file whose end is lost: pages would take what is added for their own.

    A cut takes the data of the page that was written last, or of those whose directories lie in
    front; a chain may be long, and is not walked for each page that is added.

    Raises:
        TruncatedError: Values or pixels are missing.
    """
    asked = dict.fromkeys(offsets[:CHECKED_ENDS] + offsets[-CHECKED_ENDS:])
    if (claims_of(sink, codec, list(asked)).stops > sink.size).any():
        raise lost_behind(sink.size)


def text_entries(view: Buffer, directory: Directory) -> list[TextEntry]:
    """Return the descriptions of a directory.

    Raises:
        FormatError: A description leaves the file.
    """
    texts = []
    for position in directory.positions(TagCode.ImageDescription):
        at = directory.value_at(position)
        size = directory.value_nbytes(position)
        raw = bytes(view[at : at + size])
        if len(raw) < size:
            raise FormatError(
                'a description leaves the file', f'tag {TagCode.ImageDescription}', at
            )
        room = size + _slack(view, directory, position)
        text = raw.rstrip(b'\0').decode('utf-8', 'surrogateescape')
        texts.append(TextEntry(directory.entry_at(position), at, room, text, size))
    return texts


def _slack(view: Buffer, directory: Directory, position: int) -> int:
    """Return the zeros kept free behind a value: a small gap before the directory's next value."""
    if directory.is_inline(position):
        return 0
    stop = directory.value_at(position) + directory.value_nbytes(position)
    others = [directory.value_at(i) for i in range(len(directory)) if not directory.is_inline(i)]
    following = min((at for at in others if at >= stop), default=stop)
    gap = following - stop
    if gap > MAX_SLACK or any(bytes(view[stop:following])):
        return 0
    return gap


def _kind(texts: list[TextEntry]) -> Kind | None:
    for entry in texts:
        text = entry.text
        if text.rstrip().endswith('OME>'):
            return 'ome'
        if text.startswith('ImageJ='):
            return 'imagej'
        if text.startswith('{') and '"shape":' in text:
            return 'shaped'
    return None


def replace_entry_text(
    output: Output, entry_at: int, value_at: int, room: int, data: bytes
) -> tuple[int, int]:
    """Replace the value of an ASCII entry, in place where it fits; a value left behind is zeroed.

    Parameters:
        output: The file.
        entry_at: Position of the entry.
        value_at: Position of its value.
        room: Bytes free at that position.
        data: New text; a NUL is added.

    Returns:
        Position of the value, and bytes free there.
    """
    if not data.endswith(b'\0'):
        data += b'\0'
    codec = output.codec
    if len(data) <= codec.inline:
        output.write(entry_at, codec.build_entry(TagCode.ImageDescription, ASCII, len(data), data))
        return value_at, room
    if len(data) <= room and room > codec.inline:
        entry = codec.build_entry(TagCode.ImageDescription, ASCII, len(data), None, value_at)
        if output.holds(entry_at, entry):
            output.write(value_at, data)
            return value_at, room
        # Text ends with its first NUL: with all the room counted, old and new text are whole.
        output.write(
            entry_at, codec.build_entry(TagCode.ImageDescription, ASCII, room, None, value_at)
        )
        output.write(value_at, data + bytes(room - len(data)))
        output.write(entry_at, entry)
        return value_at, room
    moved_to = output.next_address()
    output.write(moved_to, data)
    output.write(
        entry_at, codec.build_entry(TagCode.ImageDescription, ASCII, len(data), None, moved_to)
    )
    if room > codec.inline:
        output.erase(value_at, room)
    return moved_to, len(data)


def shaped_json(text: str) -> Mapping[str, Any] | None:
    """Return the items of a shaped description, None if it is none."""
    if not text.startswith('{') or len(text) > 1 << 24:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get('shape'), list) else None
