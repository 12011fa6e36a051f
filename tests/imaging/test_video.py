"""Videos read and written frame by frame."""

from itertools import islice

import cv2
import numpy as np
import pytest

from tests.predict.moving import RATE, SIZE, cut_off, frame, write_video
from visionft.errors import DataError
from visionft.imaging.video import Video, VideoWriter, is_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("clips") / "clip.avi")


@pytest.mark.parametrize(
    ("source", "moves"),
    [(0, True), (True, False), ("a.mp4", True), ("a.MOV", True), ("rtsp://u:p@host/1", True), ("http://host/x", True),
     ("a.png", False), ("file:///a/b", False), (b"bytes", False), (["a.mp4"], False)],
)  # fmt: skip
def test_what_moves(source, moves):
    assert is_video(source) is moves


def test_frames_in_order_in_rgb_with_their_times(clip):
    with Video(clip) as video:
        shots = list(video)
    assert (video.rate, video.live) == (RATE, False)
    assert [shot.number for shot in shots] == list(range(12))
    assert shots[5].seconds == pytest.approx(0.5)
    for shot in shots:
        assert shot.image_HW3.shape == (SIZE[1], SIZE[0], 3)
        assert np.abs(shot.image_HW3.astype(int) - frame(shot.number, 12)).mean() < 4  # JPEG's losses


def test_a_video_that_is_cut_off_gives_what_is_there_and_then_says_so(clip):
    with Video(cut_off(clip, 0.8)) as video:
        shots = iter(video)
        assert [shot.number for shot in islice(shots, 4)] == [0, 1, 2, 3]
        with pytest.raises(DataError, match=r"cut-clip\.avi: frame \d+ .* cut off"):
            list(shots)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(DataError, match=r"no\.mp4: no such file"):
        Video(tmp_path / "no.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(DataError, match=r"text\.mp4: cannot be opened as a video"):
        Video(tmp_path / "text.mp4")
    with pytest.raises(DataError, match="camera 77"):
        Video(77)


def test_a_password_is_not_told(monkeypatch):
    class Closed:
        def __init__(self, _source):
            pass

        def isOpened(self):  # noqa: N802  # OpenCV's
            return False

    monkeypatch.setattr(cv2, "VideoCapture", Closed)
    with pytest.raises(DataError, match=r"rtsp://camera\.local/1: cannot be opened") as caught:
        Video("rtsp://admin:secret@camera.local/1")
    assert "secret" not in str(caught.value)


class Camera:
    """A capture that gives two frames, and guesses a rate."""

    def __init__(self, _source):
        self.left = 2

    def isOpened(self):  # noqa: N802  # OpenCV's
        return True

    def get(self, _what):
        return 25.0

    def read(self):
        self.left -= 1
        return (True, frame(0, 1)[..., ::-1]) if self.left >= 0 else (False, None)

    def release(self):
        pass


def test_a_camera_goes_by_the_clock_until_it_ends(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    clock = iter([100.0, 101.5, 103.0])
    monkeypatch.setattr("visionft.imaging.video.time.monotonic", lambda: next(clock))
    with Video(0) as video:
        assert (video.live, video.rate) == (True, None)
        shots = iter(video)
        assert [shot.seconds for shot in islice(shots, 2)] == [1.5, 3.0]
        with pytest.raises(DataError, match=r"camera 0: has ended.* 2 frames"):
            next(shots)


def test_what_was_written_is_there_whatever_ends_it(tmp_path):
    target = tmp_path / "deep" / "out.mp4"
    images = [*(frame(number, 5) for number in range(5)), np.zeros((20, 30, 3), np.uint8)]  # one of another size

    def interrupted():
        with VideoWriter(target, RATE) as writer:
            for image in images:
                writer.add(image)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in target.parent.iterdir()] == ["out.mp4"]
    with Video(target) as video:
        shots = list(video)
    assert len(shots) == 6
    assert {shot.image_HW3.shape for shot in shots} == {(SIZE[1], SIZE[0], 3)}


def test_nothing_is_written_of_nothing(tmp_path):
    with VideoWriter(tmp_path / "out.mp4"):
        pass
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataError, match=r"out\.mp4: cannot be written"),
        VideoWriter(tmp_path / "file/out.mp4") as writer,
    ):
        writer.add(frame(0, 1))
