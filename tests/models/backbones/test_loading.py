"""Files that fit, files that nearly fit, and files that are traps."""

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from visionft.errors import WeightsError
from visionft.models.backbones import Backbone
from visionft.models.backbones.loading import fill


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 8, 1))


def random_state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {
        name: torch.rand_like(tensor) if tensor.is_floating_point() else torch.tensor(7)
        for name, tensor in network.state_dict().items()
    }


def renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"layer{name}": tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def holds(network: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


def test_tensors_are_matched_by_name_and_a_classifier_is_ignored():
    network, state = small(), random_state(small())

    how = fill(network, state | {"fc.weight": torch.zeros(9)}, None, "x.pth")

    assert holds(network, state)
    assert "9 tensors matched by name" in how
    assert "not used: 1 (fc.weight)" in how


def test_foreign_names_are_matched_in_order():
    network, state = small(), random_state(small())

    how = fill(network, renamed(state) | {"fc.weight": torch.zeros(9), "fc.bias": torch.zeros(9)}, None, "x.pth")

    assert all(torch.equal(t, state[name]) for name, t in network.state_dict().items() if t.is_floating_point())
    assert "9 tensors with foreign names matched in order" in how


def swapped(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Exchange two neighbours of one shape: in order they would land in each other's place."""
    names = list(state)
    a, b = names.index("layer1.running_mean"), names.index("layer1.running_var")
    names[a], names[b] = names[b], names[a]
    return {name: state[name] for name in names}


STATE = random_state(small())
MISFITS = {
    "one tensor is missing": {name: tensor for name, tensor in STATE.items() if name != "2.bias"},
    "one shape is wrong": STATE | {"2.bias": torch.zeros(5)},
    "foreign names and a wrong shape": renamed(STATE) | {"layer2.bias": torch.zeros(5)},
    "foreign names and another order": swapped(renamed(STATE)),
    "foreign names and too many tensors": renamed(STATE) | {f"fc{index}.weight": torch.zeros(9) for index in range(3)},
    "known names in another place": {{"2.bias": "3.bias"}.get(name, f"layer{name}"): t for name, t in STATE.items()},
}


@pytest.mark.parametrize("why", MISFITS)
def test_whatever_would_leave_a_random_tensor_is_refused(why):
    network = small()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    with pytest.raises(WeightsError, match=r"x.pth: do not fit: \d of the backbone's 9 tensors would stay random"):
        fill(network, MISFITS[why], None, "x.pth")
    assert holds(network, before)


def test_the_message_counts_and_names():
    state = {name: tensor for name, tensor in STATE.items() if name != "0.weight"} | {"2.bias": torch.zeros(5)}

    with pytest.raises(WeightsError, match=r"1 missing \(0.weight\); 1 of another shape \(2.bias is 5, not 4\)"):
        fill(small(), state, None, "x.pth")


def test_library_rules_are_used_when_they_fill_everything():
    network, state = small(), random_state(small())
    halves = {name: tensor / 2 for name, tensor in state.items() if tensor.is_floating_point()}

    how = fill(network, {"x": torch.ones(())}, lambda given: {n: t * given["x"] for n, t in halves.items()}, "x.pth")

    assert "library's rules" in how
    assert torch.equal(network[3].weight, halves["3.weight"])


def test_library_rules_that_leave_something_random_are_not_trusted():
    with pytest.raises(WeightsError, match="would stay random"):
        fill(small(), {"x": torch.ones(())}, lambda given: random_state(small()), "x.pth")


def test_timm_rules_resample_positions(tmp_path):
    original = timm.create_model("test_vit", img_size=64)  # a table of 4 x 4 patches
    save_file(
        original.state_dict() | {"pos_embed": torch.full_like(original.pos_embed, 3.0)}, tmp_path / "vit.safetensors"
    )

    backbone = Backbone("test_vit", str(tmp_path / "vit.safetensors"))  # 10 x 10

    assert "matched by the library's rules" in backbone.weights.source
    assert torch.equal(backbone.network.patch_embed.proj.weight, original.patch_embed.proj.weight)
    torch.testing.assert_close(backbone.network.pos_embed, torch.full_like(backbone.network.pos_embed, 3.0))


def test_numbers_that_are_not_finite_are_refused():
    network = small()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    for number in (torch.nan, torch.inf):
        with pytest.raises(WeightsError, match=r"x.pth: NaN or infinite numbers in 1 of 9 tensors \(1.running_var\)"):
            fill(network, STATE | {"1.running_var": torch.full((4,), number)}, None, "x.pth")
    assert holds(network, before)


def test_what_is_not_used_of_a_file_may_be_anything():
    fill(small(), STATE | {"fc.weight": torch.full((4,), torch.nan)}, None, "x.pth")
