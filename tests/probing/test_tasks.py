"""Every task's probe learns what can be told from features, and says where the labels look wrong."""

import shutil

import cv2
import numpy as np
import pytest

import visionft as vft
from tests.tasks.multilabel.shapes import write_shapes
from visionft.tasks import TASKS

QUICK = {"runtime.device": "cpu", "runtime.precision": "fp32", "evaluate.bootstrap": 30}


def probe(data, **overrides):
    return vft.probe(data, backbones="test_resnet:none", overrides=QUICK | overrides, progress=False)


@pytest.mark.parametrize("kind", [kind for kind in TASKS if kind in TASKS.shipped])
def test_every_task_that_ships_has_one(kind):
    assert TASKS[kind].probe


def test_masks_and_a_region_that_is_wrong(mask_folder, tmp_path):
    root = tmp_path / "scenes"
    shutil.copytree(mask_folder, root)
    mask = cv2.imread(str(root / "masks" / "07.png"), cv2.IMREAD_UNCHANGED)
    mask[mask == 1] = 0  # a disc that nobody has marked
    cv2.imwrite(str(root / "masks" / "07.png"), mask)
    found = probe(root)
    assert found.score.name == "miou"
    assert found.best.score > 0.6
    assert found.best.canvas == (32, 64)
    error = found.label_errors[0]
    assert (error.image, error.given, error.found) == ("images/07.png", "ground", "disc")
    x, y = error.place
    assert cv2.imread(str(root / "images" / "07.png"))[int(y), int(x)].mean() > 150


def test_boxes_and_one_of_another_class(box_folder, tmp_path):
    root = tmp_path / "objects"
    shutil.copytree(box_folder, root)
    label = root / "labels" / "train" / "04.txt"
    rows = label.read_text().splitlines()
    kind, x, y, *_ = rows[0].split()
    label.write_text("\n".join([f"{1 - int(kind)} {rows[0].partition(' ')[2]}", *rows[1:]]))
    found = probe(root)
    assert found.best.score > 0.2  # of random weights; chance is below 0.05
    names = ("disc", "square")
    wanted = names[1 - int(kind)], names[int(kind)]
    error = next(one for one in found.label_errors if one.image.endswith("04.png"))
    assert (error.given, error.found) == wanted
    assert np.hypot(error.place[0] - 80 * float(x), error.place[1] - 64 * float(y)) < 2


def test_outlines_are_probed_as_boxes(outline_folder):
    found = probe(outline_folder, **{"task.kind": "instance_segmentation"})
    assert found.score.name == "point_ap"
    assert found.best.score > 0.2


def test_label_sets(tmp_path):
    table = write_shapes(tmp_path, 60)
    found = probe(table)
    assert found.task == "multilabel"
    assert found.best.score > 0.5


def test_numbers_and_one_that_is_far_off():
    rng = np.random.default_rng(0)
    level = rng.uniform(20, 200, 60)
    images = np.clip(level[:, None, None, None] + rng.normal(0, 4, (60, 32, 32, 3)), 0, 255).astype(np.uint8)
    given = level.copy()
    given[5] = 400 - given[5]
    data = vft.Dataset.from_arrays(images, [{"level [lx]": float(value)} for value in given])
    found = probe(data)
    assert found.task == "regression"
    assert found.label_errors[0].given.startswith("level ")
    assert "lx" in found.label_errors[0].given
    assert found.best.score > 0.5
