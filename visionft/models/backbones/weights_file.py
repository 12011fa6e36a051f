"""Reads a weights file without executing anything of it, or says what it is instead."""

import pickle
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from visionft.errors import WeightsError

_HEAD = 512  # bytes, enough to know a file by
_LONGEST_HEADER = 100_000_000  # bytes, of safetensors
# What trainers store beside the weights: settings, paths, numbers. Read as something inert, whatever they are.
_BYSTANDERS = (
    "addict",
    "argparse",
    "box",
    "collections",
    "datetime",
    "easydict",
    "enum",
    "fvcore",
    "lightning",
    "lightning_fabric",
    "ml_collections",
    "mmcv",
    "mmengine",
    "numpy",
    "omegaconf",
    "pathlib",
    "pytorch_lightning",
    "types",
    "yacs",
)
# What readers raise on a file that is none of theirs.
_UNREADABLE = (SafetensorError, OSError, EOFError, RuntimeError, LookupError, ValueError, TypeError, AttributeError)


class _Inert:
    """Stands in the place of an object that is no tensor."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class _InertMapping:
    """Stands in the place of a class of dicts."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        return OrderedDict()


def read_file(path: Path) -> Mapping[str, Any]:
    """Read what a file holds without executing anything.

    Args:
        path: safetensors, or what ``torch.save`` wrote; known by its content, whatever it is called.

    Returns:
        Tensors by name, or mappings with such somewhere inside.

    Raises:
        WeightsError: when the file is damaged, of another kind, or holds objects that only their own code can read.
    """
    head = _head(path)
    if what := _other_kind(path, head):
        raise WeightsError(f"weights {path}: {what}")
    try:
        content: Any = load_file(path) if _is_safetensors(head) else _load_pickled(path)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"weights {path}: damaged, or more than tensors{_named_in(error)}; nothing in a file is ever executed; "
            "save model.state_dict() with safetensors or torch.save, where the file was made"
        ) from error
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"weights {path}: cannot be read ({reason}); download or copy it again") from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"weights {path}: holds a {type(content).__name__}; a state dict is needed")
    return content


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise WeightsError(f"weights {path}: cannot be read ({error.strerror})") from error


def _is_safetensors(head: bytes) -> bool:
    """Return whether a file begins with the length of a header and a JSON object."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < _LONGEST_HEADER


def _other_kind(path: Path, head: bytes) -> str:
    """Return what a file is that holds no weights of torch, and what to do; empty for one that may hold some."""
    again = "download it again"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return f"cannot be read: it is empty (0 bytes); {again}"
    if text.startswith(b"version https://git-lfs"):
        return "cannot be read: it is a git-lfs pointer, not the weights themselves; run 'git lfs pull' where it lies"
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return f"cannot be read: it is a web page, not a weights file; {again}, from the link to the file itself"
    if head.startswith(b"\x89HDF"):
        return "cannot be read: it is an HDF5 file, of Keras or TensorFlow; give one that torch wrote"
    if path.suffix.lower() in (".onnx", ".tflite", ".pb", ".engine", ".gguf"):
        return f"cannot be read: {path.suffix} files are for prediction; give the weights it was made from"
    if head.startswith(b"PK"):
        return _other_archive(path)
    if text and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in text):
        start = text[:40].decode("ascii", "replace").splitlines()[0]
        return f"cannot be read: it is text, which begins {start!r}; {again}"
    return ""


def _other_archive(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return f"cannot be read: it is cut off ({path.stat().st_size:,} bytes); download or copy it again"
    with zipfile.ZipFile(path) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    if "constants.pkl" in names:
        return "cannot be read: it is a TorchScript program; save model.state_dict() with torch.save"
    if "data.pkl" not in names:
        return "cannot be read: it is a zip archive that torch did not write; unpack it and give the weights in it"
    return ""


def _load_pickled(path: Path) -> Any:
    stand_ins: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = []
    for name in _objects_in(path):
        root, kind = name.partition(".")[0], name.rpartition(".")[2]
        if root in _BYSTANDERS:
            stand_ins.append((_InertMapping if kind.lower().endswith("dict") else _Inert, name))
    with torch.serialization.safe_globals(stand_ins), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other protocols of pickle, which are read or refused
        with path.open("rb") as file:  # of a path, torch would believe the ending
            return torch.load(file, map_location="cpu", weights_only=True)


def _objects_in(path: Path) -> list[str]:
    """Return the names of what torch would refuse, by reading the instructions without following them."""
    try:
        return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except _UNREADABLE:  # the format of before 2020, or damaged: loading it will tell
        return []


def _named_in(error: Exception) -> str:
    """Return the class that torch's message names, for ours."""
    words = str(error).partition("GLOBAL ")[2].split()
    return f" ({words[0]})" if words else ""
