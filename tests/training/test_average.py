import pytest
import torch
from torch import nn

from visionft.training.average import WeightAverage
from visionft.training.optimizer import restore_state, state_by_name


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
    with WeightAverage(torch.optim.AdamW(layer.parameters()), 0.9).applied():
        assert torch.equal(layer.weight, before)


def test_a_stage_starts_its_average_anew():
    layer, _, average, _ = trained(5)
    with torch.no_grad():
        layer.weight.zero_()
    average.forget()
    average.update(1)
    with average.applied():
        assert torch.equal(layer.weight, torch.zeros(2, 3).double())


def test_a_weight_begins_to_move_late():
    """Its average begins with its own first step, as the others' do with theirs."""
    early, late = (nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer = torch.optim.AdamW([early, late], lr=0.1)
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
    layer, optimizer, _, _ = trained(2)
    state = state_by_name(optimizer)
    for entry in ("step", "exp_avg", "exp_avg_sq"):
        del state[f"bias/{entry}"]
    optimizer = torch.optim.AdamW(layer.named_parameters(), lr=0.1)
    restore_state(optimizer, state)
    average = WeightAverage(optimizer, 0.9)
    with average.applied():
        torch.testing.assert_close(layer.weight.detach(), state["weight/average"])
    layer(torch.ones(4, 3).double()).sum().backward()
    optimizer.step()
    average.update(3)
    assert state_by_name(optimizer).keys() == {
        f"{name}/{entry}" for name in ("weight", "bias") for entry in ("step", "exp_avg", "exp_avg_sq", "average")
    }
