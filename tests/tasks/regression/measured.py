"""Generated predictions for the tests of regression.

Shape suffixes: N images, V values.
"""

import numpy as np
from hypothesis import strategies as st


def simulate(images, values=1, seed=0, noise=0.5, missing=0.0):
    """Return predicted_NV and true_NV of different sizes, with NaN where nobody knows."""
    rng = np.random.default_rng(seed)
    true_NV = rng.normal(size=(images, values)) * 10.0 ** np.arange(values) + 3
    predicted_NV = true_NV + noise * rng.normal(size=true_NV.shape) * 10.0 ** np.arange(values)
    true_NV[rng.random(true_NV.shape) < missing] = np.nan
    return predicted_NV, true_NV


@st.composite
def measured(draw):
    """Draw few images of 1 to 3 values, often with ties, constants and missing ones, of which one is known at least."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(1, 30)), draw(st.integers(1, 3))
    levels = draw(st.sampled_from([1, 2, 5, 10**6]))
    predicted_NV, true_NV = rng.integers(0, levels, (2, *shape)) * draw(st.sampled_from([0.1, 1.0, 1e5]))
    true_NV[rng.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.9]))] = np.nan
    if np.isnan(true_NV).all():
        true_NV[0, 0] = 0.1
    return predicted_NV, true_NV
