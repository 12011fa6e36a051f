"""Images of every kind in, the right classes out, in order."""

import io
import json
import pickle
from pathlib import Path
from urllib.request import urlopen

import cv2
import numpy as np
import PIL.Image
import pytest
import torch

from tests.predict.stand_in import SPEC, expected_probabilities, write_model
from visionft.errors import DataError, VisionftError
from visionft.imaging import decode, to_canvas
from visionft.predict import Predictor
from visionft.tasks.classification.prediction import Classification


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return Predictor(write_model(tmp_path_factory.mktemp("model") / "m.onnx"), threads=1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Pixels of nine images of different sizes and colours, and the PNG files that hold them."""
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    pixels = [
        generator.integers(0, 256, (20 + i, 40 - i, 3), dtype=np.uint8) // (1 + np.arange(3) * i % 4) for i in range(9)
    ]
    pixels = [image.astype(np.uint8) for image in pixels]
    paths = [folder / f"{i}.png" for i in range(9)]
    for image, path in zip(pixels, paths, strict=True):
        PIL.Image.fromarray(image).save(path)
    return pixels, paths


def test_one_image_gives_one_result(predictor, photos):
    path = photos[1][0]
    result = predictor(path)
    expected_K = expected_probabilities(to_canvas(decode(path), SPEC.input)[None])[0]
    assert isinstance(result, Classification)
    assert list(result.probabilities) == ["red", "green", "blau"]
    np.testing.assert_allclose(list(result.probabilities.values()), expected_K, rtol=1e-5)
    assert result.index == expected_K.argmax()
    assert result.label == SPEC.class_names[result.index]
    assert result.confidence == result.probabilities[result.label] == max(result.probabilities.values())


def test_every_way_to_pass_an_image_gives_the_same(predictor, photos):
    pixels, paths = photos[0][3], photos[1][3]
    expected = predictor(pixels)
    assert predictor(paths) == expected
    assert predictor(str(paths)) == expected
    assert predictor(paths.read_bytes()) == expected
    assert predictor(np.asfortranarray(pixels)) == expected
    assert predictor([pixels, str(paths), paths.read_bytes()]) == [expected] * 3
    data = paths.read_bytes()
    assert predictor(bytearray(data)) == predictor(memoryview(data)) == predictor(io.BytesIO(data)) == expected
    with paths.open("rb") as file:
        assert predictor(file) == expected
    assert predictor([io.BytesIO(data), bytearray(data)]) == [expected] * 2


def test_a_tensor_is_one_image_and_a_batch_several(predictor, photos):
    pixels = photos[0][3]
    tensor, expected = torch.from_numpy(pixels).permute(2, 0, 1), predictor(pixels)
    assert predictor(tensor) == predictor(tensor / 255) == expected
    assert predictor(torch.stack([tensor, tensor])) == predictor([tensor, tensor]) == [expected] * 2
    assert predictor(torch.from_numpy(pixels[..., 0].copy())) == predictor(pixels[..., 0])


def test_a_range_of_values_is_stated(predictor, photos, tmp_path):
    """A camera of 12 bits, and a model that has seen 8."""
    pixels = photos[0][3]
    deep = np.rint(pixels * (4095 / 255)).astype(np.uint16)
    of_camera = Predictor(write_model(tmp_path / "m.onnx"), threads=1, value_range=(0, 4095))
    cv2.imwrite(str(tmp_path / "deep.png"), deep[:, :, ::-1])
    images = [deep, deep.astype(np.float32), torch.from_numpy(deep.astype(np.float32)).permute(2, 0, 1)]
    assert of_camera([*images, tmp_path / "deep.png"]) == [predictor(pixels)] * 4
    assert of_camera(pixels) == predictor(pixels)
    assert pickle.loads(pickle.dumps(of_camera))(deep) == predictor(pixels)  # our own
    with pytest.raises(DataError, match="value_range of the Predictor"):
        predictor(deep.astype(np.float32))
    for wrong in ((4095, 0), (1, 1)):
        with pytest.raises(DataError, match="black before white"):
            Predictor(tmp_path / "m.onnx", value_range=wrong)


def test_channels_are_taken_as_rgb(predictor):
    assert predictor(np.full((5, 5, 3), [255, 0, 0], np.uint8)).label == "red"
    red = io.BytesIO()
    PIL.Image.new("RGB", (5, 5), (255, 0, 0)).save(red, "PNG")
    assert predictor(red.getvalue()).label == "red"


def test_grey_array_is_its_channel_three_times(predictor):
    grey = np.random.default_rng(1).integers(0, 256, (30, 20), dtype=np.uint8)
    assert predictor(grey) == predictor(np.dstack([grey] * 3))


@pytest.mark.parametrize("batch_size", [1, 4, 9, 100])
def test_many_images_keep_their_order(predictor, photos, batch_size):
    _, paths = photos
    alone = [predictor(path) for path in paths]
    assert len({result.confidence for result in alone}) == 9
    together = predictor(paths, batch_size=batch_size)
    assert [result.index for result in together] == [result.index for result in alone]
    np.testing.assert_allclose(
        [result.confidence for result in together], [result.confidence for result in alone], rtol=1e-6
    )


def test_any_iterable_will_do(predictor, photos):
    _, paths = photos
    assert predictor(iter(paths)) == predictor(tuple(paths)) == predictor(paths)
    assert predictor([]) == []


def test_stream_takes_two_batches_at_most(predictor):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield np.full((4, 4, 3), taken % 256, np.uint8)

    stream = predictor.stream(endless(), batch_size=3)
    assert taken == 0
    for results in range(1, 8):
        next(stream)
        assert taken <= 3 * (2 + (results - 1) // 3)
    stream.close()


def test_stream_yields_what_came_before_a_bad_image(predictor, photos, tmp_path):
    _, paths = photos
    (tmp_path / "bad.png").write_bytes(b"no image")
    stream = predictor.stream([*paths[:2], tmp_path / "bad.png"], batch_size=2)
    assert len([next(stream), next(stream)]) == 2
    with pytest.raises(DataError, match=r"bad\.png: "):
        next(stream)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Path("nowhere.png"), r"nowhere\.png: cannot be read"),
        ("nowhere.png", r"nowhere\.png: "),
        (b"no image", "image of 8 bytes: "),
        (np.zeros((4, 4, 3), int), r"int64 array of shape \(4, 4, 3\); uint8 of shape \(H, W, 3\)"),
        (np.full((4, 4), 9, np.float32), "float32 image of values from 9 to 9"),
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), "pass several images as a list"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
        (3, "type int; pass a path"),
        ([None], "type NoneType; pass a path"),
        ({"image": b""}, "a dict with the keys 'image'; give the image alone"),
        (io.StringIO("text"), r'open\(path, "rb"\)'),
        (io.BytesIO(), "nothing left to read"),
        ("https://example.org/a.png", r"^https://example.org/a.png: is an address; .*urlopen"),
        ("s3://bucket/a.png", "is an address .s3."),
        ("file:///data/my%20cat.png", "give the path /data/my cat.png"),
        (Path("folder"), r"^folder: is a folder; .*glob"),
        ("clip.mp4", r"^clip.mp4: is a video; .*stream"),
    ],
)  # fmt: skip
def test_what_is_no_image_is_named(predictor, image, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("clip.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    with pytest.raises(DataError, match=message):
        predictor(image)


def test_the_ways_that_messages_name_work(predictor, photos, tmp_path):
    path, expected = photos[1][0], predictor(photos[0][0])
    with urlopen(path.as_uri()) as response:
        assert predictor(response) == expected
        with pytest.raises(DataError, match="nothing left"):
            predictor(response)
    clip = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(clip, cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 24))
    writer.write(np.full((24, 32, 3), [0, 0, 255], np.uint8))  # BGR
    writer.release()
    with pytest.raises(DataError, match="is a video"):
        predictor(clip)
    frame = cv2.VideoCapture(clip).read()[1]
    assert predictor(frame[:, :, ::-1]).label == "red"


def test_path_of_a_damaged_file_is_named_inside_a_list(predictor, photos, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(photos[1][0].read_bytes()[:60])
    with pytest.raises(DataError, match=r"cut\.png: "):
        predictor([photos[1][1], cut])


def test_batch_size_must_be_positive(predictor):
    with pytest.raises(VisionftError, match="batch_size: 0"):
        predictor([np.zeros((4, 4, 3), np.uint8)], batch_size=0)


def test_canvases(predictor):
    images_BHW3 = np.random.default_rng(2).integers(0, 256, (5, 12, 16, 3), dtype=np.uint8)
    found_BK = predictor.predict_canvases(images_BHW3)["probabilities"]
    assert found_BK.dtype == np.float32
    np.testing.assert_allclose(found_BK, expected_probabilities(images_BHW3), rtol=1e-5)
    np.testing.assert_allclose(predictor.predict_canvases(images_BHW3[::2])["probabilities"], found_BK[::2], rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 16, 12, 3), (12, 16, 3), (0, 12, 16, 3), (1, 3, 12, 16)])
def test_canvases_of_another_shape(predictor, shape):
    with pytest.raises(DataError, match=r"uint8 of shape \(1 or more, 12, 16, 3\)"):
        predictor.predict_canvases(np.zeros(shape, np.uint8))


def test_canvases_of_another_type(predictor):
    with pytest.raises(DataError, match="float32"):
        predictor.predict_canvases(np.zeros((1, 12, 16, 3), np.float32))


def test_spec_travels(predictor):
    assert predictor.spec == SPEC
    assert predictor.class_names == SPEC.class_names


def test_result_as_json(predictor):
    result = predictor(np.full((5, 5, 3), [0, 0, 255], np.uint8))
    data = json.loads(json.dumps(result.to_dict()))
    assert data == {
        "label": "blau",
        "index": 2,
        "confidence": result.confidence,
        "probabilities": dict(result.probabilities),
    }
    assert list(data["probabilities"]) == list(SPEC.class_names)


def test_first_of_equal_classes_wins():
    result = Classification.of(np.float32([0.25, 0.375, 0.375]), ("a", "b", "c"))
    assert (result.label, result.index, result.confidence) == ("b", 1, 0.375)
