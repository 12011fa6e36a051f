"""Everything that is wrong, at once, before any training."""

import shutil

import numpy as np
import pytest
import torch

import visionft
from visionft.api import check
from visionft.recipe import recipe_to_yaml


@pytest.fixture
def photos(image_folder, tmp_path):
    return shutil.copytree(image_folder, tmp_path / "photos")


def test_nothing_is_wrong(tiny, image_folder):
    found = check(tiny())
    assert found.ok
    assert found.errors == ()
    assert sum(found.data["images"].values()) == 72
    assert list(found.counts) == ["bar", "disc", "ring"]
    assert all(sum(row.values()) == 24 for row in found.counts.values())


def test_a_folder_can_be_checked(photos):
    found = check(photos, ("backbone.name=test_resnet", "input.size=32", "stages.top.unfreeze=2"))
    assert found.ok
    assert found.data["name"] == "photos"


def test_bad_files_are_warnings(tiny, photos):
    (photos / "disc/00.png").write_bytes(b"")
    (photos / "ring/00.png").write_text("<html>404</html>")
    found = check(tiny(data={"path": str(photos)}))
    assert found.ok
    text = "\n".join(found.warnings)
    assert "disc/00.png" in text
    assert "ring/00.png" in text


def test_bad_files_are_errors_when_the_recipe_is_strict(tiny, photos):
    (photos / "disc/00.png").write_bytes(b"")
    found = check(tiny(data={"path": str(photos), "strict": True}))
    assert not found.ok
    assert "disc/00.png" in "\n".join(found.errors)


def test_every_mistake_of_a_recipe(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("sead: 1\nbackbone:\n  namee: x\noptim: {batch_size: zero}\nstages:\n  - {name: a, epoch: 3}\n")
    errors = check(path).errors
    for key in ("sead", "backbone.namee", "optim.batch_size", "stages[0].epoch"):
        assert any(key in error for error in errors)
    assert all(str(path) in error for error in errors)


def test_data_and_network_are_both_told(tiny, tmp_path):
    found = check(tiny(data={"path": str(tmp_path / "nowhere")}, backbone={"name": "test_resnett"}))
    assert not found.ok
    assert found.data is None
    text = "\n".join(found.errors)
    assert "nowhere: no such" in text
    assert "backbone 'test_resnett': no such backbone; close: test_resnet" in text


def test_stages_that_do_not_fit_the_network(tiny):
    too_many = check(tiny(stages=[{"name": "a", "unfreeze": 99, "epochs": 1}]))
    assert "stages[0].unfreeze: 99 depth groups asked for" in "\n".join(too_many.errors)
    unknown = check(tiny(stages=[{"name": "a", "unfreeze": ["laier1"], "epochs": 1}]))
    assert "depth group 'laier1'" in "\n".join(unknown.errors)


@pytest.mark.parametrize(
    "section", [{"input": {"size": 16}}, {"stages": [{"name": "a", "epochs": 1, "image_size": 16}]}]
)
def test_a_size_that_the_network_cannot_take(tiny, section):
    found = check(tiny(**{"backbone": {"name": "torchvision/squeezenet1_1"}, "input": {"size": 64}} | section))
    assert "cannot take images of 16 x 16 pixels" in "\n".join(found.errors)


def test_drop_path_that_the_network_does_not_have(tiny):
    found = check(tiny(backbone={"name": "torchvision/squeezenet1_1", "drop_path": 0.1}, input={"size": 64}))
    assert "has no drop path" in "\n".join(found.errors)


def test_weights_that_do_not_exist(tiny, tmp_path):
    found = check(tiny(backbone={"weights": str(tmp_path / "mine.pth")}))
    assert "mine.pth" in "\n".join(found.errors)
    assert "no such file" in "\n".join(found.errors)


def test_weights_of_another_network(tiny, tmp_path):
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    found = check(tiny(backbone={"weights": str(tmp_path / "other.pth")}))
    assert "do not fit" in "\n".join(found.errors)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device, so asking for one is no mistake")
def test_a_device_that_is_not_there(tiny):
    assert "runtime.device: cuda asked for" in "\n".join(check(tiny(runtime={"device": "cuda"})).errors)


def test_one_class_only(tiny, photos):
    for shape in ("bar", "ring"):
        shutil.rmtree(photos / shape)
    found = check(tiny(data={"path": str(photos)}))
    assert not found.ok
    assert "at least two are needed" in "\n".join(found.errors)


def test_no_validation_images(tiny):
    found = check(tiny(data={"val_fraction": 0}))
    assert not found.ok
    assert "val" in "\n".join(found.errors)


def test_no_training_images(objects, box_folder, tmp_path):
    shutil.copytree(box_folder, tmp_path / "data")
    (tmp_path / "data/data.yaml").write_text("val: images/val\nnames: [disc, square]\n")
    found = check(objects(data={"path": str(tmp_path / "data")}, input={"size": None}))
    assert found.errors == ("train: the split has no images, so there is nothing to learn from",)


def test_no_data_named(tmp_path, tiny):
    recipe = tiny()
    path = tmp_path / "r.yaml"
    path.write_text(recipe_to_yaml(recipe))
    found = check(path, ("data.path=null",))
    assert "data.path: no images named" in "\n".join(found.errors)


UNUSED = (
    "the labels have outlines of objects; for boxes and masks of each object: --set task.kind=instance_segmentation"
)
SMALL = ("backbone.name=test_resnet", "input.size=32")


def test_outlines_that_nobody_asked_for_are_told(outline_folder, tmp_path):
    visionft.convert(outline_folder, "yolo", tmp_path / "yolo")
    for data in (outline_folder, tmp_path / "yolo", tmp_path / "yolo/data.yaml"):
        assert check(data, SMALL).warnings.count(UNUSED) == 1
        for asked in ("task.kind=detection", "task.kind=segmentation", "task.kind=instance_segmentation"):
            assert UNUSED not in check(data, (*SMALL, asked)).warnings
    assert UNUSED not in check(tmp_path / "yolo", (*SMALL, "data.format=yolo")).warnings


def test_boxes_have_no_outlines_to_tell_of(box_folder, mask_folder, objects, outline_folder):
    for data in (box_folder, mask_folder):
        assert UNUSED not in check(data, SMALL).warnings
    assert UNUSED not in check(objects(data={"path": str(outline_folder)})).warnings


def test_all_that_is_asked_of_a_gpu_that_is_not_there(tiny):
    found = check(tiny(augment={"device": "cuda"}, runtime={"decode": "cuda"}))
    assert [error.partition(": ")[0] for error in found.errors] == ["augment.device", "runtime.decode"]


def test_labels_that_tell_no_task_are_an_error_of_the_check():
    images = np.zeros((2, 8, 8, 3), np.uint8)
    found = check(visionft.Dataset.from_arrays(images, ["a", {"b": "c"}]))
    assert not found.ok
    assert "do not tell" in found.errors[0]


def test_a_text_file_of_labels_is_data(image_folder, tmp_path):
    images = shutil.copytree(image_folder, tmp_path / "images")
    lines = [f"{path.relative_to(tmp_path)} {path.parent.name}" for path in sorted(images.rglob("*.png"))]
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    found = check(tmp_path / "labels.txt", ("backbone.name=test_resnet", "input.size=32"))
    assert list(found.counts) == ["bar", "disc", "ring"]
