import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.errors import RecipeError, UnknownName
from visionft.stages import DEFAULT_STAGES, Stage, plan

GROUPS = ("stem", "blocks.0.0", "blocks.0.1", "blocks.1.0", "blocks.10.0", "head")


def one(stage, steps_per_epoch=10):
    return plan([stage], GROUPS, steps_per_epoch)[0]


@pytest.mark.parametrize(
    ("unfreeze", "groups"),
    [
        ("none", ()),
        ("all", GROUPS),
        (1, ("head",)),
        (2, ("blocks.10.0", "head")),
        (("head", "blocks.0"), ("blocks.0.0", "blocks.0.1", "head")),  # depth order, whatever the list's
        (("blocks.1",), ("blocks.1.0",)),  # not blocks.10
        (("blocks",), ("blocks.0.0", "blocks.0.1", "blocks.1.0", "blocks.10.0")),
    ],
)
def test_unfreeze_chooses_depth_groups(unfreeze, groups):
    assert one(Stage(name="s", unfreeze=unfreeze, epochs=1)).groups == groups


def test_unknown_group_names_the_stage_and_close_names():
    with pytest.raises(UnknownName, match=r"stages\[0\].unfreeze: depth group 'blocks.0.2'.*close: blocks.0"):
        one(Stage(name="s", unfreeze=("blocks.0.2",), epochs=1))


def test_more_groups_than_there_are():
    with pytest.raises(RecipeError, match="7 depth groups asked for; the backbone has 6; use 'all'"):
        one(Stage(name="s", unfreeze=7, epochs=1))


def test_rates_decay_away_from_the_head():
    stage = Stage(name="s", unfreeze=3, epochs=1, backbone_lr=0.1, layer_decay=0.5)
    rates = {rate.group: rate.lr for rate in one(stage).rates}
    assert rates == pytest.approx({"head": 0.1, "blocks.10.0": 0.05, "blocks.1.0": 0.025})


def test_the_deepest_trainable_group_has_the_full_rate_even_below_a_frozen_one():
    stage = Stage(name="s", unfreeze=("stem", "blocks.0"), epochs=1, backbone_lr=0.1, layer_decay=0.5)
    assert [rate.lr for rate in one(stage).rates] == pytest.approx([0.025, 0.05, 0.1])


@pytest.mark.parametrize(("length", "steps"), [({"epochs": 2.5}, 25), ({"steps": 7}, 7), ({"epochs": 0.01}, 1)])
def test_length_in_steps(length, steps):
    assert one(Stage(name="s", **length)).steps == steps


@pytest.mark.parametrize("length", [{}, {"epochs": 1, "steps": 1}])
def test_length_is_given_exactly_once(length):
    with pytest.raises(ValueError, match="either 'epochs' or 'steps'"):
        Stage(name="s", **length)


def test_cosine_by_hand():
    filled = one(Stage(name="s", steps=10, warmup=0.2))
    assert [filled.lr_factor(step) for step in range(2)] == [0.5, 1.0]
    expected = [0.5 * (1 + math.cos(math.pi * (done + 0.5) / 8)) for done in range(8)]
    assert [filled.lr_factor(step) for step in range(2, 10)] == pytest.approx(expected)


def test_linear_and_constant():
    linear = one(Stage(name="s", steps=4, warmup=0.0, schedule="linear"))
    assert [linear.lr_factor(step) for step in range(4)] == pytest.approx([0.875, 0.625, 0.375, 0.125])
    constant = one(Stage(name="s", steps=4, warmup=0.5, schedule="constant"))
    assert [constant.lr_factor(step) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]


@given(
    steps=st.integers(1, 500),
    warmup=st.floats(0, 1),
    schedule=st.sampled_from(["cosine", "linear", "constant"]),
)
def test_factors_rise_then_fall_and_never_waste_a_step(steps, warmup, schedule):
    filled = one(Stage(name="s", steps=steps, warmup=warmup, schedule=schedule))
    factors = [filled.lr_factor(step) for step in range(steps)]
    peak = max(0, filled.warmup_steps - 1)
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[filled.warmup_steps :] == sorted(factors[filled.warmup_steps :], reverse=True)


def test_the_default_begins_with_the_head_alone():
    """Kumar et al. 2022: probe first, so that the features are not distorted by a random head."""
    first, *rest = plan(DEFAULT_STAGES, GROUPS, 5)
    assert first.groups == ()
    assert [len(later.groups) for later in rest] == sorted(len(later.groups) for later in rest)
    assert rest[-1].groups == GROUPS
