"""The registry: what is known, what is missing, what users add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tiffschema.codecs import Codec, Implementation, SegmentSpec, codecs, register_codec
from tiffschema.codecs.pipeline import decoder, encoder
from tiffschema.errors import UnsupportedError
from tiffschema.model.geometry import IMAGE_COMPRESSIONS, Geometry


def test_names_and_codes() -> None:
    assert codecs['LZW'] is codecs[5]
    assert 8 in codecs
    assert 12345 not in codecs
    assert len(codecs) == len(list(codecs))
    assert all(codec.code == code for code, codec in codecs.items())
    with pytest.raises(TypeError):
        codecs[5] = codecs[8]  # type: ignore[index]
    with pytest.raises(UnsupportedError, match='12345'):
        codecs.find(12345)


def test_image_codecs_are_those_of_geometry() -> None:
    assert {code for code, codec in codecs.items() if codec.is_image} >= IMAGE_COMPRESSIONS


def test_every_known_decoder_can_be_imported() -> None:
    for codec in codecs.values():
        if codec.can_decode:
            assert callable(codec.decode), codec
        else:
            assert codec.needs, codec
        if codec.can_encode:
            assert callable(codec.encode), codec


def test_users_register_codecs() -> None:
    def decode(data: Any, spec: SegmentSpec, nbytes: int, out: Any) -> bytes:
        return bytes(value ^ 255 for value in bytes(data))

    def encode(rows: Any, spec: SegmentSpec, args: Any) -> bytes:
        return bytes(value ^ 255 for value in rows.tobytes())

    code = 65123
    register_codec(Codec(code, 'MINE', (Implementation(decode),), (Implementation(encode),)))
    try:
        g = Geometry(imagewidth=4, imagelength=3, bitspersample=16, compression=code)
        array = np.arange(12, dtype='u2').reshape(1, 3, 4, 1)
        data = encoder(SegmentSpec(g))(array)
        assert data == bytes(value ^ 255 for value in array.astype('<u2').tobytes())
        np.testing.assert_array_equal(decoder(SegmentSpec(g))(data, array.shape), array)
        # An implementation whose requirement is missing is passed over.
        absent = Implementation('nowhere:decode', requires='module:no_such_module_anywhere')
        register_codec(Codec(code, 'MINE', (absent,)), replace=False)
        assert codecs[code].decode is decode
    finally:
        codecs._codecs.pop(code)
        codecs._names.pop('MINE')
    with pytest.raises(TypeError, match='Codec'):
        register_codec('MINE')  # type: ignore[arg-type]
