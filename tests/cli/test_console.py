"""Progress, on a terminal and in a log file."""

from io import StringIO

import pytest
from rich.console import Console as RichConsole

from visionft.training.console import Console
from visionft.training.events import (
    EpochDone,
    Event,
    Notice,
    RunPlanned,
    StageEnded,
    StageStarted,
    StepDone,
    Working,
)

ODD = "[red]x[/red] :smile: {task} %s [link=file:///etc]"

PLAN_ROW = {
    "stage": ODD,
    "trains": "head, 2 of 5",
    "from_group": "layer4",
    "parameters": 12_345_678,
    "head_lr": 1e-3,
    "backbone_lr": [1e-5, 3e-4],
    "norm": "affine",
    "augment": "light",
    "schedule": "cosine",
    "sampling": "natural",
    "canvas": [224, 224],
    "epochs": 1.5,
    "steps": 30,
    "seconds": 61.0,
}
EPOCH_ROW = {
    "stage": 0,
    "stage_name": ODD,
    "epoch": 1,
    "step": 10,
    "train_loss": 0.5,
    "lr": 1e-3,
    "val": {"loss": 0.25, "accuracy": 0.75},
    "images_per_second": 12.34,
    "seconds": 5.0,
}
RESULT = {"stage": 0, "name": ODD, "seconds": 125.0, "ended": "all steps done", "best_epoch": 1}
EVENTS = [
    Working(ODD, 1, 2),
    Working(ODD, 2, 2),
    RunPlanned({"run": "runs/a-001", "data": ODD, "source": ""}, [PLAN_ROW, PLAN_ROW | {"backbone_lr": None}]),
    StageStarted(ODD, 0, 2, 1.5, 0, 30),
    StepDone(ODD, 1, 1, 30, None, 0.0, 1.0),
    StepDone(ODD, 1, 2, 30, 0.5, 12.3, 1.0),
    EpochDone(EPOCH_ROW, best=True),
    EpochDone(EPOCH_ROW | {"train_loss": None, "epoch": 2}, best=False),
    Notice(ODD),
    StageEnded(RESULT),
    StageEnded(RESULT | {"best_epoch": None}),
]


def printed(events, **options):
    file = StringIO()
    console = Console(RichConsole(file=file, highlight=False, **options))
    for event in events:
        console(event)
    console.close()
    return file.getvalue()


def test_every_kind_of_event_is_here():
    assert {type(event).__name__ for event in EVENTS} == {kind.__name__ for kind in Event.__subclasses__()}


@pytest.fixture(params=["terminal", "log file"])
def text(request):
    if request.param == "terminal":
        return printed(EVENTS, force_terminal=True, width=200, color_system=None)
    return printed(EVENTS)


def test_names_are_printed_as_they_are(text):
    for line in (f"stage 1 of 2: {ODD}", f"     data  {ODD}", f"  {ODD} ended after 2 min 05 s: all steps done"):
        assert line in text
    assert text.count(ODD) >= 6


def test_what_an_epoch_says(text):
    assert "  epoch   1  train loss 0.5000  |  loss 0.2500  accuracy 0.7500  |  12.3 images/s  5 s  *" in text
    assert "  epoch   2  train loss -  |" in text
    assert "best epoch 1" in text
    assert "no epoch" in text


def test_what_the_plan_says(text):
    assert "12.3M" in text
    assert "1e-05..3e-04" in text
    assert "estimated training time: 2 min 02 s" in text
    assert "source" not in text  # there is nothing to say about it


def test_a_log_file_has_plain_lines_of_its_own():
    text = printed(EVENTS)
    assert "\x1b" not in text
    assert "\r" not in text
    assert all(line.strip() for line in text.splitlines())


def test_a_log_file_hears_nothing_of_single_steps():
    assert printed([StepDone("head", 1, 1, 30, 0.5, 12.3, 1.0)]) == ""


def test_a_log_file_hears_once_of_other_work():
    steps = [Working("evaluating test", done, 60) for done in (0, 30, 60)]
    again = [Working("exporting", 0, 1), Working("exporting", 1, 1), *steps]
    lines = ["evaluating test: 60 images", "exporting: 1 image", "evaluating test: 60 images"]
    assert printed([*steps, *again]).splitlines() == lines


def test_a_long_line_is_not_broken_in_a_log_file():
    long = " ".join(["word"] * 100)
    assert long in printed([Notice(long)])


def test_a_terminal_shows_a_bar():
    text = printed([StepDone(ODD, 3, 7, 30, 0.25, 12.3, 1.0)], force_terminal=True, width=200, color_system=None)
    assert f"{ODD}, epoch 3" in text
    assert "7/30" in text
    assert "loss 0.2500  12.3 images/s" in text


def test_the_bar_goes_away_and_the_cursor_comes_back():
    hide, show = "\x1b[?25l", "\x1b[?25h"
    text = printed(EVENTS, force_terminal=True, width=100)
    assert text.count(hide) == text.count(show) > 0
    assert text.rindex(show) > text.rindex(hide)


def test_a_narrow_terminal_loses_no_words():
    text = printed(EVENTS, force_terminal=True, width=40, color_system=None)
    assert "estimated training time" in text


@pytest.mark.parametrize(("width", "rows"), [(40, True), (200, False)])
def test_the_plan_has_rows_where_columns_have_no_room(width, rows):
    plan = RunPlanned({}, [PLAN_ROW | {"stage": "head"}, PLAN_ROW | {"stage": "all"}])
    lines = printed([plan], force_terminal=True, width=width, color_system=None).splitlines()
    assert ("stage 2 of 2: all" in lines) is rows
    assert any(line.split() == ["head", "lr", "0.001"] for line in lines) is rows
    assert all(len(line) <= width for line in lines)
    cells = " ".join(lines)
    assert all(cell in cells for cell in ("12.3M", "1e-05..3e-04", "affine", "light", "224", "1.5", "1 min 01 s"))


def test_progress_that_nobody_can_read_ends_nothing(monkeypatch):
    class Broken(StringIO):
        def write(self, _text):
            raise BrokenPipeError

    for stderr in (Broken(), None):
        monkeypatch.setattr("sys.stderr", stderr)
        console = Console()
        for event in EVENTS:
            console(event)
        console.close()


class ZMQInteractiveShell:
    """What rich takes a notebook for."""


def test_a_notebook_gets_a_plain_line_for_each_epoch(monkeypatch, capsys):
    monkeypatch.setattr("builtins.get_ipython", ZMQInteractiveShell, raising=False)
    console = Console()
    for step in range(1, 4):
        console(StepDone("head", 1, step, 3, 0.5, 10.0, 1.0))
    console(EpochDone(EPOCH_ROW, best=True))
    console.close()
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert "accuracy 0.7500" in line
    assert "\x1b" not in line
