"""What W&B's files hold of a run, without a connection."""

import json
import struct
from dataclasses import replace

import pytest

from visionft.tracking.wandb_run import WandbOptions, WandbTracker

wandb = pytest.importorskip("wandb", reason="the extra wandb is not installed")


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """Nobody has logged in, or configured anything."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_DIR", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def records(folder):
    """Yield every record of the files of a run, oldest first: LevelDB's log format behind a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    wandb.teardown()  # its own process has written everything when it ends
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        data, at, parts = path.read_bytes(), 7, []
        while at < len(data):
            if 32768 - at % 32768 < 7:  # what is left of a block is too short for a record
                at += 32768 - at % 32768
                continue
            length, kind = struct.unpack_from("<HB", data, at + 4)
            parts.append(data[at + 7 : at + 7 + length])
            at += 7 + length
            if kind in (1, 4):  # whole, or the last part
                yield Record.FromString(b"".join(parts))
                parts = []


def rows(folder):
    held = []
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            held.append({name: value for name, value in items.items() if name not in ("_timestamp", "_runtime")})
    return held


def test_values_pictures_report_and_the_recipe(run, picture, page):
    tracker = WandbTracker(run, WandbOptions())
    tracker.rewind(0)
    tracker.log({"step/loss": 0.5}, 1)
    tracker.log({"epoch": 1, "val/accuracy": 0.75}, 2)
    tracker.image("augmented", picture, 2)
    tracker.artifact(page)
    tracker.close(finished=True)
    first, second = rows(run.folder)
    assert first == {"_step": 1, "step/loss": 0.5}
    assert (second["_step"], second["val/accuracy"]) == (2, 0.75)
    assert (second["augmented/width"], second["augmented/height"]) == (6, 4)
    (begun,) = [record.run for record in records(run.folder) if record.WhichOneof("record_type") == "run"][:1]
    assert (begun.project, begun.display_name) == ("cells", "cells-001")
    config = {item.key: json.loads(item.value_json) for item in begun.config.update}
    assert config["optim"] == {"batch_size": 16, "betas": [0.9, 0.999]}
    (folder,) = run.folder.glob("wandb/offline-run-*/files")
    assert (folder / "report.html").read_text() == page.read_text()


def test_a_resumed_run_has_the_same_id(run):
    first = WandbTracker(run, WandbOptions())
    first.log({"step/loss": 1}, 1)
    first.close(finished=False)
    again = WandbTracker(replace(run, identity=first.identity), WandbOptions())
    again.rewind(1)
    again.log({"step/loss": 2}, 2)
    again.close(finished=True)
    begun = [record.run.run_id for record in records(run.folder) if record.WhichOneof("record_type") == "run"]
    assert set(begun) == {first.identity["run"]}
    assert [row["_step"] for row in rows(run.folder)] == [1, 2]


def test_what_fails_in_its_thread_is_told(run):
    tracker = WandbTracker(run, WandbOptions())
    tracker.log({"step/loss": object()}, 1)
    with pytest.raises(TypeError):
        tracker.close(finished=True)
