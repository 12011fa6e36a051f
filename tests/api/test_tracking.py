"""A tracker of a whole run: what it is given, and what happens when it fails."""

from dataclasses import dataclass, field

import pytest

from visionft.api import open_run, train
from visionft.errors import MissingExtra, RecipeError
from visionft.tracking import TRACKERS
from visionft.tracking.base import Tracker
from visionft.training.events import Notice, StepDone

STAGES = [
    {"name": "head", "unfreeze": "none", "steps": 2, "augment": "light"},
    {"name": "all", "unfreeze": "all", "steps": 2, "augment": "light"},
]


@dataclass
class Book:
    """What the trackers of a test were asked."""

    opened: list = field(default_factory=list)
    logged: list = field(default_factory=list)
    images: list = field(default_factory=list)
    artifacts: list = field(default_factory=list)
    closed: list = field(default_factory=list)


@pytest.fixture
def book(monkeypatch):
    """Return the book of the tracker ``kept``, which fails at the step in ``kept.fails_at``."""
    book = Book()

    class Kept(Tracker):
        kind = "kept"
        identity = {"run": "7"}  # noqa: RUF012
        place = "a book"
        fails_at = None

        def __init__(self, run, options):
            if self.fails_at == 0:
                raise ConnectionError("no server")
            book.opened.append(run)

        def log(self, values, step):
            if step == self.fails_at:
                raise OSError(28, "No space left on device")
            book.logged.append((step, dict(values)))

        def image(self, name, picture_HW3, step):
            book.images.append((name, picture_HW3.dtype.name, picture_HW3.ndim, step))

        def artifact(self, path):
            book.artifacts.append(path)

        def close(self, *, finished):
            book.closed.append(finished)

    monkeypatch.setattr(TRACKERS, "_added", {"kept": Kept})
    book.kept = Kept
    return book


class PowerCut(Exception):
    """Ends a run from outside."""


def cut_after(steps):
    def sink(event):
        if isinstance(event, StepDone) and event.run_step == steps:
            raise PowerCut

    return sink


def test_a_run_gives_its_steps_epochs_results_pictures_and_page_once(tiny, tmp_path, book):
    run = train(tiny(stages=STAGES, track=["kept", "csv"]), out=tmp_path / "run", progress=False)
    assert [opened.folder for opened in book.opened] == [run.path]
    assert book.opened[0].config["stages"][0]["name"] == "head"
    assert [step for step, values in book.logged if "step/loss" in values] == [1, 2, 3, 4]
    assert [(step, values["stage"]) for step, values in book.logged if "stage" in values] == [
        (1, 0),
        (2, 0),
        (3, 1),
        (4, 1),
    ]
    rows = run.info["history"]
    epochs = [(step, values["val/accuracy"]) for step, values in book.logged if "epoch" in values]
    assert epochs == [(row["step"], row["val"]["accuracy"]) for row in rows]
    assert all(values["lr/head"] > 0 and values["step/gradient_norm"] > 0 for _, values in book.logged[:1])
    book.logged.clear()
    for _ in range(2):
        run.report()
    (step, values), metrics = book.logged[0], run.evaluate("test")
    assert len(book.logged) == 1
    assert (step, values["test/accuracy"]) == (4, metrics.accuracy)
    assert book.images == [("augmented", "uint8", 3, 4)]
    assert book.artifacts == [run.path / "report.html"]
    assert [opened.identity for opened in book.opened] == [{}, {"run": "7"}]
    assert book.closed == [True, True]


def test_a_failure_in_the_middle_is_told_once_and_training_goes_on(tiny, tmp_path, book):
    book.kept.fails_at = 2
    told = []
    run = train(tiny(stages=STAGES, track=["kept", "csv"]), out=tmp_path / "run", sinks=[told.append], progress=False)
    failures = [event.text for event in told if isinstance(event, Notice) and "No space left" in event.text]
    assert len(failures) == 1
    assert len(run.stages) == 2
    assert [step for step, _ in book.logged] == [1]
    assert (run.path / "history.csv").read_text().count("\n") == 1 + len(run.info["history"])


def test_what_cannot_be_opened_ends_a_new_run_and_not_one_that_goes_on(tiny, tmp_path, book):
    recipe = tiny(stages=STAGES, track=["kept"], runtime={"checkpoint_minutes": 1e-9})
    book.kept.fails_at = 0
    with pytest.raises(RecipeError, match=r"track: kept: .*no server"):
        train(recipe, out=tmp_path / "refused", progress=False)
    book.kept.fails_at = None
    with pytest.raises(PowerCut):
        train(recipe, out=tmp_path / "run", sinks=[cut_after(3)], progress=False)
    assert book.closed == [False]
    book.kept.fails_at = 0
    told = []
    run = train(recipe, out=tmp_path / "run", resume=True, sinks=[told.append], progress=False)
    assert any("no server" in event.text for event in told if isinstance(event, Notice))
    assert run.stages[-1]["ended"] == "all steps done"


def test_a_resumed_run_is_the_trackers_same_run_and_says_from_where_it_goes_on(tiny, tmp_path, book, monkeypatch):
    rewound = []
    monkeypatch.setattr(book.kept, "rewind", lambda self, step: rewound.append(step))
    recipe = tiny(stages=STAGES, track=["kept"], runtime={"checkpoint_minutes": 1e-9})
    with pytest.raises(PowerCut):
        train(recipe, out=tmp_path / "run", sinks=[cut_after(4)], progress=False)
    before = list(book.logged)
    book.logged.clear()
    train(recipe, out=tmp_path / "run", resume=True, progress=False)
    assert [opened.identity for opened in book.opened] == [{}, {"run": "7"}]
    assert rewound == [0, 3]
    assert min(step for step, _ in book.logged) > 3
    again = {step: values["step/loss"] for step, values in before + book.logged if "step/loss" in values}
    assert sorted(again) == [1, 2, 3, 4]


def test_a_missing_package_is_told_before_anything_is_read_or_made(tiny, tmp_path, book):
    book.kept.packages = {"no_such_module": "no-such"}
    recipe = tiny(data={"path": str(tmp_path / "nowhere")}, track=["kept"])
    with pytest.raises(MissingExtra, match="no-such"):
        train(recipe, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_results_of_a_run_from_elsewhere_need_no_tracker(tiny, tmp_path, book):
    run = train(tiny(stages=STAGES, track=["kept"]), out=tmp_path / "run", progress=False)
    book.kept.packages = {"no_such_module": "no-such"}
    told = []
    assert open_run(run.path, sinks=[told.append]).report().is_file()
    assert any("no-such" in event.text for event in told if isinstance(event, Notice))
    assert not book.artifacts


def test_changed_weights_are_another_run_of_the_tracker(tiny, tmp_path, book):
    run = train(tiny(stages=STAGES, track=["kept"]), out=tmp_path / "run", progress=False)
    run.report()
    changed = run.with_model(run.model, tmp_path / "changed")
    changed.report()
    assert book.opened[-1].folder == changed.path
    assert book.opened[-1].identity == {}
    assert book.artifacts == [run.path / "report.html", changed.path / "report.html"]


def test_sinks_are_told_beside_the_terminal(tiny, tmp_path, capsys):
    told = []
    quick = tiny(stages=[{"name": "head", "unfreeze": "none", "steps": 1}])
    train(quick, out=tmp_path / "loud", sinks=[told.append])
    assert told
    assert "head" in capsys.readouterr().err
    train(quick, out=tmp_path / "silent", sinks=[told.append], progress=False)
    assert capsys.readouterr() == ("", "")
