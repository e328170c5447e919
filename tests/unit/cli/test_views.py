"""`hexdump`, `pformat` and `imshow`."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiffschema
from tiffschema.model.pretty import hexdump, pformat


@given(st.binary(max_size=400), st.integers(16, 90), st.integers(1, 12))
def test_hexdump_keeps_its_bounds(data: bytes, width: int, height: int) -> None:
    lines = hexdump(data, width=width, height=height).splitlines()
    assert len(lines) <= height
    assert all(len(line) <= max(width, 16) for line in lines)


def test_hexdump_shows_all_where_it_fits() -> None:
    lines = hexdump(bytes(range(60))).splitlines()
    assert lines[0] == '00: ' + bytes(range(16)).hex(' ') + ' ' + '.' * 16
    assert lines[-1].startswith('30: 30 31')
    shown = bytes.fromhex(''.join(line[4 : 4 + 47] for line in lines))
    assert shown == bytes(range(60))
    assert hexdump(b'') == ''
    assert hexdump(bytes(64), width=30, height=3, ellipsis='~').splitlines()[-1] == '~'


@given(
    st.one_of(
        st.text(), st.binary(), st.lists(st.integers()), st.dictionaries(st.text(), st.floats())
    ),
    st.integers(1, 8),
)
def test_pformat_keeps_its_bounds(value: object, height: int) -> None:
    text = pformat(value, height=height, linewidth=40)
    assert len(text.splitlines()) <= height
    assert all(len(line) <= 40 or ': ' in line for line in text.splitlines())


def test_imshow_draws_and_slides() -> None:
    matplotlib = pytest.importorskip('matplotlib', reason='matplotlib: extra plot is absent')
    matplotlib.use('Agg')
    from matplotlib import pyplot

    stack = np.arange(4 * 3 * 8 * 9, dtype=np.uint16).reshape(4, 3, 8, 9)
    figure, axes, drawn = tiffschema.imshow(stack, title='a$b', photometric='minisblack')
    assert axes.get_title() == 'a\\$b'
    assert np.array_equal(drawn.get_array(), stack[0, 0])
    figure.tiffschema_sliders[0].set_val(2)
    figure.tiffschema_sliders[1].set_val(1)
    assert np.array_equal(drawn.get_array(), stack[2, 1])
    planar = np.zeros((3, 6, 7), np.uint8)
    _, _, drawn = tiffschema.imshow(planar, photometric='rgb', planarconfig='separate')
    assert drawn.get_array().shape == (6, 7, 3)
    _, _, drawn = tiffschema.imshow(np.zeros((100, 50)), maxdim=25)
    assert drawn.get_array().shape == (25, 13)
    with pytest.raises(ValueError, match='no image'):
        tiffschema.imshow(np.zeros(3))
    pyplot.close('all')


def test_imshow_without_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    with pytest.raises(tiffschema.UnsupportedError, match=r'tiffschema\[plot\]'):
        tiffschema.imshow(np.zeros((2, 2)))
