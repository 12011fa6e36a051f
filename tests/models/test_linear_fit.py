"""A linear layer on fixed features, against scikit-learn.

Shape suffixes: N samples, D features, K outputs.
"""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from visionft.models.linear_fit import fit_linear, principal_axes

L2 = 0.03


def features(samples, width, seed=0):
    """Return float64 features_ND, correlated and of very different sizes."""
    rng = np.random.default_rng(seed)
    mixed_ND = rng.normal(size=(samples, width)) @ rng.normal(size=(width, width))
    return torch.from_numpy(3 + mixed_ND * np.logspace(-1, 1, width))


def standard(features_ND):
    return ((features_ND - features_ND.mean(0)) / features_ND.std(0, correction=0)).numpy()


@pytest.mark.parametrize("width", [12, 90])
def test_softmax_finds_the_minimum_that_scikit_learn_finds(width):
    features_ND = features(60, width)
    labels_N = torch.arange(60) % 3
    found = fit_linear(features_ND, labels_N, "softmax", l2=L2)
    reference = LogisticRegression(C=1 / (L2 * 60), tol=1e-9, max_iter=5000).fit(standard(features_ND), labels_N)
    expected_NK = reference.predict_proba(standard(features_ND))
    np.testing.assert_allclose(found(features_ND).softmax(1).numpy(), expected_NK, atol=1e-4)


def test_sigmoid_is_a_logistic_regression_of_each_output():
    features_ND = features(50, 8)
    noisy_N2 = features_ND[:, :2] + features(50, 2, seed=1)
    labels_NK = (noisy_N2 > noisy_N2.median(0).values).double()
    found_NK = fit_linear(features_ND, labels_NK, "sigmoid", l2=L2)(features_ND).sigmoid()
    for column in range(2):
        reference = LogisticRegression(C=1 / (L2 * 50), tol=1e-9, max_iter=5000)
        reference.fit(standard(features_ND), labels_NK[:, column].long())
        expected_N = reference.predict_proba(standard(features_ND))[:, 1]
        np.testing.assert_allclose(found_NK[:, column].numpy(), expected_N, atol=1e-4)


@pytest.mark.parametrize("width", [6, 80])
def test_squares_are_ridge_regression_by_the_samples_whose_value_is_known(width):
    features_ND = features(40, width)
    values_NK = torch.stack([features_ND[:, 0] * 2 + 7, features_ND[:, 1] - features_ND[:, 2]], 1)
    values_NK[::5, 1] = torch.nan
    found_NK = fit_linear(features_ND, values_NK, "squares", l2=L2, standardize=False)(features_ND)
    for column in range(2):
        known = values_NK[:, column].isfinite()
        reference = Ridge(alpha=L2 * int(known.sum())).fit(features_ND[known], values_NK[known, column])
        np.testing.assert_allclose(found_NK[:, column].numpy(), reference.predict(features_ND), rtol=1e-6)


def test_a_start_changes_nothing_but_the_way():
    features_ND, labels_N = features(60, 10), torch.arange(60) % 4
    early = fit_linear(features_ND, labels_N, "softmax", l2=10 * L2)
    again = fit_linear(features_ND, labels_N, "softmax", l2=L2, start=early)
    alone = fit_linear(features_ND, labels_N, "softmax", l2=L2)
    torch.testing.assert_close(again(features_ND), alone(features_ND), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("samples", [30, 100])
def test_principal_axes_give_the_same_fit(samples):
    features_ND, labels_N = features(samples, 40), torch.arange(samples) % 2
    turned_ND = principal_axes(features_ND)
    assert turned_ND.shape == (samples, min(samples, 40))
    plain = fit_linear(features_ND, labels_N, "softmax", l2=L2)(features_ND)
    turned = fit_linear(turned_ND, labels_N, "softmax", l2=L2, standardize=False)(turned_ND)
    torch.testing.assert_close(turned, plain, atol=1e-3, rtol=1e-3)


def test_features_that_do_not_vary_are_harmless():
    features_ND = torch.cat([features(40, 5).float(), torch.full((40, 2), 7.0)], 1)
    found = fit_linear(features_ND, torch.arange(40) % 2, "softmax", l2=L2, outputs=3)
    assert found.weight_KD.shape == (3, 7)
    assert found(features_ND).isfinite().all()
    assert principal_axes(features_ND).isfinite().all()
