"""Tables with a row for each box, as tools write them."""

import pytest

from tests.data.folders import write_image
from visionft.assemble import load_data
from visionft.data.dataset import load_dataset
from visionft.errors import RecipeError
from visionft.recipe.load import recipe_from_data

CORNERS = {"0.png": ((2, 3, 9, 8), "cat"), "1.png": ((1, 1, 5, 5), "dog")}


@pytest.fixture
def root(tmp_path):
    for number in range(3):
        write_image(tmp_path / f"{number}.png", number)
    return tmp_path


def data(root, text, *overrides):
    path = root / "boxes.csv"
    path.write_text(text)
    return load_data(recipe_from_data(path, overrides))


def told(found):
    return "\n".join(map(str, found.problems))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("filename,width,height,class,xmin,ymin,xmax,ymax", "{name},12,10,{label},{x0},{y0},{x1},{y1}"),
        ("image_path,x1,y1,x2,y2,class_name", "{name},{x0},{y0},{x1},{y1},{label}"),
        ("", "{name},{x0},{y0},{x1},{y1},{label}"),
        ("ImageID,LabelName,XMin,XMax,YMin,YMax", "{stem},{label},{fx0},{fx1},{fy0},{fy1}"),
        ("image_id,label,x,y,w,h", "{stem},{label},{x0},{y0},{w},{h}"),
        ("image_id;label;bbox", "{stem};{label};[{x0}.0, {y0}.0, {w}.0, {h}.0]"),
    ],
)
def test_boxes_as_tools_write_them(root, header, row):
    lines = [header] if header else []
    for name, ((x0, y0, x1, y1), label) in CORNERS.items():
        fractions = {"fx0": x0 / 12, "fx1": x1 / 12, "fy0": y0 / 10, "fy1": y1 / 10}
        values = {"x0": x0, "y0": y0, "x1": x1, "y1": y1, "w": x1 - x0, "h": y1 - y0} | fractions
        lines.append(row.format(name=name, stem=name[0], label=label, **values))
    found = data(root, "\n".join(lines))
    assert found.class_names == ("cat", "dog")
    assert [sample.id for sample in found.samples] == ["0.png", "1.png"]
    for sample, (box, _) in zip(found.samples, CORNERS.values(), strict=True):
        assert [pytest.approx(one, abs=1e-4) for one in sample.target.xyxy] == [box]


def test_several_boxes_empty_rows_splits_and_groups(root):
    head = "path,xmin,ymin,xmax,ymax,class,IsGroupOf,split\n"
    rows = "0.png,1,1,4,4,cat,0,train\n0.png,5,5,9,9,dog,1,train\n1.png,,,,,,,train\n2.png,1,1,4,4,cat,0,val\n"
    found = data(root, head + rows)
    assert [len(sample.target.xyxy) for sample in found.samples] == [2, 0, 1]
    assert found.samples[0].target.crowd == (False, True)
    assert [len(found.split(split)) for split in ("train", "val")] == [2, 1]


def test_bad_rows_are_left_out_and_told(root):
    rows = "0.png,1,1,4,4,cat\n0.png,1,x,4,4,cat\n0.png,4,1,1,4,cat\n1.png,1,1,4,4,\n1.png,2,2,5,5,dog\n"
    found = data(root, "path,xmin,ymin,xmax,ymax,class\n" + rows)
    assert [len(sample.target.xyxy) for sample in found.samples] == [1, 1]
    assert "line 3" in told(found)
    assert "has no class" in told(found)


def test_boxes_without_classes_are_of_one(root):
    found = data(root, 'image_id,bbox\n0,"[1, 1, 4, 4]"\n1,"[2, 2, 4, 4]"\n')
    assert found.class_names == ("object",)
    assert "all boxes are of the class 'object'" in told(found)


def test_classes_of_boxes_are_labels_of_images_but_no_class_of_them(root):
    text = "path,xmin,ymin,xmax,ymax,class\n0.png,1,1,4,4,cat\n0.png,5,5,9,9,dog\n1.png,1,1,4,4,dog\n"
    labels = data(root, text, "task.kind=multilabel")
    assert [sample.target.indices for sample in labels.samples] == [(0, 1), (1,)]
    with pytest.raises(RecipeError, match="are made for detection"):
        data(root, text, "task.kind=classification")
    chosen = load_dataset(root / "boxes.csv", classes=("dog",))
    assert chosen.class_names == ("dog",)


def test_a_folder_with_one_such_table_is_found(root):
    (root / "train").mkdir()
    for number in range(3):
        (root / f"{number}.png").rename(root / f"train/{number}.png")
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    (root / "train/_annotations.csv").write_text(head + "0.png,12,10,cat,1,1,4,4\n1.png,12,10,dog,1,1,4,4\n")
    found = load_data(recipe_from_data(root))
    assert {sample.id for sample in found.samples} == {"train/0.png", "train/1.png"}
    assert found.class_names == ("cat", "dog")
