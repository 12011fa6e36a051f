"""Generated predictions for the metric tests."""

import numpy as np
from hypothesis import strategies as st


def simulate(samples, classes, seed, sharpness=1.5):
    """Return calibrated probabilities and labels drawn from them."""
    rng = np.random.default_rng(seed)
    odds_NK = np.exp(sharpness * rng.normal(size=(samples, classes)))
    probabilities_NK = odds_NK / odds_NK.sum(axis=1, keepdims=True)
    labels_N = (probabilities_NK.cumsum(axis=1) > rng.random((samples, 1))).argmax(axis=1)
    return probabilities_NK, labels_N


@st.composite
def predictions(draw):
    """Draw few samples of 2 to 7 classes, often with absent classes, tied scores and zeros."""
    classes = draw(st.integers(2, 7))
    present = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=classes, unique=True))
    samples = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels_N = rng.choice(present, samples)
    levels = draw(st.sampled_from([2, 4, 1000]))
    odds_NK = rng.integers(0, levels, (samples, classes)).astype(float)
    odds_NK[odds_NK.sum(axis=1) == 0] = 1.0
    return odds_NK / odds_NK.sum(axis=1, keepdims=True), labels_N
