"""The gate's decisions, with a runtime that needs no conversion."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from tests.export.tiny import SPEC, tiny
from visionft.errors import CheckpointError, ExportError
from visionft.export.gate import export_verified
from visionft.export.parity import Limits, verify

BATCHES = [np.random.default_rng(size).integers(0, 256, (size, 24, 32, 3), dtype=np.uint8) for size in (5, 2)]


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
            return self.network(torch.tensor(images_BHW3)).numpy() + np.float32(self.error)


def test_passing_file_gets_its_name(tmp_path):
    path = tmp_path / "made" / "m.fake"
    runtime = FakeRuntime()
    parity = export_verified(runtime, tiny(), SPEC, path, iter(BATCHES))
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]
    assert runtime.sizes == [1, 4, 2]
    assert parity.batch_sizes == (1, 2, 4)
    assert parity.argmax_agreement == 1.0
    assert parity.max_abs_difference < 1e-6
    assert parity.accuracy_network is None


def test_to_dict_is_json(tmp_path):
    parity = export_verified(
        FakeRuntime((0.0, 0.0, 5e-5)), tiny(), SPEC, tmp_path / "m", BATCHES, labels_N=np.zeros(7, int)
    )
    data = json.loads(json.dumps(parity.to_dict(), allow_nan=False))
    assert data["passed"] is True
    assert data["images"] == 7
    assert data["max_abs_difference"] == pytest.approx(5e-5, rel=1e-2)
    assert data["limits"] == {"min_agreement": 1.0, "max_difference": 1e-4}


@pytest.mark.parametrize(
    ("error_K", "limits"),
    [
        ((0.0, 0.0, 2e-4), Limits()),
        ((1.0, 0.0, 0.0), Limits(max_difference=2)),
        ((np.nan, 0.0, 0.0), Limits(min_agreement=0, max_difference=np.inf)),
        ((np.inf, 0.0, 0.0), Limits(min_agreement=0)),
    ],
    ids=["difference", "class", "nan", "infinity"],
)
def test_refused_file_leaves_the_older_one(tmp_path, error_K, limits):
    path = tmp_path / "m.fake"
    path.write_text("old")
    with pytest.raises(ExportError, match=r"m\.fake: not written: same class on") as caught:
        export_verified(FakeRuntime(error_K), tiny(), SPEC, path, BATCHES, limits=limits)
    assert caught.value.exit_code == 1
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_limits_are_the_callers(tmp_path):
    limits = Limits(min_agreement=0.1, max_difference=1.5)
    parity = export_verified(FakeRuntime((1.0, 0.0, 0.0)), tiny(), SPEC, tmp_path / "m", BATCHES, limits=limits)
    assert parity.max_abs_difference == pytest.approx(1.0)
    assert 0.1 <= parity.argmax_agreement < 1
    assert parity.limits == limits


def test_difference_in_any_batch_counts():
    class LastRow:
        def predict_canvases(self, images_BHW3):
            return np.float32([[0.5, 0.5]] * (len(images_BHW3) - 1) + [[0.5, 0.25 * len(images_BHW3)]])

    expected_NK = np.full((7, 2), 0.5, np.float32)
    # pieces of 1, 4 and 2 images: only the 4 come out different, by 0.5
    assert verify(LastRow(), expected_NK[:7], BATCHES).max_abs_difference == 0.5


def test_known_probabilities_are_used_instead_of_the_network(tmp_path):
    network = tiny()
    with torch.inference_mode():
        expected_NK = network(torch.tensor(np.concatenate(BATCHES))).numpy()
    exact = export_verified(FakeRuntime(), network, SPEC, tmp_path / "m", BATCHES, expected_NK=expected_NK)
    assert exact.max_abs_difference < 1e-6
    expected_NK[3, 0] += 0.01
    with pytest.raises(ExportError, match=r"0\.01 "):
        export_verified(FakeRuntime(), network, SPEC, tmp_path / "m", BATCHES, expected_NK=expected_NK)


def test_accuracies_are_those_of_each_side():
    class AlwaysFirst:
        def predict_canvases(self, images_BHW3):
            return np.float32([[0.9, 0.1]] * len(images_BHW3))

    expected_NK = np.float32([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1]])
    parity = verify(AlwaysFirst(), expected_NK, BATCHES, labels_N=np.array([0, 1, 1, 0, 1, 0, 1]))
    assert parity.accuracy_network == pytest.approx(6 / 7)
    assert parity.accuracy_exported == pytest.approx(3 / 7)
    assert parity.argmax_agreement == pytest.approx(4 / 7)
    assert not parity.passed


def test_no_images_prove_nothing(tmp_path):
    with pytest.raises(ExportError, match="no validation images"):
        export_verified(FakeRuntime(), tiny(), SPEC, tmp_path / "m", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("counts", [{"labels_N": np.zeros(6, int)}, {"expected_NK": np.zeros((6, 3), np.float32)}])
def test_counts_must_fit(tmp_path, counts):
    with pytest.raises(ValueError, match="6"):
        export_verified(FakeRuntime(), tiny(), SPEC, tmp_path / "m", BATCHES, **counts)
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
        export_verified(Failing(error), tiny(), SPEC, path, BATCHES)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        export_verified(FakeRuntime(), tiny(), SPEC, tmp_path / "file" / "m", BATCHES)
