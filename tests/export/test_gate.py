"""The gate's decisions, with a runtime that needs no conversion."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from tests.export.tiny import SPEC, TASK, tiny
from visionft.errors import CheckpointError, ExportError
from visionft.export.gate import export_verified
from visionft.export.parity import Limits, verify
from visionft.tasks.classification.learning import Classification
from visionft.tasks.segmentation.learning import Segmentation

IMAGES_NHW3 = np.random.default_rng(0).integers(0, 256, (7, 24, 32, 3), dtype=np.uint8)
LABELS_N = np.array([0, 1, 1, 0, 1, 0, 1])
BATCHES = [(IMAGES_NHW3[:5], LABELS_N[:5]), (IMAGES_NHW3[5:], LABELS_N[5:])]


class Says(nn.Module):
    """Gives known answers, whatever the images, in the order of its calls."""

    def __init__(self, answers_NK):
        super().__init__()
        self.left_NK = torch.tensor(answers_NK)

    def forward(self, images_BHW3):
        answers_BK, self.left_NK = self.left_NK[: len(images_BHW3)], self.left_NK[len(images_BHW3) :]
        return (answers_BK,)


@dataclass
class FakeRuntime:
    """Runs the network itself, with an error added to its answers."""

    error: tuple = (0.0, 0.0, 0.0)
    kind = "fake"
    suffix = ".fake"
    sizes: list = field(default_factory=list)

    def write(self, network, spec, path):
        self.network = network
        path.write_text("new")

    def load(self, path):
        assert path.read_text() == "new"
        return self

    def predict_canvases(self, images_BHW3):
        self.sizes.append(len(images_BHW3))
        with torch.inference_mode():
            results_BK = self.network.probabilities(torch.tensor(images_BHW3)).numpy() + np.float32(self.error)
        return results_BK / results_BK.sum(axis=1, keepdims=True) if max(self.error) == 1 else results_BK


def test_passing_file_gets_its_name(tmp_path):
    path = tmp_path / "made" / "m.fake"
    runtime = FakeRuntime()
    parity = export_verified(runtime, tiny(), TASK, SPEC, path, iter(BATCHES))
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]
    assert runtime.sizes == [1, 4, 2]
    assert parity.batch_sizes == (1, 2, 4)
    assert parity.agreement == 1.0
    assert parity.max_abs_difference < 1e-6
    assert (parity.images, parity.compared) == (7, 7)


def test_to_dict_is_json(tmp_path):
    parity = export_verified(FakeRuntime((0.0, 0.0, 5e-5)), tiny(), TASK, SPEC, tmp_path / "m", BATCHES)
    data = json.loads(json.dumps(parity.to_dict(), allow_nan=False))
    assert data["passed"] is True
    assert data["images"] == 7
    assert data["max_abs_difference"] == pytest.approx(5e-5, rel=1e-2)
    assert data["limits"] == {"min_agreement": 1.0, "max_difference": 1e-4, "max_score_change": 1e-3}


@pytest.mark.parametrize(
    ("error_K", "limits"),
    [
        ((0.0, 0.0, 2e-4), Limits()),
        ((1.0, 0.0, 0.0), Limits(max_difference=2)),
        ((np.nan, 0.0, 0.0), Limits(min_agreement=0, max_difference=np.inf, max_score_change=1)),
        ((np.inf, 0.0, 0.0), Limits(min_agreement=0)),
    ],
    ids=["difference", "class", "nan", "infinity"],
)
def test_refused_file_leaves_the_older_one(tmp_path, error_K, limits):
    path = tmp_path / "m.fake"
    path.write_text("old")
    with pytest.raises(ExportError, match=r"m\.fake: not written: same answer for") as caught:
        export_verified(FakeRuntime(error_K), tiny(), TASK, SPEC, path, BATCHES, limits)
    assert caught.value.exit_code == 1
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_limits_are_the_callers(tmp_path):
    limits = Limits(min_agreement=0.1, max_difference=1.5, max_score_change=1)
    parity = export_verified(FakeRuntime((1.0, 0.0, 0.0)), tiny(), TASK, SPEC, tmp_path / "m", BATCHES, limits)
    assert 0.1 < parity.max_abs_difference < 1
    assert 0.1 <= parity.agreement < 1
    assert parity.limits == limits


def test_difference_in_any_batch_counts():
    class LastRow:
        def predict_canvases(self, images_BHW3):
            return np.float32([[0.5, 0.5]] * (len(images_BHW3) - 1) + [[0.5, 0.25 * len(images_BHW3)]])

    # pieces of 1, 4 and 2 images: only the 4 come out different, by 0.5
    network = Says(np.full((7, 2), 0.5, np.float32))
    assert verify(LastRow(), network, Classification(("a", "b")), BATCHES).max_abs_difference == 0.5


def test_scores_are_those_of_each_side():
    class AlwaysFirst:
        def predict_canvases(self, images_BHW3):
            return np.float32([[0.9, 0.1]] * len(images_BHW3))

    expected_NK = np.float32([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1]])
    parity = verify(AlwaysFirst(), Says(expected_NK), Classification(("a", "b")), BATCHES)
    assert parity.score_network == pytest.approx(6 / 7)
    assert parity.score_exported == pytest.approx(3 / 7)
    assert parity.agreement == pytest.approx(4 / 7)
    assert not parity.passed


def test_a_changed_score_is_refused():
    class Nearly:
        def predict_canvases(self, images_BHW3):
            return np.float32([[0.5, 0.5]] * len(images_BHW3))

    expected_NK = np.float32([[0.5, 0.50001]] * 7)
    limits = Limits(min_agreement=0)
    parity = verify(Nearly(), Says(expected_NK), Classification(("a", "b")), BATCHES, limits)
    assert parity.max_abs_difference < limits.max_difference
    assert not parity.passed


def test_maps_are_compared_pixel_by_pixel():
    class Flipped:
        def predict_canvases(self, images_BHW3):
            results_BKHW = np.zeros((len(images_BHW3), 2, 4, 5), np.float32)
            results_BKHW[:, 0] = 1
            results_BKHW[:, :, 0, 0] = [0, 1]
            return results_BKHW

    class First(nn.Module):
        def forward(self, images_BHW3):
            results_BKHW = torch.zeros(len(images_BHW3), 2, 4, 5)
            results_BKHW[:, 0] = 1
            return (results_BKHW,)

    masks_NHW = np.zeros((7, 4, 5), np.uint8)
    batches = [(IMAGES_NHW3, masks_NHW)]
    parity = verify(Flipped(), First(), Segmentation(("a", "b")), batches)
    assert (parity.images, parity.compared) == (7, 140)
    assert parity.agreement == pytest.approx(19 / 20)
    assert parity.score == "miou"
    assert "pixels of 7 images" in str(parity)


def test_no_images_prove_nothing(tmp_path):
    with pytest.raises(ExportError, match="no validation images"):
        export_verified(FakeRuntime(), tiny(), TASK, SPEC, tmp_path / "m", [])
    assert not list(tmp_path.iterdir())


class Failing(FakeRuntime):
    def load(self, path):
        raise self.error


@pytest.mark.parametrize(
    ("error", "raised"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (CheckpointError("refused by the runtime"), ExportError)],
)
def test_interrupted_or_unloadable(tmp_path, error, raised):
    path = tmp_path / "m"
    path.write_text("old")
    with pytest.raises(raised):
        export_verified(Failing(error), tiny(), TASK, SPEC, path, BATCHES)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        export_verified(FakeRuntime(), tiny(), TASK, SPEC, tmp_path / "file" / "m", BATCHES)
