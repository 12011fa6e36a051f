import numpy as np
import pytest

from tests.tasks.regression.measured import simulate
from visionft.data.records import Dataset, Sample
from visionft.data.targets.values import Values
from visionft.tasks.regression.learning import RegressionEvaluation
from visionft.tasks.regression.metrics import regression_metrics
from visionft.tasks.regression.page import RegressionView


def shown(image, names, images=30, bootstrap=50, **options):
    predicted_NV, true_NV = simulate(images, values=len(names), **options)
    rows = [tuple(None if np.isnan(value) else value for value in row) for row in true_NV.tolist()]
    samples = tuple(Sample(f"{i}.png", image, Values(row), "test") for i, row in enumerate(rows))
    parts = [name.rstrip("]").split(" [") for name in names]
    metrics = regression_metrics(
        predicted_NV, true_NV, [part[0] for part in parts], [(*part, "")[1] for part in parts], bootstrap=bootstrap
    )
    evaluation = RegressionEvaluation(metrics, predicted_NV.astype(np.float32))
    return RegressionView.section(evaluation, Dataset("x", samples, names, Values), "test"), predicted_NV, true_NV


def test_the_worst_images_come_first_with_both_numbers(image):
    section, predicted_NV, true_NV = shown(image, ("weight [g]",))
    errors_N = np.abs(predicted_NV - true_NV)[:, 0]
    assert section.worst[0].id == f"{errors_N.argmax()}.png"
    assert len(section.worst) == 12
    assert len(section.others) == 3
    (row,) = section.worst[0].rows
    assert (row.name, row.true.endswith(" g"), row.predicted.endswith(" g")) == ("weight", True, True)
    assert row.error == pytest.approx(errors_N.max() / true_NV.std(), rel=1e-5)
    assert [chart.x_title for chart in section.values[0].charts] == ["true [g]", "predicted [g]"]


def test_a_single_value_has_its_errors_at_the_top_in_its_unit(image):
    section, *_ = shown(image, ("weight [g]",))
    names = [headline.name for headline in section.headlines()]
    assert names == ["R²", "Spearman", "MAE", "RMSE"]
    assert section.headlines()[2].value.endswith(" g")
    assert section.headlines()[2].interval.endswith(" g")


def test_several_values_have_no_common_error_and_what_is_not_known_is_not_shown(image):
    section, _, true_NV = shown(image, ("weight [g]", "height"), missing=0.3)
    assert [headline.name for headline in section.headlines()] == ["R²", "Spearman"]
    assert [value.name for value in section.values] == ["weight", "height"]
    for example in (*section.worst, *section.others):
        known_V = ~np.isnan(true_NV[int(example.id.split(".")[0])])
        assert [row.name for row in example.rows] == np.array(["weight", "height"])[known_V].tolist()
    for value, column_N in zip(section.values, true_NV.T, strict=True):
        assert {len(chart.dots) for chart in value.charts} == {(~np.isnan(column_N)).sum()}


def test_images_are_labelled_with_what_is_known(image):
    sample = Sample("a.png", image, Values((3.42, None, 2.0)), "train")
    assert RegressionView.caption(sample, ("weight [g]", "height", "age [d]")) == "weight 3.42 g, age 2 d"
