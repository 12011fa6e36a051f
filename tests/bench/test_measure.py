"""Exported files measured in turn."""

import json
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tests.predict.stand_in import write_detector, write_model
from visionft.bench import BenchResult, BenchRow, bench, measure
from visionft.bench.measure import files_of
from visionft.bench.picture import picture
from visionft.errors import CheckpointError, DataError


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(measure, "_ROUND", 0.0)
    monkeypatch.setattr(measure, "_REST", 0.0)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [write_model(folder / "a.onnx"), write_detector(folder / "b.onnx")]


def test_all_files_threads_and_batches(models):
    done = []
    found = bench(models, batches=(1, 3), threads=(None, 1), rounds=2, on_round=done.append)
    asked = [(str(model), threads, batch) for model in models for threads in (None, 1) for batch in (1, 3)]
    assert [(row.model, row.threads, row.batch) for row in found.rows] == asked
    assert done == [1, 2]
    for row in found.rows:
        assert len(row.seconds) == 2 * 3  # three runs a round; the first round does not count
        assert 0 < row.milliseconds(50) <= row.milliseconds(99)
        assert row.runtime == "onnx"
        assert row.size_bytes > 500
        assert row.peak_bytes is None or row.peak_bytes > 10e6
    assert found.machine["versions"]["onnxruntime"]
    assert not found.interrupted
    assert json.loads(json.dumps(found.to_dict()))["rows"][0]["runs"] == 6


def test_memory_is_that_of_the_process_and_not_of_the_one_that_starts_it(models):
    held = np.ones(500_000_000, np.uint8)
    found = bench(models[:1], batches=(1,), rounds=1)
    assert found.rows[0].peak_bytes is None or found.rows[0].peak_bytes < held.nbytes


def test_what_fails_is_told_and_the_rest_measured(models, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    found = bench([tmp_path / "bad.onnx", models[0]], batches=(1,), rounds=1)
    assert "bad.onnx" in found.rows[0].problem
    assert not found.rows[0].seconds
    assert found.rows[1].seconds
    assert "p50_ms" not in found.to_dict()["rows"][0]


def test_interrupted_what_is_complete_counts(models):
    def interrupting(done):
        if done == 2:
            raise KeyboardInterrupt

    found = bench(models[:1], batches=(1,), rounds=5, on_round=interrupting)
    assert (found.rounds, found.interrupted) == (2, True)
    assert len(found.rows[0].seconds) == 6


def test_interrupted_before_anything_is_known(models, monkeypatch):
    def interrupting(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "_round", interrupting)
    with pytest.raises(KeyboardInterrupt):
        bench(models[:1], batches=(1,), rounds=5)


@pytest.mark.parametrize("asked", [{"batches": (0,)}, {"threads": (-1,)}, {"rounds": 0}, {"batches": ()}])
def test_numbers_that_are_not_allowed(models, asked):
    with pytest.raises(DataError, match=next(iter(asked))):
        bench(models, **asked)


def test_a_run_folder_means_all_that_was_exported(models, tmp_path):
    for name in ("model.onnx", "model-int8.onnx"):
        shutil.copy(models[0], tmp_path / name)
    assert sorted(path.name for path in files_of(tmp_path)) == ["model-int8.onnx", "model.onnx"]
    with pytest.raises(CheckpointError, match="nowhere"):
        files_of(tmp_path / "nowhere.onnx")


def rows():
    return [
        BenchRow("runs/a<1>/model.onnx", "onnx", None, 1, (0.01, 0.03), metrics={"accuracy": 0.9}),
        BenchRow("runs/a<1>/model.onnx", "onnx", None, 16, (0.1,), metrics={"accuracy": 0.9}),
        BenchRow("runs/b/model.onnx", "onnx", 2, 16, (0.05,), metrics={"accuracy": 0.8}),
        BenchRow("runs/c/model.onnx", "onnx", 2, 16, problem="broken"),
    ]


def test_speed_is_images_over_time():
    assert rows()[0].images_per_second == pytest.approx(50)
    assert rows()[1].images_per_second == pytest.approx(160)


def test_the_picture_shows_each_measured_row_where_it_belongs():
    svg = ET.fromstring(picture(BenchResult(rows(), {}, 1, 1, "accuracy", "Accuracy")))
    marks = [mark for mark in svg.iter("{http://www.w3.org/2000/svg}circle") if len(mark)]
    assert len(marks) == 3
    (x1, y1), (x2, y2), (x3, y3) = ((float(mark.get("cx")), float(mark.get("cy"))) for mark in marks)
    assert x1 == x2 > x3  # more accurate is further right
    assert y1 > y2 > y3  # faster is further up
    texts = " ".join(text.text for text in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert "a<1>/model.onnx" in texts
    assert "prefers-color-scheme: dark" in ET.tostring(svg, encoding="unicode")


def test_a_picture_of_one_point():
    ET.fromstring(picture(BenchResult(rows()[:1], {}, 1, 1, "accuracy", "Accuracy")))
