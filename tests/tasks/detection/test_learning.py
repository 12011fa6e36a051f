"""The detection task: padding, targets, results, and how an exported file is compared.

Shape suffixes: B batch, N detections or objects, 3 colours.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.tasks.objects.as_results import as_results
from visionft.annotations.marks import CROWD, PADDING
from visionft.batch import Batch
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.errors import ExportError
from visionft.export.parity import Limits, verify
from visionft.models.backbones import Backbone
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.spec import InputSpec
from visionft.tasks import TASKS
from visionft.tasks.detection.learning import BoxMeter, DetectionLearner

NAMES = ("dog", "cat")


def rows(*detections, n=5):
    """Return detections_N6, zeros after those given."""
    found_N6 = np.zeros((n, 6), np.float32)
    found_N6[: len(detections)] = np.array(detections, np.float32).reshape(-1, 6)
    return found_N6


def compare(found_N6, expected_N6):
    """Compare the detections of one image."""
    return DetectionLearner(NAMES).compare(as_results(found_N6[None]), as_results(expected_N6[None]))


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return Backbone("test_resnet", "none", image_size=64)


@pytest.mark.parametrize("size", [(64, 64), (45, 70)])
def test_outputs_are_those_that_the_spec_names(backbone, size):
    task = DetectionLearner(NAMES)
    network = TaskNetwork(backbone, task.build_head(backbone), InputSpec(*size)).eval()
    torch.nn.init.normal_(network.head.head.cells.classes.weight, std=2)
    images_BHW3 = torch.randint(0, 256, (3, *size, 3), dtype=torch.uint8)
    with torch.no_grad():
        outputs = FinalNetwork(network, task)(images_BHW3)
    boxes_BN4, scores_BN, labels_BN, count_B = outputs
    assert len(outputs) == len(TASKS["detection"].outputs)
    assert boxes_BN4.shape == (*scores_BN.shape, 4) == (*labels_BN.shape, 4)
    assert labels_BN.dtype == count_B.dtype == torch.int64
    assert count_B.tolist() == (scores_BN > 0).sum(dim=1).tolist()
    assert count_B.min() > 0
    assert boxes_BN4[..., 2].max() <= size[1]
    assert boxes_BN4[..., 3].max() <= size[0]


@pytest.mark.parametrize("head", ["dense", "fcos", "retinanet"])
def test_detections_agree_with_themselves_on_a_canvas_that_is_padded(backbone, head):
    task, size = DetectionLearner(NAMES, head=head), (33, 70)
    network = TaskNetwork(backbone, task.build_head(backbone), InputSpec(*size)).eval()
    if head == "dense":  # small boxes, of which those of cells in the padding lie outside the canvas
        network.head.head.cells.sides.bias.data = -3 * torch.arange(17.0).repeat(4)
    images_BHW3 = torch.randint(0, 256, (2, *size, 3), dtype=torch.uint8)
    with torch.no_grad():
        results = as_results(network.postprocess(network(images_BHW3)).numpy())
    agreement = task.compare(results, results)
    assert agreement.same == agreement.compared > 0


def test_what_is_shown_to_time_a_step_is_a_target(backbone):
    task = DetectionLearner(NAMES)
    network = TaskNetwork(backbone, task.build_head(backbone), InputSpec(64, 64))
    images_BHW3 = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    blank_BN5 = Boxes.blank(images_BHW3)
    assert blank_BN5.dtype == torch.float32
    assert network(Batch(images_BHW3, blank_BN5, ("a", "b"))).total > 0


def test_the_meter_knows_padding_and_crowds():
    truth_BN5 = np.array([[[0, 0, 10, 10, 1], [20, 20, 40, 40, CROWD], [0, 0, 0, 0, PADDING]]], np.float32)
    found = rows((0, 0, 10, 10, 0.9, 1), (22, 22, 30, 30, 0.8, 1))
    meter = BoxMeter(2)
    meter.update(as_results(found[None]), truth_BN5)
    assert meter.values() == pytest.approx({"map": 1, "map50": 1, "map75": 1})
    truth_BN5[0, 1, 4] = PADDING  # the second detection is wrong now, and less sure than the right one
    truth_BN5[0, 2] = [50, 50, 60, 60, 1]  # and there is an object that nothing finds
    meter = BoxMeter(2)
    meter.update(as_results(found[None]), truth_BN5)
    assert meter.values()["map50"] == pytest.approx(51 / 101)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda found: None, 2),
        (lambda found: found.__setitem__((0, 0), 1.0), 1),  # IoU 0.9 with what it was
        (lambda found: found.__setitem__((1, 4), 0.6), 1),
        (lambda found: found.__setitem__((1, 5), 0), 1),
        (lambda found: found.__setitem__(1, 0), 1),
        (lambda found: found.__setitem__(2, (30, 30, 40, 40, 0.1, 0)), 2),
    ],
)
def test_detections_agree_by_class_place_and_score(change, same):
    expected = rows((0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.8, 1))
    found = expected.copy()
    change(found)
    agreement = compare(found, expected)
    assert agreement.same == same
    assert agreement.compared == max(2, (found[:, 4] > 0).sum())


def test_the_difference_is_that_of_scores_in_one_place():
    expected = rows((0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.8, 1))
    found = rows((0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1))
    assert compare(found, expected).difference == pytest.approx(0.2)


def test_the_order_of_equal_scores_does_not_matter():
    expected = rows((0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.9, 0))
    assert compare(expected[[1, 0, 2]], expected[:3]) == (2, 2, 0.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_no_agreement(value):
    expected = rows((0, 0, 10, 10, 0.9, 0))
    found = expected.copy()
    found[0, 1] = value
    assert np.isnan(compare(found, expected).difference)


def always(found_N6):
    """Return a network, or an exported file, that always finds the same."""
    return lambda images_BHW3: as_results(np.repeat(found_N6[None], len(images_BHW3), axis=0))


def test_the_gate_compares_detections():
    expected = rows((0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.8, 1))
    moved = expected.copy()
    moved[0, 0] = 4
    batches = [(np.zeros((3, 8, 8, 3), np.uint8), np.array([[[0, 0, 10, 10, 0.0]]] * 3, np.float32))]
    limits = Limits(0.995, 1e-3)
    good = verify(always(expected), always(expected), DetectionLearner(NAMES), batches, limits)
    assert good.passed
    assert (good.answers, good.compared, good.agreement, good.score) == ("boxes", 6, 1.0, "map")
    assert "boxes of 3 images" in str(good)
    bad = verify(always(moved), always(expected), DetectionLearner(NAMES), batches, limits)
    assert not bad.passed
    assert bad.agreement == 0.5
    assert bad.score_exported < bad.score_network


def test_a_file_with_another_number_of_rows_is_refused():
    batches = [(np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 1, 5), np.float32))]
    with pytest.raises(ExportError, match=r"the file gives boxes of shape \(1, 4, 4\), the network \(1, 5, 4\)"):
        verify(always(rows(n=4)), always(rows(n=5)), DetectionLearner(NAMES), batches)


def test_it_is_measured_in_the_frame_of_the_images(tmp_path: Path):
    """A canvas half the size of the image: what fills it fills the image."""
    image = np.zeros((40, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    truth = Boxes(((10.0, 10.0, 50.0, 30.0),), (1,), (False,))
    sample = Sample("a.png", tmp_path / "a.png", truth, "test", size=(60, 40))
    run = always(rows((5, 5, 25, 15, 0.7, 1)))
    task, spec = DetectionLearner(NAMES), InputSpec(20, 30, "pad")
    seen = []
    found = task.evaluate([sample], spec, run, batch_size=2, bootstrap=0, seed=0, on_done=seen.append)
    assert found.metrics.map == pytest.approx(1)
    assert found.detections[0].tolist() == [[10, 10, 50, 30, pytest.approx(0.7), 1]]
    assert seen == [1]
    thresholds, _ = task.thresholds([sample], spec, run, batch_size=2)
    assert len(thresholds) == 2
    assert thresholds[1] == pytest.approx(0.35)  # half-way to the next lower score
