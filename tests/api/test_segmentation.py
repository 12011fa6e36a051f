"""Segmentation from masks to predictions, by the same verbs as classification."""

import json
import shutil

import cv2
import numpy as np
import pytest

import visionft
from visionft.annotations.marks import IGNORE
from visionft.api.prediction import predict
from visionft.errors import DataError, RecipeError


def test_it_learns_and_keeps_its_promises(finished_scenes):
    metrics = json.loads((finished_scenes / "metrics.json").read_text())
    assert metrics["split"] == "test"
    assert metrics["miou"] > 0.8
    assert metrics.keys() >= {"miou", "dice", "pixel_accuracy", "boundary_f1", "per_class", "intervals", "n"}
    assert set(metrics["per_class"]) == {"ground", "disc"}
    parity = json.loads((finished_scenes / "model.onnx.parity.json").read_text())
    assert parity["passed"] is True
    assert parity["score"] == "miou"
    assert parity["compared"] == parity["images"] * 40 * 48
    page = (finished_scenes / "report.html").read_text()
    assert "mean IoU" in page
    assert "disc" in page


def test_the_file_gives_the_runs_metrics(finished_scenes):
    of_run = visionft.evaluate(finished_scenes)
    of_file = visionft.evaluate(finished_scenes / "model.onnx")
    assert of_file.miou == pytest.approx(of_run.miou, abs=1e-3)
    assert of_file.n == of_run.n


def test_a_prediction_is_in_the_frame_of_the_image(finished_scenes, mask_folder, tmp_path):
    """Images of other sizes come back in their own."""
    predictor = visionft.Predictor(finished_scenes / "model.onnx")
    image = cv2.imread(str(mask_folder / "images" / "00.png"))[..., ::-1]
    truth_HW = cv2.imread(str(mask_folder / "masks" / "00.png"), cv2.IMREAD_UNCHANGED)
    for scale in (1, 3):
        large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        truth = cv2.resize(truth_HW, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        found = predictor(np.ascontiguousarray(large))
        assert found.mask_HW.shape == large.shape[:2]
        assert found.mask_HW.dtype == np.uint8
        assert (found.mask_HW == truth)[truth != IGNORE].mean() > 0.93


def test_predictions_are_saved_with_their_folders(finished_scenes, mask_folder, tmp_path):
    photos = tmp_path / "photos"
    for part in ("a", "b"):
        (photos / part).mkdir(parents=True)
        shutil.copy(mask_folder / "images" / "00.png", photos / part / "same.png")
    results = list(predict(finished_scenes, [photos], tmp_path / "out"))
    assert len(results) == 2
    before = (photos / "a" / "same.png").read_bytes()
    with pytest.raises(DataError, match="is one of the images and would be overwritten"):
        list(predict(finished_scenes, [photos], photos))
    assert (photos / "a" / "same.png").read_bytes() == before
    shutil.copy(mask_folder / "images" / "00.png", photos / "a" / "same.bmp")
    list(predict(finished_scenes, [photos / "a"], tmp_path / "both"))
    assert {path.name for path in (tmp_path / "both").glob("*.png.png")} == {"same.png.png"}
    assert (tmp_path / "both" / "same.bmp.png").is_file()
    for (_, result), part in zip(results, ("a", "b"), strict=True):
        saved = tmp_path / "out" / part / "same.png"
        assert cv2.imread(str(saved)).shape == (40, 48, 3)  # colours, for people
        assert cv2.imread(str(saved.with_name("same.overlay.jpg"))).shape == (40, 48, 3)
        assert sum(result.to_dict()["classes"].values()) == pytest.approx(1)
    with pytest.raises(DataError, match=r"a/same.png and .*b/same.png would both be saved"):
        list(predict(finished_scenes, [photos / "a" / "same.png", photos / "b" / "same.png"], tmp_path / "again"))


def test_a_bad_image_does_not_stop_the_others(finished_scenes, mask_folder, tmp_path):
    for number in range(3):
        shutil.copy(mask_folder / "images" / f"0{number}.png", tmp_path)
    (tmp_path / "01.png").write_bytes(b"no image")
    failed = {}
    found = [path.name for path, _ in predict(finished_scenes, [tmp_path], on_error=failed.__setitem__)]
    assert found == ["00.png", "02.png"]
    assert list(failed) == [tmp_path / "01.png"]
    with pytest.raises(DataError, match=r"01\.png"):
        list(predict(finished_scenes, [tmp_path]))


def test_classes_of_whole_images_are_nothing_to_draw(finished, mask_folder, tmp_path):
    with pytest.raises(DataError, match="does classification, which gives nothing to draw"):
        list(predict(finished, [mask_folder / "images" / "00.png"], tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_masks_is_a_recipe(mask_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = [f"stages.{name}.{length}" for name in ("head", "all") for length in ("epochs=null", "steps=1")]
    small = ["backbone.name=test_resnet", "backbone.weights=none", "evaluate.bootstrap=0", "runtime.precision=fp32"]
    run = visionft.train(mask_folder, overrides=[*quick, *small, "optim.batch_size=2"], sinks=[])
    assert run.recipe.task.kind == "segmentation"
    assert (run.spec.input.height, run.spec.input.width, run.spec.input.fit) == (32, 64, "pad")
    assert run.evaluate().n == run.info["data"]["images"]["test"] > 0


@pytest.mark.parametrize("head", ["unet", "fpn"])
def test_tiles(scenes, head, tmp_path):
    """Windows smaller than the images: drawn in training, slid over the image in measuring and predicting."""
    recipe = scenes(
        input={"size": [32, 32], "fit": "tile"},
        task={"kind": "segmentation", "head": head},
        stages=[{"name": "all", "epochs": 6, "norm": "all", "head_lr": 5e-3, "backbone_lr": 5e-3}],
    )
    run = visionft.train(recipe, out=tmp_path / "run", sinks=[])
    metrics = run.evaluate("val")
    assert metrics.miou > 0.6
    assert visionft.evaluate(run.export().path, split="val").miou == pytest.approx(metrics.miou, abs=1e-3)


def test_results_do_not_depend_on_workers(scenes, tmp_path):
    stages = [{"name": "all", "epochs": 1, "augment": "strong"}]
    runs = [
        visionft.train(scenes(stages=stages, runtime={"workers": workers}), out=tmp_path / str(workers), sinks=[])
        for workers in (0, 2)
    ]
    first, second = ((run.path / "model.safetensors").read_bytes() for run in runs)
    assert first == second


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"task": {"kind": "classification"}, "evaluate": {"select": "loss"}},
            "task.kind: classification, but the labels of .* segmentation",
        ),
        ({"task": {"head": "linear"}}, "task.head: linear is no head for segmentation; these are: .*lite"),
        ({"input": {"fit": "crop"}}, "input.fit: crop leaves parts of an image unseen; segmentation takes"),
    ],
)
def test_what_does_not_fit_is_said(scenes, sections, message, tmp_path):
    with pytest.raises((RecipeError, DataError), match=message):
        visionft.train(scenes(**sections), out=tmp_path / "run", sinks=[])


