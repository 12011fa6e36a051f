"""Generated label maps for the metric tests.

Shape suffixes: H height, W width.
"""

import numpy as np
from hypothesis import strategies as st

IGNORED = 255


def blocks(rng, height, width, labels, size):
    """Return a label map of squares, so that it has regions and boundaries."""
    coarse = rng.choice(labels, (-(-height // size), -(-width // size))).astype(np.uint8)
    return coarse.repeat(size, axis=0).repeat(size, axis=1)[:height, :width]


@st.composite
def map_pairs(draw, classes=4, most=14):
    """Draw truth_HW and predicted_HW; often with absent classes, one pixel or row, or much that is ignored."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(1, most)), draw(st.integers(1, most))
    any_classes = st.lists(st.integers(0, classes - 1), min_size=1, unique=True)
    truth_HW, predicted_HW = (
        blocks(rng, height, width, draw(any_classes), draw(st.integers(1, 4))) for _ in ("truth", "prediction")
    )
    truth_HW = truth_HW.copy()
    truth_HW[rng.random(truth_HW.shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))] = IGNORED
    return truth_HW, predicted_HW
