"""What is measured of data that a model meets after its training."""

import shutil

import cv2
import numpy as np
import pytest

import visionft
from tests.conftest import SHAPES, draw
from visionft import evaluate, open_run
from visionft.errors import CheckpointError, DataError, UnknownName
from visionft.training.events import Notice


@pytest.fixture
def told():
    """Return what notices said."""

    class Told(list):
        def __call__(self, event):
            if isinstance(event, Notice):
                self.append(event.text)

    return Told()


@pytest.fixture
def pictures(tmp_path):
    """Return a function that draws pictures of shapes into folders: name -> (shape, how many)."""
    rng = np.random.default_rng(4)

    def make(folder, **classes):
        for name, (shape, number) in classes.items():
            (tmp_path / folder / name).mkdir(parents=True)
            for index in range(number):
                cv2.imwrite(str(tmp_path / folder / name / f"new{index}.png"), draw(shape, rng))
        return tmp_path / folder

    return make


class TestWhichImages:
    def test_all_of_data_that_state_no_splits(self, finished, pictures, told):
        new = pictures("new", bar=("bar", 9), disc=("disc", 7), ring=("ring", 5))
        assert evaluate(finished, data=new, sinks=[told]).n == 21
        assert any("all 21 images" in text for text in told)
        assert evaluate(finished / "model.onnx", data=new, split="all").n == 21
        with pytest.raises(DataError, match=r"state no splits.*--split"):
            evaluate(finished, data=new, split="test")

    def test_the_part_asked_for_where_they_do(self, finished, pictures, tmp_path, told):
        for split, number in (("train", 4), ("val", 3), ("test", 2)):
            pictures(f"new/{split}", **{shape: (shape, number) for shape in SHAPES})
        assert evaluate(finished, data=tmp_path / "new", sinks=[told]).n == 6
        assert any("the test part, 6 images" in text for text in told)
        counts = {split: evaluate(finished, data=tmp_path / "new", split=split).n for split in ("train", "val", "all")}
        assert counts == {"train": 12, "val": 9, "all": 27}

    def test_nothing_is_cut_off_what_they_call_train(self, finished, pictures, tmp_path):
        pictures("new/train", **{shape: (shape, 8) for shape in SHAPES})
        pictures("new/test", **{shape: (shape, 1) for shape in SHAPES})
        assert evaluate(finished, data=tmp_path / "new", split="train").n == 24

    def test_the_test_part_of_the_data_of_the_training(self, finished, image_folder, tmp_path):
        """Wherever they lie now: the others have been learned."""
        expected = evaluate(finished)
        assert evaluate(finished, data=image_folder).confusion == expected.confusion
        moved = shutil.copytree(image_folder, tmp_path / "moved")
        assert evaluate(finished / "model.onnx", data=moved).confusion == expected.confusion
        assert evaluate(finished, data=moved, split="all").n == 72

    def test_from_memory(self, finished):
        rng = np.random.default_rng(0)
        images = np.stack([draw(shape, rng) for shape in SHAPES for _ in range(4)])
        data = visionft.Dataset.from_arrays(images, [shape for shape in SHAPES for _ in range(4)])
        assert evaluate(finished, data=data).n == 12


class TestARunWithoutAnExportedFile:
    @pytest.fixture
    def bare(self, finished, tmp_path):
        bare = shutil.copytree(finished, tmp_path / "bare")
        (bare / "model.onnx").unlink()
        return bare

    def test_is_measured_by_its_network(self, finished, bare, pictures):
        """Though the data of its training are nowhere: none of them is needed."""
        (bare / "recipe.yaml").write_text((bare / "recipe.yaml").read_text().replace("  path: /", "  path: /gone/"))
        new = pictures("new", ring=("ring", 4), bar=("bar", 3))
        metrics = evaluate(bare, data=new)
        expected = evaluate(finished / "model.onnx", data=new)
        assert metrics.confusion == expected.confusion
        assert metrics.auroc == pytest.approx(expected.auroc, abs=1e-4)

    def test_all_of_its_own_data(self, bare):
        assert evaluate(bare, split="all").n == 72

    def test_which_has_not_finished(self, bare, pictures):
        (bare / "model.safetensors").unlink()
        with pytest.raises(CheckpointError, match=r"has not finished.*--resume"):
            evaluate(bare, data=pictures("new", bar=("bar", 2)))


