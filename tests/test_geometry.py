import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visionft.geometry import canvas_from_original, place
from visionft.spec import InputSpec

sides = st.integers(1, 3000)
specs = st.builds(
    InputSpec,
    height=st.integers(16, 512),
    width=st.integers(16, 512),
    fit=st.sampled_from(["stretch", "crop", "pad"]),
    crop_pct=st.floats(0.5, 1.0),
)


@given(sides, sides, specs)
def test_stretch_and_crop_cover_the_canvas_and_pad_stays_inside(width, height, spec):
    placement = place((width, height), spec)
    for side, resized, offset in zip((spec.width, spec.height), placement.resized, placement.offset, strict=True):
        if spec.fit == "pad":
            assert offset >= 0
            assert offset + resized <= side
        else:
            assert offset <= 0
            assert offset + resized >= side


@given(sides, sides, specs)
def test_the_image_is_centred_to_a_pixel(width, height, spec):
    placement = place((width, height), spec)
    for side, resized, offset in zip((spec.width, spec.height), placement.resized, placement.offset, strict=True):
        assert abs(side - resized - 2 * offset) <= 1


@given(st.integers(200, 3000), st.integers(200, 3000), specs)
def test_crop_and_pad_keep_the_aspect_ratio_to_a_pixel(width, height, spec):
    wide, high = place((width, height), spec).resized
    if spec.fit != "stretch":  # one scale explains both sides, each rounded to a pixel
        least = max((wide - 0.5) / width, (high - 0.5) / height)
        most = min((wide + 0.5) / width, (high + 0.5) / height)
        assert least <= most + 1e-9


def test_crop_keeps_crop_pct_of_the_shorter_side():
    spec = InputSpec(height=224, width=224, fit="crop", crop_pct=0.875)
    assert place((512, 256), spec).resized == (512, 256)
    assert place((512, 256), spec).offset == (-144, -16)


def test_pad_shows_the_whole_image():
    spec = InputSpec(height=100, width=100, fit="pad")
    assert place((400, 200), spec) == place((40, 20), spec)
    assert place((400, 200), spec).resized == (100, 50)
    assert place((400, 200), spec).offset == (0, 25)


@given(sides, sides, specs)
def test_the_matrix_maps_corners_to_the_placement(width, height, spec):
    placement = place((width, height), spec)
    corners = np.array([[0, 0, 1], [width, height, 1]], dtype=np.float64).T
    mapped = canvas_from_original((width, height), spec) @ corners
    expected = np.array([placement.offset, np.add(placement.offset, placement.resized)]).T
    assert np.allclose(mapped[:2], expected)
    assert (mapped[2] == 1).all()
