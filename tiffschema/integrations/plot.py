"""`imshow`: images of any number of axes in a Matplotlib window, with a slider per further axis.

Knows arrays and how their samples are meant to be seen; no files. Needs the extra ``plot``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiffschema.errors import UnsupportedError

__all__ = ['imshow', 'is_image']

Array = NDArray[Any]

_MINISWHITE, _RGB, _PALETTE, _SEPARATED, _YCBCR, _CIELAB = 0, 2, 3, 5, 6, 8
_COLOUR = frozenset({_RGB, _SEPARATED, _YCBCR, _CIELAB})
_SEPARATE = 2


def imshow(
    data: Any,
    /,
    *,
    photometric: Any = None,
    planarconfig: Any = None,
    bitspersample: int | None = None,
    nodata: float = 0,
    interpolation: str | None = None,
    cmap: Any = None,
    vmin: float | None = None,
    vmax: float | None = None,
    figure: Any = None,
    subplot: Any = None,
    title: str | bytes | None = None,
    window_title: str | None = None,
    dpi: int = 96,
    maxdim: int | None = None,
    background: Any = None,
    show: bool = False,
    **kwargs: Any,
) -> tuple[Any, Any, Any]:
    """Show an image in a Matplotlib figure.

    Parameters:
        data: Array of shape (..., length, width), (..., length, width, samples), or with
            `planarconfig` separate (..., samples, length, width).
        photometric: Number, name or member of `PHOTOMETRIC`; by default three or four samples at
            the end are colours.
        planarconfig: Where the samples are; by default at the end.
        bitspersample: Bits that count, for the range of integers.
        nodata: Value that is shown as background in float images.
        interpolation, cmap: As Matplotlib names them.
        vmin, vmax: Range of values; by default that of the type for integers of up to 8 bits and
            for colours, else that of the data.
        figure: Figure to draw in, default a new one.
        subplot: Place in the figure, default 111.
        title: Over the image.
        window_title: Of the window.
        dpi: Resolution of a new figure.
        maxdim: Longest side shown; larger images are thinned out. Default 32,768.
        background: Colour of the figure.
        show: Whether to open the windows and wait.
        **kwargs: For ``pyplot.imshow``.

    Returns:
        Figure, axes and image of Matplotlib.

    Raises:
        UnsupportedError: Matplotlib is not installed.
        ValueError: The data are no image.
    """
    pyplot = _pyplot()
    colour, meant = _meaning(photometric, planarconfig)
    image = np.asarray(data)
    if not is_image(image):
        raise ValueError(f'{image.dtype} of shape {image.shape} is no image')
    image, is_colour = _arranged(image, colour, meant)
    image = _thinned(image, is_colour, maxdim or 1 << 15)
    low, high = _range(image, is_colour, bitspersample)
    low, high = low if vmin is None else vmin, high if vmax is None else vmax

    figure = pyplot.figure(dpi=dpi) if figure is None else figure
    axes = _labelled(figure, subplot, title, window_title, background)
    lead = image.shape[: image.ndim - (3 if is_colour else 2)]

    def frame(index: tuple[int, ...]) -> Array:
        return _shown(image[index], is_colour, nodata, low, high)

    if not is_colour:
        default = 'gray_r' if colour == _MINISWHITE else 'gray'
        kwargs.update(cmap=default if cmap is None else cmap, vmin=low, vmax=high)
    drawn = axes.imshow(frame((0,) * len(lead)), interpolation=interpolation, **kwargs)
    if not is_colour:
        figure.colorbar(drawn, ax=axes)
    _add_sliders(figure, drawn, lead, frame)
    if show:
        pyplot.show()
    return figure, axes, drawn


def is_image(data: Any) -> bool:
    """Return whether an array has samples in rows and columns that can be shown."""
    image = np.asarray(data)
    return image.ndim > 1 and image.size > 0 and image.dtype.kind in 'biufc'


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise UnsupportedError(
            'imshow needs matplotlib, which is not installed; install tiffschema[plot]'
        ) from None
    return pyplot


def _labelled(
    figure: Any, subplot: Any, title: str | bytes | None, window_title: str | None, background: Any
) -> Any:
    """Return new axes of a figure, with titles."""
    if background is not None:
        figure.patch.set_facecolor(background)
    if window_title is not None and figure.canvas.manager is not None:
        figure.canvas.manager.set_window_title(window_title)
    axes = figure.add_subplot(111 if subplot is None else subplot)
    if title is not None:
        text = title.decode('utf-8', 'replace') if isinstance(title, bytes) else title
        axes.set_title(text.replace('$', r'\$'), size='small')
    return axes


def _meaning(photometric: Any, planarconfig: Any) -> tuple[int | None, int | None]:
    """Return photometric interpretation and planar configuration as numbers."""
    from tiffschema.model.enums import enum, enumarg

    found: list[int | None] = []
    for kind, value in (('PHOTOMETRIC', photometric), ('PLANARCONFIG', planarconfig)):
        if value is None or isinstance(value, int):
            found.append(None if value is None else int(value))
        else:
            found.append(int(enumarg(enum(kind), value)))  # type: ignore[call-overload]
    return found[0], found[1]


def _arranged(image: Array, photometric: int | None, planar: int | None) -> tuple[Array, bool]:
    """Return the image with colours, if any, on the last axis; and whether it has them."""
    if image.ndim < 3:
        return image, False
    if planar == _SEPARATE and photometric in _COLOUR and image.shape[-3] >= 3:
        image = np.moveaxis(image, -3, -1)
    has_samples = image.shape[-1] in (3, 4) and photometric in (None, *_COLOUR)
    if photometric in _COLOUR and image.shape[-1] > 4:
        image, has_samples = image[..., :3], True
    return image, has_samples


def _thinned(image: Array, is_colour: bool, longest: int) -> Array:
    rows, columns = image.shape[-3:-1] if is_colour else image.shape[-2:]
    step = -(-max(rows, columns) // longest)
    if step == 1:
        return image
    return image[..., ::step, ::step, :] if is_colour else image[..., ::step, ::step]


def _range(image: Array, is_colour: bool, bits: int | None) -> tuple[float, float]:
    """Return the values shown darkest and brightest."""
    if image.dtype.kind == 'b':
        return 0, 1
    if image.dtype.kind == 'c':
        image = np.abs(image)
    if image.dtype.kind in 'iu' and (is_colour or image.dtype.itemsize == 1):
        limits = np.iinfo(image.dtype)
        if bits and image.dtype.kind == 'u' and bits < 8 * image.dtype.itemsize:
            return 0, (1 << bits) - 1
        return int(limits.min), int(limits.max)
    finite = image[np.isfinite(image)] if image.dtype.kind == 'f' else image
    if not finite.size:
        return 0, 1
    return float(finite.min()), float(finite.max())


def _shown(frame: Array, is_colour: bool, nodata: float, low: float, high: float) -> Array:
    """Return one frame as Matplotlib takes it."""
    if frame.dtype.kind == 'c':
        frame = np.abs(frame)
    if frame.dtype.kind == 'b':
        frame = frame.astype(np.uint8)
    if not is_colour:
        if frame.dtype.kind == 'f' and nodata:
            return np.ma.masked_equal(frame, nodata)
        return frame
    if frame.dtype == np.uint8 and (low, high) == (0, 255):
        return frame
    return np.clip((frame.astype(np.float64) - low) / max(high - low, 1e-300), 0, 1)


def _add_sliders(figure: Any, drawn: Any, lead: tuple[int, ...], frame: Any) -> None:
    """Add a slider for each axis but those of the image; the figure keeps them alive."""
    axes = [axis for axis, size in enumerate(lead) if size > 1]
    if not axes:
        return
    from matplotlib.widgets import Slider

    index = [0] * len(lead)
    figure.subplots_adjust(bottom=0.08 + 0.04 * len(axes))
    sliders = []
    for place, axis in enumerate(axes):
        area = figure.add_axes((0.125, 0.02 + 0.04 * place, 0.725, 0.03))
        slider = Slider(area, f'{axis}', 0, lead[axis] - 1, valinit=0, valstep=1, valfmt='%i')

        def changed(value: float, axis: int = axis) -> None:
            index[axis] = int(value)
            drawn.set_data(frame(tuple(index)))
            figure.canvas.draw_idle()

        slider.on_changed(changed)
        sliders.append(slider)
    figure.tiffschema_sliders = sliders
