"""A data format, a runtime and a tracker of another package, from a recipe and from the terminal."""

import itertools
import json

import cv2
import numpy as np
import pytest
import yaml

import visionft as vft
from tests.plugins.installed import entry_points, passes, python, terminal, visionft
from visionft.api import predict
from visionft.api.registration import CATALOGS
from visionft.data.formats import FORMATS
from visionft.export import WRITERS
from visionft.predict.engine import ENGINES
from visionft.recipe import json_schema
from visionft.tracking import TRACKERS

NAMES = {"formats": "index", "runtimes": "program", "engines": "exported", "trackers": "lines"}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A folder of 30 pictures, dark and bright, and the text file that says which are what."""
    root, rng = tmp_path_factory.mktemp("examples") / "index", np.random.default_rng(0)
    root.mkdir()
    lines = []
    for number in range(30):
        bright = number % 2
        image = rng.integers(120 * bright, 120 * bright + 90, (32, 32, 3), dtype=np.uint8)
        cv2.imwrite(str(root / f"{number:02}.png"), image)
        lines.append(f"{number:02}.png\t{('dark', 'bright')[bright]}")
    (root / "index.lst").write_text("\n".join(lines))
    return root


@pytest.fixture(scope="module")
def recipe(index, tiny, tmp_path_factory):
    data = json.loads(tiny(evaluate={"bootstrap": 0}).model_dump_json())
    data |= {"data": {"path": str(index), "format": "index"}, "track": ["csv", "lines"]}
    path = tmp_path_factory.mktemp("recipes") / "lamps.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def installed():
    with entry_points():
        yield


@pytest.fixture(scope="module")
def run(recipe, installed):
    """A run with model.onnx, and the file of the other runtime beside it."""
    path = recipe.parent / "run"
    assert terminal("train", recipe, "--out", path)[0] == 0
    code, out, err = terminal("export", path, "--to", "program", "--json")
    assert code == 0, err
    artifact = json.loads(out)
    assert artifact["path"] == str(path / "model.exported")
    assert artifact["parity"]["passed"]
    return path


def test_they_are_listed_and_in_the_schema_where_they_are_installed():
    listed = {what: visionft("list", what).split() for what in NAMES}
    assert all(name in listed[what] for what, name in NAMES.items())
    assert all(name not in visionft("list", what, plugins=()).split() for what, name in NAMES.items())
    schema = json.loads(visionft("schema"))
    names = {name for choice in _section(schema, "data")["format"]["anyOf"] for name in choice.get("enum", ())}
    assert {"index", "folder"} <= names
    assert {"csv", "lines"} <= set(schema["properties"]["track"]["anyOf"][1]["anyOf"][0]["enum"])


def _section(schema, name):
    return schema["$defs"][schema["properties"][name]["$ref"].rpartition("/")[2]]["properties"]


@pytest.mark.parametrize(("override", "close"), [("data.format=indeks", "index"), ("track=[lined]", "lines")])
def test_a_typo_is_told_with_the_close_name(recipe, installed, override, close):
    code, out, _ = terminal("check", recipe, "--set", override)
    assert code == 2
    assert f"close: {close}" in out


@pytest.mark.parametrize("part", ["", "index.lst"], ids=["folder", "file"])
def test_data_alone_are_recognised(index, installed, part):
    code, out, _ = terminal("check", index / part, "--json")
    assert code == 0
    counts = {name: sum(of_class.values()) for name, of_class in json.loads(out)["counts"].items()}
    assert counts == {"bright": 15, "dark": 15}


def test_a_bad_line_is_named(installed, tmp_path):
    (tmp_path / "index.lst").write_text("a.png\tcat\nb.png cat\n")
    code, out, _ = terminal("check", tmp_path)
    assert code == 2
    assert "index.lst:2: 'b.png cat'; a path, a tab and a class are needed" in out


def test_what_ours_recognise_is_left_to_them(box_folder, installed, tmp_path):
    for name in ("images", "labels", "data.yaml"):
        (tmp_path / name).symlink_to(box_folder / name)
    (tmp_path / "index.lst").write_text("images/train/00.png\tdark\n")
    assert yaml.safe_load(terminal("train", tmp_path, "--print-recipe")[1])["task"]["kind"] == "detection"


def test_the_tracker_has_every_epoch(run):
    history = json.loads((run / "run.json").read_text())["history"]
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [row["step"] for row in history]
    assert [row["val/accuracy"] for row in rows] == [row["val"]["accuracy"] for row in history]
    assert (run / "history.csv").is_file()


def test_the_file_predicts_and_is_measured_also_as_that_of_its_run(run, index, tmp_path):
    (tmp_path / "model.exported").symlink_to(run / "model.exported")
    ours, *theirs = (
        [row["label"] for row in json.loads(terminal("predict", model, index, "--json")[1])]
        for model in (run / "model.onnx", run / "model.exported", tmp_path)
    )
    assert len(ours) == 30
    assert theirs == [ours, ours]
    measured = [(run / "model.onnx",), (run / "model.exported",), (tmp_path, "--data", index)]
    accuracies = {json.loads(terminal("eval", *model, "--json")[1])["metrics"]["accuracy"] for model in measured}
    assert accuracies == {json.loads((run / "metrics.json").read_text())["accuracy"]}
    refused = python("-m", "visionft", "predict", tmp_path, index, plugins=())
    assert refused.returncode == 2
    assert f"{tmp_path}: holds no exported model; export the run first" in refused.stderr


def test_they_keep_the_contracts(index):
    suites = [f"tests/contracts/test_{name}.py" for name in ("formats", "runtimes", "trackers")]
    passes(*suites, "-k", "index or program or exported or lines", VISIONFT_EXAMPLES=str(index.parent))


def test_a_program_may_register_them(recipe, index, installed, monkeypatch, tmp_path):
    for catalog in itertools.chain(*CATALOGS.values()):
        monkeypatch.setattr(catalog, "_added", {})
    renamed = [
        ("data format", FORMATS["index"], {"kind": "catalogue"}),
        ("tracker", TRACKERS["lines"], {"kind": "rows"}),
        ("runtime", WRITERS["program"], {"kind": "mine", "suffix": ".mine"}),
        ("engine", ENGINES["exported"], {"kind": "mine"}),
    ]
    for what, part, names in renamed:
        vft.register(what)(type("Mine", (part,), names))
    schema = json_schema()
    assert '"catalogue"' in schema
    assert '"rows"' in schema
    overrides = ["data.format=catalogue", "track=[rows]", "stages.all.steps=1"]
    run = vft.train(vft.load_recipe(recipe, overrides), out=tmp_path / "run", sinks=[])
    assert (run.path / "history.jsonl").is_file()
    path = run.export("mine").path
    assert vft.evaluate(path).n == len(run.samples("test"))
    assert [label for _, label in predict(run.path, [index])]
