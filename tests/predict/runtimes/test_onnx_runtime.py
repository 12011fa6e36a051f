"""Which files are loaded, and what is said about the others."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.predict.stand_in import (
    CELLS,
    DETECTION,
    INSTANCES,
    SEGMENTATION,
    SPEC,
    expected_detections,
    write_detector,
    write_model,
    write_segmenter,
)
from visionft.annotations.object_mask import MASK_SIDE
from visionft.errors import CheckpointError, UnknownName
from visionft.predict import Predictor
from visionft.predict.runtimes.onnx_runtime import OnnxRuntimeEngine
from visionft.spec import InputSpec
from visionft.tasks import TASKS
from visionft.tasks.objects.rows import box_rows, object_rows


def test_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.onnx: no such file"):
        Predictor(tmp_path / "gone.onnx")


def test_folder(tmp_path):
    with pytest.raises(CheckpointError, match="holds no exported model"):
        Predictor(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x0a\x12"], ids=["empty", "text", "cut off"])
def test_file_that_is_no_onnx(tmp_path, capfd, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"m\.onnx: onnxruntime cannot load it .*export it again"):
        Predictor(path)
    assert capfd.readouterr() == ("", "")


def test_onnx_of_somebody_else(tmp_path):
    with pytest.raises(CheckpointError, match=r"m\.onnx: its metadata has no 'visionft\.spec'"):
        Predictor(write_model(tmp_path / "m.onnx", spec=None))


def test_newer_format(tmp_path):
    newer = json.dumps({**json.loads(SPEC.to_json()), "format": 99})
    with pytest.raises(CheckpointError, match=r"m\.onnx: .*another version of visionft"):
        Predictor(write_model(tmp_path / "m.onnx", metadata=newer))


def test_spec_that_is_damaged(tmp_path):
    with pytest.raises(CheckpointError, match=r"m\.onnx: model spec: not readable"):
        Predictor(write_model(tmp_path / "m.onnx", metadata='{"format": 1}'))


@pytest.mark.parametrize(
    "spec",
    [replace(SPEC, class_names=("a", "b")), replace(SPEC, input=InputSpec(16, 12))],
    ids=["classes", "size"],
)
def test_spec_of_another_graph(tmp_path, spec):
    with pytest.raises(CheckpointError, match=r"the graph maps .* its spec says"):
        Predictor(write_model(tmp_path / "m.onnx", spec))


@pytest.mark.parametrize(
    "spec",
    [
        replace(SEGMENTATION, class_names=("a", "b")),
        replace(SEGMENTATION, input=InputSpec(16, 12)),
        replace(SEGMENTATION, task="classification"),
    ],
    ids=["classes", "size", "task"],
)
def test_spec_of_another_segmenter(tmp_path, spec):
    with pytest.raises(CheckpointError, match=r"the graph maps .* its spec says"):
        Predictor(write_segmenter(tmp_path / "m.onnx", spec))


def test_other_task(tmp_path):
    with pytest.raises(
        CheckpointError,
        match=f"a model for depth; this version predicts {', '.join(TASKS)}",
    ):
        Predictor(write_model(tmp_path / "m.onnx", replace(SPEC, task="depth")))


@pytest.mark.parametrize(
    ("write", "spec"),
    [
        (write_detector, replace(DETECTION, input=InputSpec(16, 12))),
        (write_detector, replace(DETECTION, task="segmentation", thresholds=())),
        (write_model, DETECTION),
        (write_segmenter, DETECTION),
        (write_segmenter, INSTANCES),
        (lambda path, spec: write_detector(path, spec, side=28), INSTANCES),
    ],
    ids=["size", "task", "classifier", "segmenter", "no masks", "other masks"],
)
def test_spec_of_another_detector(tmp_path, write, spec):
    with pytest.raises(CheckpointError, match=r"the graph maps .* its spec says"):
        Predictor(write(tmp_path / "m.onnx", spec))


def test_a_detector_without_a_fixed_number_of_rows(tmp_path):
    with pytest.raises(CheckpointError, match=r"its spec says .*'a fixed number of rows', 4"):
        OnnxRuntimeEngine(write_detector(tmp_path / "m.onnx", rows="found"))


@pytest.mark.parametrize("given", [{"thresholds": (0.5, 0.5)}, {"palette": ((1, 2, 3),) * 4}])
def test_numbers_for_other_classes(tmp_path, given):
    with pytest.raises(CheckpointError, match=r"[24] (thresholds|colours) for 3 classes; export it again"):
        OnnxRuntimeEngine(write_detector(tmp_path / "m.onnx", replace(DETECTION, **given)))


def test_detections_by_falling_score_and_zeros(tmp_path):
    engine = OnnxRuntimeEngine(write_detector(tmp_path / "m.onnx"), threads=1)
    canvases = np.zeros((4, 12, 16, 3), np.uint8)
    canvases[0, 2:5, 3:9, 1] = 200
    canvases[0, 4:9, 8:16, 2] = 250
    canvases[1, 11, 0, 0] = 128
    canvases[3] = np.random.default_rng(0).integers(0, 256, (12, 16, 3))
    found_BN6 = box_rows(engine.run(canvases))
    assert (found_BN6.shape, found_BN6.dtype) == ((4, 3, 6), np.float32)
    for canvas, found_N6 in zip(canvases, found_BN6, strict=True):
        expected = expected_detections(canvas)
        np.testing.assert_allclose(found_N6[: len(expected)], np.reshape(expected, (-1, 6)), rtol=1e-6)
        assert (found_N6[len(expected) :] == 0).all()
    assert [len(expected_detections(canvas)) for canvas in canvases] == [2, 1, 0, 3]


def test_what_follows_from_other_outputs_is_not_run(tmp_path):
    engine = OnnxRuntimeEngine(write_segmenter(tmp_path / "m.onnx"), threads=1)
    assert list(engine.run(np.zeros((2, 12, 16, 3), np.uint8))) == ["probabilities"]


def test_cells_come_behind_their_detection(tmp_path):
    engine = OnnxRuntimeEngine(write_detector(tmp_path / "m.onnx", INSTANCES), threads=1)
    plain = OnnxRuntimeEngine(write_detector(tmp_path / "plain.onnx"), threads=1)
    canvases = np.zeros((2, 12, 16, 3), np.uint8)
    canvases[0, 2:5, 3:9, 1] = 200
    canvases[0, 4:9, 8:16, 2] = 250
    found_BNR = object_rows(engine.run(canvases))
    assert (found_BNR.shape, found_BNR.dtype) == ((2, 3, 6 + MASK_SIDE**2), np.float32)
    assert (found_BNR[..., :6] == box_rows(plain.run(canvases))).all()
    assert (found_BNR[0, 0, 6:] == CELLS[2].ravel()).all()
    assert (found_BNR[0, 1, 6:] == CELLS[1].ravel()).all()
    assert not found_BNR[0, 2].any()
    assert not found_BNR[1].any()  # where the graph itself leaves masks behind


def test_unknown_provider(tmp_path):
    with pytest.raises(UnknownName, match="CPUExecutionProvider"):
        Predictor(write_model(tmp_path / "m.onnx"), providers=["CPUExecutionProvidr"])
