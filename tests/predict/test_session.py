"""Which files are loaded, and what is said about the others."""

import json
from dataclasses import replace

import pytest

from tests.predict.stand_in import SEGMENTATION, SPEC, write_model, write_segmenter
from visionft.errors import CheckpointError, UnknownName
from visionft.predict import Predictor
from visionft.spec import InputSpec


def test_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.onnx: no such file"):
        Predictor(tmp_path / "gone.onnx")


def test_folder(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
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
        CheckpointError, match="a model for detection; this version predicts classification, segmentation"
    ):
        Predictor(write_model(tmp_path / "m.onnx", replace(SPEC, task="detection")))


def test_unknown_provider(tmp_path):
    with pytest.raises(UnknownName, match="CPUExecutionProvider"):
        Predictor(write_model(tmp_path / "m.onnx"), providers=["CPUExecutionProvidr"])
