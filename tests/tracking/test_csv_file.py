"""history.csv: one row for each epoch, as a spreadsheet reads it."""

import csv

from visionft.tracking.base import TrackerOptions
from visionft.tracking.csv_file import NAME, CsvTracker


def rows(folder):
    with (folder / NAME).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_for_each_epoch_and_a_column_for_each_value(run):
    tracker = CsvTracker(run, TrackerOptions())
    tracker.log({"epoch": 1, "train/loss": 0.5}, 10)
    tracker.log({"step/loss": 0.3}, 15)
    tracker.log({"epoch": 2, "train/loss": 0.25, "val/auroc": 0.75}, 20)
    tracker.close(finished=True)
    assert rows(run.folder) == [
        {"step": "10", "epoch": "1", "train/loss": "0.5", "val/auroc": ""},
        {"step": "20", "epoch": "2", "train/loss": "0.25", "val/auroc": "0.75"},
    ]


def test_what_comes_again_after_a_resume_replaces_what_was_there(run):
    first = CsvTracker(run, TrackerOptions())
    for step in (10, 20, 30):
        first.log({"epoch": step / 10, "train/loss": step / 100}, step)
    again = CsvTracker(run, TrackerOptions())
    again.rewind(10)
    again.log({"epoch": 2, "train/loss": 0.7}, 20)
    assert [(row["step"], row["train/loss"]) for row in rows(run.folder)] == [("10", "0.1"), ("20", "0.7")]
