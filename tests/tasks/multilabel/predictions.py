"""Generated predictions for the tests of multi-label metrics."""

import numpy as np
from hypothesis import strategies as st


def simulate(images, classes, seed, sharpness=1.5):
    """Return calibrated probabilities of float32, labels drawn from them, and thresholds."""
    rng = np.random.default_rng(seed)
    commonness_K = rng.normal(-1, 1, classes)
    probabilities_NK = 1 / (1 + np.exp(-(commonness_K + sharpness * rng.normal(size=(images, classes)))))
    labels_NK = rng.random((images, classes)) < probabilities_NK
    return probabilities_NK.astype(np.float32), labels_NK, (0.4,) * classes


@st.composite
def predictions(draw):
    """Draw few images of 1 to 6 classes, often with tied scores and with labels that all images or none have."""
    classes, images = draw(st.integers(1, 6)), draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = draw(st.sampled_from([1, 4, 1000]))
    probabilities_NK = (rng.integers(0, levels + 1, (images, classes)) / levels).astype(np.float32)
    labels_NK = rng.random((images, classes)) < rng.choice([0.0, 0.2, 0.6, 1.0], classes)
    return probabilities_NK, labels_NK, tuple(rng.choice([0.0, 0.25, 0.5, 0.9], classes).tolist())
