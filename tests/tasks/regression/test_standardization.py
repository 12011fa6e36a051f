import numpy as np
import pytest

from tests.tasks.regression.measured import simulate
from visionft.errors import DataError
from visionft.tasks.regression.standardization import Standardization


def test_standardised_values_have_mean_0_and_deviation_1_as_far_as_they_are_known():
    _, true_NV = simulate(80, values=3, missing=0.4)
    scale = Standardization.of(true_NV, ["a", "b", "c"])
    standardised_NV = (true_NV - scale.means) / scale.deviations
    assert np.nanmean(standardised_NV, axis=0) == pytest.approx(0, abs=1e-12)
    assert np.nanstd(standardised_NV, axis=0) == pytest.approx(1)


@pytest.mark.parametrize(
    ("column", "part"),
    [
        ([0.1, 0.1, 0.1], "b: is 0.1 in every training image"),
        ([7, 7, np.nan], "b: is 7 in every training image"),
        ([1e-50, 2e-50, 0], "b: is 1e-50 in every training image"),
        ([np.nan] * 3, "b: no training image has a value"),
    ],
)
def test_a_value_that_teaches_nothing_is_refused(column, part):
    true_NV = np.stack([[1, 2, 3], column], axis=1)
    with pytest.raises(DataError, match=part):
        Standardization.of(true_NV, ["a", "b"])
