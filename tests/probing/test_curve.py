"""Shape suffixes: S sizes, R resamples."""

import numpy as np
import pytest

from visionft.probing.curve import PowerLaw

SIZES = np.array([20, 40, 80, 160, 320, 640])


def test_a_power_law_is_found_and_continued():
    errors_S = 0.8 * SIZES**-0.3
    law = PowerLaw.choose(SIZES, errors_S)
    assert not law.piecewise
    assert law.gain(errors_S[None])[0] == pytest.approx(0.8 * (640**-0.3 - 1280**-0.3), rel=1e-6)


def test_noise_does_not_bend_it():
    rng = np.random.default_rng(0)
    laws = [PowerLaw.choose(SIZES, 0.8 * SIZES**-0.3 * rng.normal(1, 0.02, 6)) for _ in range(50)]
    assert sum(law.piecewise for law in laws) < 15


def test_few_shot_sizes_may_follow_another_law():
    logs_S = np.log(SIZES)
    errors_S = np.exp(-0.4 * logs_S - 0.5 * np.minimum(logs_S - np.log(80), 0) ** 2)
    law = PowerLaw.choose(SIZES, errors_S)
    assert law.knee == 80
    assert law.gain(errors_S[None])[0] == pytest.approx(640**-0.4 - 1280**-0.4, rel=1e-6)
    straight = PowerLaw(SIZES).gain(errors_S[None])[0]
    assert abs(straight - law.gain(errors_S[None])[0]) > 1e-3


def test_rows_are_fitted_one_by_one():
    errors_RS = np.stack([0.5 * SIZES**-0.2, 0.9 * SIZES**-0.5])
    gains = PowerLaw(SIZES).gain(errors_RS)
    np.testing.assert_allclose(gains, [PowerLaw(SIZES).gain(row[None])[0] for row in errors_RS])
