"""The gate's decisions, with a runtime that needs no conversion."""

import json

import numpy as np
import pytest
import torch

from tests.export.tiny import SPEC, TASK, tiny
from visionft.catalog import Catalog
from visionft.errors import CheckpointError, ExportError
from visionft.export.gate import export_verified
from visionft.export.parity import Limits, verify
from visionft.export.writers.base import Writer
from visionft.tasks.classification.learning import ClassificationLearner
from visionft.tasks.segmentation.learning import SegmentationLearner

IMAGES_NHW3 = np.random.default_rng(0).integers(0, 256, (7, 24, 32, 3), dtype=np.uint8)
LABELS_N = np.array([0, 1, 1, 0, 1, 0, 1])
BATCHES = [(IMAGES_NHW3[:5], LABELS_N[:5]), (IMAGES_NHW3[5:], LABELS_N[5:])]


def says(answers_NK):
    """Return a network that gives known answers, whatever the images, in the order of its calls."""
    left = list(answers_NK)
    return lambda images_BHW3: {"probabilities": np.stack([left.pop(0) for _ in images_BHW3])}


class FakeWriter(Writer):
    """Writes a file that runs the network itself, with an error added to its answers."""

    kind = "fake"
    suffix = ".fake"

    def __init__(self, error=(0.0, 0.0, 0.0)):
        self.error = error
        self.sizes = []

    def write(self, network, spec, path, calibration=None):
        self.network = network
        self.spec = spec
        path.write_text("new")
        ENGINE.written = self

    def run(self, images_BHW3):
        self.sizes.append(len(images_BHW3))
        with torch.inference_mode():
            results_BK = self.network.probabilities(torch.tensor(images_BHW3)).numpy() + np.float32(self.error)
        if max(self.error) == 1:
            results_BK /= results_BK.sum(axis=1, keepdims=True)
        return {"probabilities": results_BK}


class FakeEngine:
    """Opens what was written last."""

    kind = "fake"
    written = None

    def __call__(self, path, *, threads, providers):
        assert path.read_text() == "new"
        return self.written


ENGINE = FakeEngine()


@pytest.fixture(autouse=True)
def engines(monkeypatch):
    """Let files that end in .fake be opened by the engine above."""
    monkeypatch.setattr(
        "visionft.predict.engine.ENGINES", Catalog("engine", {"fake": f"{__name__}:ENGINE"}, "tests.no.group")
    )


def test_passing_file_gets_its_name(tmp_path):
    path = tmp_path / "made" / "m.fake"
    writer = FakeWriter()
    parity = export_verified(writer, tiny(), TASK, SPEC, path, iter(BATCHES))
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]
    assert writer.sizes == [1, 4, 2]
    assert parity.batch_sizes == (1, 2, 4)
    assert parity.agreement == 1.0
    assert parity.max_abs_difference < 1e-6
    assert (parity.images, parity.compared) == (7, 7)


def test_to_dict_is_json(tmp_path):
    parity = export_verified(FakeWriter((0.0, 0.0, 5e-5)), tiny(), TASK, SPEC, tmp_path / "m", BATCHES)
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
        export_verified(FakeWriter(error_K), tiny(), TASK, SPEC, path, BATCHES, limits)
    assert caught.value.exit_code == 1
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_limits_are_the_callers(tmp_path):
    limits = Limits(min_agreement=0.1, max_difference=1.5, max_score_change=1)
    parity = export_verified(FakeWriter((1.0, 0.0, 0.0)), tiny(), TASK, SPEC, tmp_path / "m", BATCHES, limits)
    assert 0.1 < parity.max_abs_difference < 1
    assert 0.1 <= parity.agreement < 1
    assert parity.limits == limits


def test_difference_in_any_batch_counts():
    def last_row(images_BHW3):
        chances = [[0.5, 0.5]] * (len(images_BHW3) - 1) + [[0.5, 0.25 * len(images_BHW3)]]
        return {"probabilities": np.float32(chances)}

    # pieces of 1, 4 and 2 images: only the 4 come out different, by 0.5
    network = says(np.full((7, 2), 0.5, np.float32))
    assert verify(last_row, network, ClassificationLearner(("a", "b")), BATCHES).max_abs_difference == 0.5


def test_scores_are_those_of_each_side():
    def always_first(images_BHW3):
        return {"probabilities": np.float32([[0.9, 0.1]] * len(images_BHW3))}

    expected_NK = np.float32([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1]])
    parity = verify(always_first, says(expected_NK), ClassificationLearner(("a", "b")), BATCHES)
    assert parity.score_network == pytest.approx(6 / 7)
    assert parity.score_exported == pytest.approx(3 / 7)
    assert parity.agreement == pytest.approx(4 / 7)
    assert not parity.passed


def test_a_changed_score_is_refused():
    def nearly(images_BHW3):
        return {"probabilities": np.float32([[0.5, 0.5]] * len(images_BHW3))}

    expected_NK = np.float32([[0.5, 0.50001]] * 7)
    limits = Limits(min_agreement=0)
    parity = verify(nearly, says(expected_NK), ClassificationLearner(("a", "b")), BATCHES, limits)
    assert parity.max_abs_difference < limits.max_difference
    assert not parity.passed


def test_maps_are_compared_pixel_by_pixel():
    def first(images_BHW3):
        results_BKHW = np.zeros((len(images_BHW3), 2, 4, 5), np.float32)
        results_BKHW[:, 0] = 1
        return {"probabilities": results_BKHW}

    def flipped(images_BHW3):
        results = first(images_BHW3)
        results["probabilities"][:, :, 0, 0] = [0, 1]
        return results

    masks_NHW = np.zeros((7, 4, 5), np.uint8)
    batches = [(IMAGES_NHW3, masks_NHW)]
    parity = verify(flipped, first, SegmentationLearner(("a", "b")), batches)
    assert (parity.images, parity.compared) == (7, 140)
    assert parity.agreement == pytest.approx(19 / 20)
    assert parity.score == "miou"
    assert "pixels of 7 images" in str(parity)


def test_no_images_prove_nothing(tmp_path):
    with pytest.raises(ExportError, match="no validation images"):
        export_verified(FakeWriter(), tiny(), TASK, SPEC, tmp_path / "m", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "raised"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (CheckpointError("refused by the runtime"), ExportError)],
)
def test_interrupted_or_unloadable(tmp_path, error, raised, monkeypatch):
    def failing(self, path, **_):
        raise error

    monkeypatch.setattr(FakeEngine, "__call__", failing)
    path = tmp_path / "m"
    path.write_text("old")
    with pytest.raises(raised):
        export_verified(FakeWriter(), tiny(), TASK, SPEC, path, BATCHES)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        export_verified(FakeWriter(), tiny(), TASK, SPEC, tmp_path / "file" / "m", BATCHES)
