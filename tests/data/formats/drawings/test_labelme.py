from base64 import b64encode

import cv2
import numpy as np
import pytest

from tests.data.drawing_sets import shape, write_labelme
from tests.data.folders import write_image
from visionft.assemble import load_data
from visionft.data.dataset import load_dataset
from visionft.errors import DataError
from visionft.recipe.load import recipe_from_data

BOX = shape("cat", [[2, 3], [9, 8]], "rectangle")
TRIANGLE = shape("dog", [[1, 1], [9, 1], [1, 9]])


def told(found):
    return "\n".join(map(str, found.problems))


def write(root, *of_images, **more):
    """Write pictures 0.png, 1.png, ... and a file of the shapes of each."""
    for number, shapes in enumerate(of_images):
        write_image(root / f"{number}.png", number)
        write_labelme(root / f"{number}.json", *shapes, **more)
    return root


def read(root, kind="labelme", **options):
    return load_dataset(root, format=kind, val_fraction=0, test_fraction=0, **options)


def png(mask_HW):
    return b64encode(cv2.imencode(".png", mask_HW.astype(np.uint8) * 255)[1].tobytes()).decode()


@pytest.mark.parametrize(
    ("drawn", "box"),
    [
        (BOX, (2, 3, 9, 8)),
        (shape("cat", [[9, 8], [2, 3]], "rectangle"), (2, 3, 9, 8)),
        (shape("cat", [[2, 3], [9, 3], [9, 8], [2, 8]], "rectangle"), (2, 3, 9, 8)),
        (TRIANGLE, (1, 1, 9, 9)),
        (shape("cat", [[5, 5], [5, 8]], "circle"), (2, 2, 8, 8)),
        (shape("cat", [[5, 2], [8, 5], [5, 8], [2, 5]], "rotation"), (2, 2, 8, 8)),
        (shape("cat", [[3, 4], [5, 6]], "mask", mask=png(np.array([[1, 1, 0], [0, 1, 1]]))), (3, 4, 6, 6)),
    ],
)
def test_shapes_become_the_boxes_around_them(tmp_path, drawn, box):
    found = read(write(tmp_path, [drawn]))
    assert found.samples[0].target.xyxy[0] == pytest.approx(box, abs=0.02)
    assert found.class_names == (drawn["label"],)


def test_shapes_without_an_area_are_left_out_and_told(tmp_path):
    lines = [shape("cat", [[1, 1]], "point"), shape("cat", [[1, 1], [5, 5]], "linestrip"), shape("cat", [[1, 1]])]
    found = read(write(tmp_path, [BOX, *lines]))
    assert len(found.samples[0].target.xyxy) == 1
    assert "2 shapes have no area" in told(found)
    assert "is a polygon of 1 points" in told(found)


def test_shapes_of_one_class_and_group_are_one_object(tmp_path):
    parts = [shape("cat", [[1, 1], [3, 1], [3, 3]], group_id=1), shape("cat", [[6, 6], [9, 6], [9, 9]], group_id=1)]
    found = read(write(tmp_path, [*parts, shape("dog", [[1, 1], [3, 1], [3, 3]], group_id=1)]), "labelme_polygons")
    assert found.samples[0].target.xyxy == ((1, 1, 9, 9), (1, 1, 3, 3))
    assert [len(polygon.rings) for polygon in found.samples[0].target.polygons] == [2, 1]


def test_masks_are_painted_in_the_order_of_the_shapes(tmp_path):
    under = shape("dog", [[1, 1], [9, 1], [9, 9], [1, 9]])
    over = shape("cat", [[2, 2], [5, 4]], "mask", mask=png(np.array([[1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]])))
    found = read(write(tmp_path, [under, over]), "labelme_masks")
    assert found.class_names == ("background", "cat", "dog")
    mask_HW = found.samples[0].target.source.read()
    assert (mask_HW == 1).sum() == 11
    assert mask_HW[2, 3] == 2
    assert (mask_HW == 2).sum() == 64 - 11


