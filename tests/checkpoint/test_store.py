"""Checkpoints: complete, checksummed, at most two, and never lost to the next one."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from visionft import atomic
from visionft.checkpoint import Checkpoint
from visionft.checkpoint.store import KEEP, CheckpointStore
from visionft.errors import CheckpointError

FILES = ("best.safetensors", "checksums.json", "model.safetensors", "optimizer.safetensors", "progress.json")


def checkpoint(number, best=None):
    """Make a checkpoint whose every part tells its number."""
    value = float(number)
    return Checkpoint(
        model={"w": torch.full((4,), value)},
        optimizer={"w/exp_avg": torch.full((4,), value / 10)},
        best={"w": torch.full((4,), value if best is None else float(best))},
        progress={"step": number},
    )


@pytest.fixture
def store(tmp_path):
    return CheckpointStore(tmp_path / "checkpoints")


def folders(tmp_path):
    return sorted(path for path in (tmp_path / "checkpoints").iterdir())


def save(store, step, best=None, *, best_changed=True):
    return store.save(step, checkpoint(step, best), best_changed=best_changed)


def newest(store):
    """Return the numbers that the newest checkpoint tells: of its progress, model, optimizer and best."""
    found, _ = store.load_newest()
    return (
        found.progress["step"],
        float(found.model["w"][0]),
        round(10 * float(found.optimizer["w/exp_avg"][0]), 3),
        float(found.best["w"][0]),
    )


def damage(file):
    """Flip one bit in the middle."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_round_trip(store):
    path = save(store, 420, best=7)
    assert path.name == "000000420"
    assert sorted(file.name for file in path.iterdir()) == list(FILES)
    assert newest(store) == (420, 420, 420, 7)


def test_nothing_was_saved(store):
    assert store.load_newest() == (None, [])
    assert store.empty
    save(store, 0)
    assert not store.empty


def test_an_empty_optimizer_comes_back(store):
    store.save(0, Checkpoint({"w": torch.ones(1)}, {}, {}, {"step": 0}), best_changed=True)
    found, _ = store.load_newest()
    assert found.optimizer == {}
    assert found.best == {}


def test_the_newest_two_are_kept(store, tmp_path):
    assert KEEP == 2
    for step in (8, 9, 10, 11):  # 10 is more than 9, though not as text without zeros
        save(store, step)
    assert [path.name for path in folders(tmp_path)] == ["000000010", "000000011"]
    assert newest(store) == (11, 11, 11, 11)


def test_unchanged_best_weights_take_no_room(store):
    first = save(store, 1, best=1)
    second = save(store, 2, best=1, best_changed=False)
    assert (second / "best.safetensors").samefile(first / "best.safetensors")
    third = save(store, 3, best=3)
    assert not (third / "best.safetensors").samefile(second / "best.safetensors")
    assert newest(store) == (3, 3, 3, 3)


def test_unchanged_best_weights_outlive_the_checkpoint_that_wrote_them(store, tmp_path):
    save(store, 1, best=1)
    for step in (2, 3, 4):
        save(store, step, best=1, best_changed=False)
    assert [path.name for path in folders(tmp_path)] == ["000000003", "000000004"]
    assert newest(store) == (4, 4, 4, 1)


def test_the_first_checkpoint_has_nothing_to_link(store):
    save(store, 1, best=5, best_changed=False)
    assert newest(store) == (1, 1, 1, 5)


def test_a_file_system_without_links(store, monkeypatch):
    def link(source, target):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    first = save(store, 1, best=1)
    second = save(store, 2, best=1, best_changed=False)
    assert not (second / "best.safetensors").samefile(first / "best.safetensors")
    assert newest(store) == (2, 2, 2, 1)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_in_any_file_is_found(store, tmp_path, name):
    save(store, 1)
    save(store, 2)
    damage(tmp_path / "checkpoints/000000002" / name)
    found, damages = store.load_newest()
    assert found.progress["step"] == 1
    assert len(damages) == 1
    assert "000000002" in damages[0]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_found(store, tmp_path, name):
    save(store, 1)
    save(store, 2)
    (tmp_path / "checkpoints/000000002" / name).unlink()
    found, damages = store.load_newest()
    assert found.progress["step"] == 1
    assert name in damages[0]


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_found(store, tmp_path, name):
    save(store, 1)
    file = save(store, 2) / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    found, damages = store.load_newest()
    assert found.progress["step"] == 1
    assert len(damages) == 1


def test_damaged_best_weights_are_written_anew_instead_of_linked(store):
    """A link would give the damaged file a fresh, matching checksum."""
    file = save(store, 1, best=1) / "best.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    save(store, 2, best=1, best_changed=False)
    assert newest(store) == (2, 2, 2, 1)


