"""Model repositories of Triton: what is written, and whether it reads as a ModelConfig."""

import json
import re

import pytest

from tests.predict.stand_in import (
    DETECTION,
    INSTANCES,
    SEGMENTATION,
    SPEC,
    write_detector,
    write_model,
    write_segmenter,
)
from visionft.api.triton import add_to_repository
from visionft.errors import CheckpointError, DataError
from visionft.predict import Predictor

MODELS = {
    "classification": (write_model, SPEC),
    "segmentation": (write_segmenter, SEGMENTATION),
    "detection": (write_detector, DETECTION),
    "instances": (write_detector, INSTANCES),
}


def strings(text):
    return [
        re.sub(rb"\\(\d{3})", lambda match: bytes([int(match[1], 8)]), found.encode()).decode()
        for found in re.findall(r'string_value: "((?:[^"\\]|\\.)*)"', text)
    ]


def read_config(text):
    """Parse by Triton's own schema, where its client is installed; else return nothing."""
    try:
        from google.protobuf import text_format
        from tritonclient.grpc import model_config_pb2
    except ImportError:
        return None
    return text_format.Parse(text, model_config_pb2.ModelConfig())


@pytest.mark.parametrize("kind", MODELS)
def test_a_repository_holds_config_labels_and_the_very_file(kind, tmp_path):
    write, spec = MODELS[kind]
    model = write(tmp_path / "model.onnx", spec)
    version = add_to_repository(model, tmp_path / "models", "tools")
    folder = tmp_path / "models" / "tools"
    assert version == folder / "1"
    assert (version / "model.onnx").read_bytes() == model.read_bytes()
    assert (folder / "labels.txt").read_text(encoding="utf-8").splitlines() == list(spec.class_names)
    text = (folder / "config.pbtxt").read_text(encoding="utf-8")
    assert 'backend: "onnxruntime"' in text
    assert re.search(r'name: "images" data_type: TYPE_UINT8 dims: \[ 12, 16, 3 \]', text)
    assert json.loads(strings(text)[0])["class_names"] == list(spec.class_names)
    config = read_config(text)
    if config is not None:
        assert (config.name, config.max_batch_size) == ("tools", 8)
        assert json.loads(config.parameters["visionft.spec"].string_value) == json.loads(spec.to_json())
        found = {output.name for output in config.output}
        assert found == {output.name for output in Predictor(model)._task.outputs}


def test_another_file_is_another_version(tmp_path):
    model = write_model(tmp_path / "model.onnx")
    versions = [add_to_repository(model, tmp_path / "models", "tools").name for _ in range(3)]
    assert versions == ["1", "2", "3"]


def test_a_model_of_other_classes_or_shapes_needs_another_name(tmp_path):
    add_to_repository(write_model(tmp_path / "a.onnx"), tmp_path / "models", "tools")
    with pytest.raises(DataError, match="--name"):
        add_to_repository(write_segmenter(tmp_path / "b.onnx"), tmp_path / "models", "tools")
    assert [path.name for path in (tmp_path / "models" / "tools").glob("[0-9]*")] == ["1"]


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden"])
def test_a_name_that_is_none_is_refused(name, tmp_path):
    with pytest.raises(DataError, match="--name"):
        add_to_repository(write_model(tmp_path / "a.onnx"), tmp_path / "models", name)


def test_what_triton_cannot_run_is_told(tmp_path):
    with pytest.raises(CheckpointError, match=r"\.onnx"):
        add_to_repository(tmp_path / "model.txt", tmp_path / "models", "tools")


def test_a_folder_of_openvino_goes_in_with_both_of_its_files(tmp_path):
    pytest.importorskip("openvino")
    from visionft.export.writers.openvino import write_openvino

    folder = tmp_path / "model.openvino"
    write_openvino(write_model(tmp_path / "model.onnx"), SPEC, folder, halved=False)
    version = add_to_repository(folder, tmp_path / "models", "tools")
    assert sorted(path.name for path in version.iterdir()) == ["model.bin", "model.xml"]
    assert 'backend: "openvino"' in (version.parent / "config.pbtxt").read_text(encoding="utf-8")
