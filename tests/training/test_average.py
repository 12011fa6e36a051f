import pytest
import torch
from torch import nn

from visionft.models.optimizers.state import restore_state, state_by_name
from visionft.training.average import WeightAverage


def trained(steps, decay=0.9):
    torch.manual_seed(0)
    layer = nn.Linear(3, 2).double()
    optimizer = torch.optim.AdamW(layer.named_parameters(), lr=0.1)
    average = WeightAverage(optimizer, decay)
    seen = []
    for step in range(1, steps + 1):
        layer(torch.randn(4, 3).double()).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(step)
        seen.append(layer.weight.detach().clone())
    return layer, optimizer, average, seen


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_it_is_the_exponential_average_of_all_steps(decay):
    layer, _, average, seen = trained(30, decay)
    expected = seen[0]
    for step, weight in enumerate(seen[1:], start=2):
        keep = min(decay, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * weight
    with average.applied():
        torch.testing.assert_close(layer.weight.detach(), expected)
    assert torch.equal(layer.weight, seen[-1])


def test_the_weights_come_back_after_an_error():
    layer, _, average, seen = trained(3)
    with pytest.raises(KeyError), average.applied():
        raise KeyError
    assert torch.equal(layer.weight, seen[-1])


def test_training_goes_on_as_without_it():
    layer, _, _, _ = trained(5)
    plain = nn.Linear(3, 2).double()
    torch.manual_seed(0)
    plain = nn.Linear(3, 2).double()
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.1)
    for _ in range(5):
        plain(torch.randn(4, 3).double()).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert torch.equal(plain.weight, layer.weight)


def test_before_the_first_step_it_is_the_weights():
    layer = nn.Linear(3, 2)
    before = layer.weight.detach().clone()
    with WeightAverage(torch.optim.AdamW(layer.named_parameters()), 0.9).applied():
        assert torch.equal(layer.weight, before)


def test_a_weight_begins_to_move_late():
    """Its average begins with its own first step, as the others' do with theirs."""
    early, late = (nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer = torch.optim.AdamW([("early", early), ("late", late)], lr=0.1)
    average, seen = WeightAverage(optimizer, 0.5), []
    for step, moved in enumerate([[early], [early, late], [early, late]], start=1):
        torch.stack(moved).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(step)
        seen.append(late.detach().clone())
        with average.applied():
            if step < 3:
                assert torch.equal(late, seen[-1])
    keep = (1 + 3) / (10 + 3)
    with average.applied():
        torch.testing.assert_close(late.detach(), keep * seen[1] + (1 - keep) * seen[2])


def test_an_older_checkpoint_holds_an_average_alone():
    """It was written beside no moments for weights that had no gradient so far, whose average is what they are."""
    layer, optimizer, average, _ = trained(2)
    state = state_by_name(optimizer) | average.state_by_name()
    for entry in ("step", "exp_avg", "exp_avg_sq"):
        del state[f"bias/{entry}"]
    optimizer = torch.optim.AdamW(layer.named_parameters(), lr=0.1)
    restore_state(optimizer, state)
    average = WeightAverage(optimizer, 0.9)
    average.restore(state)
    assert average.state_by_name().keys() == {"weight/average"}
    with average.applied():
        torch.testing.assert_close(layer.weight.detach(), state["weight/average"])
    layer(torch.ones(4, 3).double()).sum().backward()
    optimizer.step()
    average.update(3)
    assert average.state_by_name().keys() == {"weight/average", "bias/average"}
    assert state_by_name(optimizer).keys() == {
        f"{name}/{entry}" for name in ("weight", "bias") for entry in ("step", "exp_avg", "exp_avg_sq")
    }


def test_an_optimizer_without_any_state_has_averages_too():
    layer = nn.Linear(3, 2).double()
    optimizer = torch.optim.SGD(layer.named_parameters(), lr=0.1)
    average = WeightAverage(optimizer, 0.5)
    for step in (1, 2):
        layer(torch.ones(4, 3).double()).sum().backward()
        optimizer.step()
        average.update(step)
    resumed = WeightAverage(optimizer, 0.5)
    resumed.restore(state_by_name(optimizer) | average.state_by_name())
    with average.applied():
        expected = layer.weight.detach().clone()
    assert not torch.equal(layer.weight, expected)
    with resumed.applied():
        assert torch.equal(layer.weight, expected)
