"""Images and recipes small enough to train on in a second."""

import errno
import itertools
import json
import os
from pathlib import Path

# before torch is loaded, here and in subprocesses: on networks this small, threads only wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import hypothesis
import numpy as np
import pytest

from visionft.recipe import Recipe

# the same examples in every run, so that a change is judged by itself; look for new ones now and then with
# --hypothesis-profile=default
hypothesis.settings.register_profile("steady", derandomize=True)
hypothesis.settings.load_profile("steady")

_NUMBERS = itertools.count()
SHAPES = ("bar", "disc", "ring")

pytest_plugins = ["tests.runs"]


def draw(shape: str, rng: np.random.Generator) -> np.ndarray:
    """Return a 48 x 48 RGB picture of a shape on noise."""
    image = rng.integers(0, 90, (48, 48, 3), dtype=np.uint8)
    x, y = (int(v) for v in rng.integers(18, 30, 2))
    colour = tuple(int(v) for v in rng.integers(140, 255, 3))
    if shape == "bar":
        cv2.line(image, (x - 14, y), (x + 14, y), colour, 7)
    else:
        cv2.circle(image, (x, y), 13, colour, -1 if shape == "disc" else 3)
    return image


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch, tmp_path_factory):
    """Let each test find out anew what is known of networks, and leave the user's cache folder alone."""
    monkeypatch.setenv("VISIONFT_CACHE", str(tmp_path_factory.getbasetemp() / f"cache-{next(_NUMBERS)}"))


@pytest.fixture
def umask():
    """Return a function that sets the umask for one test."""
    former = os.umask(0)
    os.umask(former)
    yield os.umask
    os.umask(former)


@pytest.fixture
def full_disk(monkeypatch):
    """Let every write of file contents fail, as on a full disk; names can still be made."""

    def write(path, *_, **__):
        path.open("wb").close()  # an empty file still fits
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(Path, "write_text", write)


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory) -> Path:
    """A folder per shape, 24 pictures each, without given splits."""
    root = tmp_path_factory.mktemp("shapes")
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        (root / shape).mkdir()
        for number in range(24):
            cv2.imwrite(str(root / shape / f"{number:02}.png"), draw(shape, rng))
    return root


@pytest.fixture(scope="session")
def tiny(image_folder):
    """Return a function that makes a recipe of two short stages; keyword sections are laid over it."""

    def make(**sections) -> Recipe:
        data = {
            "name": "tiny",
            "data": {"path": str(image_folder)},
            "backbone": {"name": "test_resnet", "weights": "none"},
            "input": {"size": 32, "fit": "stretch"},
            "optim": {"batch_size": 16},
            "runtime": {"device": "cpu", "precision": "fp32"},
            "evaluate": {"bootstrap": 20},
            "stages": [
                {"name": "head", "unfreeze": "none", "epochs": 1, "head_lr": 1e-2},
                {"name": "all", "unfreeze": "all", "epochs": 2, "norm": "all", "backbone_lr": 1e-2},
            ],
        }
        for name, value in sections.items():
            data[name] = data[name] | value if isinstance(value, dict) and name in data else value
        return Recipe.model_validate(data)

    return make


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory) -> Path:
    """A run folder after training, evaluation, export and report; a test that changes it takes a copy."""
    from visionft.api import complete, train  # here and not above: most tests need no torch

    path = tmp_path_factory.mktemp("runs") / "tiny-001"
    complete(train(tiny(), out=path, sinks=[]))
    return path


