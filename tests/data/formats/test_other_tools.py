"""What is not read is named, with the way in, and never taken for a folder of classes."""

import json

import pytest

from tests.data.folders import write_image
from visionft.assemble import load_data
from visionft.errors import DataError
from visionft.recipe.load import recipe_from_data

JSONS = {
    "CreateML": [
        {"image": "0.png", "annotations": [{"label": "a", "coordinates": {"x": 1, "y": 1, "width": 2, "height": 2}}]}
    ],
    "VIA": {"0.png1": {"filename": "0.png", "size": 1, "regions": [{"shape_attributes": {"name": "rect", "x": 1}}]}},
    "Label Studio": [
        {"id": 1, "data": {"image": "0.png"}, "annotations": [{"result": [{"from_name": "a", "value": {}}]}]}
    ],
    "Supervisely": {"size": {"height": 10, "width": 12}, "objects": [{"classTitle": "a", "points": {"exterior": []}}]},
    "Label Studio's": [{"image": "/data/upload/1/0.png", "id": 1, "choice": "cat", "annotator": 1}],
    "CreateML's": [{"imagefilename": "0.png", "annotation": [{"label": "a", "coordinates": {"x": 1, "y": 1}}]}],
    "Supervisely's": {"description": "", "tags": [], "size": {"height": 10, "width": 12}, "objects": []},
    "Labelbox": [{"data_row": {"id": "a", "external_id": "0.png"}, "projects": {}}],
}


@pytest.mark.parametrize("tool", JSONS)
@pytest.mark.parametrize("given", ["the folder", "the file"])
@pytest.mark.parametrize("where", ["", "ds0/ann"])
def test_json_of_other_tools_is_named(tmp_path, tool, given, where):
    for number in range(3):
        write_image(tmp_path / f"ds0/img/{number}.png", number)
        write_image(tmp_path / f"ds1/img/{number}.png", 10 + number)
    file = tmp_path / where / "labels.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(JSONS[tool]))
    with pytest.raises(DataError, match=tool):
        recipe_from_data(tmp_path if given == "the folder" else file)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("set.zip", "unpack it"),
        ("set.tar.gz", "unpack it"),
        ("train-0.parquet", "CSV of path,label"),
        ("a.tfrecord", "CSV of path,label"),
        ("set.h5", "from_arrays"),
        ("export.ndjson", "COCO"),
    ],
)
@pytest.mark.parametrize("given", ["the folder", "the file"])
def test_packed_data_are_named(tmp_path, name, words, given):
    (tmp_path / name).write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(DataError, match=words):
        recipe_from_data(tmp_path if given == "the folder" else tmp_path / name)


def test_an_archive_beside_data_is_none_of_them(tmp_path):
    for number in range(4):
        write_image(tmp_path / f"{'cd'[number % 2]}/{number}.png", number)
    (tmp_path / "set.zip").write_bytes(b"PK")
    assert recipe_from_data(tmp_path).task.kind == "classification"


def test_the_csv_of_via_is_named(tmp_path):
    (tmp_path / "via.csv").write_text("filename,file_size,region_shape_attributes,region_attributes\n0.png,1,{},{}\n")
    with pytest.raises(DataError, match=r"VIA.*COCO format"):
        load_data(recipe_from_data(tmp_path / "via.csv"))
