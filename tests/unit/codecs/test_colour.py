"""Colour: every photometric interpretation by hand-computed values, both sides of each rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tiffschema.codecs import backend
from tiffschema.codecs.colour import (
    apply_orientation,
    apply_profile,
    colour_samples,
    delivered_photometric,
    numbers,
    to_rgb,
    ycbcr_to_rgb,
)
from tiffschema.codecs.colour.lab import lab_to_rgb, lab_values
from tiffschema.codecs.colour.mosaic import demosaic, linearized
from tiffschema.errors import FormatError, TiffSchemaError, UnsupportedError

RGB2, CFA, LINEAR = 2, 32803, 34892


def pixel(values: Any, dtype: str = 'u1') -> np.ndarray:
    return np.array([[values]], dtype)


def one(values: Any, photometric: int, bits: int = 8, dtype: str = 'u1', **keys: Any) -> list[int]:
    array = pixel(values, dtype)
    keys.setdefault('samplesperpixel', array.shape[2] if array.ndim == 3 else 1)
    result = to_rgb(array, photometric=photometric, bitspersample=bits, **keys)
    assert result.shape[:2] == (1, 1)
    return result[0, 0].tolist()


class TestGrey:
    @pytest.mark.parametrize(
        ('bits', 'dtype', 'value', 'black', 'white'),
        [
            (1, 'bool', True, 255, 0),
            (4, 'u1', 15, 255, 0),
            (3, 'u1', 2, 73, 182),
            (8, 'u1', 10, 10, 245),
            (12, 'u2', 4095, 65535, 0),
            (16, 'u2', 1000, 1000, 64535),
            (32, 'u4', 2**32 - 1, 65535, 0),
            (64, 'u8', 2**64 - 1, 65535, 0),
            (16, 'i2', -32768, 0, 65535),
        ],
    )
    def test_depths(self, bits: int, dtype: str, value: int, black: int, white: int) -> None:
        assert one(value, 1, bits, dtype) == [black] * 3
        assert one(value, 0, bits, dtype) == [white] * 3

    def test_floats_stay(self) -> None:
        array = np.array([[0.25, 2.0]], 'f4')
        got = to_rgb(array, photometric=1, bitspersample=32, sampleformat=3)
        assert got.dtype == np.float32
        assert got[0, :, 0].tolist() == [0.25, 2.0]
        got = to_rgb(array, photometric=0, bitspersample=32, sampleformat=3)
        assert got[0, :, 0].tolist() == [1.75, 0.0]

    def test_alpha(self) -> None:
        assert one([9, 100], 1, extrasamples=(2,)) == [9, 9, 9, 100]
        assert one([9, 100], 1, extrasamples=(0,)) == [9, 9, 9]
        assert one([9, 100], 1, extrasamples=(2,), alpha='drop') == [9, 9, 9]


class TestRgb:
    def test_identity(self) -> None:
        assert one([1, 2, 3], RGB2) == [1, 2, 3]
        assert one([1, 2, 3], RGB2, 4) == [17, 34, 51]

    def test_associated_alpha_is_divided_on_request(self) -> None:
        keys: Any = {'extrasamples': (1,)}
        assert one([50, 25, 0, 100], RGB2, **keys) == [50, 25, 0, 100]
        assert one([50, 25, 0, 100], RGB2, alpha='straight', **keys) == [128, 64, 0, 100]
        assert one([50, 25, 0, 0], RGB2, alpha='straight', **keys) == [0, 0, 0, 0]

    def test_first_alpha_of_several_extra_samples(self) -> None:
        assert one([1, 2, 3, 4, 5], RGB2, extrasamples=(0, 2)) == [1, 2, 3, 5]

    def test_planes(self) -> None:
        array = np.arange(6, dtype='u1').reshape(3, 1, 2)
        got = to_rgb(array, photometric=2, bitspersample=8, planarconfig=2)
        assert got.tolist() == [[[0, 2, 4], [1, 3, 5]]]

    def test_samples_of_different_widths(self) -> None:
        array = np.zeros((1, 1), [('a', 'u1'), ('b', 'u1'), ('c', 'u1')])
        array['a'], array['b'] = 3, 15
        got = to_rgb(array, photometric=2, bitspersample=(2, 4, 2))
        assert got.tolist() == [[[255, 255, 0]]]

    def test_wrong_axes_are_a_wrong_argument(self) -> None:
        with pytest.raises(ValueError, match='3 samples on axis -1'):
            to_rgb(np.zeros((4, 4), 'u1'), photometric=2, bitspersample=8)

    def test_complex_is_unsupported(self) -> None:
        with pytest.raises(UnsupportedError):
            to_rgb(np.zeros((4, 4), 'c8'), photometric=1, bitspersample=64)


class TestPalette:
    def test_16_bit_entries_become_8(self) -> None:
        table = (0, 0x1234, 0, 0x5678, 0, 0xFFFF)
        assert one(1, 3, 1, parameters={'colormap': table}) == [0x12, 0x56, 0xFF]

    def test_8_bit_entries_of_old_writers(self) -> None:
        assert one(1, 3, 1, parameters={'colormap': (0, 1, 0, 2, 0, 3)}) == [1, 2, 3]

    def test_16_bit_index(self) -> None:
        table = np.arange(3 * 4, dtype='u2') * 1000
        assert one(3, 3, 16, 'u2', parameters={'colormap': table}) == [3000, 7000, 11000]

    def test_index_beyond_the_table_takes_its_last_entry(self) -> None:
        assert one(9, 3, 4, parameters={'colormap': (0, 0x100, 0, 0x200, 0, 0x300)}) == [1, 2, 3]

    @pytest.mark.parametrize('table', [None, (), (1, 2), (1, 2, 3, 4)])
    def test_damaged_table(self, table: Any) -> None:
        with pytest.raises(FormatError, match='ColorMap'):
            one(1, 3, 1, parameters={'colormap': table})


class TestYcbcr:
    def test_neutral_and_primaries(self) -> None:
        assert one([128, 128, 128], 6) == [128, 128, 128]
        assert one([76, 85, 255], 6) == [254, 0, 0]
        assert one([255, 128, 128], 6) == [255, 255, 255]

    def test_studio_range(self) -> None:
        reference = (16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1)
        parameters = {'referenceblackwhite': reference}
        assert one([16, 128, 128], 6, parameters=parameters) == [0, 0, 0]
        assert one([235, 128, 128], 6, parameters=parameters) == [255, 255, 255]

    def test_other_coefficients(self) -> None:
        parameters = {'ycbcrcoefficients': (0.2126, 0.7152, 0.0722)}
        assert one([100, 128, 228], 6, parameters=parameters) == [255, 53, 100]

    def test_16_bits_agree_with_8(self) -> None:
        random = np.random.default_rng(0)
        codes = random.integers(0, 256, (50, 50, 3))
        small = ycbcr_to_rgb(codes.astype('u1'))
        large = ycbcr_to_rgb((codes * 256).astype('u2'), bits=16)
        assert large.dtype == np.uint16
        assert np.abs(large / 257.0 - small).max() < 2.5

    @pytest.mark.parametrize(
        'parameters',
        [
            {'referenceblackwhite': (0,) * 6},
            {'referenceblackwhite': (1e300, -1e300) * 3},
            {'referenceblackwhite': (0, 0) * 6},
            {'ycbcrcoefficients': (0, 0, 0)},
            {'ycbcrcoefficients': (1, 0) * 3},
            {'ycbcrcoefficients': 'nonsense'},
            {'ycbcrcoefficients': (9e9, 1e-9, -9e9)},
        ],
    )
    def test_degenerate_parameters_do_no_harm(self, parameters: Any) -> None:
        with np.errstate(all='ignore'):
            assert len(one([1, 2, 3], 6, parameters=parameters)) == 3


class TestInks:
    def test_cmyk(self) -> None:
        assert one([0, 0, 0, 0], 5) == [255, 255, 255]
        assert one([255, 0, 0, 0], 5) == [0, 255, 255]
        assert one([0, 100, 0, 55], 5) == [200, 200 * 155 // 255, 200]

    def test_three_inks(self) -> None:
        assert one([255, 0, 100], 5) == [0, 255, 155]

    def test_alpha_after_inks(self) -> None:
        assert one([0, 0, 0, 0, 7], 5, extrasamples=(2,)) == [255, 255, 255, 7]

    def test_dot_range(self) -> None:
        parameters = {'dotrange': (20, 220)}
        assert one([20, 220, 120, 0], 5, parameters=parameters) == [255, 0, 128]
        assert one([0, 0, 0, 9], 5, parameters={'dotrange': b'\0\xff'}) == [246, 246, 246]

    def test_other_inks_are_unsupported(self) -> None:
        parameters = {'inkset': 2, 'inknames': 'Gold\0Silver\0Mud\0Rust'}
        with pytest.raises(UnsupportedError, match='Gold'):
            one([1, 2, 3, 4], 5, parameters=parameters)

    def test_depths(self) -> None:
        assert one([0, 0, 65535, 0], 5, 16, 'u2') == [65535, 65535, 0]
        assert one([0.0, 0.5, 1.0, 0.0], 5, 32, 'f4') == [1, 0.5, 0]


class TestLab:
    @pytest.mark.parametrize(
        ('photometric', 'bits', 'dtype', 'white'),
        [
            (8, 8, 'u1', [255, 0, 0]),
            (8, 16, 'u2', [65535, 0, 0]),
            (9, 8, 'u1', [255, 128, 128]),
            (9, 16, 'u2', [65280, 32768, 32768]),
            (10, 8, 'u1', [255, 128, 96]),
        ],
    )
    def test_white_is_white(
        self, photometric: int, bits: int, dtype: str, white: list[int]
    ) -> None:
        top = 255 if bits == 8 else 65535
        got = one(white, photometric, bits, dtype)
        assert np.allclose(got, top, atol=top / 255)

    def test_signed_samples(self) -> None:
        lab = lab_values(pixel([128, 256 - 60, 30]), 8, 8)
        assert np.allclose(lab, [[[50.196, -60, 30]]], atol=0.01)
        assert one([100, -20, 30], 8, dtype='i1') == one([100, 236, 30], 8)

    def test_decode_ranges(self) -> None:
        lab = lab_values(pixel([255, 0, 255]), 10, 8, (0, 50, -10, 10, -20, 20))
        assert lab.ravel().tolist() == [50, -10, 20]

    def test_known_colour(self) -> None:
        # sRGB red (255, 0, 0) is L*a*b* (54.29, 80.81, 69.89) under D50.
        rgb = lab_to_rgb(np.array([54.29, 80.81, 69.89]))
        assert np.allclose(rgb, [1, 0, 0], atol=0.02)

    def test_lightness_only(self) -> None:
        got = one(255, 8)
        assert np.allclose(got, 255, atol=1)

    def test_absurd_white_point_is_ignored(self) -> None:
        assert one([255, 0, 0], 8, parameters={'whitepoint': (0.0, 0.0)})[1] >= 254


class TestHighDynamicRange:
    def test_logluv(self) -> None:
        # Y = 1 with the chroma of the equal-energy white.
        got = one([64 * 256, 6899, 15521], 32845, 16, 'i2')
        assert min(got) > 225
        assert one([0, 0, 0], 32845, 16, 'i2') == [0, 0, 0]

    def test_logl(self) -> None:
        got = one(62 * 256, 32844, 16, 'i2')
        assert got == [got[0]] * 3
        assert 127 <= got[0] <= 129

    def test_xyz(self) -> None:
        assert min(one([1.0, 1.0, 1.0], 32845, 32, 'f4')) > 225


class TestRaw:
    def test_linear_values(self) -> None:
        stored = np.array([[[10], [110]], [[20], [220]]], 'u2')
        parameters = {
            'blacklevelrepeatdim': (2, 1),
            'blacklevel': (10, 20),
            'whitelevel': 220,
        }
        linear = linearized(stored, parameters, 16)
        assert np.allclose(linear[..., 0], [[0, 0.5], [0, 1]])

    def test_linearization_table(self) -> None:
        parameters = {'linearizationtable': (0, 10, 1000), 'whitelevel': 1000}
        assert linearized(pixel([200], 'u2'), parameters, 16).ravel().tolist() == [1]

    def test_black_level_deltas(self) -> None:
        stored = np.full((2, 2, 1), 10, 'u2')
        parameters = {'blackleveldeltav': (1, 2), 'blackleveldeltah': (3, 1, 4, 1), 'whitelevel': 1}
        assert linearized(stored, parameters, 16)[..., 0].tolist() == [[6, 5], [5, 4]]

    @pytest.mark.parametrize('shape', [(2, 2), (6, 6)])
    def test_flat_colour_stays_flat(self, shape: tuple[int, int]) -> None:
        pattern = np.array([[0, 1], [1, 2]]).repeat(shape[0] // 2, 0).repeat(shape[1] // 2, 1)
        colour = np.array([0.2, 0.5, 0.8], 'f4')
        rows, columns = np.indices((13, 17))
        mosaic = colour[pattern[rows % shape[0], columns % shape[1]]]
        got = demosaic(mosaic, pattern)
        assert np.allclose(got, colour, atol=1e-5)

    @pytest.mark.parametrize(
        'pattern',
        [
            [[3, 4], [5, 1]],  # cyan, magenta, yellow, green
            [[0, 1], [2, 6]],  # with white
            [[1, 0, 1, 1, 2, 1], [2, 1, 2, 0, 1, 0], [1, 0, 1, 1, 2, 1],
             [1, 2, 1, 1, 0, 1], [0, 1, 0, 2, 1, 2], [1, 2, 1, 1, 0, 1]],  # X-Trans
            [[0, 1, 2]],  # stripes
            [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 2, 2], [1, 1, 2, 2]],  # quad Bayer
        ],
        ids=str,
    )  # fmt: skip
    @pytest.mark.parametrize('origin', [(0, 0), (1, 2)])
    def test_any_pattern(self, pattern: Any, origin: tuple[int, int]) -> None:
        cell = np.array(pattern)
        colour = np.array([0.2, 0.5, 0.8], 'f4')
        red, green, blue = colour
        seen = np.array([
            red, green, blue, (green + blue) / 2, (red + blue) / 2, (red + green) / 2,
            (red + green + blue) / 3,
        ])  # fmt: skip
        rows, columns = np.indices((15, 19))
        rows, columns = rows - origin[0], columns - origin[1]
        mosaic = seen[cell[rows % cell.shape[0], columns % cell.shape[1]]]
        assert np.allclose(demosaic(mosaic, cell, origin), colour, atol=1e-4)

    def test_bilinear(self) -> None:
        mosaic = np.zeros((4, 4), 'f4')
        mosaic[2, 2] = 1  # a red sample
        got = demosaic(mosaic, np.array([[0, 1], [1, 2]]))
        assert got[2, 2].tolist() == [1, 0, 0]
        assert got[2, 1, 0] == 0.5
        assert got[1, 1, 0] == 0.25

    def test_mosaic_with_white_balance(self) -> None:
        mosaic = np.tile(np.array([[250, 500], [500, 500]], 'u2'), (4, 4))
        parameters = {
            'cfapattern': b'\0\1\1\2',
            'cfarepeatpatterndim': (2, 2),
            'whitelevel': 1000,
            'asshotneutral': (1, 2, 1, 1, 1, 1),  # rationals: 0.5, 1, 1
        }
        got = to_rgb(mosaic, photometric=CFA, bitspersample=16, parameters=parameters)
        assert got.dtype == np.uint16
        assert np.ptp(got[3, 3].astype(int)) <= 1

    def test_camera_matrix_keeps_neutral_neutral(self) -> None:
        # A camera whose colours are those of linear sRGB.
        matrix = [3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570]
        parameters = {
            'colormatrix1': matrix,
            'asshotneutral': (1.0, 1.0, 1.0),
            'whitelevel': (100, 100, 100),
        }
        got = one([50, 50, 50], LINEAR, parameters=parameters, samplesperpixel=3)
        assert np.ptp(got) <= 2
        assert 180 <= got[0] <= 190

    @pytest.mark.parametrize('matrix', ['', 'colormatrix1', 'forwardmatrix1'])
    @pytest.mark.parametrize('planes', [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    @pytest.mark.parametrize('photometric', [CFA, LINEAR])
    def test_planes_of_the_camera_in_another_order(
        self, photometric: int, planes: tuple[int, ...], matrix: str
    ) -> None:
        random = np.random.default_rng(0)
        camera = np.array([[3.0, -1.2, -0.4], [-0.9, 1.8, 0.1], [0.1, -0.2, 1.0]])
        neutral = np.array([0.5, 1, 0.8])
        colours = random.integers(100, 900, (6, 6, 3)).astype('u2')
        common: dict[str, Any] = {'whitelevel': 1000, 'cfapattern': b'\0\1\1\2'}

        def shown(order: tuple[int, ...], told: dict[str, Any]) -> np.ndarray:
            parameters = {**common, **told, 'asshotneutral': neutral[list(order)].tolist()}
            if matrix == 'colormatrix1':
                parameters[matrix] = camera[list(order)].ravel().tolist()
            elif matrix:
                parameters[matrix] = camera[:, list(order)].ravel().tolist()
            array = colours[..., 0] if photometric == CFA else colours[..., list(order)]
            samples = {} if photometric == CFA else {'samplesperpixel': 3}
            return to_rgb(
                array, photometric=photometric, bitspersample=16, parameters=parameters, **samples
            )

        expected = shown((0, 1, 2), {})
        got = shown(planes, {'cfaplanecolor': bytes(planes)})
        assert np.abs(got.astype(int) - expected).max() <= 1

    @pytest.mark.parametrize(
        ('parameters', 'error'),
        [
            ({'cfapattern': b'\0\1\1'}, FormatError),
            ({'cfapattern': b'\0\1\1\2', 'cfarepeatpatterndim': (3, 3)}, FormatError),
            ({'cfapattern': b'\0\1\1\0'}, UnsupportedError),
            ({'cfapattern': b'\0\1\2\7'}, UnsupportedError),
        ],
    )
    def test_damaged_pattern(self, parameters: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            to_rgb(np.zeros((4, 4), 'u2'), photometric=CFA, bitspersample=16, parameters=parameters)

    def test_mosaic_without_pattern_is_grey(self) -> None:
        got = to_rgb(np.full((2, 2), 255, 'u1'), photometric=CFA, bitspersample=8)
        assert (got == 255).all()

    def test_hostile_parameters(self) -> None:
        random = np.random.default_rng(0)
        names = ('blacklevel', 'blacklevelrepeatdim', 'whitelevel', 'activearea', 'colormatrix1')
        names += ('linearizationtable', 'asshotneutral', 'blackleveldeltah', 'forwardmatrix2')
        names += ('cfaplanecolor',)
        for _ in range(100):
            parameters: dict[str, Any] = {'cfapattern': b'\0\1\1\2'}
            for name in names:
                count = int(random.choice([0, 1, 2, 3, 4, 9]))
                if random.random() < 0.4:
                    parameters[name] = random.integers(-10, 1 << 20, count).tolist()
            with np.errstate(all='ignore'):
                try:
                    got = to_rgb(
                        np.full((5, 6), 7, 'u2'),
                        photometric=CFA,
                        bitspersample=16,
                        parameters=parameters,
                    )
                    assert got.shape == (5, 6, 3)
                except TiffSchemaError:
                    pass


class TestOrientation:
    def test_all_eight(self) -> None:
        shown = np.arange(6).reshape(2, 3)
        stored = {
            1: shown,
            2: shown[:, ::-1],
            3: shown[::-1, ::-1],
            4: shown[::-1],
            5: shown.T,
            6: np.rot90(shown),
            7: shown[::-1, ::-1].T,
            8: np.rot90(shown, -1),
        }
        for orientation, array in stored.items():
            assert np.array_equal(apply_orientation(array, orientation, 'YX'), shown), orientation
        assert apply_orientation(shown, 0, 'YX') is shown
        assert apply_orientation(shown, 9, 'YX') is shown

    def test_axes(self) -> None:
        array = np.zeros((3, 2, 5, 4))
        assert apply_orientation(array, 6, 'SZYX').shape == (3, 2, 4, 5)
        with pytest.raises(ValueError, match='axes'):
            apply_orientation(array, 6, 'YXS')

    def test_of_colours(self) -> None:
        array = np.arange(6, dtype='u1').reshape(1, 2, 3)
        got = to_rgb(array, photometric=2, bitspersample=8, orientation=6)
        assert got.shape == (2, 1, 3)
        assert got[0, 0].tolist() == [0, 1, 2]


def _profile(space: str) -> bytes:
    image_cms = pytest.importorskip('PIL.ImageCms', reason='Pillow: makes the profiles')
    return bytes(image_cms.ImageCmsProfile(image_cms.createProfile(space)).tobytes())


class TestProfiles:
    def test_srgb_is_identity(self) -> None:
        array = np.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype('u1')
        got = apply_profile(array, _profile('sRGB'))
        assert np.abs(got.astype(int) - array).max() <= 1

    def test_pillow_alone(self) -> None:
        array = np.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype('u1')
        profile = _profile('sRGB')
        with backend.without_imagecodecs():
            got = apply_profile(array, profile)
            assert np.abs(got.astype(int) - array).max() <= 1
            with pytest.raises(UnsupportedError, match='uint8'):
                apply_profile(array.astype('u2'), profile)

    def test_through_colour(self) -> None:
        array = np.full((2, 2, 4), 77, 'u1')
        got = to_rgb(
            array, photometric=2, bitspersample=8, extrasamples=(2,), profile=_profile('sRGB')
        )
        assert got.shape == (2, 2, 4)
        assert np.abs(got.astype(int) - 77).max() <= 1

    def test_profile_of_other_colours_is_not_applied(self) -> None:
        got = one(77, 1, profile=_profile('sRGB'))
        assert got == [77, 77, 77]

    @pytest.mark.parametrize('damage', [slice(0, 60), slice(10, None), slice(0, 200)])
    def test_damaged_profile(self, damage: slice) -> None:
        with pytest.raises(FormatError):
            apply_profile(np.zeros((2, 2, 3), 'u1'), _profile('sRGB')[damage])


def test_colour_samples() -> None:
    assert [colour_samples(2, n) for n in (1, 3, 4)] == [1, 3, 3]
    assert colour_samples(5, 5, 1) == 4
    assert colour_samples(1, 4) == 1
    assert colour_samples(LINEAR, 3) == 3


def test_delivered_photometric() -> None:
    assert delivered_photometric(6, 7, 3, False) == 2
    assert delivered_photometric(6, 7, 3, True) == 6
    assert delivered_photometric(6, 5, 3, False) == 6
    assert delivered_photometric(5, 7, 4, False) == 5


def test_numbers() -> None:
    assert numbers((1, 2, 3, 4, 5, 10), 3) == (0.5, 0.75, 0.5)
    assert numbers(((1, 2), (3, 4), (5, 10)), 3) == (0.5, 0.75, 0.5)
    assert numbers((1.5, 2, 3), 3) == (1.5, 2, 3)
    assert numbers((1, 0, 3, 4, 5, 10), 3) is None
    assert numbers(None, 3) is None
    assert numbers((1, 2), 3) is None
