import csv

import visionft
from visionft.tracking.csv_file import NAME, CsvTracker


def rows(folder):
    with (folder / NAME).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_for_each_epoch(tmp_path):
    tracker = CsvTracker(tmp_path, {})
    tracker.log({"train/loss": 0.5}, 10)
    tracker.log({"train/loss": 0.25, "val/auroc": 0.75}, 20)
    tracker.close()
    assert rows(tmp_path) == [
        {"step": "10", "train/loss": "0.5", "val/auroc": ""},
        {"step": "20", "train/loss": "0.25", "val/auroc": "0.75"},
    ]


def test_what_comes_again_after_a_resume_replaces_what_was_there(tmp_path):
    first = CsvTracker(tmp_path, {})
    for step in (10, 20, 30):
        first.log({"train/loss": step / 100}, step)
    again = CsvTracker(tmp_path, {})
    again.log({"train/loss": 0.7}, 20)
    assert [(row["step"], row["train/loss"]) for row in rows(tmp_path)] == [("10", "0.1"), ("20", "0.7")]


def test_a_recipe_asks_for_it(tiny, tmp_path):
    run = visionft.train(tiny(track=["csv"]), out=tmp_path / "run", sinks=[])
    history = run.info["history"]
    assert [int(row["step"]) for row in rows(run.path)] == [row["step"] for row in history]
    assert [float(row["val/accuracy"]) for row in rows(run.path)] == [row["val"]["accuracy"] for row in history]
