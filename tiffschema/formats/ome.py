"""OME-TIFF: images of OME-XML as series; planes may be in other files of a set.

Knows the OME model and pages. Name spaces are ignored: names of elements differ little between
schemas from 2003 to 2016, and attributes that changed their names are looked for under both.
Source: OME-TIFF specification; OME schema 2016-06; OME 6D, 7D and 8D storage.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import FormatError, LimitError, TiffFileError
from tiffschema.model.text.xml import parse_element
from tiffschema.runtime.series import TiffPageSeries

from .framesets import frames_of, levels_of, sibling_bytes

__all__ = ['metadata', 'series']

_MODULO_LETTERS: Mapping[str, str] = {
    'angle': 'A',
    'phase': 'P',
    'tile': 'R',
    'lifetime': 'H',
    'lambda': 'E',
    'other': 'Q',
}
_MICROMETRES: Mapping[str, float] = {
    'm': 1e6,
    'dm': 1e5,
    'cm': 1e4,
    'mm': 1e3,
    '\u00b5m': 1.0,
    '\u03bcm': 1.0,
    'um': 1.0,
    'nm': 1e-3,
    '\u00c5': 1e-4,
    'pm': 1e-6,
    'km': 1e9,
    'in': 25400.0,
    'ft': 304800.0,
}
_SECONDS: Mapping[str, float] = {
    's': 1.0,
    'ms': 1e-3,
    '\u00b5s': 1e-6,
    '\u03bcs': 1e-6,
    'us': 1e-6,
    'ns': 1e-9,
    'ps': 1e-12,
    'min': 60.0,
    'h': 3600.0,
    'd': 86400.0,
}


def metadata(tif: Any) -> str | None:
    """Return the OME-XML of a file: that which its reader was given, or its description."""
    if tif.omexml is not None:
        return str(tif.omexml)
    description: str = tif.pages.first.description
    return description


def series(tif: Any) -> list[TiffPageSeries]:
    """Return one series for each image that has planes; none if the file is no master file.

    Raises:
        FormatError: The text is no well-formed XML.
    """
    text = tif.ome_metadata
    if not text:
        return []
    root = parse_element(text, limits=tif.limits)
    files = _FileSet(tif, root.attrib.get('UUID'))
    elsewhere = next(_children(root, 'BinaryOnly'), None)
    if elsewhere is not None:
        master = _master(tif, elsewhere.attrib.get('MetadataFile', ''))
        if master is None:
            return []
        root = master
    if not tif.multifile and _references_others(root, files):
        return []
    modulo = _annotations(root)
    found = []
    for number, image in enumerate(_children(root, 'Image')):
        path = f'series.ome.Image[{number}]'
        try:
            made = _Image(tif, files, image, path, modulo).series()
        except LimitError:
            raise
        except FormatError as error:
            tif.faults.append(error)
            continue
        if made is not None:
            found.append(made)
    return found


def _master(tif: Any, name: str) -> Element | None:
    """Return the OME-XML of the file that has the metadata of a set, None if it is not here.

    Raises:
        FormatError: Its text is no well-formed XML.
    """
    path = 'series.ome.BinaryOnly'
    if not name or '/' in name or '\\' in name or not tif.multifile:
        return None
    try:
        if name.lower().endswith('.ome'):
            text = sibling_bytes(tif, name).decode('utf-8', 'replace')
        else:
            text = tif.companion(name).ome_metadata or ''
    except (OSError, TiffFileError) as error:
        tif.faults.add(f'metadata file {name!r} cannot be read: {error}', path)
        return None
    root = parse_element(text, limits=tif.limits)
    if next(_children(root, 'BinaryOnly'), None) is not None:
        tif.faults.add(f'metadata file {name!r} has none either', path)
        return None
    return root


def _local(element: Element) -> str:
    return str(element.tag).rpartition('}')[2]


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if _local(child) == name)


def _references_others(root: Element, files: _FileSet) -> bool:
    return any(_local(element) == 'UUID' and not files.is_own(element) for element in root.iter())


class _FileSet:
    """The files that the UUIDs of an OME-XML name, opened when their planes are counted.

    Parameters:
        tif: The file that holds the XML.
        uuid: That of the file.
    """

    def __init__(self, tif: Any, uuid: str | None) -> None:
        self.tif = tif
        self.uuid = (uuid or '').strip()
        self.files: list[Any] = [tif]
        self._numbers: dict[str, int] = {}

    def is_own(self, element: Element) -> bool:
        """Return whether an element ``UUID`` names the file itself."""
        uuid, name = (element.text or '').strip(), element.attrib.get('FileName', '')
        if self.uuid and uuid == self.uuid:
            return True
        if not name:
            return not uuid or not self.uuid
        return name.lower() == str(self.tif.filename).lower()

    def number(self, element: Element) -> int:
        """Return the index of the file that an element ``UUID`` names, -1 if it is not there."""
        if self.is_own(element):
            return 0
        key = (element.text or '').strip() or element.attrib.get('FileName', '')
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = self._open(element.attrib.get('FileName', ''))
        return found

    def _open(self, name: str) -> int:
        path = 'series.ome.UUID'
        if not name:
            self.tif.faults.add('a UUID is that of another file, whose name is not given', path)
            return -1
        relative = os.path.normpath(name.replace('\\', '/'))
        if os.path.isabs(relative) or relative.startswith('..'):
            self.tif.faults.add(f'file {name!r} lies outside the folder of this one', path)
            return -1
        try:
            other = self.tif.companion(relative)
        except (OSError, ValueError, TiffFileError) as error:
            self.tif.faults.add(f'file {name!r} of the set cannot be read: {error}', path)
            return -1
        if not other.pages:
            return -1
        self.files.append(other)
        return len(self.files) - 1


class _Image:
    """One element ``Image`` with what is needed of it.

    Parameters:
        tif: The file.
        files: Files of the set.
        element: The image.
        path: For messages.
        modulo: Axes that annotations split, by the annotation's ID.
    """

    def __init__(
        self,
        tif: Any,
        files: _FileSet,
        element: Element,
        path: str,
        modulo: Mapping[str, Mapping[str, tuple[str, int]]],
    ) -> None:
        self.tif = tif
        self.files = files
        self.name = element.attrib.get('Name', '')
        self.path = path
        self.pixels = next(_children(element, 'Pixels'), None)
        self.modulo: dict[str, tuple[str, int]] = {}
        for reference in _children(element, 'AnnotationRef'):
            self.modulo.update(modulo.get(reference.attrib.get('ID', ''), {}))

    def series(self) -> TiffPageSeries | None:
        """Return the series, None if the image has no planes in TIFF files.

        Raises:
            FormatError: What the XML says is impossible or does not fit the pages.
        """
        if self.pixels is None:
            return None
        attributes = self.pixels.attrib
        order = attributes.get('DimensionOrder', '')
        if sorted(order) != list('CTXYZ') or order[:2] not in ('XY', 'YX'):
            raise FormatError(f'DimensionOrder {order!r}', self.path)
        axes = order[::-1]
        sizes = {axis: _whole(attributes, f'Size{axis}', self.path) for axis in axes}
        samples = self._samples()
        sizes['C'] = max(1, sizes['C'] // samples)
        leading = tuple(sizes[axis] for axis in axes[:-2])
        numbers, indices = self._frames(axes[:-2], leading, samples)
        if not (numbers >= 0).any():
            self.tif.faults.add('no plane of the image is there', self.path)
            return None
        pages = frames_of(self.files.files, numbers, indices)
        first = pages[int(np.argmax(numbers >= 0))]
        missing = int((numbers < 0).sum())
        if missing:
            self.tif.faults.add(f'{missing} of {len(numbers)} planes are missing', self.path)
        shape, axes = self._shape(axes, sizes, samples, first)
        made = self._make(pages, shape, axes, first)
        made.levels += levels_of(pages, lambda children, child: self._level(made, children, child))
        return made

    def _samples(self) -> int:
        """Return the samples per pixel, which all channels must share."""
        assert self.pixels is not None
        counts = {
            _whole(channel.attrib, 'SamplesPerPixel', self.path, 1)
            for channel in _children(self.pixels, 'Channel')
        }
        if len(counts) > 1:
            raise FormatError('channels of differing SamplesPerPixel', self.path)
        return counts.pop() if counts else 1

    def _frames(
        self, axes: str, leading: tuple[int, ...], samples: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return for each plane which file holds it, and the index of the page there."""
        assert self.pixels is not None
        count = math.prod(leading)
        if count > self.tif.limits.items:
            raise LimitError(f'{count} planes, {self.tif.limits.items} are allowed', self.path)
        numbers = np.full(count, -1, np.intp)
        indices = np.zeros(count, np.intp)
        listed = list(_children(self.pixels, 'TiffData'))
        if not listed and not any(
            _local(child) in ('BinData', 'MetadataOnly') for child in self.pixels
        ):
            listed = [Element('TiffData')]
        for data in listed:
            attributes = data.attrib
            uuid = next(_children(data, 'UUID'), None)
            number = 0 if uuid is None else self.files.number(uuid)
            first = _whole(attributes, 'IFD', self.path, 0, least=0)
            place = self._place(attributes, axes, leading, samples)
            if place is None:
                continue
            known = 'PlaneCount' if 'PlaneCount' in attributes else 'NumPlanes'
            if number < 0:
                continue
            there = len(self.files.files[number].pages)
            wanted = _whole(
                attributes, known, self.path, 1 if 'IFD' in attributes else there, least=0
            )
            stop = min(wanted, count - place)
            if known in attributes and wanted > stop:
                self.tif.faults.add(
                    f'{wanted} planes from plane {place} on are too many', self.path
                )
            if first + stop > there:
                if known in attributes or 'IFD' in attributes:
                    self.tif.faults.add(
                        f'page {first + stop - 1} is named, there are {there}', self.path
                    )
                stop = max(0, there - first)
            numbers[place : place + stop] = number
            indices[place : place + stop] = np.arange(first, first + stop)
        return numbers, indices

    def _place(
        self, attributes: Mapping[str, str], axes: str, leading: tuple[int, ...], samples: int
    ) -> int | None:
        """Return the index of the first plane of a ``TiffData``, None if it is outside."""
        place = 0
        for axis, size in zip(axes, leading, strict=True):
            index = _whole(attributes, f'First{axis}', self.path, 0, least=0)
            if axis == 'C' and index >= size:
                # Channels may be counted by samples.
                index //= samples
            if index >= size:
                self.tif.faults.add(f'First{axis} {index} is not below {size}', self.path)
                return None
            place = place * size + index
        return place

    def _shape(
        self, axes: str, sizes: Mapping[str, int], samples: int, page: Any
    ) -> tuple[tuple[int, ...], str]:
        """Return shape and axes with samples and split axes."""
        shape = [sizes[axis] for axis in axes]
        letters = list(axes)
        if samples > 1:
            at = len(letters) if page.planarconfig == 1 else len(letters) - 2
            letters.insert(at, 'S')
            shape.insert(at, samples)
        if 'S' not in letters:
            letters.append('S')
            shape.append(1)
        stored = tuple(size for size in page.shape if size != 1)
        tail = shape[len(shape) - 3 :]
        if letters[-1] == 'S' and samples == 1:
            tail = shape[-3:-1]
        if tuple(size for size in tail if size != 1) != stored:
            raise FormatError(f'pages of shape {page.shape} where {tuple(tail)} is due', self.path)
        for parent, (letter, size) in self.modulo.items():
            if parent not in letters:
                continue
            at = letters.index(parent)
            if shape[at] == size:
                letters[at] = letter
            elif size and shape[at] % size == 0:
                shape[at : at + 1] = [shape[at] // size, size]
                letters[at : at + 1] = [parent, letter]
            else:
                self.tif.faults.add(
                    f'{size} along {parent} do not divide its {shape[at]}', self.path
                )
        return tuple(shape), ''.join(letters)

    def _make(
        self, pages: Sequence[Any], shape: tuple[int, ...], axes: str, first: Any
    ) -> TiffPageSeries:
        coords, units = self._coordinates(dict(zip(axes, shape, strict=True)))
        return TiffPageSeries(
            pages,
            shape,
            first.dtype,
            axes,
            coords=coords,
            units=units,
            parent=self.tif,
            name=self.name,
            kind='ome',
            multifile=len(self.files.files) > 1,
            source='OME-XML Pixels',
        )

    def _level(self, base: TiffPageSeries, children: Sequence[Any], child: Any) -> TiffPageSeries:
        full = base.get_shape(False)
        axes = base.get_axes(False)
        new = {'X': child.imagewidth, 'Y': child.imagelength}
        shape = tuple(new.get(axis, size) for axis, size in zip(axes, full, strict=True))
        coords = {}
        for axis, value in base._coords.items():
            if axis in new and isinstance(value, tuple) and new[axis]:
                # Levels cover the same area with fewer pixels.
                value = (value[0], value[1] * full[axes.index(axis)] / new[axis])
            coords[axis] = value
        return TiffPageSeries(
            children,
            shape,
            child.dtype,
            axes,
            coords=coords,
            units=base._units,
            parent=self.tif,
            name=self.name,
            kind='ome',
            multifile=base.is_multifile,
            source=base.source,
        )

    def _coordinates(self, sizes: Mapping[str, int]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return coordinates of axes, lengths in micrometres and times in seconds."""
        assert self.pixels is not None
        attributes = self.pixels.attrib
        coords: dict[str, Any] = {}
        units: dict[str, str] = {}
        for axis in 'XYZ':
            step = self._number(attributes, f'PhysicalSize{axis}')
            factor = _MICROMETRES.get(attributes.get(f'PhysicalSize{axis}Unit', 'um'))
            if step and factor and axis in sizes:
                coords[axis], units[axis] = (0.0, step * factor), 'micrometer'
        if sizes.get('T', 1) > 1:
            times = self._times(sizes['T'])
            step = self._number(attributes, 'TimeIncrement')
            factor = _SECONDS.get(attributes.get('TimeIncrementUnit', 's'))
            if times is not None:
                coords['T'], units['T'] = times, 'second'
            elif step and factor:
                coords['T'], units['T'] = (0.0, step * factor), 'second'
        if sizes.get('C', 1) > 1:
            channels = list(_children(self.pixels, 'Channel'))
            if len(channels) == sizes['C']:
                labels = _channel_labels([channel.attrib for channel in channels])
                if labels is not None:
                    coords['C'] = labels
        return coords, units

    def _number(self, attributes: Mapping[str, str], name: str) -> float | None:
        """Return a number, None where it is not said; what is said and is none is recorded."""
        value = _real(attributes, name)
        if value is None and name in attributes:
            self.tif.faults.add(f'{name} {attributes[name]!r:.40} is no number', self.path)
        return value

    def _times(self, count: int) -> NDArray[np.float64] | None:
        """Return when each time point was taken, None if that is not said of all."""
        assert self.pixels is not None
        times: dict[int, float] = {}
        for plane in _children(self.pixels, 'Plane'):
            time = self._number(plane.attrib, 'DeltaT')
            factor = _SECONDS.get(plane.attrib.get('DeltaTUnit', 's'))
            if time is not None and factor is not None:
                index = _whole(plane.attrib, 'TheT', self.path, 0, least=0)
                times.setdefault(index, time * factor)
        if any(index not in times for index in range(count)):
            return None
        return np.asarray([times[index] for index in range(count)])


def _channel_labels(channels: Sequence[Mapping[str, str]]) -> NDArray[Any] | None:
    """Return what tells channels apart: wavelengths of emission or excitation, or names."""
    for key in ('EmissionWavelength', 'ExcitationWavelength'):
        values = [_real(channel, key) for channel in channels]
        if None not in values and len(set(values)) == len(values):
            return np.asarray(values, np.float64)
    names = [channel.get('Name') or channel.get('ID') or '' for channel in channels]
    return np.asarray(names) if any(names) else None


def _whole(
    attributes: Mapping[str, str], name: str, path: str, default: int = -1, *, least: int = 1
) -> int:
    """Return an attribute as a whole number.

    Raises:
        FormatError: It is none, too small, or absent without default.
    """
    text = attributes.get(name)
    if text is None:
        if default >= 0:
            return default
        raise FormatError(f'{name} is missing', path)
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not least <= value < 1 << 31:
        raise FormatError(f'{name} is {text[:40]!r}', path)
    return value


def _real(attributes: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(attributes.get(name, ''))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _annotations(root: Element) -> dict[str, dict[str, tuple[str, int]]]:
    """Return for each annotation of split axes the letter and size by parent axis."""
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for annotation in root.iter():
        if _local(annotation) != 'XMLAnnotation':
            continue
        for element in annotation.iter():
            name = _local(element)
            if name.startswith('ModuloAlong') and name[11:] in ('Z', 'T', 'C'):
                letter = _MODULO_LETTERS.get(element.attrib.get('Type', 'other').lower(), 'Q')
                split = found.setdefault(annotation.attrib.get('ID', ''), {})
                split[name[11:]] = (letter, _modulo_size(element))
    return found


def _modulo_size(element: Element) -> int:
    labels = sum(1 for _ in _children(element, 'Label'))
    if labels:
        return labels
    begin, end = _real(element.attrib, 'Start'), _real(element.attrib, 'End')
    step = _real(element.attrib, 'Step') or 1.0
    if begin is None or end is None or not 0 <= (end - begin) / step < 1 << 31:
        return 0
    return int((end - begin) / step + 1e-9) + 1
