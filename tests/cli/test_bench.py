"""``visionft bench``."""

import json
import shutil

import pytest

from tests.predict.stand_in import write_model
from visionft.bench import measure


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(measure, "_ROUND", 0.0)
    monkeypatch.setattr(measure, "_REST", 0.0)


def test_speed_and_the_metric_of_the_same_file(visionft, finished, tmp_path):
    drawn = tmp_path / "pictures/speed.svg"
    result = visionft("bench", finished, "--batch", "1,2", "--threads", "1", "--rounds", 1, "--picture", drawn)
    assert result.code == 0, result.err
    titles, first, second, *_ = [line.split() for line in result.out.splitlines()]
    assert titles[0] == "model"
    assert first[2:4] == ["1", "1"]
    assert second[2:4] == ["1", "2"]
    summary = (
        json.loads((finished / "summary.json").read_text())["metrics"] if (finished / "summary.json").exists() else {}
    )
    assert first[-1] == second[-1]
    assert not summary or float(first[-1]) == pytest.approx(summary["accuracy"], abs=1e-4)
    assert drawn.read_text().startswith("<svg")


def test_as_json_without_data_at_hand(visionft, tmp_path):
    model = write_model(tmp_path / "m.onnx")
    found = visionft("bench", model, "--batch", "1", "--rounds", 1, "--json").json
    assert found["rows"][0]["p99_ms"] > 0
    assert found["machine"]["cores"] >= 1
    assert found["rows"][0]["metrics"] == {}
    assert "no metric" in found["remarks"][0]


def test_one_that_fails_does_not_stop_the_others(visionft, tmp_path):
    model = write_model(tmp_path / "m.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    result = visionft("bench", model, tmp_path / "bad.onnx", "--rounds", 1, "--batch", 1, "--speed-only")
    assert result.code == 2
    assert "m.onnx" in result.out
    assert "bad.onnx" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "1,x"], "--batch 1,x"),
        (["--threads", "0"], "--threads 0"),
        (["--picture", "a.svg", "--speed-only"], "--picture"),
        (["--picture", "a.svg"], "name images with --data"),
    ],
)
def test_what_cannot_be_done(refused, tmp_path, arguments, message):
    assert message in refused("bench", write_model(tmp_path / "m.onnx"), *arguments)


def test_interrupted(visionft, tmp_path, monkeypatch):
    plain = measure._round

    def interrupting(cases, batches, number):
        if number == 1:
            raise KeyboardInterrupt
        return plain(cases, batches, number)

    monkeypatch.setattr(measure, "_round", interrupting)
    result = visionft("bench", write_model(tmp_path / "m.onnx"), "--batch", 1, "--speed-only")
    assert result.code == 130
    assert "1 of 10" in result.out


def test_data_that_are_no_data_are_told_before_anything_is_measured(refused, finished, tmp_path):
    copy = shutil.copy(finished / "model.onnx", tmp_path / "m.onnx")
    assert "nowhere" in refused("bench", copy, "--data", tmp_path / "nowhere")
