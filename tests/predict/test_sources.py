"""Predictions for videos, folders, streams and generators, as they come."""

import pickle
import shutil
import threading
from itertools import count, islice

import numpy as np
import pytest

from tests.predict.moving import cut_off, frame, write_video
from tests.predict.stand_in import write_detector, write_model
from visionft.errors import DataError
from visionft.imaging.video import Shot
from visionft.predict import Predictor, sources, spread
from visionft.predict import predictor as predictor_module
from visionft.predict.sources import open_source


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return Predictor(write_detector(tmp_path_factory.mktemp("model") / "m.onnx"), threads=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("clips") / "clip.avi")


def lefts(results):
    return [float(result.boxes_N4[0, 0]) for result in results]


def test_a_video_is_its_frames(predictor, clip):
    results = list(predictor.stream(clip, batch_size=5))
    alone = predictor([frame(number, 12) for number in range(12)])
    assert lefts(results) == pytest.approx(lefts(alone), abs=3)
    assert lefts(results) == sorted(lefts(results))
    again = list(predictor.watch(str(clip)))
    assert [(seen.source, seen.number) for seen, _ in again] == [(str(clip), number) for number in range(12)]
    assert again[3][0].seconds == pytest.approx(0.3)
    assert again[3][0].image.shape == (48, 64, 3)


def test_a_folder_is_its_images(predictor, clip, image_folder, tmp_path):
    shutil.copytree(image_folder / "bar", tmp_path / "bar")
    (tmp_path / "notes.txt").write_text("no image")
    found = list(predictor.watch(tmp_path))
    assert [seen.image for seen, _ in found] == sorted((tmp_path / "bar").iterdir())


def test_one_file_is_one_image(predictor, image_folder):
    image = image_folder / "bar/00.png"
    assert [result.to_dict() for result in predictor.stream(str(image))] == [predictor(image).to_dict()]


@pytest.mark.parametrize("nothing", ["nowhere.png", "nowhere", "nowhere.mp4", "gs://shop/a.png"])
def test_what_is_not_there(predictor, nothing):
    with pytest.raises(DataError, match=r"nowhere|gs://"):
        list(predictor.stream(nothing))


def test_an_endless_generator_is_taken_as_needed(predictor):
    taken = []

    def endless():
        for number in count():
            taken.append(number)
            yield frame(number % 12, 12)

    results = list(islice(predictor.stream(endless(), batch_size=4), 9))
    assert len(results) == 9
    assert len(taken) <= 4 * (3 + 1)  # of three batches, and the one that is decoded ahead


def test_bad_images_are_told_and_left_out(predictor, image_folder, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"nothing")
    good = image_folder / "bar/00.png"
    told = []
    found = list(
        predictor.watch(
            [good, tmp_path / "bad.png", good], batch_size=1, on_error=lambda seen, error: told.append((seen, error))
        )
    )
    assert [seen.number for seen, _ in found] == [0, 2]
    assert [(seen.number, "bad.png" in str(error)) for seen, error in told] == [(1, True)]


def test_what_comes_before_a_bad_image_is_yielded(predictor, image_folder, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"nothing")
    stream = predictor.stream([image_folder / "bar/00.png"] * 5 + [tmp_path / "bad.png"], batch_size=4)
    assert len(list(islice(stream, 5))) == 5
    with pytest.raises(DataError, match=r"bad\.png"):
        next(stream)


def test_a_video_that_breaks_off_keeps_what_was_seen(predictor, clip):
    cut, told = cut_off(clip, 0.8), []
    results = list(predictor.stream(cut, on_error=lambda _, error: told.append(str(error))))
    assert 3 < len(results) < 10
    assert "cut-clip.avi" in told[0]
    with pytest.raises(DataError, match="cut off"):
        list(predictor.stream(cut))


def test_threads_end_with_the_iteration(predictor, clip):
    before = threading.active_count()
    stream = predictor.watch(clip)
    next(stream)
    assert threading.active_count() > before
    stream.close()
    assert threading.active_count() == before


class Camera:
    """A stream that gives frames faster than anybody takes them, and breaks off."""

    name, live, rate = "camera 0", True, None

    def __init__(self, _source):
        self.taken, self.ended = threading.Event(), threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        yield Shot(0, None, frame(0, 12))
        self.taken.wait(10)
        for number in range(1, 12):
            yield Shot(number, None, frame(number, 12))
        self.ended.set()
        raise DataError("camera 0: has ended")


def test_of_a_camera_the_newest_frame_is_taken(predictor, monkeypatch):
    camera = Camera(0)
    monkeypatch.setattr(sources, "Video", lambda _: camera)
    found = predictor.watch(0)
    assert next(found)[0].number == 0
    camera.taken.set()
    assert camera.ended.wait(10)
    assert next(found)[0].number == 11
    with pytest.raises(DataError, match="has ended"):
        next(found)


def test_what_is_opened_already(predictor, clip):
    source = open_source(clip)
    assert source.rate == 10
    assert len(list(predictor.stream(source))) == 12


def test_many_threads_stream_at_once(tmp_path, clip):
    predictor = Predictor(write_model(tmp_path / "m.onnx"), threads=1)
    expected = [result.to_dict() for result in predictor.stream(clip)]
    found = {}
    threads = [
        threading.Thread(target=lambda key=key: found.update({key: [r.to_dict() for r in predictor.stream(clip)]}))
        for key in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(found.values()) == [expected] * 4
    assert [result.to_dict() for result in pickle.loads(pickle.dumps(predictor)).stream(clip)] == expected


def test_pixels_may_be_changed_by_whoever_gets_them(predictor, clip):
    for seen, _ in predictor.watch(clip):
        assert isinstance(seen.image, np.ndarray)
        seen.image[:] = 0


@pytest.mark.parametrize("write", [write_model, write_detector])
def test_many_images_shared_out_among_cores_give_the_same(tmp_path, monkeypatch, write):
    monkeypatch.setattr(predictor_module, "usable_cores", lambda: 3)
    monkeypatch.setattr(spread, "usable_cores", lambda: 3)
    predictor = Predictor(write(tmp_path / "m.onnx"))
    images = [frame(number % 12, 12) for number in range(45)]  # the last batches are short
    expected = [predictor(image).to_dict() for image in images]
    assert predictor._one_thread is None
    assert [result.to_dict() for result in predictor.stream(images, batch_size=4)] == expected
    assert predictor._one_thread is not None
    monkeypatch.chdir("/")
    twin = pickle.loads(pickle.dumps(predictor))
    assert twin._one_thread is None
    assert [result.to_dict() for result in twin.stream(images, batch_size=4)] == expected


def test_who_states_threads_has_those(tmp_path):
    predictor = Predictor(write_model(tmp_path / "m.onnx"), threads=1)
    assert len(list(predictor.stream([frame(0, 12)] * 20, batch_size=2))) == 20
    assert predictor._one_thread is None
