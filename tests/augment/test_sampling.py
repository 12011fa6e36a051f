"""What is drawn is a pure function of its arguments, and as likely as the policy says."""

import pickle
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from visionft.augment import OBJECT_POLICIES, POLICIES, POLYGON_POLICIES, Policy, sample_params
from visionft.augment_params import AugmentParams

TABLES = {"images": POLICIES, "boxes": OBJECT_POLICIES, "outlines": POLYGON_POLICIES}
DRAWN = [(table, strength) for table in TABLES for strength in ("light", "medium", "strong", "auto")]
STRONG = POLICIES["strong"]
MANY = 4000


@pytest.fixture(scope="module")
def many():
    return [sample_params(STRONG, "any", (100, 60), seed) for seed in range(MANY)]


@pytest.mark.parametrize(("table", "strength"), DRAWN)
@pytest.mark.parametrize("orientation", ["fixed", "upright", "any"])
def test_the_same_arguments_give_the_same_change(table, strength, orientation):
    policy = TABLES[table][strength]
    changes = [sample_params(policy, orientation, (80, 60), seed) for seed in range(30)]
    assert changes == [sample_params(policy, orientation, (80, 60), seed) for seed in range(30)]
    assert pickle.loads(pickle.dumps(changes)) == changes
    assert len(set(changes)) == 30
    assert changes[3].matrix.tolist() == [*map(list, changes[3].rows), list(changes[3].perspective_row)]


def test_a_seed_gives_what_it_always_gave():
    """On any machine, and with another version."""
    change = sample_params(STRONG, "any", (100, 60), 9)
    rows = [[-1.031098917362, 0.006352730488, 98.474473020965], [0.266475302228, -0.88760700273, 42.738372188361]]
    assert change.matrix == pytest.approx(np.array([*rows, [0.000923729821, 0.002722572322, 0.878768375999]]), abs=1e-9)
    rest = (change.brightness, change.contrast, change.saturation, change.hue, change.gamma)
    assert rest == pytest.approx(
        (0.857087539812, 0.743839847925, 1.189843414474, 0.039599461751, 1.004389504285), abs=1e-9
    )
    noisy = next(one for one in (sample_params(STRONG, "any", (100, 60), seed) for seed in range(99)) if one.noise)
    assert (noisy.noise, noisy.noise_seed) == (pytest.approx(0.020050350676, abs=1e-9), 56914588)
    holes = next(
        one.erase_boxes
        for one in (sample_params(STRONG, "any", (100, 60), seed) for seed in range(99))
        if one.erase_boxes
    )
    assert holes == ((49, 14, 63, 20), (2, 28, 10, 38))


@pytest.mark.parametrize(
    ("table", "strength", "digest"),
    [
        ("images", "light", "24165f9ce8fdb399"),
        ("images", "medium", "1ac772e043fcd381"),
        ("boxes", "light", "c054d995f548d244"),
        ("boxes", "medium", "33a1205193055e53"),
        ("outlines", "light", "c054d995f548d244"),
        ("outlines", "medium", "aa331b9ff4df942c"),
    ],
)
def test_light_and_medium_are_what_they_always_were(table, strength, digest):
    """As they were before there was perspective."""
    values = []
    for size in ((64, 64), (100, 60)):
        for change in (sample_params(TABLES[table][strength], "any", size, seed) for seed in range(40)):
            colours = (change.brightness, change.contrast, change.saturation, change.hue, change.gamma)
            values.append([*np.ravel(change.rows), *colours])
            assert change.affine
    assert sha256((np.round(values, 6) + 0.0).tobytes()).hexdigest()[:16] == digest


def test_an_empty_policy_draws_nothing():
    assert sample_params(Policy(), "fixed", (33, 44), 5) == AugmentParams()
    assert not AugmentParams().needs_cpu
    assert AugmentParams(jpeg=60).needs_cpu


def test_each_number_stands_alone():
    """What one range is changes nothing about the others."""
    for seed in range(20):
        before, after = (
            sample_params(replace(STRONG, **more), "any", (100, 60), seed) for more in ({}, {"hue": 0.0, "erase": 1.0})
        )
        assert after.hue == 0
        assert replace(after, hue=before.hue, erase_boxes=before.erase_boxes) == before


def test_ranges_are_filled_and_kept(many):
    coloured = [change for change in many if change.brightness != 1]
    assert len(coloured) / MANY == pytest.approx(0.8, abs=0.02)
    for values, low, high in (
        ([change.brightness for change in coloured], 0.7, 1.3),
        ([change.contrast for change in coloured], 0.7, 1.3),
        ([change.saturation for change in coloured if change.saturation], 0.7, 1.3),
        ([change.hue for change in coloured], -0.04, 0.04),
        ([np.log(change.gamma) for change in coloured], -np.log(1.2), np.log(1.2)),
        ([change.blur for change in many if change.blur], 0.3, 1.2),
        ([change.noise for change in many if change.noise], 0.02, 0.06),
        ([change.jpeg for change in many if change.jpeg], 50, 90),
    ):
        assert low <= min(values) < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < max(values) <= high
        assert np.mean(values) == pytest.approx((low + high) / 2, abs=0.04 * (high - low))
    still = [change for change in many if change.brightness == 1]
    assert all((one.contrast, one.hue, one.gamma) == (1, 0, 1) for one in still)
    assert sum(change.saturation == 0 for change in many) / MANY == pytest.approx(0.05, abs=0.015)


