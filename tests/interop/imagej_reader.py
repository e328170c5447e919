"""Open files with ImageJ itself, in a process of its own; print what it found as JSON.

Run as ``python imagej_reader.py ij.jar < paths``: each line of input is a path. The planes of a
file are saved beside it as ``<path>.npy``: gray ones with the values ImageJ gives them, colour ones
as (…, 3) uint8.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jpype
import numpy


def planes_of(image: Any) -> numpy.ndarray:
    """Return the samples of all planes, in ImageJ's order."""
    stack, shape = image.getStack(), (image.getHeight(), image.getWidth())
    planes = []
    for number in range(1, stack.getSize() + 1):
        plane = numpy.asarray(stack.getPixels(number)).reshape(shape)
        if image.getBitDepth() == 24:
            packed = plane.view('u4')
            plane = numpy.stack([packed >> shift & 255 for shift in (16, 8, 0)], -1).astype('u1')
        elif plane.dtype.kind == 'i':
            plane = plane.view(f'u{plane.itemsize}')
        planes.append(plane)
    return numpy.stack(planes)


def describe(path: str) -> dict[str, Any]:
    """Open a file; return what ImageJ says about it."""
    # A stack which lies on disk, so that files larger than memory can be looked at too.
    virtual = path.endswith('.virtual.tif')
    if virtual:
        image = jpype.JClass('ij.plugin.FileInfoVirtualStack').openVirtual(path)
    else:
        image = jpype.JClass('ij.IJ').openImage(path)
    if image is None:
        return {'error': 'ImageJ opens no image'}
    stack, scale, overlay = image.getStack(), image.getCalibration(), image.getOverlay()
    roi, luts = image.getRoi(), image.getLuts()  # display ranges are known once LUTs were asked
    if virtual:
        last = numpy.asarray(stack.getProcessor(stack.getSize()).getPixels())
        numpy.save(f'{path}.npy', last)
    else:
        numpy.save(f'{path}.npy', planes_of(image))
    return {
        'dimensions': list(image.getDimensions()),  # width, height, channels, slices, frames
        'bits': image.getBitDepth(),
        'hyperstack': bool(image.isHyperStack()),
        'composite': bool(image.isComposite()),
        'pixel': [scale.pixelWidth, scale.pixelHeight, scale.pixelDepth],
        'unit': str(scale.getUnit()),
        'interval': scale.frameInterval,
        'origin': [scale.xOrigin, scale.yOrigin, scale.zOrigin],
        'offset': scale.getCValue(0) if scale.calibrated() else 0.0,
        'labels': [
            None if (label := stack.getSliceLabel(number)) is None else str(label)
            for number in range(1, min(stack.getSize(), 1000) + 1)
        ],
        'range': [image.getDisplayRangeMin(), image.getDisplayRangeMax()],
        'mean': image.getStatistics().mean,
        'info': str(image.getInfoProperty()),
        'overlays': 0 if overlay is None else overlay.size(),
        'roi': None if roi is None else rectangle(roi.getBounds()),
        'luts': [numpy.asarray(lut.getBytes()).view('u1').tolist() for lut in luts],
    }


def rectangle(bounds: Any) -> list[int]:
    """Return x, y, width and height."""
    return [bounds.x, bounds.y, bounds.width, bounds.height]


def main(jar: str) -> None:
    """Open all files named by the input."""
    jpype.startJVM('-Djava.awt.headless=true', '-Xmx512m', classpath=[jar])
    found = {}
    for path in sys.stdin.read().splitlines():
        try:
            found[path] = describe(path)
        except jpype.JException as error:
            found[path] = {'error': str(error)}
    json.dump(found, sys.stdout)


if __name__ == '__main__':
    main(sys.argv[1])
