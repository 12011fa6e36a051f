"""Numbers of whole images, from a table to predictions, by the same verbs as classification."""

import json
import re

import pytest

import visionft
from visionft.api import train
from visionft.api.checking import check
from visionft.errors import DataError
from visionft.recipe import load_recipe


def test_it_learns_and_says_how_well(finished_discs):
    summary = json.loads((finished_discs.parent / "summary.json").read_text())
    metrics = summary["metrics"]
    assert (summary["task"], summary["split"]) == ("regression", "test")
    assert metrics["r2"] > 0.5
    assert metrics["mae"] is None
    assert metrics["intervals"].keys() == {"r2", "spearman"}
    radius = metrics["per_value"]["radius"]
    assert (radius["unit"], metrics["per_value"]["grey"]["unit"]) == ("px", "")
    assert radius["rmse"] < radius["spread"]
    assert json.loads((finished_discs / "model.onnx.parity.json").read_text())["passed"] is True


def test_what_is_wrong_with_the_table_is_named_and_left_out(finished_discs):
    told = json.loads((finished_discs / "run.json").read_text())["data"]["problems"]
    assert any("discs.csv:4: radius: 'large' is not a number; left out" in line for line in told)
    assert any("discs.csv:8: radius: 4000 px is outside of task.ranges" in line or "4001 px" in line for line in told)
    assert any("radius [px]: 3 images have no number" in line for line in told)


def test_the_page_shows_the_values(finished_discs):
    page = (finished_discs / "report.html").read_text()
    for text in ("R²", "radius", "grey", "predicted [px]", "2 values", "Largest errors", "Worst error"):
        assert text in page
    assert page.count('<circle class="dot"') > 20
    assert not re.search(r'[">, ]nan[", <]', page)


def test_the_file_gives_the_runs_metrics_and_the_values_in_their_units(finished_discs, disc_table):
    of_run, of_file = visionft.evaluate(finished_discs), visionft.evaluate(finished_discs / "model.onnx")
    assert of_file.r2 == pytest.approx(of_run.r2, abs=1e-3)
    predictor = visionft.Predictor(finished_discs / "model.onnx")
    found = predictor(disc_table.parent / "00.png")
    assert predictor.class_names == ("radius [px]", "grey")
    assert found.units == {"radius": "px", "grey": ""}
    assert 0 < found.values["radius"] < 30
    assert 50 < found.values["grey"] < 300
    assert str(found).startswith("radius ")
    assert " px  grey " in str(found)
    assert json.loads(json.dumps(found.to_dict()))["values"] == found.values


def test_a_model_is_measured_on_other_images_of_the_same_values_alone(finished_discs, disc_table):
    other = disc_table.parent / "other.csv"
    other.write_text("path,grey,radius [px],split\n00.png,120,9.5,test\n01.png,120,9.5,test\n")
    recipe = disc_table.parent / "other.yaml"
    recipe.write_text(f"task: {{kind: regression}}\ndata: {{path: {other}, classes: [radius, grey]}}\n")
    metrics = visionft.evaluate(finished_discs / "model.onnx", data=recipe)
    assert (metrics.n, metrics.r2) == (2, None)  # constants, which nothing could be learned from
    assert visionft.evaluate(finished_discs / "model.onnx", data=other).to_dict() == metrics.to_dict()  # read alike


def test_a_table_of_plain_numbers_is_regression_by_itself_and_others_say_how(disc_table, tmp_path):
    plain, labels, doubtful = (tmp_path / f"{name}.csv" for name in ("plain", "labels", "doubtful"))
    rows = [(disc_table.parent / f"{number:02}.png", 1.5 * number) for number in range(40)]
    for path, header in ((plain, "path,radius [px]"), (labels, "path,label"), (doubtful, "path,radius")):
        path.write_text("\n".join([header, *(f"{image},{value}" for image, value in rows)]))
    found = check(plain, ("backbone.weights=none",))
    assert found.ok
    assert (found.named, list(found.counts)) == ("value", ["radius [px]"])
    offered = "the labels are numbers; to predict a number"
    assert any(offered in line for line in check(labels, ("backbone.weights=none",)).warnings)
    asked = check(doubtful)
    assert not asked.ok
    assert any("predict the numbers of radius with --set task.kind=regression" in line for line in asked.errors)


def test_labels_of_classes_are_no_values(image_folder):
    with pytest.raises(
        DataError, match=r"no image has a value here. Looked for a CSV .* folders of classes \(bar, disc"
    ):
        train(image_folder, overrides=["task.kind=regression"], sinks=[])


def test_a_recipe_for_solar_cells_can_be_given_the_other_view():
    recipe = load_recipe("solar_cells", ["task.kind=regression", "data.format=elpv_probability"])
    assert recipe.task.kind == "regression"