def test_damage_is_of_one_kind_and_as_frequent_as_the_policy_says(many):
    kinds = [(change.blur > 0) + 2 * (change.noise > 0) + 4 * (change.jpeg > 0) for change in many]
    assert set(kinds) == {0, 1, 2, 4}
    for kind in (1, 2, 4):
        assert kinds.count(kind) / MANY == pytest.approx(0.1, abs=0.02)
    assert sum(change.needs_cpu for change in many) == kinds.count(4)
    assert len({change.noise_seed for change in many if change.noise}) == kinds.count(2)


def test_holes_lie_inside_and_everywhere(many):
    counts = [len(change.erase_boxes) for change in many if change.erase_boxes]
    assert len(counts) / MANY == pytest.approx(0.3, abs=0.03)
    assert [counts.count(number) / len(counts) for number in (1, 2, 3)] == pytest.approx([1 / 3] * 3, abs=0.05)
    holes = np.array([hole for change in many for hole in change.erase_boxes])
    assert holes.min() == 0
    assert holes.max(axis=0).tolist()[2:] == [100, 60]
    sides = holes[:, 2:] - holes[:, :2]
    assert (sides.min(axis=0).tolist(), sides.max(axis=0).tolist()) == ([8, 5], [20, 12])
    assert all(
        sample_params(replace(STRONG, erase=1.0), "any", (1, 2), seed).erase_boxes[0][2:] in {(1, 1), (1, 2)}
        for seed in range(9)
    )


@pytest.mark.parametrize(("size", "number"), [((64, 64), 8), ((64, 48), 4)])
def test_the_symmetries_that_fit_the_canvas_are_as_likely(size, number):
    met = [np.round(sample_params(Policy(), "any", size, seed).matrix + 0.0, 9).tobytes() for seed in range(1600)]
    assert len(set(met)) == number
    assert all(met.count(one) / 1600 == pytest.approx(1 / number, abs=0.03) for one in set(met))
    corners = np.array([[0, size[0]], [0, size[1]], [1, 1]])
    for one in set(met):
        moved = np.frombuffer(one).reshape(3, 3) @ corners
        assert (np.sort(moved[:2]) == corners[:2]).all()


def test_zoom_turn_and_shift_stay_within_the_policy(many):
    matrices = np.array([change.matrix for change in many])
    factors = np.sqrt(abs(np.linalg.det(matrices)))
    assert 0.83 < factors.min() < 0.87  # sheared by 8 degrees either way, an image has 2 % less
    assert 1.27 < factors.max() < 1.32
    middles = matrices @ [50, 30, 1]
    middles = middles[:, :2] / middles[:, 2:] / [100, 60] - 0.5
    assert np.abs(middles).max() == pytest.approx(0.1, abs=0.003)  # further where perspective enlarges
    upright = np.array([sample_params(Policy(rotate=20), "fixed", (100, 60), seed).matrix for seed in range(600)])
    angles = np.rad2deg(np.arctan2(upright[:, 1, 0], upright[:, 0, 0]))
    assert np.quantile(angles, [0, 0.25, 0.5, 0.75, 1]) == pytest.approx([-20, -10, 0, 10, 20], abs=2)


CORNERS = np.array([[0, 100, 0, 100], [0, 0, 60, 60], [1, 1, 1, 1]])


def test_perspective_shrinks_an_edge_and_enlarges_the_other():
    edges = np.array([[0, 100, 50, 50], [30, 30, 0, 60], [1, 1, 1, 1]])
    found = np.array([sample_params(Policy(perspective=0.3), "fixed", (100, 60), seed).matrix for seed in range(600)])
    assert (found @ [50, 30, 1]) == pytest.approx(np.tile([50.0, 30, 1], (600, 1)))
    left, right, top, bottom = (found @ edges)[:, 2].T
    for near, far in ((left, right), (top, bottom)):
        assert near - 1 == pytest.approx(1 - far)
        assert np.quantile(near, [0, 0.25, 0.5, 0.75, 1]) == pytest.approx([0.7, 0.85, 1, 1.15, 1.3], abs=0.025)
    places = (found @ CORNERS)[:, :2] / (found @ CORNERS)[:, 2:]
    assert places[:, 0, 3] - places[:, 0, 2] == pytest.approx(
        50 / (1 + (right - 1) + (bottom - 1)) + 50 / (1 + (left - 1) + (bottom - 1))
    )


