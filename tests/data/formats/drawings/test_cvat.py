import pytest

from tests.data.drawing_sets import cvat_image, write_cvat
from tests.data.folders import write_image
from visionft.assemble import load_data
from visionft.data.dataset import load_dataset
from visionft.errors import DataError
from visionft.recipe.load import recipe_from_data

BOX = ("box", {"label": "cat", "xtl": 2, "ytl": 3, "xbr": 9, "ybr": 8, "occluded": 0})
POLYGON = ("polygon", {"label": "dog", "points": "1,1;9,1;1,9"})


def told(found):
    return "\n".join(map(str, found.problems))


def write(root, *drawn, names=("0.png", "1.png")):
    for number, name in enumerate(names):
        write_image(root / "images" / name, number)
    write_cvat(root / "annotations.xml", *(cvat_image(name, *drawn) for name in names))
    return root


def read(root, kind="cvat"):
    return load_dataset(root, format=kind, val_fraction=0, test_fraction=0)


@pytest.mark.parametrize(
    ("drawn", "box"),
    [
        (BOX, (2, 3, 9, 8)),
        (("box", BOX[1] | {"rotation": 90}), (3, 2, 8, 9)),
        (POLYGON, (1, 1, 9, 9)),
        (("ellipse", {"label": "cat", "cx": 5, "cy": 5, "rx": 3, "ry": 2}), (2, 3, 8, 7)),
        (("mask", {"label": "cat", "rle": "1, 2, 2, 1", "left": 3, "top": 4, "width": 3, "height": 2}), (4, 4, 6, 6)),
    ],
)
def test_shapes_become_the_boxes_around_them(tmp_path, drawn, box):
    found = read(write(tmp_path, drawn))
    assert found.samples[0].target.xyxy[0] == pytest.approx(box, abs=0.02)


def test_run_lengths_go_along_the_rows_of_the_box(tmp_path):
    runs = ("mask", {"label": "cat", "rle": "1, 2, 2, 1", "left": 3, "top": 4, "width": 3, "height": 2})
    mask_HW = read(write(tmp_path, runs), "cvat_masks").samples[0].target.source.read()
    assert sorted(zip(*(place.tolist() for place in mask_HW.nonzero()), strict=True)) == [(4, 4), (4, 5), (5, 5)]


def test_what_has_no_area_attributes_and_odd_shapes_are_told(tmp_path):
    odd = [("points", {"label": "cat", "points": "1,1"}), ("cuboid", {"label": "cat"}), ("polygon", {"label": "cat"})]
    found = read(write(tmp_path, BOX, *odd, names=["0.png"]))
    assert len(found.samples[0].target.xyxy) == 1
    assert "2 shapes have no area" in told(found)
    assert "is a polygon that cannot be read" in told(found)
    file = tmp_path / "annotations.xml"
    file.write_text(file.read_text().replace("</box>", '<attribute name="colour">red</attribute></box>'))
    assert "1 attribute is not read: colour" in told(read(tmp_path))


def test_tags_are_classes_of_the_image_and_images_without_shapes_show_nothing(tmp_path):
    for number in range(3):
        write_image(tmp_path / f"images/{number}.png", number)
    tags = [("tag", {"label": "cat"}), ("tag", {"label": "dog"})]
    write_cvat(tmp_path / "a.xml", *(cvat_image(f"{at}.png", tags[at % 2]) for at in range(3)))
    found = load_data(recipe_from_data(tmp_path))
    assert (found.class_names, [sample.target.index for sample in found.samples]) == (("cat", "dog"), [0, 1, 0])
    write_cvat(tmp_path / "a.xml", cvat_image("0.png", BOX), cvat_image("1.png"), cvat_image("gone.png", BOX))
    boxes = read(tmp_path)
    assert [len(sample.target.xyxy) for sample in boxes.samples] == [1, 0]
    assert "1 listed image is not below" in told(boxes)
    assert "1 image has no entry in a.xml and nobody looked at them; left out: 2.png" in told(boxes)


def test_subsets_of_a_project_are_splits(tmp_path):
    images = []
    for number, subset in enumerate(["Train", "Train", "Validation", "Test"]):
        write_image(tmp_path / f"images/{subset}/{number}.png", number)
        images.append(cvat_image(f"{number}.png", BOX, subset=subset))
    write_cvat(tmp_path / "annotations.xml", *images)
    found = load_data(recipe_from_data(tmp_path))
    assert [len(found.split(split)) for split in ("train", "val", "test")] == [2, 1, 1]


@pytest.mark.parametrize(("drawn", "task"), [([BOX], "detection"), ([POLYGON], "segmentation")])
def test_what_is_drawn_decides_what_is_learned(tmp_path, drawn, task):
    root = write(tmp_path, *drawn, names=["0.png", "1.png", "2.png"])
    assert recipe_from_data(root).task.kind == task
    assert recipe_from_data(root / "annotations.xml").task.kind == task
    outlines = load_data(recipe_from_data(root, ["task.kind=instance_segmentation"]))
    assert sum(len(sample.target.polygons) for sample in outlines.samples) == 3


def test_later_shapes_lie_over_earlier_ones_unless_their_order_is_said(tmp_path):
    over = ("box", {"label": "cat", "xtl": 0, "ytl": 0, "xbr": 12, "ybr": 10, "z_order": 1})
    assert (read(write(tmp_path, over, POLYGON), "cvat_masks").samples[0].target.source.read() == 1).all()


def test_videos_and_damaged_files_are_told(tmp_path):
    root = write(tmp_path, BOX)
    (root / "annotations.xml").write_text('<annotations><track id="0"/></annotations>')
    with pytest.raises(DataError, match=r"format for videos.*CVAT for images 1\.1"):
        read(root)
    (root / "annotations.xml").write_text('<annotations><image name="0.png">')
    with pytest.raises(DataError, match="is not XML"):
        read(root)
