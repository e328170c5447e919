"""The OME-XML of a file being written: one text for all series, known when the last one ends.

Knows plans and the OME builder; bytes go through `Output`.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from tiffschema.errors import OmeXmlError
from tiffschema.model.omexml import PIXEL_TYPES, OmeXml
from tiffschema.model.tagcodes import TagCode
from tiffschema.types import Buffer

from .append import TextEntry
from .metadata import with_frames
from .output import Output
from .plan import ImagePlan
from .series import SeriesWriter

__all__ = ['OmeFile']

ASCII = 2
SAMPLE = 4096
DOCUMENT = ('UUID', 'Creator', 'Project')


class OmeFile:
    """Collects the images of an OME-TIFF.

    The UUID, where the caller gives none, is derived from metadata, sizes and samples of the
    stored data: equal input makes equal files.

    Parameters:
        metadata: Items of the first `write` call; ``UUID``, ``Creator``, ``Project``,
            ``Experimenter`` lists belong to the document.
    """

    def __init__(self, metadata: Mapping[str, Any], *, existing: TextEntry | None = None) -> None:
        document = {key: metadata[key] for key in DOCUMENT if key in metadata}
        self._given = 'UUID' in document
        self._xml = OmeXml(**document)
        self._hash = hashlib.blake2b(digest_size=16)
        self._existing = existing
        self._entry_at = -1
        if existing is not None:
            self._entry_at = existing.entry_at
            self._xml.first_image = _next_number('Image', existing.text)
            self._xml.first_annotation = _next_number('Annotation', existing.text)

    def digest(self, data: Buffer) -> None:
        """Take note of stored bytes."""
        self._hash.update(len(data).to_bytes(8, 'little'))
        self._hash.update(bytes(memoryview(data)[:SAMPLE]))

    def check(self, plan: ImagePlan, metadata: Mapping[str, Any]) -> None:
        """Refuse what does not fit the OME model, before anything is written.

        Raises:
            OmeXmlError: The image does not fit.
            ValueError: Axes and shape do not fit each other.
        """
        if plan.empty:
            raise OmeXmlError('shape: arrays without elements do not fit the OME model')
        if plan.arguments.truncate:
            raise ValueError('truncate: OME-TIFF needs all directories')
        if plan.arguments.volumetric:
            raise ValueError('volumetric: OME-TIFF does not know volumes in one page')
        if plan.storage.newbyteorder('=').name not in PIXEL_TYPES:
            raise OmeXmlError(f'dtype: {plan.storage.name} is not known to OME')
        trial = OmeXml()
        trial.addimage(
            plan.storage.newbyteorder('='), plan.shape, plan.stored, **_image_metadata(metadata)
        )

    def add(
        self, plan: ImagePlan, metadata: Mapping[str, Any], calls: int, first_page: int
    ) -> None:
        """Add the image of a finished series, written by a number of calls.

        Parameters:
            plan: What its pages are like.
            metadata: Of the image.
            calls: How many arrays it has.
            first_page: Number of pages before it; some may belong to no image.
        """
        self._xml.ifd = first_page
        shape, stored = plan.shape, plan.stored
        items = _image_metadata(metadata)
        if calls > 1:
            shape = (calls, *shape)
            stored = with_frames(stored, stored.frames * calls)
            axes = items.get('axes')
            if axes is not None:
                free = [axis for axis in 'TZC' if axis not in axes.upper()]
                if not free:
                    raise OmeXmlError(f'contiguous: axes {axes} leave no axis for further arrays')
                items['axes'] = free[0] + axes
        self._xml.addimage(plan.storage.newbyteorder('='), shape, stored, **items)

    def place(self, writer: SeriesWriter) -> None:
        """Remember where the entry of the description lies."""
        index = writer.first.index(TagCode.ImageDescription, last=True)
        self._entry_at = writer.addresses[0] + writer.first.entry_at[index]

    def write(self, output: Output) -> None:
        """Write the text at the end of the file, then switch the entry to it."""
        if not self._xml.images or self._entry_at < 0:
            return
        if self._existing is not None:
            merged = merge_images(self._existing.text, self._xml)
            data = merged.encode('utf-8', 'surrogateescape') + b'\0'
        else:
            if not self._given:
                self._xml.uuid = 'x'
                self._hash.update(self._xml.tostring().encode())
                self._xml.uuid = str(uuid.UUID(bytes=self._hash.digest(), version=4))
            data = self._xml.tostring(declaration=True).encode() + b'\0'
        position = output.next_address()
        output.write(position, data)
        entry = output.codec.build_entry(TagCode.ImageDescription, ASCII, len(data), None, position)
        output.write(self._entry_at, entry)
        if self._existing is not None and self._existing.room > output.codec.inline:
            output.erase(self._existing.value_at, self._existing.room)


def merge_images(text: str, added: OmeXml) -> str:
    """Return a document with the images and annotations of another one added.

    Raises:
        OmeXmlError: The document names its elements with a prefix, or has no images.
    """
    at = text.rfind('</Image>')
    if at < 0 or not text.rstrip().endswith('</OME>'):
        raise OmeXmlError('append: the OME-XML has no images, or its elements have a prefix')
    at += len('</Image>')
    text = text[:at] + ''.join(added.images) + text[at:]
    annotations = ''.join(added.annotations)
    if annotations:
        end = text.rfind('</StructuredAnnotations>')
        if end < 0:
            annotations = f'<StructuredAnnotations>{annotations}</StructuredAnnotations>'
            end = at + len(''.join(added.images))
        text = text[:end] + annotations + text[end:]
    return text


def _next_number(kind: str, text: str) -> int:
    return max((int(n) + 1 for n in re.findall(rf'"{kind}:(\d+)"', text)), default=0)


def _image_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key not in DOCUMENT}