def test_whatever_else_happens_no_place_is_beyond_the_horizon():
    wild = Policy(spread=3, zoom=0.9, shift=0.6, rotate=180, shear=40, stretch=1, perspective=0.45)
    least = [np.inf, np.inf]
    for seed in range(800):
        matrix = sample_params(wild, "any", (100, 60), seed).matrix
        back = np.linalg.inv(matrix)
        image, canvas = (matrix @ CORNERS)[2].min(), (1 / (back @ CORNERS)[2]).min()
        assert (back @ [50, 30, 1])[2] == pytest.approx(1)
        assert ((back @ CORNERS)[2] > 0).all()
        assert min(image, canvas) >= 0.1
        least = [min(pair) for pair in zip(least, (image, canvas), strict=True)]
    assert max(least) < 0.6


def test_stretching_keeps_the_area():
    found = np.array([sample_params(Policy(stretch=0.5), "any", (60, 60), seed).matrix for seed in range(600)])
    assert np.abs(np.linalg.det(found)) == pytest.approx(np.ones(600))
    assert (found @ [30, 30, 1]) == pytest.approx(np.tile([30.0, 30, 1], (600, 1)))
    width, height = np.abs(found[:, :2, :2]).sum(axis=2).T  # of what was a square
    ratios = np.log(width / height) / np.log(1.5)
    assert np.quantile(ratios, [0, 0.25, 0.5, 0.75, 1]) == pytest.approx([-1, -0.5, 0, 0.5, 1], abs=0.05)


def kinds(change):
    """Return what is to be seen of a change: every kind but those of size and place, of which there always is some."""
    found = {name for name in ("brightness", "contrast", "gamma") if getattr(change, name) != 1}
    found |= {name for name, there in (("hue", change.hue), ("erase", change.erase_boxes)) if there}
    found |= {"degrade"} if change.blur or change.noise or change.jpeg else set()
    found |= {"grey" if change.saturation == 0 else "saturation"} if change.saturation != 1 else set()
    if not change.affine:
        return found | {"perspective"}
    (a, b, _), (c, d, _) = change.rows
    if a != pytest.approx(d):
        return found | {"stretch"}
    turned = "rotate" if b == pytest.approx(-c) else "shear"
    return found | {turned} if (b, c) != (0, 0) else found


@pytest.mark.parametrize("table", TABLES)
def test_auto_does_one_thing_at_a_time_and_all_as_often(table):
    auto = TABLES[table]["auto"]
    changes = [sample_params(auto, "fixed", (100, 60), seed) for seed in range(MANY)]
    met = [kinds(change) for change in changes]
    assert max(map(len, met)) == 1
    names = {"brightness", "contrast", "saturation", "hue", "gamma", "grey", "degrade", "erase"}
    names |= {"rotate", "shear", "stretch", "perspective"}
    assert set().union(*met) == names
    for name in names:
        assert met.count({name}) / MANY == pytest.approx(1 / 15, abs=0.012)  # three standard deviations
    plain = [change.matrix for change, found in zip(changes, met, strict=True) if not found]
    assert len(plain) / MANY == pytest.approx(3 / 15, abs=0.02)  # nothing, size, place
    sizes = np.log([matrix[0, 0] for matrix in plain])
    # of a third, 0.75 of what 0.75 to 1.5 holds lies beyond a tenth, and 0.56 of 2.5 each way beyond a half
    near, share = (1.1, 0.25) if table == "images" else (1.5, 0.19)
    assert (np.abs(sizes) > np.log(near)).mean() == pytest.approx(share, abs=0.05)
    values = [change.brightness for change in changes if change.brightness != 1]
    assert np.quantile(values, [0, 0.25, 0.5, 0.75, 1]) == pytest.approx([0.5, 0.75, 1, 1.25, 1.5], abs=0.07)


def test_auto_is_mixed_as_often_as_asked_for():
    mixed = replace(POLICIES["auto"], mixup=0.3, cutmix=0.4)
    changes = [sample_params(mixed, "upright", (100, 60), seed) for seed in range(2000)]
    assert np.mean([change.mixup_lambda > 0 for change in changes]) == pytest.approx(0.3, abs=0.03)
    assert np.mean([change.cutmix_box is not None for change in changes]) == pytest.approx(0.4, abs=0.03)
    plain = [sample_params(POLICIES["auto"], "upright", (100, 60), seed) for seed in range(2000)]
    assert [replace(change, mixup_lambda=0.0, cutmix_box=None) for change in changes] == plain


@pytest.mark.parametrize(
    ("orientation", "size", "different"),
    [("fixed", (50, 50), 1), ("upright", (50, 50), 2), ("any", (50, 50), 8), ("any", (60, 50), 4)],
)
def test_turns_go_through_all_symmetries(orientation, size, different):
    found = [sample_params(Policy(), orientation, size, seed=turn, turn=turn).matrix for turn in range(8)]
    assert len({np.round(matrix + 0.0, 9).tobytes() for matrix in found}) == different
    assert len({np.round(matrix + 0.0, 9).tobytes() for matrix in found[:different]}) == different
