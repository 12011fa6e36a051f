"""Regression against formulas written out in numpy. Shape suffixes: B batch, N images, V values."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.tasks.regression.measured import simulate
from visionft.data.targets.values import Values
from visionft.errors import DataError
from visionft.export.writers.onnx import OnnxWriter
from visionft.predict.engine import open_engine
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.regression.learning import RegressionLearner, Units
from visionft.tasks.regression.metrics import regression_metrics

NAMES = ("weight [g]", "height [cm]")


def learner(training_NV, **options):
    return RegressionLearner(NAMES[: training_NV.shape[1]], training_NV=training_NV, **options)


class Embedding(nn.Module):
    embedding_dim = 4


def test_the_loss_counts_in_deviations_of_the_training_images():
    _, training_NV = simulate(60, values=2, missing=0.3)
    task = learner(training_NV, weights_V=[1.0, 3.0])
    outputs_BV, true_BV = torch.randn(5, 2), torch.from_numpy(simulate(5, values=2, seed=3, missing=0.3)[1])
    (loss,) = task.losses(outputs_BV, true_BV).values()
    target_BV = (true_BV.numpy() - np.nanmean(training_NV, axis=0)) / np.nanstd(training_NV, axis=0)
    squares_BV, weights_BV = (outputs_BV.numpy() - target_BV) ** 2, np.where(np.isnan(target_BV), 0, [1.0, 3.0])
    assert loss.item() == pytest.approx(np.nansum(squares_BV * weights_BV) / weights_BV.sum(), rel=1e-5)


def test_an_untrained_head_answers_the_mean_in_units_and_the_scale_is_saved_with_it():
    training_NV = simulate(60, values=2)[1] + np.array([1000.0, 0.0])
    head = learner(training_NV).build_head(Embedding())
    results_BV = head.postprocess(head.predict(torch.randn(3, 4)))
    assert results_BV.dtype == torch.float32
    np.testing.assert_allclose(results_BV.detach().numpy(), [training_NV.mean(axis=0)] * 3, rtol=1e-5)

    other = learner(simulate(9, values=2)[1]).build_head(Embedding())
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other.postprocess(other.predict(torch.zeros(3, 4))), results_BV)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_brought_into_units_in_full(dtype):
    task = learner(np.array([[999.0], [1001.0]]))
    head = task.build_head(Embedding())
    assert head.postprocess(torch.tensor([[0.5]], dtype=dtype)).item() == 1000.5
    (loss,) = task.losses(torch.tensor([[0.5]], dtype=dtype), torch.tensor([[1001.0]]).double()).values()
    assert (loss.dtype, loss.item()) == (torch.float32, 0.25)


def test_large_numbers_keep_their_differences():
    training_NV = 1.7e9 + np.arange(10.0)[:, None]
    (loss,) = (
        learner(training_NV).losses(torch.zeros(1, 1), torch.tensor([[1.7e9 + 4.5]], dtype=torch.float64)).values()
    )
    assert loss.item() == pytest.approx(0, abs=1e-12)


def test_an_exported_file_brings_into_units_as_exactly_as_float32_can(tmp_path):
    task = learner(1e6 + 5 * simulate(60)[1])

    class Brightness(nn.Module):
        def __init__(self):
            super().__init__()
            self.units = Units(task.scale)

        def forward(self, images_BHW3):
            return (self.units(images_BHW3.float().mean(dim=(1, 2))[:, :1] / 50 - 2.5),)

    images_BHW3 = (
        np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), np.uint8)
        // np.arange(1, 9, dtype=np.uint8)[:, None, None, None]
    )
    OnnxWriter().write(Brightness().eval(), ModelSpec("regression", NAMES[:1], InputSpec(8, 8)), tmp_path / "m.onnx")
    found_B1 = open_engine(tmp_path / "m.onnx").run(images_BHW3)["values"]
    expected_B1 = (images_BHW3.mean(axis=(1, 2))[:, :1] / 50 - 2.5) * task.scale.deviations + task.scale.means
    assert np.ptp(expected_B1) > task.scale.deviations[0]
    assert np.abs(found_B1 - expected_B1).max() <= np.spacing(np.float32(expected_B1.max()))


def test_validation_and_evaluation_agree():
    predicted_NV, true_NV = simulate(60, values=2, missing=0.2)
    task = learner(simulate(40, values=2, seed=9)[1])
    meter = task.meter()
    for part in (slice(0, 17), slice(17, 60)):
        meter.update({"values": predicted_NV[part].astype(np.float32)}, true_NV[part])
    quick = meter.values()
    full = regression_metrics(predicted_NV, true_NV, ["weight", "height"], bootstrap=0)
    assert set(quick) == {"loss", "r2", "spearman"}
    assert quick["r2"] == pytest.approx(full.r2, abs=1e-6)
    errors_NV = (predicted_NV - true_NV) / task.scale.deviations
    assert quick["loss"] == pytest.approx(np.nanmean(errors_NV**2), rel=1e-5)


@pytest.mark.parametrize("loss", ["mse", "l1", "huber"])
def test_every_loss_is_measured_as_it_is_learned(loss):
    predicted_NV, true_NV = simulate(30, missing=0.2)
    task = learner(simulate(40, seed=9)[1], loss=loss, loss_options={"delta": 0.3} if loss == "huber" else {})
    meter = task.meter()
    meter.update({"values": predicted_NV.astype(np.float32)}, true_NV)
    outputs_NV = torch.from_numpy((predicted_NV - task.scale.means) / task.scale.deviations)
    (learned,) = task.losses(outputs_NV, torch.from_numpy(true_NV)).values()
    assert meter.values()["loss"] == pytest.approx(learned.item(), rel=1e-5)


def test_a_file_agrees_within_a_thousandth_of_a_deviation():
    task = learner(np.array([[0.0, 0.0], [2.0, 2000.0]]))
    expected = {"values": np.float32([[1, 1000], [2, 2000]])}
    found = {"values": np.float32([[1.0005, 1000.5], [2.01, 2000]])}
    agreement = task.compare(found, expected)
    assert (agreement.same, agreement.compared) == (3, 4)
    assert agreement.difference == pytest.approx(0.01, rel=1e-3)
    broken = task.compare({"values": np.float32([[np.nan, 1000], [2, 2000]])}, expected)
    assert broken.same == 3
    assert np.isnan(broken.difference)


def test_blank_targets_can_be_learned_from():
    task = learner(simulate(40, values=2)[1])
    blank_B1 = Values.blank(torch.zeros(3, 8, 8, 3, dtype=torch.uint8))
    (loss,) = task.losses(torch.zeros(3, 2, requires_grad=True), blank_B1).values()
    loss.backward()


def test_a_constant_is_refused_when_something_is_to_be_learned():
    task = learner(np.ones((3, 1)))
    with pytest.raises(DataError, match="there is nothing to learn"):
        task.build_head(Embedding())