def test_damaged_checkpoints_are_put_aside_for_good(store, tmp_path):
    save(store, 1)
    damage(save(store, 2) / "model.safetensors")
    store.load_newest()
    assert [path.name for path in folders(tmp_path)] == ["000000001", f"000000002.damaged-{os.getpid()}"]
    assert store.load_newest()[1] == []
    assert not store.empty
    save(store, 2)
    assert newest(store) == (2, 2, 2, 2)


def test_no_undamaged_checkpoint_stays_an_error(store):
    """A second attempt must not take the empty folder for a run that has not begun."""
    damage(save(store, 1) / "model.safetensors")
    damage(save(store, 2) / "model.safetensors")
    with pytest.raises(CheckpointError, match="no undamaged checkpoint is left") as caught:
        store.load_newest()
    assert "000000001" in str(caught.value)
    assert "000000002" in str(caught.value)
    with pytest.raises(CheckpointError, match="no undamaged checkpoint is left"):
        store.load_newest()
    assert not store.empty


class TestSameStepTwice:
    """The end of a stage saves at a step at which its last epoch has saved already."""

    def test_the_second_one_counts(self, store):
        save(store, 4, best=1)
        store.save(4, checkpoint(44, best=2), best_changed=True)
        assert newest(store) == (44, 44, 44, 2)

    def test_best_weights_are_linked_from_the_last_of_them(self, store):
        save(store, 4, best=1)
        store.save(4, checkpoint(44, best=2), best_changed=True)
        store.save(4, checkpoint(45, best=2), best_changed=False)
        assert newest(store) == (45, 45, 45, 2)
        save(store, 5, best=2, best_changed=False)
        assert newest(store) == (5, 5, 5, 2)

    def test_many_times_leaves_two_at_most(self, store, tmp_path):
        for number in range(5):
            store.save(4, checkpoint(number), best_changed=True)
        assert newest(store)[0] == 4
        assert len(folders(tmp_path)) <= KEEP

    def test_the_first_one_survives_when_the_second_does_not_get_its_name(self, store, monkeypatch):
        save(store, 4)

        def rename(path, target):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", rename)
            with pytest.raises(CheckpointError, match="Input/output error"):
                store.save(4, checkpoint(44), best_changed=True)
        assert newest(store) == (4, 4, 4, 4)

    def test_the_first_one_survives_when_the_process_dies_at_any_rename(self, store, monkeypatch):
        save(store, 4)

        class Died(BaseException):
            pass

        real = Path.rename
        for survived in range(3):
            calls = []

            def rename(path, target, survived=survived, calls=calls):
                calls.append(path)
                if len(calls) > survived:
                    raise Died
                return real(path, target)

            with monkeypatch.context() as patch:
                patch.setattr(Path, "rename", rename)
                try:
                    store.save(4, checkpoint(44), best_changed=True)
                except Died:
                    assert store.load_newest()[0] is not None
        assert newest(store)[0] == 44


class TestFullDisk:
    @pytest.mark.parametrize("fails_at", FILES)
    def test_older_checkpoints_are_untouched(self, store, tmp_path, monkeypatch, fails_at):
        save(store, 1)
        save(store, 2)
        before = {file: file.read_bytes() for folder in folders(tmp_path) for file in folder.iterdir()}
        real = atomic.write_with

        def write_with(path, write):
            if path.name == fails_at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            real(path, write)

        with monkeypatch.context() as patch:
            patch.setattr(atomic, "write_with", write_with)
            with pytest.raises(CheckpointError, match=r"No space left on device.*--resume"):
                save(store, 3)
        assert {file: file.read_bytes() for folder in folders(tmp_path) for file in folder.iterdir()} == before
        assert newest(store) == (2, 2, 2, 2)

    def test_the_half_written_checkpoint_gives_its_room_back(self, store, tmp_path, full_disk):
        with pytest.raises(CheckpointError, match="No space left on device"):
            save(store, 3)
        assert folders(tmp_path) == []

    def test_the_next_save_works(self, store, monkeypatch):
        save(store, 1)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
            with pytest.raises(CheckpointError):
                save(store, 2)
        save(store, 2)
        assert newest(store) == (2, 2, 2, 2)


def test_what_a_killed_process_left_behind_is_ignored_and_cleared(store, tmp_path):
    save(store, 1)
    left = tmp_path / "checkpoints" / ".000000002.12345.tmp"
    left.mkdir()
    (left / "model.safetensors").write_bytes(b"half")
    assert newest(store) == (1, 1, 1, 1)
    save(store, 2)
    assert not left.exists()


def test_checksums_name_every_other_file(store):
    path = save(store, 1)
    assert sorted(json.loads((path / "checksums.json").read_text())) == [n for n in FILES if n != "checksums.json"]


def test_a_run_that_was_removed_is_not_made_again(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    store = CheckpointStore(run / "checkpoints")
    save(store, 1)
    shutil.rmtree(run)
    with pytest.raises(CheckpointError, match="removed or moved"):
        save(store, 2)
    assert not run.exists()
