"""Objects with masks, from the canvas or from windows: boxes as without masks, and pixels by what is drawn there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tasks.objects.as_results import as_results, giving
from tests.tasks.objects.test_tile_merging import eye, located, scenes
from visionft.annotations.object_mask import MASK_SIDE
from visionft.imaging.placement import windows
from visionft.spec import InputSpec
from visionft.tasks.objects.detect import detect, detect_instances, instances_in_original
from visionft.tasks.objects.masks import paste, paste_within
from visionft.tasks.objects.rows import box_rows

CELLS = MASK_SIDE * MASK_SIDE


def with_cells(run, cells_of):
    """Return a network that gives each detection of another one cells: those of its row in a canvas."""

    def wider(images_BHW3):
        found_BN6 = box_rows(run(images_BHW3))
        cells_BNP = np.zeros((*found_BN6.shape[:2], CELLS), np.float32)
        for image, found_N6, cells_NP in zip(images_BHW3, found_BN6, cells_BNP, strict=True):
            for found_6, cells_P in zip(found_N6, cells_NP, strict=True):
                if found_6[4] > 0:
                    cells_P[:] = cells_of(image, found_6).ravel()
        return as_results(np.concatenate([found_BN6, cells_BNP], axis=2))

    return wider


def noise(_, found_6):
    """Return cells that differ from detection to detection."""
    return np.random.default_rng(int(found_6[4] * 2**20)).random(CELLS, np.float32)


def ones(*_):
    return np.ones(CELLS, np.float32)


@settings(max_examples=30, deadline=None)
@given(scenes(), st.integers(0, 99), st.randoms(use_true_random=False))
def test_boxes_are_those_of_a_detection_and_the_order_of_windows_is_no_matter(scene, salt, random):
    spec, size, objects = scene
    run, image = eye(objects, spec, size, salt), located(*size)
    found, masks = detect_instances(image, spec, with_cells(run, noise), batch_size=3)
    assert (found == detect(image, spec, run, batch_size=3)).all()
    assert (found == detect(image, spec, with_cells(run, noise), batch_size=2)).all()
    assert len(masks) == len(found)
    with pytest.MonkeyPatch.context() as patch:

        def shuffled(original, spec):
            return random.sample(windows(original, spec), len(windows(original, spec)))

        patch.setattr("visionft.tasks.objects.detect.windows", shuffled)
        again, others = detect_instances(image, spec, with_cells(run, noise), batch_size=7)
    assert (again == found).all()
    assert [mask.whole(size).tolist() for mask in others] == [mask.whole(size).tolist() for mask in masks]


@settings(max_examples=30, deadline=None)
@given(scenes(), st.integers(0, 99))
def test_full_masks_fill_their_boxes(scene, salt):
    """Objects lie on whole pixels, and what windows have seen of one adds up to all of it."""
    spec, size, objects = scene
    found, masks = detect_instances(located(*size), spec, with_cells(eye(objects, spec, size, salt), ones))
    for (left, top, right, bottom), mask in zip(found[:, :4].astype(int).tolist(), masks, strict=True):
        expected = np.zeros((size[1], size[0]), np.bool_)
        expected[top:bottom, left:right] = True
        assert (mask.whole(size) == expected).all()


@settings(max_examples=40, deadline=None)
@given(scenes(), st.integers(0, 99), st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]), min_size=3, max_size=3))
def test_what_is_asked_for_is_all_that_reaches_its_least_score(scene, salt, least):
    """Small objects and one that no window sees whole, with scores from 0.07 to 1."""
    spec, size, objects = scene
    see = eye([*objects, (0, 0, size[0], (size[1] + 1) // 2, 0)], spec, size, salt)
    unlike = giving(lambda images: box_rows(see(images)) ** np.float32([1, 1, 1, 1, 4, 1]))
    run = with_cells(unlike, noise)
    least_K = np.float32(least)
    everything, all_masks = detect_instances(located(*size), spec, run)
    asked_N = everything[:, 4] >= least_K[everything[:, 5].astype(int)]
    found, masks = detect_instances(located(*size), spec, run, least_K=least_K)
    assert (found == everything[asked_N]).all()
    assert [mask.whole(size).tolist() for mask in masks] == [
        mask.whole(size).tolist() for mask, asked in zip(all_masks, asked_N, strict=True) if asked
    ]


SEAM = InputSpec(100, 100, fit="tile", overlap=0.25)
WIDE = (175, 100)  # windows at 0 and 75


def disc(image_HW3, found_6):
    """Return the cells of a box that lie in a circle of radius 55 around (90, 50); pixels say where they are."""
    left, top, right, bottom = found_6[:4] + np.float32([*image_HW3[0, 0, :2]] * 2)
    centres = (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE
    x, y = left + (right - left) * centres, top + (bottom - top) * centres
    return (np.hypot(x - 90, y[:, None] - 50) < 55).astype(np.float32)


def test_an_object_larger_than_the_overlap_has_the_pixels_of_both_parts():
    run = eye([(35, 0, 145, 100, 1)], SEAM, WIDE)
    ((left, top, right, bottom, _, _),), (mask,) = detect_instances(located(*WIDE), SEAM, with_cells(run, disc))
    assert (left, top, right, bottom) == (35, 0, 145, 100)
    x, y = np.arange(175) + 0.5, np.arange(100) + 0.5
    away = np.hypot(x - 90, y[:, None] - 50)
    found = mask.whole(WIDE)
    assert found[away < 53].all()  # cells are up to 1.8 pixels large
    assert not found[away > 57].any()


def test_what_a_view_lacks_is_not_taken_from_one_that_was_no_part():
    """The right window has seen all of the object; what the left one believes of it does not count."""
    given = np.zeros((2, 2, 6 + CELLS), np.float32)
    given[0, 0, :6] = [85, 20, 100, 50, 0.5, 0]
    given[0, 0, 6:] = 1
    given[1, 0, :6] = [10, 20, 40, 50, 0.9, 0]
    given[1, 0, 6:] = np.tri(MASK_SIDE).ravel()
    found, (mask,) = detect_instances(located(*WIDE), SEAM, giving(lambda images: given[: len(images)]))
    assert found[:, :4].tolist() == [[85, 20, 115, 50]]
    expected = paste(np.tri(MASK_SIDE, dtype=np.float32), np.float32([85, 20, 115, 50]), WIDE)
    assert (mask.whole(WIDE) == expected.whole(WIDE)).all()


@pytest.mark.parametrize(
    ("least", "worked_out", "areas"),
    [
        (0.0, 3, [80 * 30, 25 * 30]),
        (0.5, 3, [80 * 30]),
        (0.8, 2, [80 * 30]),
        (0.95, 2, []),
        (1.0, 2, []),
        (1.01, 1, []),
    ],
)
def test_pixels_are_worked_out_for_what_may_be_part_of_an_object_that_is_asked_for(
    least, worked_out, areas, monkeypatch
):
    """Two parts of one object, the surer of which has a score of 0.9, and something else with 0.25."""
    given = np.zeros((2, 2, 6 + CELLS), np.float32)
    given[0, 0] = [60, 20, 100, 50, 0.9, 0, *np.ones(CELLS)]
    given[0, 1] = [5, 60, 30, 90, 0.25, 0, *np.ones(CELLS)]
    given[1, 0] = [0, 20, 65, 50, 0.5, 0, *np.ones(CELLS)]
    pasted = []
    monkeypatch.setattr(
        "visionft.tasks.objects.detect.paste_within", lambda *one: pasted.append(0) or paste_within(*one)
    )
    found, masks = detect_instances(
        located(*WIDE), SEAM, giving(lambda images: given[: len(images)]), least_K=np.full(2, least, np.float32)
    )
    assert len(pasted) == worked_out
    assert [mask.area for mask in masks] == areas
    assert len(found) == len(areas)


def test_a_mask_ends_with_its_window():
    """A network may give boxes that reach beyond the window, where it has seen nothing."""
    given = np.zeros((2, 1, 6 + CELLS), np.float32)
    given[0, 0, :6] = [60, 20, 140, 50, 0.9, 0]
    given[0, 0, 6:] = 1
    ((_, _, right, _, _, _),), (mask,) = detect_instances(
        located(*WIDE), SEAM, giving(lambda images: given[: len(images)])
    )
    assert right == 100
    assert mask.whole(WIDE).any(axis=0).nonzero()[0].tolist() == list(range(60, 100))


def test_no_objects():
    for size in (WIDE, (50, 50)):
        found, masks = detect_instances(
            located(*size), SEAM, giving(lambda images: np.zeros((len(images), 3, 6 + CELLS), np.float32))
        )
        assert (found.shape, masks) == ((0, 6), ())


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_masks_come_back_in_the_frame_of_the_image(fit):
    """A box that reaches beyond the canvas keeps its cells in their places."""
    spec, size = InputSpec(60, 80, fit=fit), (300, 150)
    rows = np.zeros((4, 6 + CELLS), np.float32)
    rows[0, :6], rows[0, 6:] = [10.5, 20, 90, 45, 0.9, 1], np.eye(MASK_SIDE)[::-1].ravel()
    rows[1, :6], rows[1, 6:] = [-100, -100, -90, -90, 0.8, 0], 1  # beyond the image in any fit
    rows[2, :6], rows[2, 6:] = [40, 30, 60, 40, 0.7, 2], np.tri(MASK_SIDE).ravel()
    found, masks = instances_in_original(rows, size, spec)
    matrix_scale = {"stretch": (80 / 300, 60 / 150), "crop": (0.4, 0.4), "pad": (80 / 300, 80 / 300)}[fit]
    offset = {"stretch": (0, 0), "crop": (-20, 0), "pad": (0, 10)}[fit]
    assert found[:, 4:].tolist() == rows[[0, 2], 4:6].tolist()
    for row, box, mask in zip(rows[[0, 2]], found[:, :4], masks, strict=True):
        sides = [(side - offset[axis % 2]) / matrix_scale[axis % 2] for axis, side in enumerate(row[:4])]
        np.testing.assert_allclose(box, np.clip(sides, 0, [*size, *size]), rtol=1e-5)
        expected = paste(row[6:].reshape(MASK_SIDE, MASK_SIDE), np.float32(sides), size)
        assert (mask.whole(size) != expected.whole(size)).sum() <= 2  # where rounding decides
        assert mask.area > 50