def test_flags_are_classes_of_the_image(tmp_path):
    for number in range(4):
        write_image(tmp_path / f"{number}.png", number)
        write_labelme(tmp_path / f"{number}.json", flags={"cat": number % 2 == 0, "dog": number % 2 == 1})
    assert [sample.target.index for sample in read(tmp_path, "labelme_classes").samples] == [0, 1, 0, 1]
    assert load_data(recipe_from_data(tmp_path)).class_names == ("cat", "dog")
    write_labelme(tmp_path / "0.json", flags={"cat": True, "dog": True})
    assert read(tmp_path, "labelme_labels").samples[0].target.indices == (0, 1)
    assert "1 image has several classes; left out: 0.png; learn them with --set task.kind=multilabel" in told(
        read(tmp_path, "labelme_classes")
    )


def test_images_are_found_by_path_name_or_stem_anywhere_below(tmp_path):
    for number, stated in enumerate(["..\\images\\0.png", "/home/me/images/1.png", "2.jpg", "other.png"]):
        write_image(tmp_path / f"images/{number}.png", number)
        write_labelme(tmp_path / f"labels/{number}.json", BOX, image=stated)
    write_image(tmp_path / "images/bare.png", 9)
    write_labelme(tmp_path / "labels/lost.json", BOX)
    found = read(tmp_path)
    assert [sample.id for sample in found.samples] == [f"images/{number}.png" for number in range(4)]
    assert "1 JSON file has no image; left out: lost.json" in told(found)
    assert "1 image has no JSON file and nobody looked at them; left out: bare.png" in told(found)


def test_an_image_that_is_only_in_its_file_is_learned_from_there(tmp_path):
    picture = write_image(tmp_path / "0.png", 5)
    pixels = cv2.imread(str(picture))[..., ::-1]
    write_labelme(tmp_path / "0.json", BOX, imageData=b64encode(picture.read_bytes()).decode())
    picture.unlink()
    found = read(tmp_path)
    assert (found.samples[0].image.read() == pixels).all()
    assert found.samples[0].size == (12, 10)
    assert "1 image is inside the JSON files" in told(found)
    write_labelme(tmp_path / "0.json", BOX, imageData="no image")
    with pytest.raises(DataError, match=r"its imageData cannot be read|none of the 1 images"):
        read(tmp_path)


def test_split_folders_and_damaged_files(tmp_path):
    write(tmp_path / "train", [BOX], [TRIANGLE])
    write(tmp_path / "val", [BOX])
    (tmp_path / "train/1.json").write_text("{")
    found = load_data(recipe_from_data(tmp_path))
    assert [len(found.split(split)) for split in ("train", "val")] == [1, 1]
    assert "1 JSON file is not labelme's; left out: 1.json" in told(found)


@pytest.mark.parametrize(
    ("shapes", "kind", "task"),
    [([BOX], "labelme", "detection"), ([BOX, TRIANGLE], "labelme_masks", "segmentation")],
)
def test_what_is_drawn_decides_what_is_learned(tmp_path, shapes, kind, task):
    root = write(tmp_path, shapes, shapes, [])
    recipe = recipe_from_data(root)
    assert recipe.task.kind == task
    assert load_data(recipe).class_names[-1] in ("cat", "dog")
    outlines = load_data(recipe_from_data(root, ["task.kind=instance_segmentation"]))
    assert sum(len(sample.target.polygons) for sample in outlines.samples) == 2 * len(shapes)
    labels = load_data(recipe_from_data(root, ["task.kind=multilabel"]))
    assert labels.class_names == tuple(sorted({one["label"] for one in shapes}))


def test_a_size_that_is_not_the_images_is_told_or_taken_from_it(tmp_path):
    assert "is not the image's" in told(read(write(tmp_path, [BOX], size=(24, 20))))
    assert "size" not in told(read(write(tmp_path, [BOX], imageHeight=None, imageWidth=None)))
