"""What a weights file is: read without being executed, or refused with the reason."""

import argparse
import pickle
import sys
import types
from pathlib import Path, PosixPath

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from visionft.errors import WeightsError
from visionft.models.backbones.weights_file import read_file

STATE = {"0.weight": torch.rand(4, 3), "0.bias": torch.rand(4)}


@pytest.mark.parametrize("written", [".pth", ".safetensors"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin"])
def test_a_file_is_known_by_its_content(tmp_path, written, suffix):
    path = tmp_path / f"weights{suffix}"
    torch.save(STATE, path) if written == ".pth" else save_file(STATE, path)

    content = read_file(path)

    assert content.keys() == STATE.keys()
    assert all(torch.equal(content[name], tensor) for name, tensor in STATE.items())


@pytest.mark.parametrize(
    "beside",
    [argparse.Namespace(lr=1, out=PosixPath("/x")), np.float64(0.5), np.arange(3), PosixPath("/x")],
    ids=lambda one: type(one).__name__,
)
def test_settings_beside_the_weights_do_not_matter(tmp_path, beside):
    torch.save({"model": STATE, "args": beside}, tmp_path / "trained.pth")

    assert torch.equal(read_file(tmp_path / "trained.pth")["model"]["0.bias"], STATE["0.bias"])


def test_classes_that_are_not_installed_here_do_not_matter(tmp_path, monkeypatch):
    module = types.ModuleType("mmengine")
    module.Buffer = type("Buffer", (), {"__module__": "mmengine", "__qualname__": "Buffer"})
    module.ConfigDict = type("ConfigDict", (dict,), {"__module__": "mmengine", "__qualname__": "ConfigDict"})
    monkeypatch.setitem(sys.modules, "mmengine", module)
    kept = module.Buffer()
    kept.values = [1, 2]
    torch.save({"state_dict": STATE, "hub": kept, "cfg": module.ConfigDict(lr=1)}, tmp_path / "mm.pth")
    monkeypatch.delitem(sys.modules, "mmengine")

    content = read_file(tmp_path / "mm.pth")

    assert torch.equal(content["state_dict"]["0.weight"], STATE["0.weight"])
    assert content["cfg"] == {"lr": 1}


class Trap:
    """A pickle that would create a file when executed."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_file_is_refused_and_not_run(tmp_path):
    sprung = tmp_path / "sprung"
    torch.save({"weight": torch.zeros(1), "trap": Trap(sprung)}, tmp_path / "trap.pth")

    with pytest.raises(WeightsError, match=r"more than tensors.*; nothing in a file is ever executed"):
        read_file(tmp_path / "trap.pth")
    assert not sprung.exists()


def spoiled(path: Path, suffix: str, how: str) -> Path:
    if suffix == ".pth":
        torch.save(STATE, path)
    else:
        save_file(STATE, path)
    content = path.read_bytes()
    spoiled = {"cut": content[: len(content) // 2], "empty": b"", "text": b"404: Not Found\n" * 9}[how]
    path.write_bytes(spoiled)
    return path


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("how", ["cut", "empty", "text"])
def test_a_damaged_file_is_named(tmp_path, suffix, how):
    path = spoiled(tmp_path / f"spoiled{suffix}", suffix, how)

    with pytest.raises(WeightsError, match=f"spoiled{suffix}: (cannot be read|damaged)"):
        read_file(path)


def test_a_list_is_no_state_dict(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "list.pth")

    with pytest.raises(WeightsError, match="holds a list; a state dict is needed"):
        read_file(tmp_path / "list.pth")


def test_an_old_pickle_is_refused(tmp_path):
    (tmp_path / "old.pth").write_bytes(pickle.dumps({"weight": Trap(tmp_path / "sprung")}, protocol=2))

    with pytest.raises(WeightsError, match=r"old.pth"):
        read_file(tmp_path / "old.pth")
    assert not (tmp_path / "sprung").exists()


KINDS = {
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 10\n", "git-lfs pointer.*git lfs pull"),
    "page": (b"\n<!DOCTYPE html><html>Sign in</html>", "a web page"),
    "text": (b'{"error": "not found"}', "it is text, which begins"),
    "keras": (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "HDF5"),
    "empty": (b"", "is empty"),
    "cut": (b"PK\x03\x04" + b"\0" * 99, "is cut off"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_is_no_weights_file_is_told(tmp_path, kind, suffix):
    content, said = KINDS[kind]
    (tmp_path / f"x{suffix}").write_bytes(content)

    with pytest.raises(WeightsError, match=said):
        read_file(tmp_path / f"x{suffix}")


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # torch would have it gone
def test_a_program_is_told(tmp_path):
    torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)).save(str(tmp_path / "program.pt"))

    with pytest.raises(WeightsError, match="TorchScript program; save model"):
        read_file(tmp_path / "program.pt")


def test_a_whole_module_is_refused_by_its_class(tmp_path):
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), tmp_path / "module.pth")

    with pytest.raises(WeightsError, match=r"torch.nn.modules.*; nothing in a file is ever executed"):
        read_file(tmp_path / "module.pth")
