"""Files and folders to predict on."""

import shutil

import pytest

from visionft.api import predict
from visionft.errors import CheckpointError, DataError


def test_files_and_folders_in_the_order_given(finished, image_folder):
    single = image_folder / "ring/03.png"
    results = list(predict(finished / "model.onnx", [single, image_folder / "bar"]))
    assert [path for path, _ in results] == [single, *sorted((image_folder / "bar").iterdir())]
    assert all(sum(result.probabilities.values()) == pytest.approx(1, abs=1e-6) for _, result in results)


def test_a_run_folder_means_the_file_in_it(finished, image_folder):
    image = image_folder / "ring/03.png"
    assert list(predict(finished, [image])) == list(predict(finished / "model.onnx", [image]))


def test_folders_inside_and_what_is_no_image(finished, image_folder, tmp_path):
    for name in ("a/deep/1.PNG", "b/2.png", "0.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image_folder / "bar/00.png", tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._2.png").write_bytes(b"left by macOS")
    found = [path.relative_to(tmp_path).as_posix() for path, _ in predict(finished, [tmp_path])]
    assert found == ["0.png", "a/deep/1.PNG", "b/2.png"]


def test_what_cannot_be_predicted(finished, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.png: no such file"):
        list(predict(finished, [tmp_path / "nowhere.png"]))
    with pytest.raises(DataError, match=r"^gs://shop/a\.png: is an address"):
        list(predict(finished, ["gs://shop/a.png"]))
    with pytest.raises(DataError, match="holds no images"):
        list(predict(finished, [tmp_path]))
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"bad\.png"):
        list(predict(finished, [tmp_path / "bad.png"]))


def test_a_run_that_was_not_exported(finished, image_folder, tmp_path):
    copied = shutil.copytree(finished, tmp_path / "run")
    (copied / "model.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"holds no exported model; export the run first: visionft export "):
        list(predict(copied, [image_folder / "bar"]))
