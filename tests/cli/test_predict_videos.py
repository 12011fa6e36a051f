"""``visionft predict`` of videos."""

import json

import pytest

from tests.predict.moving import SIZE, cut_off, write_video
from tests.predict.stand_in import write_detector, write_model
from visionft.api import clips
from visionft.imaging.video import Video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_video(folder / "clip.avi")
    write_detector(folder / "m.onnx")
    write_model(folder / "c.onnx")
    return folder


def test_a_line_for_each_frame(visionft, folder):
    lines = visionft("predict", folder / "m.onnx", folder / "clip.avi").out.splitlines()
    assert len(lines) == 12
    assert lines[3].split() == [str(folder / "clip.avi"), "3", "(0.30", "s)", "1", "red"]


def test_videos_and_images_as_json_lines(visionft, folder, image_folder):
    result = visionft("predict", folder / "c.onnx", folder / "clip.avi", image_folder / "bar/00.png", "--json")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [row.get("frame") for row in rows] == [None, *range(12)]
    assert rows[0]["image"].endswith("00.png")
    assert rows[4]["seconds"] == pytest.approx(0.3)


def test_tracked_and_saved(visionft, folder, tmp_path):
    pytest.importorskip("supervision")
    result = visionft(
        "predict", folder / "m.onnx", folder / "clip.avi", "--track", "--save", tmp_path / "out", "--json"
    )
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [row["detections"][0]["track"] for row in rows] == [1] * 12
    assert (tmp_path / "out/clip.jsonl").read_text() == result.out
    with Video(tmp_path / "out/clip.overlay.mp4") as video:
        shots = list(video)
    assert len(shots) == 12
    assert shots[0].image_HW3.shape == (SIZE[1], SIZE[0], 3)
    assert "12 frames" in result.err


def test_a_video_that_breaks_off(visionft, folder, tmp_path):
    cut = cut_off(folder / "clip.avi", 0.8)
    result = visionft("predict", folder / "m.onnx", cut, "--save", tmp_path)
    assert result.code == 2
    assert "cut off" in result.err
    assert len((tmp_path / "cut-clip.jsonl").read_text().splitlines()) == len(result.out.splitlines()) > 3


def test_interrupted_what_was_predicted_is_kept(visionft, folder, tmp_path, monkeypatch):
    plain = clips.row_of

    def interrupting(frame, prediction):
        if frame.number == 5:
            raise KeyboardInterrupt
        return plain(frame, prediction)

    monkeypatch.setattr(clips, "row_of", interrupting)
    result = visionft("predict", folder / "m.onnx", folder / "clip.avi", "--save", tmp_path)
    assert result.code == 130
    assert len((tmp_path / "clip.jsonl").read_text().splitlines()) == 5
    with Video(tmp_path / "clip.overlay.mp4") as video:
        assert len(list(video)) == 5
    assert "5 frames" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["m.onnx", "--track", "clip.avi", "m.onnx"], "--track"),
        (["c.onnx", "clip.avi", "--save", "out"], "nothing to draw"),
        (["m.onnx", "clip.avi", "./clip.avi", "--save", "out"], "both be saved"),
        (["m.onnx", "none.mp4"], "no such file"),
    ],
)
def test_what_cannot_be_done(refused, folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert message in refused("predict", *arguments)


def test_a_word_is_a_camera_unless_there_is_such_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert clips.as_clip("0") == 0
    (tmp_path / "0").mkdir()
    assert clips.as_clip("0") is None


def test_names_of_what_is_saved(tmp_path):
    assert clips.saved_clip("rtsp://user:secret@host:554/a/b?c=d", tmp_path).lines.name == "host-a-b.jsonl"
    assert clips.saved_clip(1, tmp_path).video.name == "camera-1.overlay.mp4"
