"""What is drawn is a pure function of its arguments, and as likely as the policy says."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from visionft.augment import OBJECT_POLICIES, OUTLINE_POLICIES, POLICIES, Policy, draw
from visionft.change import Change

TABLES = {"images": POLICIES, "boxes": OBJECT_POLICIES, "outlines": OUTLINE_POLICIES}
DRAWN = [(table, strength) for table in TABLES for strength in ("light", "medium", "strong")]
STRONG = POLICIES["strong"]
MANY = 4000


@pytest.fixture(scope="module")
def many():
    return [draw(STRONG, "any", (100, 60), seed) for seed in range(MANY)]


@pytest.mark.parametrize(("table", "strength"), DRAWN)
@pytest.mark.parametrize("orientation", ["fixed", "upright", "any"])
def test_the_same_arguments_give_the_same_change(table, strength, orientation):
    policy = TABLES[table][strength]
    changes = [draw(policy, orientation, (80, 60), seed) for seed in range(30)]
    assert changes == [draw(policy, orientation, (80, 60), seed) for seed in range(30)]
    assert pickle.loads(pickle.dumps(changes)) == changes
    assert len(set(changes)) == 30
    assert changes[3].matrix.tolist() == [*map(list, changes[3].rows), [0, 0, 1]]


def test_a_seed_gives_what_it_always_gave():
    """On any machine, and with another version."""
    change = draw(STRONG, "any", (100, 60), 9)
    assert np.ravel(change.rows) == pytest.approx(
        [-1.016308625224, -0.137562217299, 101.720805011371, 0.225248860354, -1.027439568672, 48.795710158541], abs=1e-9
    )
    rest = (change.brightness, change.contrast, change.saturation, change.hue, change.gamma)
    assert rest == pytest.approx(
        (0.857087539812, 0.743839847925, 1.189843414474, 0.039599461751, 1.004389504285), abs=1e-9
    )
    noisy = next(one for one in (draw(STRONG, "any", (100, 60), seed) for seed in range(99)) if one.noise)
    assert (noisy.noise, noisy.noise_seed) == (pytest.approx(0.020050350676, abs=1e-9), 56914588)
    holes = next(one.holes for one in (draw(STRONG, "any", (100, 60), seed) for seed in range(99)) if one.holes)
    assert holes == ((49, 14, 63, 20), (2, 28, 10, 38))


def test_an_empty_policy_draws_nothing():
    assert draw(Policy(), "fixed", (33, 44), 5) == Change()
    assert not Change().needs_cpu
    assert Change(jpeg=60).needs_cpu


def test_each_number_stands_alone():
    """What one range is changes nothing about the others."""
    for seed in range(20):
        before, after = (
            draw(replace(STRONG, **more), "any", (100, 60), seed) for more in ({}, {"hue": 0.0, "erase": 1.0})
        )
        assert after.hue == 0
        assert replace(after, hue=before.hue, holes=before.holes) == before


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
    counts = [len(change.holes) for change in many if change.holes]
    assert len(counts) / MANY == pytest.approx(0.3, abs=0.03)
    assert [counts.count(number) / len(counts) for number in (1, 2, 3)] == pytest.approx([1 / 3] * 3, abs=0.05)
    holes = np.array([hole for change in many for hole in change.holes])
    assert holes.min() == 0
    assert holes.max(axis=0).tolist()[2:] == [100, 60]
    sides = holes[:, 2:] - holes[:, :2]
    assert (sides.min(axis=0).tolist(), sides.max(axis=0).tolist()) == ([8, 5], [20, 12])
    assert all(
        draw(replace(STRONG, erase=1.0), "any", (1, 2), seed).holes[0][2:] in {(1, 1), (1, 2)} for seed in range(9)
    )


@pytest.mark.parametrize(("size", "number"), [((64, 64), 8), ((64, 48), 4)])
def test_the_symmetries_that_fit_the_canvas_are_as_likely(size, number):
    met = [np.round(draw(Policy(), "any", size, seed).matrix + 0.0, 9).tobytes() for seed in range(1600)]
    assert len(set(met)) == number
    assert all(met.count(one) / 1600 == pytest.approx(1 / number, abs=0.03) for one in set(met))
    corners = np.array([[0, size[0]], [0, size[1]], [1, 1]])
    for one in set(met):
        moved = np.frombuffer(one).reshape(3, 3) @ corners
        assert (np.sort(moved[:2]) == corners[:2]).all()


def test_zoom_turn_and_shift_stay_within_the_policy(many):
    matrices = np.array([change.matrix for change in many])
    factors = np.sqrt(abs(np.linalg.det(matrices[:, :2, :2])))
    assert 0.83 < factors.min() < 0.87  # sheared by 8 degrees either way, an image has 2 % less
    assert 1.27 < factors.max() < 1.32
    middles = (matrices @ [50, 30, 1])[:, :2] / [100, 60] - 0.5
    assert np.abs(middles).max() == pytest.approx(0.1, abs=0.001)
    upright = np.array([draw(Policy(rotate=20), "fixed", (100, 60), seed).matrix for seed in range(600)])
    angles = np.rad2deg(np.arctan2(upright[:, 1, 0], upright[:, 0, 0]))
    assert np.quantile(angles, [0, 0.25, 0.5, 0.75, 1]) == pytest.approx([-20, -10, 0, 10, 20], abs=2)
