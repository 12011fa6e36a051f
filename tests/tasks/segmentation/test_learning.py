"""The segmentation task: padding, loss, results and measurement.

Shape suffixes: B batch, H height, W width, K classes, C channels, 3 colours.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
import torch

from visionft.annotations.marks import IGNORE
from visionft.batch import Batch
from visionft.catalog import imported
from visionft.data.records import Sample
from visionft.data.targets.mask import Mask
from visionft.errors import DataError
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.spec import InputSpec
from visionft.tasks import TASKS
from visionft.tasks.segmentation.learning import SegmentationLearner

NAMES = ("ground", "sky", "tree")


@dataclass(frozen=True)
class Known:
    """A mask that is known already."""

    rows: tuple[tuple[int, ...], ...]

    def read(self):
        return np.array(self.rows, np.uint8)


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return Backbone("test_resnet", "none", image_size=64)


def pixels(batch, height, width):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (batch, height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [(64, 64), (45, 70), (33, 97)])
def test_logits_have_the_size_of_the_image(backbone, size):
    task = SegmentationLearner(NAMES)
    network = TaskNetwork(backbone, task.build_head(backbone), InputSpec(*size)).eval()
    images_BHW3 = pixels(2, *size)
    assert network(images_BHW3).shape == (2, 3, *size)
    results_BKHW, labels_BHW = FinalNetwork(network, task)(images_BHW3)
    assert len(TASKS[task.kind].outputs) == 2
    assert results_BKHW.dtype == torch.float32
    torch.testing.assert_close(results_BKHW.sum(dim=1), torch.ones(2, *size))
    assert labels_BHW.dtype == torch.uint8
    assert torch.equal(labels_BHW.long(), results_BKHW.argmax(dim=1))


def test_padding_changes_nothing_that_is_not_near_it(backbone):
    """An image whose sides are whole cells, and the same image with more to the right."""
    network = TaskNetwork(backbone, SegmentationLearner(NAMES).build_head(backbone), InputSpec(64, 64)).eval()
    wide_BHW3 = pixels(1, 64, 192)
    narrow = network(wide_BHW3[:, :, :65])  # 31 columns of padding follow
    assert narrow.shape[3] == 65
    assert torch.isfinite(narrow).all()


@pytest.mark.parametrize("head", [name for name in HEADS if HEADS[name].predicts == "pixel_logits"])
def test_every_head_learns_a_mask_by_heart(backbone, head):
    torch.manual_seed(0)
    task = SegmentationLearner(NAMES, head=head)
    network = TaskNetwork(backbone, task.build_head(backbone), InputSpec(64, 64)).train()
    backbone.set_trainable([], "frozen")
    side = 128 if head == "pan" else 64  # which pools three times below the deepest map
    half = side // 2
    masks_BHW = torch.zeros(2, side, side, dtype=torch.uint8)
    masks_BHW[0, :half], masks_BHW[1, :, half:], masks_BHW[:, -4:] = 1, 2, IGNORE
    images_BHW3 = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    images_BHW3[0, :half], images_BHW3[1, :, half:] = 255, 120
    optimizer = torch.optim.AdamW(network.head.parameters(), lr=5e-3)
    losses = []
    for _ in range(25):
        loss = network(Batch(images_BHW3, masks_BHW, ("a", "b"))).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_class_weights_raise_what_is_rare():
    weights_K = SegmentationLearner(NAMES, class_counts=(9000, 900, 100))._weights_K
    ratio = (weights_K / weights_K[0]).tolist()
    assert ratio == pytest.approx([1, 10**0.5, 90**0.5], rel=1e-5)
    counts_K = torch.tensor([9000.0, 900, 100])
    assert float((weights_K * counts_K).sum() / counts_K.sum()) == pytest.approx(1)  # the mean over pixels


def test_meter_is_the_loss_and_the_share_of_right_pixels():
    rng = np.random.default_rng(0)
    results = rng.dirichlet(np.ones(3), (4, 6, 5)).transpose(0, 3, 1, 2).astype(np.float32)
    truth = rng.integers(0, 3, (4, 6, 5)).astype(np.uint8)
    truth[:, 0] = IGNORE
    meter = SegmentationLearner(NAMES).meter()
    for part in (slice(0, 1), slice(1, 4)):
        meter.update({"probabilities": results[part]}, truth[part])
    values = meter.values()
    known = truth != IGNORE
    chance = np.take_along_axis(results, np.where(known, truth, 0)[:, None].astype(int), 1)[:, 0][known]
    assert values["loss"] == pytest.approx(-np.log(chance.astype(np.float64)).mean(), rel=1e-6)
    assert values["pixel_accuracy"] == pytest.approx((results.argmax(1) == truth)[known].mean())
    assert 0 < values["miou"] < values["dice"] < 1


def test_nothing_known_is_no_crash():
    meter = SegmentationLearner(NAMES).meter()
    meter.update({"probabilities": np.full((1, 3, 2, 2), 1 / 3, np.float32)}, np.full((1, 2, 2), IGNORE, np.uint8))
    assert all(np.isfinite(value) for value in meter.values().values())


def test_evaluation_is_in_the_original_frame(tmp_path):
    """The canvas is a quarter of the image; a network that reads the class off the colour gets everything right."""
    truth_HW = np.zeros((40, 64), np.uint8)
    truth_HW[:, 32:], truth_HW[:8] = 1, 2
    shown = np.array([[0, 0, 0], [128, 128, 128], [255, 255, 255]], np.uint8)[truth_HW]
    cv2.imwrite(str(tmp_path / "a.png"), shown)
    sample = Sample("a.png", tmp_path / "a.png", Mask(Known(tuple(map(tuple, truth_HW.tolist())))), "test")

    def run(images_BHW3):
        assert images_BHW3.shape == (1, 20, 32, 3)
        level = images_BHW3[..., 0].astype(np.float32)
        chances = np.stack([np.exp(-(((level - grey) / 40) ** 2)) for grey in (0, 128, 255)], axis=1)
        return {"probabilities": (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)}

    spec = InputSpec(20, 32, fit="stretch")
    done = []
    found = SegmentationLearner(NAMES).evaluate(
        [sample], spec, run, batch_size=4, bootstrap=0, seed=0, on_done=done.append
    )
    assert done == [1]
    assert found.masks[0].labels().shape == (40, 64)
    assert found.metrics.pixel_accuracy > 0.97
    assert found.metrics.n == 1
    assert (found.masks[0].labels() == truth_HW).mean() == pytest.approx(found.metrics.pixel_accuracy)


def test_a_file_that_has_gone_is_named(tmp_path):
    sample = Sample("b.png", tmp_path / "b.png", Mask(Known(((0,),))), "test")
    with pytest.raises(DataError, match=r"b\.png"):
        SegmentationLearner(NAMES).evaluate(
            [sample], InputSpec(8, 8), lambda _: None, batch_size=1, bootstrap=0, seed=0
        )


def test_catalog():
    assert imported(TASKS["segmentation"].learner) is SegmentationLearner
    assert SegmentationLearner.kind == "segmentation"
