"""Files are whole or not there."""

import json
import stat

import pytest
import torch
from safetensors.torch import load_file

from visionft.atomic import checksum, read_json, write_json, write_tensors, write_text, write_with
from visionft.errors import CheckpointError


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "run.json"
    write_text(file, "old")

    def interrupted(temporary):
        temporary.write_text("half of the ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_with(file, interrupted)
    assert file.read_text() == "old"
    assert names_in(tmp_path) == ["run.json"]


def test_the_new_file_is_complete_when_it_gets_its_name(tmp_path):
    file = tmp_path / "run.json"
    write_text(file, "old")
    seen = []

    def write(temporary):
        temporary.write_text("new")
        seen.append((file.read_text(), temporary.parent))

    write_with(file, write)
    assert seen == [("old", tmp_path)]  # in the same folder, so that the last step is a rename
    assert file.read_text() == "new"
    assert names_in(tmp_path) == ["run.json"]


@pytest.mark.parametrize("older", ["file", "folder", None])
def test_a_folder_takes_the_place_of_what_was_there(tmp_path, older):
    path = tmp_path / "model.openvino"
    if older == "folder":
        path.mkdir()
        (path / "left over").touch()
    elif older == "file":
        path.touch()

    def write(temporary):
        temporary.mkdir()
        (temporary / "model.xml").write_text("new")

    write_with(path, write)
    assert names_in(tmp_path) == ["model.openvino"]
    assert names_in(path) == ["model.xml"]


def test_a_folder_that_is_not_whole_goes(tmp_path):
    def write(temporary):
        temporary.mkdir()
        (temporary / "model.xml").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_with(tmp_path / "model.openvino", write)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path, umask, mask):
    umask(mask)
    write_text(tmp_path / "a.json", "{}")
    write_tensors(tmp_path / "a.safetensors", {"w": torch.zeros(1)})
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_json_does_not_have(tmp_path, value):
    file = tmp_path / "metrics.json"
    write_json(file, {"accuracy": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(file, {"accuracy": value})
    assert json.loads(file.read_text()) == {"accuracy": 0.5}
    assert names_in(tmp_path) == ["metrics.json"]


def test_json_keeps_names_of_every_script(tmp_path):
    data = {"classes": ["żaba", "カエル", "<b>", 'a"b']}
    write_json(tmp_path / "a.json", data)
    assert read_json(tmp_path / "a.json") == data
    assert "żaba" in (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", None])
def test_unreadable_json_is_a_message(tmp_path, content):
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.json: not readable"):
        read_json(tmp_path / "a.json")


def test_a_full_disk_is_a_message(tmp_path, full_disk):
    with pytest.raises(CheckpointError, match=r"run\.json: cannot be written: No space left on device"):
        write_json(tmp_path / "run.json", {})
    with pytest.raises(CheckpointError, match=r"m\.safetensors: cannot be written: No space left on device"):
        write_tensors(tmp_path / "m.safetensors", {"w": torch.zeros(1)})
    assert names_in(tmp_path) == []


def test_tied_views_and_layouts_come_back_as_they_were(tmp_path):
    whole = torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2)
    tensors = {
        "embedding": whole,
        "tied": whole,
        "view": whole[:, 1],
        "layout": whole.to(memory_format=torch.channels_last),
        "half": whole.to(torch.bfloat16),
        "count": torch.tensor(7),
        "parameter": torch.nn.Parameter(whole.clone()),
    }
    write_tensors(tmp_path / "m.safetensors", tensors)
    found = load_file(tmp_path / "m.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_writing_tensors_leaves_them_alone(tmp_path):
    weight = torch.nn.Parameter(torch.ones(2, 2))
    write_tensors(tmp_path / "m.safetensors", {"w": weight, "again": weight})
    assert weight.requires_grad
    assert torch.equal(weight, torch.ones(2, 2))


def test_checksum_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # the test vector of FIPS 180-4
    assert checksum(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
