"""Data from a program go wherever a path goes, and come to the same."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import visionft as vft
from tests.api.test_training import PowerCut, cut_after
from tests.conftest import SHAPES, draw
from visionft.api import complete
from visionft.errors import DataError, RecipeError
from visionft.recipe import recipe_to_yaml

RNG = np.random.default_rng(0)
IMAGES = [draw(shape, RNG)[..., ::-1] for shape in SHAPES for _ in range(8)]
LABELS = [shape for shape in SHAPES for _ in range(8)]
IDS = [f"{label}/{number:02}.png" for number, label in enumerate(LABELS)]
SPLITS = (["train"] * 5 + ["val"] * 2 + ["test"]) * 3
QUICK = [{"name": "all", "unfreeze": "all", "epochs": 2, "head_lr": 1e-2, "norm": "all", "augment": "light"}]


def in_memory(labels=LABELS, **how):
    return vft.Dataset.from_arrays(IMAGES, labels, **{"ids": IDS, "split": SPLITS, "name": "shapes"} | how)


def quick(tiny, **more):
    """Return a recipe that names no data."""
    return tiny(data={"path": None}, stages=QUICK, **more)


def weights(path):
    return (Path(path) / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    """A run on images in memory, after evaluation, report and export."""
    run = vft.train(quick(tiny), data=in_memory(), out=tmp_path_factory.mktemp("runs") / "memory", sinks=[])
    complete(run)
    return run


def test_the_same_pixels_in_files_give_the_same_weights(trained, tiny, tmp_path):
    pairs = {split: [] for split in ("train", "val", "test")}
    for image, label, name, split in zip(IMAGES, LABELS, IDS, SPLITS, strict=True):
        (tmp_path / "png" / label).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "png" / name), image[..., ::-1])
        pairs[split].append((tmp_path / "png" / name, label))
    run = vft.train(quick(tiny), data=vft.Dataset.from_samples(pairs), out=tmp_path / "run", sinks=[])
    assert weights(run.path) == weights(trained.path)
    assert run.evaluate().to_dict() == trained.evaluate().to_dict()


@pytest.mark.parametrize("where", [{"workers": 2}, {"resident": True}], ids=["processes", "resident"])
def test_whoever_loads_gets_the_images(trained, tiny, tmp_path, where):
    recipe = quick(tiny, runtime=where)
    run = vft.train(recipe, data=in_memory(), out=tmp_path / "run", sinks=[])
    assert weights(run.path) == weights(trained.path)


class TestLater:
    def test_a_run_says_that_its_data_are_not_there(self, trained):
        for use in (vft.open_run(trained.path).evaluate, lambda: vft.evaluate(trained.path)):
            with pytest.raises(DataError, match=r"handed over in Python.*vft.open_run\(RUN, data=...\)"):
                use()

    def test_the_same_data_are_taken(self, trained):
        run = vft.open_run(trained.path, data=in_memory())
        assert run.evaluate().to_dict() == trained.evaluate().to_dict()

    @pytest.mark.parametrize(
        "other",
        [
            {"labels": LABELS[::-1]},
            {"split": ["train"] * 20 + ["val"] * 4},
            {"ids": [f"{number}.png" for number in range(24)]},
        ],
    )
    def test_other_data_are_refused(self, trained, other):
        with pytest.raises(DataError, match="shapes has changed since the run began"):
            vft.open_run(trained.path, data=in_memory(**other)).evaluate()

    def test_other_pixels_are_refused(self, trained):
        images = [image.copy() for image in IMAGES]
        images[3][0, 0, 0] ^= 1
        data = vft.Dataset.from_arrays(images, LABELS, ids=IDS, split=SPLITS, name="shapes")
        with pytest.raises(DataError, match="now as many, but others"):
            vft.open_run(trained.path, data=data).evaluate()

    def test_a_stopped_run_goes_on_with_its_data(self, trained, tiny, tmp_path):
        recipe, out = quick(tiny, runtime={"checkpoint_minutes": 1e-9}), tmp_path / "run"
        with pytest.raises(PowerCut):
            vft.train(recipe, data=in_memory(), out=out, sinks=[cut_after(1)])
        with pytest.raises(DataError, match="handed over in Python"):
            vft.train(out=out, resume=True, sinks=[])
        with pytest.raises(DataError, match="has changed since the run began"):
            vft.train(out=out, resume=True, data=in_memory(labels=LABELS[::-1]), sinks=[])
        run = vft.train(out=out, resume=True, data=in_memory(), sinks=[])
        assert weights(run.path) == weights(trained.path)

    def test_an_exported_file_is_measured(self, trained):
        on_test = vft.evaluate(trained.path / "model.onnx", data=in_memory())
        assert on_test.n == 3
        everything = vft.evaluate(trained.path / "model.onnx", data=in_memory(split="test"))
        assert everything.n == 24


def test_data_alone_are_trained_by_the_defaults_of_their_task(tiny, tmp_path):
    found = vft.check(in_memory())
    assert (found.data["name"], found.data["classes"]) == ("shapes", list(SHAPES))
    found = vft.check(in_memory(labels=[number / 24 for number in range(24)]), {"backbone.weights": "none"})
    assert (found.ok, found.named) == (True, "value")


def test_settings_of_the_data_and_overrides(tiny):
    without = {"split": None, "val_fraction": 0.4}
    count = vft.check(quick(tiny), data=in_memory(**without)).data["images"]
    assert count["val"] > vft.check(quick(tiny), data=in_memory(split=None)).data["images"]["val"]
    found = vft.check(quick(tiny), {"data.val_fraction": 0.4}, data=in_memory(split=None))
    assert found.data["images"] == count
    found = vft.check(quick(tiny), data=in_memory(val_fracton=0.4))
    assert "data.val_fracton: unknown key; did you mean 'val_fraction'?" in found.errors[0]


def test_a_folder_takes_the_place_of_the_recipes_data(tiny, image_folder):
    for data in (image_folder, str(image_folder), vft.Dataset.from_folder(image_folder, val_fraction=0.4)):
        assert sum(vft.check(tiny(data={"path": "gone"}), data=data).data["images"].values()) == 72
    assert vft.check(vft.Dataset.from_folder(image_folder)).data["name"] == image_folder.name


def test_labels_of_another_task_name_both(tiny):
    found = vft.check(quick(tiny), data=in_memory(labels=[number / 24 for number in range(24)]))
    assert "task.kind: classification, but the labels of shapes look made for regression" in found.errors[0]
    whole = in_memory(labels=list(range(24)))
    assert vft.check(quick(tiny), {"task": {"kind": "regression"}}, data=whole).named == "value"


@pytest.mark.parametrize(
    ("recipe", "data", "message"),
    [
        (None, None, "recipe: there is none, and no data"),
        ([1, 2], None, "an object of type list; .*vft.Dataset.from_arrays"),
        (vft.Recipe(), IMAGES, "data: an object of type list; .*vft.Dataset.from_arrays"),
        (in_memory(), in_memory(), "these are data, and so are those of data="),
    ],
)
def test_what_is_neither_recipe_nor_data(recipe, data, message):
    with pytest.raises(RecipeError, match=message):
        vft.train(recipe, data=data, sinks=[])


def test_boxes_are_written_in_other_formats_and_read_back(tmp_path):
    boxes = [{"boxes": [[4.0, 5.0, 20.0, 30.5]], "labels": [label]} for label in LABELS]
    data = in_memory(labels=boxes)
    assert vft.convert(data, "coco", tmp_path / "coco").objects == {"train": 15, "val": 6, "test": 3}
    back = vft.check(tmp_path / "coco", {"backbone.weights": "none"})
    assert back.objects["bar"] == {"train": 5, "val": 2, "test": 1}
    pictures = {cv2.imread(str(path)).tobytes() for path in (tmp_path / "coco/images").iterdir()}
    assert pictures == {np.ascontiguousarray(image[..., ::-1]).tobytes() for image in IMAGES}


def test_a_second_run_is_that_of_a_fresh_process(trained, tiny, tmp_path):
    """What one run leaves behind in a process must not reach the next."""
    code = (
        "import sys; import visionft as vft; from tests.api.test_datasets import in_memory\n"
        "vft.train(sys.argv[1], data=in_memory(), out=sys.argv[2], sinks=[])"
    )
    recipe = quick(tiny, seed=3)
    (tmp_path / "recipe.yaml").write_text(recipe_to_yaml(recipe))
    command = [sys.executable, "-c", code, str(tmp_path / "recipe.yaml"), str(tmp_path / "fresh")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=300)
    vft.train(recipe, data=in_memory(), out=tmp_path / "second", sinks=[])
    assert weights(tmp_path / "second") == weights(tmp_path / "fresh")
    assert weights(tmp_path / "second") != weights(trained.path)


def test_a_mask_may_be_the_name_of_its_file(mask_folder, monkeypatch, tmp_path):
    """A name, as a path, is that of where it was said; another text stays a class."""
    images = sorted(mask_folder.glob("images/*.png"))[:8]
    monkeypatch.chdir(mask_folder)
    pairs = [(f"images/{image.name}", f"masks/{image.name}") for image in images]
    data = vft.Dataset.from_samples(pairs)
    monkeypatch.chdir(tmp_path)
    assert all(image.value.is_absolute() and image.value.is_file() for image in data.images)
    assert vft.check(data).data["images"].keys() == {"train", "val", "test"}
    named = vft.Dataset.from_samples([(image, "cat.png") for image in images])
    assert {image.value for image in named.images} == {"cat.png"}
