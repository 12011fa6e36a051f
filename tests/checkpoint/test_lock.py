"""One process at a time trains in a run folder."""

import json
import os
import subprocess
import sys

import pytest

from visionft.checkpoint.lock import LOCK, training_lock
from visionft.errors import CheckpointError

# Holds the lock until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from visionft.checkpoint.lock import training_lock

with training_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_holds_it_is_named(holder, tmp_path):
    since = json.loads((tmp_path / LOCK).read_text())["since"]
    with pytest.raises(CheckpointError) as caught, training_lock(tmp_path):
        pass
    assert all(
        part in str(caught.value) for part in (str(tmp_path), f"process {holder.pid}", os.uname().nodename, since)
    )


def test_the_lock_of_a_killed_process_is_taken_over(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / LOCK).exists()
    with training_lock(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / LOCK).exists()


def test_what_a_power_cut_left_names_a_process_that_may_be_another_one_now(tmp_path):
    (tmp_path / LOCK).write_text(json.dumps({"pid": os.getppid(), "host": os.uname().nodename, "since": "then"}))
    with training_lock(tmp_path):
        pass


def test_a_process_keeps_itself_out_too(tmp_path):
    with training_lock(tmp_path):
        with (
            pytest.raises(CheckpointError, match="this process trains in it"),
            training_lock(tmp_path / "../" / tmp_path.name),
        ):
            pass
        assert (tmp_path / LOCK).exists()
    with training_lock(tmp_path):
        pass


def test_a_folder_that_is_deleted_meanwhile(tmp_path):
    (tmp_path / "run").mkdir()
    with training_lock(tmp_path / "run"):
        (tmp_path / "run" / LOCK).unlink()
        (tmp_path / "run").rmdir()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match=r"training\.lock: cannot be written"), training_lock(tmp_path / "gone"):
        pass


def test_a_full_disk(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("visionft.checkpoint.lock.os.pwrite", full)
    with pytest.raises(CheckpointError, match="No space left on device"), training_lock(tmp_path):
        pass
    monkeypatch.undo()
    with training_lock(tmp_path):
        pass


@pytest.mark.parametrize(("pid", "held"), [(os.getpid(), True), (2**22 + 5, False)])
def test_a_file_system_without_locks(tmp_path, monkeypatch, pid, held):
    """Then what the file says has to do."""

    def without(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("visionft.checkpoint.lock.fcntl.lockf", without)
    (tmp_path / LOCK).write_text(json.dumps({"pid": pid, "host": os.uname().nodename, "since": "then"}))
    if held:
        with pytest.raises(CheckpointError, match=f"process {pid} trains in it"), training_lock(tmp_path):
            pass
    else:
        with training_lock(tmp_path):
            pass
