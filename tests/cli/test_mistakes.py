"""Every mistake is a message on stderr and exit code 2; nothing on stdout, no traceback."""

import shutil

import pytest

from visionft.errors import DataError, TrainingError
from visionft.recipe import recipe_to_yaml
from visionft.training.events import StepDone, Working


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "nowhere/"],
        ["train", "nowhere.yaml"],
        ["train", "nowhere.csv"],
        ["train", "solar_cell"],
        ["eval", "nowhere"],
        ["eval", "nowhere.onnx"],
        ["predict", "nowhere.onnx", "image.png"],
        ["export", "nowhere"],
    ],
)
def test_a_wrong_path_is_named(refused, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused(*arguments)
    assert arguments[1].rstrip("/") in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["nowhere/", "nowhere", "deep/nowhere/"])
def test_what_is_nowhere_may_have_been_a_file_a_folder_or_a_recipe(refused, finished, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    for arguments in (["train", given], ["convert", given, "--to", "coco", "--out", "new"]):
        assert f"{given}: no such file, folder or recipe" in refused(*arguments)
    assert f"{given}: no such file, folder or recipe" in refused("eval", finished, "--data", given)


def test_a_misspelt_recipe_gets_a_suggestion(refused):
    assert "close: solar_cells" in refused("train", "solar_cell")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["traim", "photos"], "traim"),
        (["train", "photos", "--ressume"], "--ressume"),
        (["train"], "recipe"),
        (["eval", "run", "--split", "valid"], "valid"),
        (["predict", "model.onnx"], "images"),
    ],
)
def test_usage(refused, arguments, named):
    message = refused(*arguments)
    assert named in message.lower()  # versions of typer differ in how they write what is missing
    assert "--help" in message


FIVE_MISTAKES = """\
name: a name with spaces
sead: 3
optim:
  batch_size: many
stages:
  - {name: head, unfreeze: most, epochs: 1}
  - {name: all, epoch: 3}
"""


@pytest.mark.parametrize("verb", ["train", "check"])
def test_five_mistakes_in_a_recipe_are_told_at_once(visionft, tmp_path, verb):
    path = tmp_path / "bad.yaml"
    path.write_text(FIVE_MISTAKES)
    result = visionft(verb, path)
    assert result.code == 2
    text = result.err if verb == "train" else result.out
    for line, key in ((1, "name"), (2, "sead"), (4, "optim.batch_size"), (6, "stages[0].unfreeze")):
        assert f"{path}:{line}: {key}: " in text
    assert "stages[1].epoch: unknown key; did you mean 'epochs'?" in text


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("seed", "write it as key=value"),
        ("sead=1", "did you mean 'seed'?"),
        ("seed=one", "seed"),
        ("stages.hed.epochs=1", "close: head"),
        ("optim.batch_size=[", "not valid YAML"),
    ],
)
def test_overrides(refused, override, named, image_folder):
    message = refused("train", image_folder, "--set", override)
    assert named in message
    assert f"--set {override.partition('=')[0]}" in message


@pytest.mark.parametrize("content", ["", "[1, 2]", "a: *b", "!!python/object/apply:os.system [ls]", "\x00"])
def test_no_recipe(visionft, content, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(content)
    result = visionft("train", path)
    assert result.code == 2
    assert result.out == ""
    assert len(result.err.splitlines()) < 5  # the empty one is the default recipe, which names no images


def test_a_run_that_is_not_finished(refused, tiny, tmp_path):
    (tmp_path / "recipe.yaml").write_text(recipe_to_yaml(tiny()))
    for verb in ("eval", "export"):
        assert "training has not finished; go on with it: --resume" in refused(verb, tmp_path)


def test_out_that_is_not_empty(refused, tiny, finished, tmp_path):
    (tmp_path / "r.yaml").write_text(recipe_to_yaml(tiny()))
    assert "is not empty; use --resume" in refused("train", tmp_path / "r.yaml", "--out", finished)


def test_an_unknown_runtime(refused, finished):
    assert "known: " in refused("export", finished, "--to", "coreml")


def test_several_images_and_one_is_bad(visionft, finished, image_folder, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"GIF89a")
    result = visionft("predict", finished, image_folder / "bar/01.png", tmp_path / "bad.png", "--json")
    assert result.code == 2
    good, bad = result.json
    assert good["label"] in ("bar", "disc", "ring")
    assert bad.keys() == {"image", "error"}
    assert "bad.png" in result.err


def test_interrupted(visionft, monkeypatch, finished, image_folder):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("visionft.api.prediction.predict", interrupted)
    assert visionft("predict", finished, image_folder).code == 130


def test_a_bug_shows_its_traceback(visionft, monkeypatch, finished, image_folder):
    """Only what the package raises on purpose is a message."""

    def bug(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("visionft.api.prediction.predict", bug)
    with pytest.raises(ZeroDivisionError):
        visionft("predict", finished, image_folder)


def test_messages_of_many_lines_stay_whole(refused, monkeypatch, finished, image_folder):
    def many(*_):
        raise DataError("first [red]line[/]\nsecond <b>line")

    monkeypatch.setattr("visionft.api.prediction.predict", many)
    assert refused("predict", finished, image_folder) == "visionft: first [red]line[/]\nsecond <b>line\n"


class TestTheTerminalIsLeftInOrder:
    """A progress bar hides the cursor: whatever ends a command must show it again."""

    HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"

    @pytest.fixture(autouse=True)
    def terminal(self, monkeypatch):
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")

    def check(self, result, code):
        assert result.code == code
        assert result.err.count(self.HIDE) == result.err.count(self.SHOW) > 0
        assert result.err.rindex("visionft: ") > result.err.rindex(self.SHOW)

    def test_train(self, visionft, monkeypatch, tiny, tmp_path):
        def fit(job, folder, sinks, *_, **__):
            for sink in sinks:
                sink(StepDone("head", 1, 1, 30, 0.5, 12.3, 1.0))
            raise TrainingError("diverged")

        monkeypatch.setattr("visionft.api.fitting.run_stages", fit)
        (tmp_path / "r.yaml").write_text(recipe_to_yaml(tiny()))
        self.check(visionft("train", tmp_path / "r.yaml", "--out", tmp_path / "run"), code=1)

    def test_eval(self, visionft, monkeypatch, finished):
        def failing(*_, on_done, **__):
            on_done(1)
            raise DataError("gone")

        monkeypatch.setattr("visionft.tasks.classification.learning.ClassificationLearner.evaluate", failing)
        self.check(visionft("eval", finished), code=2)

    def test_export(self, visionft, monkeypatch, finished, tmp_path):
        def failing(_exporter, _network, _task, _spec, _path, batches, *_, **__):
            next(iter(batches))
            raise DataError("gone")

        monkeypatch.setattr("visionft.api.exporting.export_verified", failing)
        self.check(visionft("export", shutil.copytree(finished, tmp_path / "copied")), code=2)

    def test_demo(self, visionft, monkeypatch):
        def failing(*_, sinks, **__):
            sinks[0](Working("reading images", 1, 2))
            raise DataError("gone")

        monkeypatch.setattr("visionft.demo.train", failing)
        self.check(visionft("demo"), code=2)