def test_selection_is_one_of_the_tasks_values(scenes):
    with pytest.raises(ValueError, match="accuracy is not measured for segmentation; choose loss, miou"):
        scenes(evaluate={"select": "accuracy"})


def test_losses_are_for_masks(tiny):
    with pytest.raises(ValueError, match="is for segmentation, not for classification; leave it out"):
        tiny(task={"losses": {"dice": 1}})


def test_check_counts_images_per_class(scenes):
    found = visionft.check(scenes())
    assert found.ok
    assert sum(found.counts["disc"].values()) == 20


def test_the_datas_colours_travel_with_the_model(scenes, mask_folder, tmp_path):
    classes = {"ground": 0, "disc": 1}
    recipe = scenes(data={"classes": classes}, stages=[{"name": "all", "steps": 1}])
    assert visionft.train(recipe, out=tmp_path / "plain", sinks=[]).spec.palette == ()
    coloured = shutil.copytree(mask_folder, tmp_path / "coloured")
    (coloured / "classes.txt").unlink()
    table = np.array([[10, 20, 30], [200, 100, 0]], np.uint8)
    for path in (coloured / "masks").glob("*.png"):
        mask_HW = np.minimum(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), 1)
        cv2.imwrite(str(path), table[mask_HW][..., ::-1])
    given = {"path": str(coloured), "classes": {"ground": [10, 20, 30], "disc": [200, 100, 0]}}
    run = visionft.train(scenes(data=given, stages=recipe.stages), out=tmp_path / "run", sinks=[])
    assert run.spec.palette == ((10, 20, 30), (200, 100, 0))
    assert visionft.Predictor(run.export().path).spec.palette == run.spec.palette


def test_data_that_have_moved_are_read_as_the_run_says(scenes, mask_folder, tmp_path):
    first = tmp_path / "first"
    shutil.copytree(mask_folder / "images", first / "pictures")
    shutil.copytree(mask_folder / "masks", first / "drawn")
    patterns = {"path": str(first), "images": "pictures/{name}.png", "masks": "drawn/{name}.png"}
    recipe = scenes(data=patterns, stages=[{"name": "head", "unfreeze": "none", "steps": 1}])
    visionft.train(recipe, out=tmp_path / "run", sinks=[])
    moved = first.rename(tmp_path / "moved")
    of_moved = visionft.open_run(tmp_path / "run", data=moved).evaluate()
    source = visionft.Dataset.from_folder(moved)
    assert visionft.open_run(tmp_path / "run", data=source).evaluate().to_dict() == of_moved.to_dict()
