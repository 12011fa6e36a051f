"""The linear head.

Shape suffixes: B batch, D embedding channels, K classes.
"""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from visionft.models.heads.linear import LinearHead


def made(channels, classes, dropout=0.0):
    return LinearHead(
        channels,
        classes,
        dropout,
        loss=lambda logits_BK, labels_B: {"cross_entropy": F.cross_entropy(logits_BK, labels_B)},
        activation=partial(torch.softmax, dim=1),
    )


def test_a_fresh_head_gives_every_class_the_same_probability():
    head = made(8, 5, dropout=0.5)
    for mode in (True, False):
        logits_BK = head.train(mode)(torch.randn(4, 8))
        assert torch.equal(logits_BK.softmax(1), torch.full((4, 5), 0.2))


def test_it_is_a_matrix_and_an_offset():
    head = made(6, 3).eval()
    torch.manual_seed(0)
    torch.nn.init.normal_(head.linear.weight)
    torch.nn.init.normal_(head.linear.bias)
    embedding_BD = torch.randn(4, 6)
    weight, bias = (p.detach().double().numpy() for p in (head.linear.weight, head.linear.bias))
    expected_BK = np.einsum("bd,kd->bk", embedding_BD.double().numpy(), weight) + bias
    np.testing.assert_allclose(head(embedding_BD).detach().numpy(), expected_BK, rtol=1e-5, atol=1e-6)


def test_dropout_acts_in_training_only_and_keeps_the_mean():
    head = made(1, 1, dropout=0.25)
    torch.nn.init.ones_(head.linear.weight)
    ones_BD = torch.ones(20_000, 1)
    assert torch.equal(head.eval()(ones_BD), ones_BD)
    torch.manual_seed(0)
    outputs_BK = head.train()(ones_BD)
    assert sorted(outputs_BK.unique().tolist()) == [0, float(torch.tensor(1 / 0.75))]
    assert abs(float((outputs_BK == 0).float().mean()) - 0.25) < 0.02


def test_the_first_gradient_reaches_the_head_and_not_what_is_before_it():
    """This is what starting at zero is for."""
    embedding_BD = torch.randn(4, 6, requires_grad=True)
    head = made(6, 3)
    losses = head(embedding_BD, torch.tensor([0, 1, 2, 0]))
    losses.total.backward()
    assert losses.parts == {"cross_entropy": losses.total}
    assert float(head.linear.weight.grad.abs().max()) > 0
    assert torch.equal(embedding_BD.grad, torch.zeros(4, 6))
