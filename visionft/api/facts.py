"""What is written down about a run beside its numbers: data, machine, versions."""

import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from visionft.cores import usable_cores
from visionft.data.records import Dataset
from visionft.data.splits import SPLITS
from visionft.errors import CheckpointError, DataError
from visionft.imaging.pixels import Pixels
from visionft.recipe import Recipe

if TYPE_CHECKING:
    import torch

    from visionft.checkpoint import RunFolder

_PACKAGES = (
    "visionft",
    "torch",
    "torchvision",
    "timm",
    "albumentations",
    "opencv-python-headless",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "scipy",
    "segmentation-models-pytorch",
    "transformers",
)


def environment(device: "torch.device") -> dict[str, Any]:
    """Return versions and hardware."""
    import torch

    cuda = device.type == "cuda"
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": torch.cpu.get_capabilities().get("cpu_name") or platform.processor(),
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if cuda else "cpu",
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of visionft and of what it computes with, where they are installed."""
    found: dict[str, str] = {}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Return what identifies a data set: its samples with labels and splits, and the pixels that lie in memory."""
    digest = sha256()
    for sample in dataset.samples:
        content = f"\t{sample.image.content}" if isinstance(sample.image, Pixels) else ""
        digest.update(f"{sample.id}\t{sample.target.fingerprint()}\t{sample.split}{content}\n".encode())
    return {
        "name": dataset.name,
        "source": dataset.source,
        "classes": list(dataset.class_names),
        "images": {split: len(dataset.split(split)) for split in SPLITS},
        "sha256": digest.hexdigest(),
        "problems": [str(problem) for problem in dataset.problems],
    }


def augmentation_in_words(info: Mapping[str, Any]) -> str:
    """Return where a run augmented its images and why, given what run.json says."""
    choice = info.get("augment")
    return f"{choice['device']} ({choice['why']})" if choice else "cpu"  # before there was a choice


def require_same_data(dataset: Dataset, info: dict[str, Any], path: Path) -> None:
    """Check that a run's images are still what they were.

    Raises:
        DataError: when images, labels or splits changed since the run began.
    """
    if changed := how_changed(dataset, info):
        advice = "start a new run"
        if info.get("status") == "finished":
            advice = f"measure it on what is there now: visionft eval {quote(str(path))} --data PATH"
        raise DataError(f"{path}: {changed}; restore the images, or {advice}")


def how_changed(dataset: Dataset, info: dict[str, Any]) -> str:
    """Return how images, labels or splits have changed since a run began; empty where they have not."""
    then, now = info["data"], fingerprint(dataset)
    if then["sha256"] == now["sha256"]:
        return ""
    had, has = (_count(data, dataset.target.named[1]) for data in (then, now))
    now_has = f"now {has}" if had != has else "now as many, but others, or with other labels or splits"
    return f"{dataset.name} has changed since the run began: it had {had}, {now_has}"


def require_there(recipe: Recipe, run: Path) -> None:
    """Check that what a run was trained on still lies where its recipe says.

    Raises:
        DataError: when nothing does.
    """
    path = recipe.data.path
    if path is not None and not path.exists():
        raise DataError(
            f"{path}: no such file or folder, and {run} was trained on what lay there; say where that is now: "
            "--data PATH (data)"
        )


def record_move(folder: "RunFolder", recipe: Recipe, dataset: Dataset, tell: Callable[[str], None]) -> None:
    """Write down in run.json where a run's data were found, where that is not where they were.

    Args:
        folder: the run's; where it cannot be written, that is no failure.
        recipe: says where the data lie now.
        dataset: what was found there, which is the same.
        tell: who is told.
    """
    here, before = recipe.data.path, folder.moved_to or (str(folder.recipe.data.path),)
    if here is None or str(here) == before[-1]:
        return
    tell(f"{dataset.name}: the same data as before, now at {here}")
    now = datetime.now().astimezone().isoformat(" ", timespec="seconds")
    with suppress(CheckpointError):
        folder.record(moved=[*folder.info.get("moved", []), {"from": before[-1], "to": str(here), "at": now}])


def _count(data: dict[str, Any], named: str) -> str:
    images = ", ".join(f"{number} {split}" for split, number in data["images"].items())
    return f"{images} images of {len(data['classes'])} {named}"