class TestClasses:
    def test_some_may_be_missing(self, finished, pictures):
        metrics = evaluate(finished, data=pictures("less", ring=("ring", 3), bar=("bar", 2)))
        assert metrics.n == 5
        assert np.sum(metrics.confusion, axis=1).tolist() == [2, 0, 3]

    def test_one_class_alone(self, finished, pictures):
        assert evaluate(finished, data=pictures("one", disc=("disc", 3))).n == 3

    def test_the_message_says_how_to_name_them_and_that_works(self, finished, pictures):
        names = pictures("names", cat=("ring", 3), dog=("bar", 2), emu=("disc", 4))
        with pytest.raises(DataError, match=r"cat, dog, emu; the model's are bar, disc, ring.*--classes cat=bar"):
            evaluate(finished, data=names)
        same = {"cat": "ring", "dog": "bar", "emu": "disc"}
        metrics = evaluate(finished, data=names, classes=same)
        assert np.sum(metrics.confusion, axis=1).tolist() == [2, 4, 3]
        assert evaluate(finished, data=names, classes=same | {"emu": ""}).n == 5

    def test_one_more_is_refused_unless_left_out(self, finished, pictures, told):
        more = pictures("more", bar=("bar", 2), disc=("disc", 2), ring=("ring", 2), zzz=("bar", 5))
        with pytest.raises(DataError, match="--classes zzz="):
            evaluate(finished, data=more)
        assert evaluate(finished, data=more, classes={"zzz": ""}, sinks=[told]).n == 6
        assert any("zzz" in text for text in told)

    def test_names_that_are_nowhere(self, finished, pictures):
        new = pictures("new", bar=("bar", 2))
        with pytest.raises(UnknownName, match="close: bar"):
            evaluate(finished, data=new, classes={"baar": "bar"})
        with pytest.raises(UnknownName, match="close: disc"):
            evaluate(finished, data=new, classes={"bar": "disk"})

    def test_masks_and_objects_in_another_order(self, finished_scenes, mask_folder, tmp_path):
        expected = evaluate(finished_scenes, split="all")
        swapped = shutil.copytree(mask_folder, tmp_path / "swapped")
        (swapped / "classes.txt").write_text("disc\nground\n")
        for path in (swapped / "masks").iterdir():
            mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(path), np.where(mask == 255, 255, 1 - mask).astype(np.uint8))
        assert evaluate(finished_scenes, data=swapped, split="all").miou == expected.miou


class TestChangedData:
    @pytest.fixture
    def grown(self, finished, image_folder, tmp_path):
        """A finished run to whose data an image was added."""
        run = shutil.copytree(finished, tmp_path / "run")
        images = shutil.copytree(image_folder, tmp_path / "images")
        shutil.copy(images / "bar/00.png", images / "bar/new.png")
        text = (run / "recipe.yaml").read_text()
        (run / "recipe.yaml").write_text(text.replace(str(image_folder), str(images)))
        return run, images

    def test_are_enough_for_the_gate(self, grown, told):
        run, _ = grown
        assert open_run(run, sinks=[told]).export(path=run / "again.onnx").parity.passed
        assert any("has changed since the run began" in text for text in told)

    def test_are_not_measured_for_the_old_ones_but_on_request(self, grown, told):
        run, images = grown
        with pytest.raises(DataError, match=r"visionft eval .* --data PATH"):
            evaluate(run)
        metrics = evaluate(run, data=images, sinks=[told])
        assert metrics.n <= 15  # not the 60 that were learned
        assert any("has changed since the model was trained" in text for text in told)

    def test_gone_ones_are_asked_for(self, grown):
        run, images = grown
        moved = images.rename(images.with_name("moved"))
        (moved / "bar/new.png").unlink()
        for action in (open_run(run).evaluate, open_run(run).export, lambda: evaluate(run / "model.onnx")):
            with pytest.raises(DataError, match=r"no such file or folder.*--data PATH"):
                action()
        assert evaluate(run, data=moved).n > 0
        assert open_run(run, data=moved).export().parity.passed
        assert open_run(run).evaluate().n > 0  # which is remembered


def test_data_are_read_as_those_of_the_training_were(scenes, tmp_path, mask_folder):
    """By the recipe's patterns of files, wherever they lie."""
    images = tmp_path / "raw"
    images.mkdir()
    for path in (mask_folder / "images").iterdir():
        shutil.copy(path, images / f"{path.stem}_RAW.png")
        shutil.copy(mask_folder / "masks" / path.name, images / f"{path.stem}_TRUE.png")
    section = {
        "path": str(images),
        "images": "{name}_RAW.png",
        "masks": "{name}_TRUE.png",
        "classes": ["ground", "disc"],
    }
    stage = {"name": "head", "unfreeze": "none", "steps": 1, "head_lr": 1e-2}
    recipe = scenes(data=section, stages=[stage], evaluate={"bootstrap": 0}, export={"min_agreement": 0.0})
    run = visionft.train(recipe, out=tmp_path / "run", progress=False)
    run.export()
    moved = images.rename(tmp_path / "moved")
    assert evaluate(run.path, data=moved).n == len(run.samples("test"))
