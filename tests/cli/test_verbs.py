"""What each verb prints: results on stdout, for people or as one JSON value; all else on stderr."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from visionft import Predictor
from visionft.recipe import load_recipe, recipe_to_yaml

NUMBERS = {"accuracy", "balanced_accuracy", "macro_f1", "auroc", "nll", "calibration_error", "n"}


@pytest.fixture(scope="session")
def recipe_file(tiny, tmp_path_factory) -> Path:
    """A recipe that trains for one step."""
    path = tmp_path_factory.mktemp("recipes") / "quick.yaml"
    path.write_text(recipe_to_yaml(tiny(stages=[{"name": "head", "unfreeze": "none", "steps": 1}])))
    return path


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "copied")


class TestTrain:
    def test_json(self, visionft, recipe_file, tmp_path):
        out = tmp_path / "run"
        result = visionft("train", recipe_file, "--out", out, "--set", "seed=3", "--json")
        assert result.code == 0
        summary = result.json
        assert {"run", "metrics", "seconds", "stages", "model", "report"} <= summary.keys()
        assert summary["metrics"].keys() >= NUMBERS
        assert summary["seconds"] > 0
        assert [stage["name"] for stage in summary["stages"]] == ["head"]
        assert summary["run"] == str(out)
        assert Predictor(summary["model"]).class_names == ("bar", "disc", "ring")
        assert Path(summary["report"]).read_text().startswith("<!")
        assert load_recipe(out / "recipe.yaml").seed == 3
        assert "stage 1 of 1: head" in result.err

    def test_for_people_and_resumed(self, visionft, copied):
        result = visionft("train", copied, "--resume")
        assert result.code == 0
        assert f"{copied} has finished already" in result.err
        assert result.out.startswith("measured on the test images")
        for line in (f"report  {copied}/report.html", f"model   {copied}/model.onnx", "accuracy  "):
            assert line in result.out

    def test_print_recipe_can_be_run_again(self, visionft, image_folder, recipe_file, tmp_path, monkeypatch):
        for source in (recipe_file, image_folder, "solar_cells"):
            first = visionft("train", source, "--set", "optim.weight_decay=1e-5", "--print-recipe")
            assert (first.code, first.err) == (0, "")
            printed = tmp_path / "printed.yaml"
            printed.write_text(first.out)
            monkeypatch.chdir("/")  # what it names does not depend on where it is run
            assert visionft("train", printed, "--print-recipe").out == first.out
            assert load_recipe(printed).optim.weight_decay == 1e-5
            assert load_recipe(printed).model_dump().keys() == json_keys(first.out)

    @pytest.mark.parametrize("name", ["1e3", "007", "null", "yes", "1_000"])
    def test_names_that_look_like_other_things(self, visionft, image_folder, tmp_path, name):
        """YAML takes 1e3 for a number in one library and for text in another."""
        shutil.copytree(image_folder, tmp_path / name)
        printed = tmp_path / "printed.yaml"
        result = visionft("train", tmp_path / name, "--set", f"data.classes=['{name}', b]", "--print-recipe")
        printed.write_text(result.out)
        assert load_recipe(printed).name == name
        assert load_recipe(printed).data.classes == (name, "b")


def json_keys(text):
    """Return the top-level keys of a YAML file without reading YAML."""
    return {line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()}


class TestEval:
    def test_json_of_run_and_file(self, visionft, finished):
        of_run = visionft("eval", finished, "--json")
        of_file = visionft("eval", finished / "model.onnx", "--json")
        assert (of_run.code, of_file.code) == (0, 0)
        assert of_run.json.keys() == {"metrics"}
        assert of_run.json["metrics"].keys() >= NUMBERS
        assert of_run.json["metrics"]["accuracy"] == of_file.json["metrics"]["accuracy"]
        assert of_run.json["metrics"]["auroc"] == pytest.approx(of_file.json["metrics"]["auroc"], abs=1e-6)

    def test_for_people(self, visionft, finished):
        result = visionft("eval", finished, "--split", "val")
        assert "95 % interval" in result.out
        assert all(name in result.out for name in ("accuracy", "auroc", "precision", "bar", "disc", "ring"))

    def test_objects_for_people(self, visionft, finished_objects):
        result = visionft("eval", finished_objects)
        assert result.code == 0
        assert all(name in result.out for name in ("map50", "threshold", "precision", "disc", "square"))
        assert "curve" not in result.out

    def test_undefined_numbers_are_null(self, visionft, finished, image_folder, tmp_path):
        """A test part with one class has no area under the curve."""
        shutil.copytree(image_folder, tmp_path / "new/train")
        (tmp_path / "new/test").mkdir()
        shutil.move(tmp_path / "new/train/bar", tmp_path / "new/test/bar")
        (tmp_path / "new/train/bar").mkdir()
        shutil.move(tmp_path / "new/test/bar/00.png", tmp_path / "new/train/bar/00.png")
        result = visionft("eval", finished / "model.onnx", "--data", tmp_path / "new", "--json")
        assert result.json["metrics"]["auroc"] is None
        assert "auroc              -" in visionft("eval", finished, "--data", tmp_path / "new").out


class TestPredict:
    def test_json(self, visionft, finished, image_folder):
        images = [image_folder / "bar/01.png", image_folder / "ring"]
        rows = visionft("predict", finished / "model.onnx", *images, "--json").json
        assert [row["image"] for row in rows] == [str(images[0]), *map(str, sorted(images[1].iterdir()))]
        for row in rows:
            assert {"image", "label", "probabilities"} <= row.keys()
            assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)
            assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-6)

    def test_for_people(self, visionft, finished, image_folder):
        result = visionft("predict", finished, image_folder / "bar/01.png")
        assert result.err == ""
        path, label, confidence = result.out.split()
        assert path == str(image_folder / "bar/01.png")
        assert label in ("bar", "disc", "ring")
        assert 1 / 3 <= float(confidence) <= 1

    def test_what_is_skipped_in_a_folder_is_told_beside_the_results(self, visionft, finished, image_folder, tmp_path):
        for name in ("a.png", "b.jfif"):
            (tmp_path / name).symlink_to(image_folder / "bar/01.png")
        (tmp_path / "notes.docx").write_bytes(b"x")
        result = visionft("predict", finished, tmp_path, "--json")
        assert [row["image"] for row in result.json] == [str(tmp_path / "a.png"), str(tmp_path / "b.jfif")]
        assert "1 file is no image by the extension, and skipped: notes.docx" in result.err

    @pytest.mark.parametrize("option", ["--json", None])
    def test_names_that_are_not_text(self, visionft, finished, image_folder, tmp_path, option):
        """Prediction needs no more of a name than that the file opens."""
        path = tmp_path / "\udce4.png"  # the byte 0xe4, a latin-1 ä
        shutil.copy(image_folder / "bar/01.png", path)
        result = visionft("predict", finished, path, *filter(None, [option]))
        assert result.code == 0
        if option:
            assert result.json[0]["image"] == str(path)
        else:
            assert "\\udce4.png" in result.out


class TestExport:
    def test_json(self, visionft, finished, tmp_path):
        result = visionft("export", finished, "--out", tmp_path / "m.onnx", "--json")
        assert result.code == 0
        assert result.json["path"] == str(tmp_path / "m.onnx")
        parity = result.json["parity"]
        assert parity["passed"]
        assert parity["agreement"] == 1
        assert parity["max_abs_difference"] < 1e-4
        assert Path(result.json["path"]).is_file()

    def test_a_failed_gate(self, refused, copied, tiny):
        (copied / "recipe.yaml").write_text(recipe_to_yaml(tiny(export={"max_difference": 1e-30})))
        for name in ("model.onnx", "model.onnx.parity.json", "model.onnx.card.md"):
            (copied / name).unlink()
        message = refused("export", copied, code=1)
        assert "model.onnx: not written: same answer for" in message
        assert "the limits are the recipe's export.min_agreement, .max_difference and" in message
        assert not list(copied.glob("*.onnx*"))

    def test_several_runtimes_of_which_one_is_refused(self, visionft, copied, tiny):
        limits = {"limits": {"onnx-fp16": {"max_difference": 1e-30}}}
        (copied / "recipe.yaml").write_text(recipe_to_yaml(tiny(export=limits)))
        (copied / "model.onnx").unlink()
        result = visionft("export", copied, "--to", "onnx-fp16, onnx", "--json")
        assert result.code == 1
        assert [Path(each["path"]).name for each in result.json] == ["model.onnx"]
        assert "model-fp16.onnx: not written: same answer for" in result.err
        assert (copied / "model.onnx").is_file()

    def test_a_name_that_there_is_not_among_several_writes_nothing(self, refused, copied):
        (copied / "model.onnx").unlink()
        assert "close: onnx-int8" in refused("export", copied, "--to", "onnx,onnx-int4")
        assert not (copied / "model.onnx").exists()

    def test_a_graph_for_other_compilers(self, visionft, copied):
        result = visionft("export", copied, "--opset", "13", "--batch", "2", "--floats", "--json")
        assert Path(result.json["path"]).name == "model-opset13-batch2-floats.onnx"
        assert visionft("eval", result.json["path"], "--json").code == 0

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--to", " , "], "names no runtime; take some of"),
            (["--to", "onnx,onnx-int8", "--opset", "13"], "onnx-int8: its files have one form"),
            (["--opset", "12"], "opset: 12; 13 to 20 are written"),
        ],
        ids=["none", "form", "opset"],
    )
    def test_what_cannot_be_asked_writes_nothing(self, refused, copied, options, message):
        (copied / "model.onnx").unlink()
        assert message in refused("export", copied, *options)
        assert not list(copied.glob("*.onnx"))

    def test_a_runtime_that_is_named_twice_is_written_once(self, visionft, copied):
        assert "path" in visionft("export", copied, "--to", "onnx,onnx", "--json").json

    def test_one_file_for_several_runtimes(self, refused, copied, tmp_path):
        assert "--out names one file" in refused("export", copied, "--to", "onnx,onnx-int8", "--out", tmp_path / "m")


class TestCheck:
    def test_json(self, visionft, recipe_file):
        result = visionft("check", recipe_file, "--json")
        assert (result.code, result.err) == (0, "")
        assert result.json["ok"]
        assert result.json["errors"] == []
        assert set(result.json["counts"]) == {"bar", "disc", "ring"}

    def test_for_people(self, visionft, recipe_file):
        result = visionft("check", recipe_file)
        assert result.out.rstrip().endswith("training can start")
        assert "train    val   test" in result.out

    def test_wrong(self, visionft, recipe_file, tmp_path):
        arguments = ("check", recipe_file, "--set", f"data.path={tmp_path}/nowhere", "--set", "backbone.name=resnet5O")
        for_people = visionft(*arguments)
        assert for_people.code == 2
        assert "training cannot start" in for_people.out
        as_json = visionft(*arguments, "--json")
        assert as_json.code == 2
        assert not as_json.json["ok"]
        text = "\n".join(as_json.json["errors"])
        assert "nowhere: no such" in text
        assert "close: resnet50" in text


class TestList:
    @pytest.mark.parametrize(
        ("what", "known"),
        [
            ("backbones", "timm/tf_efficientnet_lite0"),
            ("formats", "folder"),
            ("heads", "linear"),
            ("recipes", "solar_cells"),
            ("runtimes", "onnx"),
            ("tasks", "classification"),
        ],
    )
    def test_names(self, visionft, what, known):
        as_json = visionft("list", what, "--json")
        assert (as_json.code, as_json.err) == (0, "")
        assert known in as_json.json
        assert as_json.json == sorted(as_json.json)
        assert visionft("list", what).out.splitlines() == as_json.json

    def test_transforms_with_what_they_do_and_take(self, visionft):
        (line,) = visionft("list", "transforms", "clahe").out.splitlines()
        assert line.startswith("CLAHE: ")
        assert line.endswith(": clip_limit=4.0, tile_grid_size=(8, 8), p=0.5")
        names = visionft("list", "transforms", "--json").json
        assert {"RandomFog", "RandomResizedCrop", "CropAndPad"} <= set(names)
        assert {"Normalize", "HistogramMatching", "PadIfNeeded", "Mosaic"}.isdisjoint(names)
        grid = visionft("list", "transforms", "GridDropout").out
        assert "(not for objects)" not in grid
        assert "(not for objects)" in visionft("list", "transforms", "RandomGridShuffle").out

    def test_search(self, visionft):
        names = visionft("list", "backbones", "convnext", "--json").json
        assert len(names) > 5
        assert all("convnext" in name for name in names)
        assert visionft("list", "backbones", "no such thing", "--json").json == []

    def test_unknown(self, refused):
        assert "close: backbones" in refused("list", "backbone")
        known = refused("list", "x").partition("known: ")[2].strip().split(", ")
        assert {"augmentations", "backbones", "optimizers", "schedules", "tasks", "trackers"} <= set(known)


class TestDemo:
    """On the tiny recipe in the place of the solar cells."""

    @pytest.fixture(autouse=True)
    def small(self, recipe_file, monkeypatch):
        monkeypatch.setattr("visionft.demo.RECIPE", str(recipe_file))

    def test_json(self, visionft, tmp_path):
        result = visionft("demo", "--out", tmp_path / "run", "--set", "seed=4", "--json")
        assert result.code == 0
        summary = result.json
        assert {"run", "metrics", "seconds", "stages", "model", "report", "predictions"} <= summary.keys()
        assert summary["metrics"].keys() >= NUMBERS
        assert load_recipe(tmp_path / "run/recipe.yaml").seed == 4
        assert len(summary["predictions"]) == 4
        for row in summary["predictions"]:
            assert Path(row["image"]).parent.name == row["true"]
            assert row["label"] in row["probabilities"]

    def test_for_people_and_resumed(self, visionft, copied, monkeypatch):
        monkeypatch.setattr("visionft.demo.RECIPE", str(copied / "recipe.yaml"))
        result = visionft("demo", "--out", copied, "--resume")
        assert result.code == 0
        assert "a few test images, by the exported file alone:" in result.out
        assert result.out.count("(is ") == 4

    def test_resumed_with_other_settings(self, refused, copied):
        assert "seed: 0 then, 4 now" in refused("demo", "--out", copied, "--resume", "--set", "seed=4")


def test_schema_is_json(visionft):
    schema = json.loads(visionft("schema").out)
    assert {"data", "backbone", "stages", "extends"} <= schema["properties"].keys()


def test_version(visionft):
    import visionft as package

    assert visionft("--version").out == package.__version__ + "\n"


def test_what_a_manifest_says_reaches_the_class_table(visionft, image_folder, tmp_path):
    with (tmp_path / "list.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        for number in range(12):
            rows.writerow([image_folder / f"bar/{number:02}.png", "<b>[red]bar"])
            rows.writerow([image_folder / f"disc/{number:02}.png", "żółty"])
    small = ("--set", "backbone.name=test_resnet", "--set", "input.size=32", "--set", "stages.top.unfreeze=2")
    result = visionft("check", tmp_path / "list.csv", *small, "--set", "backbone.weights=none")
    assert result.code == 0, result.out
    assert "<b>[red]bar" in result.out
    assert "żółty" in result.out
