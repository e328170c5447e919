"""OME-XML of the 2016-06 schema, for writing.

Knows the OME model and numbers of planes; neither files nor pixels. Element and attribute names
and their order are those of the schema (`ome.xsd`, 2016-06).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np

from tiffschema._version import __version__
from tiffschema.errors import OmeXmlError

from .omelayout import MODULO_TYPES, OmeLayout
from .text import escape

__all__ = ['NAMESPACE', 'PIXEL_TYPES', 'OmeXml']

NAMESPACE = 'http://www.openmicroscopy.org/Schemas/OME/2016-06'
MODULO_NAMESPACE = 'openmicroscopy.org/omero/dimension/modulo'
MODULO_SCHEMA = 'http://www.openmicroscopy.org/Schemas/Additions/2011-09'

PIXEL_TYPES: dict[str, str] = {
    'bool': 'bit',
    'int8': 'int8',
    'int16': 'int16',
    'int32': 'int32',
    'uint8': 'uint8',
    'uint16': 'uint16',
    'uint32': 'uint32',
    'float32': 'float',
    'float64': 'double',
    'complex64': 'complex',
    'complex128': 'double-complex',
}


_PIXELS = (
    'SignificantBits',
    'PhysicalSizeX',
    'PhysicalSizeXUnit',
    'PhysicalSizeY',
    'PhysicalSizeYUnit',
    'PhysicalSizeZ',
    'PhysicalSizeZUnit',
    'TimeIncrement',
    'TimeIncrementUnit',
)
_CHANNEL = (
    'Name',
    'AcquisitionMode',
    'Color',
    'ContrastMethod',
    'EmissionWavelength',
    'EmissionWavelengthUnit',
    'ExcitationWavelength',
    'ExcitationWavelengthUnit',
    'Fluor',
    'IlluminationType',
    'NDFilter',
    'PinholeSize',
    'PinholeSizeUnit',
    'PockelCellSetting',
)
_PLANE = (
    'DeltaT',
    'DeltaTUnit',
    'ExposureTime',
    'ExposureTimeUnit',
    'PositionX',
    'PositionXUnit',
    'PositionY',
    'PositionYUnit',
    'PositionZ',
    'PositionZUnit',
)
_EXPERIMENTER = (
    'FirstName',
    'MiddleName',
    'LastName',
    'Email',
    'Institution',
    'UserName',
)
_ANNOTATIONS = (
    'BooleanAnnotation',
    'LongAnnotation',
    'DoubleAnnotation',
    'CommentAnnotation',
    'MapAnnotation',
)
_ANNOTATIONS_ABSENT = (
    'FileAnnotation',
    'ListAnnotation',
    'TimestampAnnotation',
    'TagAnnotation',
    'TermAnnotation',
    'XMLAnnotation',
)
_ANNOTATION_KEYS = ('Namespace', 'Description', 'Annotator')


class OmeXml:
    """Builder of an OME-XML document; one image per call of `addimage`.

    Parameters:
        metadata: ``Creator`` and ``UUID`` of the document; ``Experimenter`` and ``Project`` as
            mapping or list of mappings.

    Example:
        >>> omexml = OmeXml(Creator='me', UUID='00000000-0000-0000-0000-000000000001')
        >>> omexml.addimage('uint16', (2, 5, 6), (2, 1, 1, 5, 6, 1), axes='CYX', Name='First')
        >>> 'SizeC="2"' in omexml.tostring()
        True
    """

    def __init__(self, **metadata: Any) -> None:
        self.images: list[str] = []
        self.annotations: list[str] = []
        self.datasets: list[str] = []
        self.experimenters: list[str] = []
        self.projects: list[str] = []
        self.ifd = 0
        """Index of the first directory of the next image in the main chain."""
        self.first_image = 0
        """Number of the first image added here, where others are in the document already."""
        self.first_annotation = 0
        """Number of the first annotation added here."""
        self._creator = str(metadata.get('Creator') or f'tiffschema {__version__}')
        uuid = metadata.get('UUID')
        self.uuid = '' if uuid is None else str(uuid).removeprefix('urn:uuid:')
        """Identifier of the document; empty for a random one."""
        self._dataset: _Dataset | None = None
        for item in _mappings(metadata.get('Experimenter')):
            self._add_experimenter(item)
        for item in _mappings(metadata.get('Project')):
            identifier = f'Project:{len(self.projects)}'
            name = _attributes(item, ('Name',))
            text = _element('Description', item.get('Description'))
            self.projects.append(f'<Project ID="{identifier}"{name}>{text}</Project>')

    def addimage(
        self,
        dtype: Any,
        shape: Sequence[int],
        storedshape: Sequence[int],
        *,
        axes: str | None = None,
        **metadata: Any,
    ) -> None:
        """Append an Image.

        Parameters:
            dtype: Type of the samples; one of the types OME knows.
            shape: Shape of the array.
            storedshape: Six numbers (frames, separate samples, depth, length, width, contiguous
                samples).
            axes: Letters of the axes of ``shape``; derived from ``DimensionOrder`` if not given.
            metadata: Attributes and elements of Image, Pixels, Channel and Plane; see the table of
                writing rules.

        Raises:
            OmeXmlError: The image does not fit the OME model.
            ValueError: Shape, stored shape and axes do not fit each other.
        """
        index = self.first_image + len(self.images)
        pixeltype = PIXEL_TYPES.get(np.dtype(dtype).name if dtype is not None else '')
        if pixeltype is None:
            raise OmeXmlError(f'data type {dtype!r} is not known to OME')
        if metadata.get('Type', pixeltype) not in (pixeltype, np.dtype(dtype).name):
            raise OmeXmlError(f'metadata Type {metadata["Type"]!r} is not that of the data')
        layout = OmeLayout.of(
            tuple(int(size) for size in shape),
            tuple(int(size) for size in storedshape)[:6],
            axes,
            metadata.get('DimensionOrder'),
        )
        for letter, size in layout.sizes.items():
            if int(metadata.get(f'Size{letter}', size)) != size:
                raise OmeXmlError(
                    f'metadata Size{letter} {metadata[f"Size{letter}"]} is not {size}'
                )
        references = self._annotations(metadata)
        if layout.modulo:
            references.insert(0, self._modulo(layout.modulo, metadata.get('TypeDescription') or {}))
        experimenter = metadata.get('Experimenter')
        owner = ''
        if isinstance(experimenter, Mapping):
            owner = f'<ExperimenterRef ID="{self._add_experimenter(experimenter)}"/>'
        date = _element('AcquisitionDate', metadata.get('AcquisitionDate'))
        description = _element('Description', metadata.get('Description'))
        name = _attribute('Name', metadata.get('Name', f'Image{index}'))
        refs = ''.join(f'<AnnotationRef ID="{ref}"/>' for ref in references)
        self.images.append(
            f'<Image ID="Image:{index}"{name}>{date}{owner}{description}'
            f'{_pixels(index, self.ifd, pixeltype, layout, metadata)}{refs}</Image>'
        )
        self.ifd += layout.frames
        self._refer(index, metadata)

    def tostring(self, *, declaration: bool = False) -> str:
        """Return the document.

        Parameters:
            declaration: Begin with the XML declaration, as files do.
        """
        if not self.uuid:
            self.uuid = str(uuid4())
        head = '<?xml version="1.0" encoding="UTF-8"?>' if declaration else ''
        if self._dataset is not None:
            self.datasets[-1] = self._dataset.text(len(self.datasets) - 1)
        structured = ''.join(self.annotations)
        if structured:
            structured = f'<StructuredAnnotations>{structured}</StructuredAnnotations>'
        body = ''.join(
            part
            for parts in (self.projects, self.datasets, self.experimenters, self.images)
            for part in parts
        )
        return (
            f'{head}<OME xmlns="{NAMESPACE}" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{NAMESPACE} {NAMESPACE}/ome.xsd" '
            f'UUID="urn:uuid:{self.uuid}"{_attribute("Creator", self._creator)}>'
            f'{body}{structured}</OME>'
        )

    @staticmethod
    def validate(
        omexml: str, /, omexsd: bytes | str | None = None, *, assert_: bool = True
    ) -> bool | None:
        """Check a document against the OME schema.

        Parameters:
            omexml: The document.
            omexsd: Text of the schema 2016-06; by default that of the package ``ome_types``, where
                it is installed.
            assert_: Raise instead of returning False.

        Returns:
            Whether the document is valid; None if lxml or the schema is not there.

        Raises:
            OmeXmlError: The document is not valid and ``assert_`` is true.
        """
        try:
            from lxml import etree
        except ImportError:
            return None
        if omexsd is None:
            omexsd = _installed_schema()
            if omexsd is None:
                return None
        if isinstance(omexsd, str):
            omexsd = omexsd.encode()
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        schema = etree.XMLSchema(etree.fromstring(omexsd, parser))
        try:
            document = etree.fromstring(omexml.encode(), parser)
        except etree.XMLSyntaxError as error:
            if assert_:
                raise OmeXmlError(f'not well-formed: {error}') from error
            return False
        if schema.validate(document):
            return True
        if assert_:
            raise OmeXmlError(f'not valid: {schema.error_log.last_error}')
        return False

    def _add_experimenter(self, item: Mapping[str, Any]) -> str:
        identifier = f'Experimenter:{len(self.experimenters)}'
        attributes = _attributes(item, _EXPERIMENTER)
        self.experimenters.append(f'<Experimenter ID="{identifier}"{attributes}></Experimenter>')
        return identifier

    def _annotations(self, metadata: Mapping[str, Any]) -> list[str]:
        references: list[str] = []
        sources: list[Mapping[str, Any]] = [metadata]
        structured = metadata.get('StructuredAnnotations')
        if isinstance(structured, Mapping):
            sources.insert(0, structured)
        for source in sources:
            for kind in _ANNOTATIONS:
                if kind in source:
                    references += self._annotate(kind, source[kind])
            for kind in _ANNOTATIONS_ABSENT:
                if kind in source:
                    warnings.warn(f'{kind} is not written to OME-XML', UserWarning, stacklevel=4)
        return references

    def _annotate(self, kind: str, value: Any) -> Iterable[str]:
        items = value if isinstance(value, (list, tuple)) else [value]
        for item in items:
            identifier = f'Annotation:{self.first_annotation + len(self.annotations)}'
            head = item if isinstance(item, Mapping) else {}
            attributes = _attributes(head, ('Namespace', 'Annotator'))
            description = _element('Description', head.get('Description'))
            self.annotations.append(
                f'<{kind} ID="{identifier}"{attributes}>{description}'
                f'<Value>{_annotation_value(kind, item)}</Value></{kind}>'
            )
            yield identifier

    def _modulo(self, modulo: Mapping[str, tuple[str, int]], described: Mapping[str, str]) -> str:
        identifier = f'Annotation:{self.first_annotation + len(self.annotations)}'
        parts = []
        for parent, (letter, size) in modulo.items():
            text = _attribute('TypeDescription', described.get(letter))
            parts.append(
                f'<ModuloAlong{parent} Type="{MODULO_TYPES[letter]}"{text} '
                f'Start="0" End="{size - 1}"/>'
            )
        self.annotations.append(
            f'<XMLAnnotation ID="{identifier}" Namespace="{MODULO_NAMESPACE}"><Value>'
            f'<Modulo namespace="{MODULO_SCHEMA}">{"".join(parts)}</Modulo></Value></XMLAnnotation>'
        )
        return identifier

    def _refer(self, index: int, metadata: Mapping[str, Any]) -> None:
        if 'Dataset' in metadata:
            dataset = metadata['Dataset']
            if dataset is None:
                return
            if self._dataset is not None:
                self.datasets[-1] = self._dataset.text(len(self.datasets) - 1)
            self._dataset = _Dataset(dataset, self._annotations(dataset))
            self.datasets.append('')
        if self._dataset is not None:
            self._dataset.images.append(f'Image:{index}')

    def __str__(self) -> str:
        return self.tostring()

    def __repr__(self) -> str:
        return f'<tiffschema.OmeXml of {len(self.images)} images>'


class _Dataset:
    """A set of images which grows until the next one begins."""

    def __init__(self, metadata: Mapping[str, Any], references: list[str]) -> None:
        self._name = _attributes(metadata, ('Name',))
        self._description = _element('Description', metadata.get('Description'))
        self._references = references
        self.images: list[str] = []

    def text(self, index: int) -> str:
        """Return the element."""
        images = ''.join(f'<ImageRef ID="{image}"/>' for image in self.images)
        refs = ''.join(f'<AnnotationRef ID="{ref}"/>' for ref in self._references)
        return (
            f'<Dataset ID="Dataset:{index}"{self._name}>{self._description}{images}{refs}</Dataset>'
        )


def _pixels(
    index: int, ifd: int, pixeltype: str, layout: OmeLayout, metadata: Mapping[str, Any]
) -> str:
    sizes = ''.join(f' Size{letter}="{size}"' for letter, size in layout.sizes.items())
    interleaved = ''
    if layout.interleaved is not None:
        interleaved = f' Interleaved="{"true" if layout.interleaved else "false"}"'
    attributes = _attributes(metadata, _PIXELS)
    channels = ''.join(
        f'<Channel ID="Channel:{index}:{number}" SamplesPerPixel="{layout.samples}"'
        f'{_indexed(metadata.get("Channel"), _CHANNEL, number, scalar=True)}><LightPath/></Channel>'
        for number in range(layout.channels)
    )
    planes = ''
    if metadata.get('Plane') is not None:
        shape = [layout.sizes[letter] for letter in layout.order[:1:-1]]
        shape[layout.order[:1:-1].index('C')] //= layout.samples
        for number in range(layout.frames):
            where = dict(zip(layout.order[:1:-1], np.unravel_index(number, shape), strict=True))
            planes += (
                f'<Plane TheC="{where["C"]}" TheZ="{where["Z"]}" TheT="{where["T"]}"'
                f'{_indexed(metadata["Plane"], _PLANE, number)}/>'
            )
    return (
        f'<Pixels ID="Pixels:{index}" DimensionOrder="{layout.order}" Type="{pixeltype}"'
        f'{sizes}{interleaved}{attributes}>{channels}'
        f'<TiffData IFD="{ifd}" PlaneCount="{layout.frames}"/>{planes}</Pixels>'
    )


def _indexed(metadata: Any, names: Sequence[str], index: int, *, scalar: bool = False) -> str:
    """Return attributes of the n-th channel or plane from lists of values or a list of mappings."""
    if metadata is None:
        return ''
    if not isinstance(metadata, Mapping):
        try:
            item = metadata[index]
        except TypeError:
            raise TypeError(
                f'metadata: {metadata!r:.40} is neither a mapping nor a list of attributes'
            ) from None
        except (IndexError, KeyError):
            raise ValueError(
                f'metadata: there is no item {index} in a list of attributes'
            ) from None
        return _attributes(item, names)
    parts = []
    for name in names:
        if name not in metadata:
            continue
        value = metadata[name]
        if isinstance(value, (list, tuple, np.ndarray)):
            try:
                value = value[index]
            except IndexError:
                raise IndexError(f'metadata {name!r}: there is no value {index}') from None
        elif not scalar or index > 0:
            raise TypeError(f'metadata {name!r}: {value!r} is not a list or tuple')
        parts.append(_attribute(name, value))
    return ''.join(parts)


def _annotation_value(kind: str, item: Any) -> str:
    if kind == 'MapAnnotation':
        if not isinstance(item, Mapping):
            raise ValueError(f'metadata {kind}: {item!r} is no mapping')
        values = item.get('Value')
        pairs = values if isinstance(values, Mapping) else item
        return ''.join(
            f'<M{_attribute("K", key)}>{escape(_text(value))}</M>'
            for key, value in pairs.items()
            if pairs is values or key not in _ANNOTATION_KEYS
        )
    value = item.get('Value') if isinstance(item, Mapping) else item
    if kind == 'BooleanAnnotation':
        return 'true' if value else 'false'
    if kind == 'LongAnnotation':
        return str(int(value))  # type: ignore[arg-type]
    return escape(_text(value))


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    return [value] if isinstance(value, Mapping) else list(value)


def _element(name: str, value: Any) -> str:
    return '' if value is None else f'<{name}>{escape(_text(value))}</{name}>'


def _attribute(name: str, value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, (float, np.floating)) and not np.isfinite(value):
        raise OmeXmlError(f'metadata {name!r}: {value} is no finite number')
    return f' {name}="{escape(_text(value), quotes=True)}"'


def _attributes(metadata: Mapping[str, Any], names: Sequence[str]) -> str:
    return ''.join(_attribute(name, metadata.get(name)) for name in names)


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return 'true' if value else 'false'
    text = str(value)
    if text.isprintable():
        return text
    # XML 1.0 has no way to write most control characters.
    return ''.join(c for c in text if c >= ' ' or c in '\t\n\r')


def _installed_schema() -> bytes | None:
    import importlib.resources
    import importlib.util

    if importlib.util.find_spec('ome_types') is None:
        return None
    found = importlib.resources.files('ome_types') / 'ome-2016-06.xsd'
    return found.read_bytes() if found.is_file() else None