@pytest.fixture(scope="session")
def mask_folder(tmp_path_factory) -> Path:
    """images/ and masks/ of 20 pictures of 48 x 40: a bright disc (1) over a ground (0), a border nobody labelled."""
    root = tmp_path_factory.mktemp("scenes")
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (root / part).mkdir()
    (root / "classes.txt").write_text("ground\ndisc\n")
    for number in range(20):
        image = rng.integers(0, 90, (40, 48, 3), dtype=np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        centre = tuple(int(v) for v in rng.integers(12, 28, 2))
        cv2.circle(image, centre, 9, (230, 210, 190), -1)
        cv2.circle(mask, centre, 9, 1, -1)
        mask[:2] = 255
        cv2.imwrite(str(root / "images" / f"{number:02}.png"), image)
        cv2.imwrite(str(root / "masks" / f"{number:02}.png"), mask)
    return root


@pytest.fixture(scope="session")
def scenes(mask_folder):
    """Return a function that makes a recipe for the masks; keyword sections are laid over it."""

    def make(**sections) -> Recipe:
        data = {
            "name": "scenes",
            "data": {"path": str(mask_folder), "val_fraction": 0.2, "test_fraction": 0.2},
            "backbone": {"name": "test_resnet", "weights": "none"},
            "input": {"size": [40, 48]},
            "task": {"kind": "segmentation", "dropout": 0.0},
            "optim": {"batch_size": 4},
            "runtime": {"device": "cpu", "precision": "fp32"},
            "evaluate": {"bootstrap": 20, "select": "miou"},
            "stages": [
                {"name": "head", "unfreeze": "none", "epochs": 2, "head_lr": 1e-2},
                {"name": "all", "unfreeze": "all", "epochs": 8, "norm": "all", "head_lr": 1e-2, "backbone_lr": 1e-2},
            ],
        }
        for name, value in sections.items():
            data[name] = data[name] | value if isinstance(value, dict) and name in data else value
        return Recipe.model_validate(data)

    return make


@pytest.fixture(scope="session")
def finished_scenes(scenes, tmp_path_factory) -> Path:
    """A run folder of segmentation after everything; a test that changes it takes a copy."""
    from visionft.api import complete, train

    path = tmp_path_factory.mktemp("runs") / "scenes-001"
    complete(train(scenes(), out=path, sinks=[]))
    return path


@pytest.fixture(scope="session")
def box_folder(tmp_path_factory) -> Path:
    """YOLO data of 24 pictures of 80 x 64: bright discs (0) and red squares (1) of several sizes on a dark ground."""
    root = tmp_path_factory.mktemp("objects")
    rng = np.random.default_rng(0)
    splits = ["train"] * 14 + ["val"] * 5 + ["test"] * 5
    for part in ("images", "labels"):
        for split in set(splits):
            (root / part / split).mkdir(parents=True)
    folders = "".join(f"{split}: images/{split}\n" for split in dict.fromkeys(splits))
    (root / "data.yaml").write_text(f"{folders}names: [disc, square]\n")
    for number, split in enumerate(splits):
        image = rng.integers(0, 60, (64, 80, 3), dtype=np.uint8)
        rows = []
        for place in range(number % 3 + (number != 0)):  # the first picture shows nothing
            half, kind = int(rng.integers(6, 11)), int(rng.integers(2))
            x, y = 14 + 26 * place, int(rng.integers(14, 50))
            if kind:
                cv2.rectangle(image, (x - half, y - half), (x + half - 1, y + half - 1), (20, 20, 220), -1)
            else:
                cv2.circle(image, (x, y), half, (230, 210, 190), -1)
            rows.append(f"{kind} {x / 80} {y / 64} {2 * half / 80} {2 * half / 64}")
        (root / "labels" / split / f"{number:02}.txt").write_text("\n".join(rows))
        cv2.imwrite(str(root / "images" / split / f"{number:02}.png"), image)
    return root


@pytest.fixture(scope="session")
def objects(box_folder):
    """Return a function that makes a recipe for the boxes; keyword sections are laid over it."""

    def make(**sections) -> Recipe:
        data = {
            "name": "objects",
            "data": {"path": str(box_folder)},
            "backbone": {"name": "test_resnet", "weights": "none"},
            "input": {"size": [64, 80]},
            "task": {"kind": "detection", "dropout": 0.0},
            "augment": {"orientation": "any"},
            "optim": {"batch_size": 4, "clip_norm": 10.0},
            "runtime": {"device": "cpu", "precision": "fp32"},
            "evaluate": {"bootstrap": 20},
            "stages": [
                {"name": "head", "unfreeze": "none", "epochs": 1, "head_lr": 2e-3, "augment": "none"},
                {
                    "name": "all",
                    "unfreeze": "all",
                    "epochs": 16,
                    "norm": "all",
                    "head_lr": 4e-3,
                    "backbone_lr": 4e-3,
                    "augment": "light",
                },
            ],
        }
        for name, value in sections.items():
            data[name] = data[name] | value if isinstance(value, dict) and name in data else value
        return Recipe.model_validate(data)

    return make


def run_lengths(mask: np.ndarray) -> dict[str, object]:
    """Return COCO's uncompressed encoding of a mask: lengths of runs down the columns, outside first."""
    flat = np.concatenate([[0], mask.astype(np.int8).ravel(order="F"), [2]])
    starts = np.flatnonzero(np.diff(flat))
    return {"size": list(mask.shape), "counts": np.diff(np.concatenate([[0], starts])).tolist()}


@pytest.fixture(scope="session")
def outline_folder(tmp_path_factory) -> Path:
    """COCO data of 24 pictures of 80 x 64: bright rings, as run lengths, and red triangles, as polygons."""
    root = tmp_path_factory.mktemp("outlines")
    rng = np.random.default_rng(0)
    for split, count in (("train", 14), ("valid", 5), ("test", 5)):
        (root / split).mkdir()
        images, annotations = [], []
        for number in range(count):
            image = rng.integers(0, 60, (64, 80, 3), dtype=np.uint8)
            images.append({"id": number, "file_name": f"{number:02}.png", "width": 80, "height": 64})
            for place in range(number % 3 + (number != 0)):  # the first picture shows nothing
                half, kind = int(rng.integers(8, 12)), int(rng.integers(2))
                x, y = 14 + 26 * place, int(rng.integers(14, 50))
                corners = [[x - half, y + half], [x + half, y + half], [x - half, y - half]]
                mask = np.zeros((64, 80), np.uint8)
                if kind:
                    cv2.fillPoly(image, [np.array(corners)], (20, 20, 220))
                    segmentation = [np.array(corners, float).ravel().tolist()]
                else:
                    cv2.circle(mask, (x, y), half, 1, -1)
                    cv2.circle(mask, (x, y), half // 2, 0, -1)
                    image[mask > 0] = (230, 210, 190)
                    segmentation = run_lengths(mask)
                annotations.append(
                    {
                        "id": len(annotations),
                        "image_id": number,
                        "category_id": 3 + 4 * kind,
                        "bbox": [x - half, y - half, 2 * half, 2 * half],
                        "segmentation": segmentation,
                        "iscrowd": 0,
                    }
                )
            cv2.imwrite(str(root / split / f"{number:02}.png"), image)
        categories = [{"id": 3, "name": "ring"}, {"id": 7, "name": "triangle"}]
        data = {"images": images, "annotations": annotations, "categories": categories}
        (root / split / "_annotations.coco.json").write_text(json.dumps(data))
    return root


@pytest.fixture(scope="session")
def instances(objects, outline_folder):
    """Return a function that makes a recipe for the outlines; keyword sections are laid over it."""

    def make(**sections) -> Recipe:
        kind = {"kind": "instance_segmentation", **sections.pop("task", {})}
        return objects(**{"data": {"path": str(outline_folder)}, "task": kind, **sections})

    return make


@pytest.fixture(scope="session")
def finished_instances(instances, tmp_path_factory) -> Path:
    """A run folder of instance segmentation after everything; a test that changes it takes a copy."""
    from visionft.api import complete, train

    path = tmp_path_factory.mktemp("runs") / "instances-001"
    complete(train(instances(), out=path, sinks=[]))
    return path


@pytest.fixture(scope="session")
def finished_objects(objects, tmp_path_factory) -> Path:
    """A run folder of detection after everything; a test that changes it takes a copy."""
    from visionft.api import complete, train

    path = tmp_path_factory.mktemp("runs") / "objects-001"
    complete(train(objects(), out=path, sinks=[]))
    return path
