"""A task, a head and a loss of other packages, installed as pip would, used from the terminal and in programs."""

import json
from pathlib import Path

import pytest
import yaml

from tests.plugins.installed import HERE, passes, program, python, visionft


def write(path, recipe, **sections):
    data = json.loads(recipe.model_dump_json(include=sections.pop("keep")))
    path.write_text(yaml.safe_dump(data | sections, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def recipe(objects, tmp_path_factory):
    stages = [
        {"name": "head", "unfreeze": "none", "epochs": 2, "head_lr": 1e-2, "augment": "none"},
        {"name": "all", "unfreeze": "all", "epochs": 2, "norm": "all", "head_lr": 1e-2, "backbone_lr": 1e-2},
    ]
    return write(
        tmp_path_factory.mktemp("recipes") / "counting.yaml",
        objects(),
        keep={"name", "data", "backbone", "input", "optim", "runtime", "evaluate"},
        task={"kind": "counting", "head": "two_layers", "dropout": 0.1},
        stages=stages,
    )


@pytest.fixture(scope="module")
def run(recipe):
    path = recipe.parent / "run"
    summary = json.loads(visionft("train", recipe, "--out", path, "--json"))
    assert (summary["task"], Path(summary["run"])) == ("counting", path)
    return path


def test_the_task_is_short():
    lines = [line for path in (HERE / "counting").rglob("*.py") for line in path.read_text().splitlines()]
    assert len(lines) < 200


@pytest.mark.parametrize(("what", "name"), [("tasks", "counting"), ("heads", "two_layers"), ("losses", "brier")])
def test_it_is_listed_where_it_is_installed(what, name):
    assert name in visionft("list", what).split()
    assert name not in visionft("list", what, plugins=()).split()


def test_it_is_in_the_schema():
    schema = json.loads(visionft("schema"))
    (section,) = (
        section
        for section in schema["properties"]["task"]["anyOf"]
        if section["properties"]["kind"].get("const") == "counting"
    )
    assert section["properties"]["dropout"]["description"] == "Dropout before the head's last layer."


def test_a_typo_is_told_with_its_line(recipe, tmp_path):
    text = recipe.read_text().replace("dropout:", "dropuot:")
    (tmp_path / "a.yaml").write_text(text)
    line = [part.strip().startswith("dropuot") for part in text.splitlines()].index(True) + 1
    done = python("-m", "visionft", "train", "a.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"visionft: a.yaml:{line}: task.dropuot: unknown key; did you mean 'dropout'?\n"


def test_windows_are_refused_where_a_task_does_not_put_them_together(recipe):
    done = python("-m", "visionft", "check", recipe, "--set", "input.fit=tile")
    assert done.returncode == 2
    assert "input.fit: tile cuts an image into windows; counting takes pad or stretch" in done.stdout


def test_a_task_that_is_not_installed_is_unknown(recipe):
    done = python("-m", "visionft", "check", recipe, plugins=())
    assert done.returncode == 2
    assert "task.kind: task 'counting': no such task" in done.stdout


def test_data_are_for_a_task_that_ships_unless_another_is_asked_for(box_folder):
    def kind(*overrides):
        return yaml.safe_load(visionft("train", box_folder, "--print-recipe", *overrides))["task"]["kind"]

    assert kind() == "detection"
    assert kind("--set", "task.kind=counting") == "counting"


def test_it_trains_to_the_report_and_the_verified_file(run):
    assert (run / "model.onnx").is_file()
    assert json.loads((run / "model.onnx.parity.json").read_text())["passed"]
    page = (run / "report.html").read_text()
    assert "Worst counts" in page
    assert "Mean error over epochs" in page


def test_the_best_weights_are_those_of_the_least_error(run):
    info = json.loads((run / "run.json").read_text())
    first = [row["val"]["mae"] for row in info["history"] if row["stage_name"] == "head"]
    assert info["stages"][0]["best"]["mae"] == min(first)


def test_run_and_file_give_the_same_numbers(run, box_folder):
    results = [
        json.loads(visionft("eval", *arguments, "--json"))["metrics"]
        for arguments in ([run], [run / "model.onnx"], [run / "model.onnx", "--data", box_folder])
    ]
    assert results[1:] == results[:1] * 2 or all(
        result["mae"] == pytest.approx(results[0]["mae"], abs=1e-4) for result in results
    )
    assert {"n", "mae", "exact", "intervals"} == set(results[0])
    assert visionft("eval", run).splitlines()[0] == "5 images"


def test_the_file_predicts(run, box_folder):
    pictures = box_folder / "images" / "test"
    rows = json.loads(visionft("predict", run / "model.onnx", pictures, "--json"))
    assert len(rows) == 5
    assert all(row["count"] == round(row["value"]) for row in rows)
    assert "objects" in visionft("predict", run, pictures)


def test_the_predictor_needs_no_torch(run, box_folder):
    (picture, *_) = (box_folder / "images" / "test").iterdir()
    text = (
        "import sys; import visionft; "
        f"print(visionft.Predictor({str(run / 'model.onnx')!r})({str(picture)!r}), 'torch' in sys.modules)"
    )
    assert program(text).endswith("objects False\n")


def test_it_keeps_the_contract_of_tasks():
    passes("tests/contracts/test_tasks.py", "-k", "counting")


def test_a_loss_of_another_package_trains(scenes, tmp_path):
    recipe = scenes(
        task={"losses": None}, stages=[{"name": "head", "unfreeze": "none", "epochs": 1, "head_lr": 1e-2}]
    ).model_dump_json()
    (tmp_path / "a.yaml").write_text(recipe)
    summary = visionft(
        "train", tmp_path / "a.yaml", "--set", "task.losses={brier: 1}", "--out", tmp_path / "r", "--json"
    )
    assert "miou" in json.loads(summary)["metrics"]


REGISTERED = """
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
import visionft as vft
from counting.learning import Counting
from counting.definition import CountingOptions, CountingTask
from visionft.recipe import json_schema, load_recipe

json_schema()  # what is registered later is there all the same

@dataclass(frozen=True, kw_only=True)
class TallyOptions(CountingOptions):
    kind: Literal["tally"] = "tally"

class Tally(Counting):
    kind = "tally"

@vft.register("task")
class TallyTask(CountingTask):
    kind = "tally"
    learner, options = "__main__:Tally", "__main__:TallyOptions"
    default_recipe = str(Path("defaults.yaml").resolve())

assert '"tally"' in json_schema()
recipe = load_recipe("recipe.yaml", ["task.kind=tally", "stages.all.steps=2"])
assert recipe.optim.clip_norm == 7
run = vft.train(recipe, out="run", sinks=[])
run.export()
print(vft.evaluate("run/model.onnx").to_dict()["n"], vft.Predictor("run/model.onnx").spec.task)
"""


def test_a_program_may_register_a_task(recipe, tmp_path):
    data = yaml.safe_load(recipe.read_text())
    data["task"], data["optim"] = {"kind": "tally"}, {"batch_size": 4}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(data))
    (tmp_path / "defaults.yaml").write_text("task: {kind: tally}\noptim: {clip_norm: 7}\n")
    assert program(REGISTERED, cwd=tmp_path) == "5 tally\n"
