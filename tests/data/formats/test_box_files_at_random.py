"""Whatever stands in the files of boxes, the reader gives data or says what is wrong."""

import contextlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.box_sets import write_coco, write_voc, write_yolo
from visionft.data.dataset import load_dataset
from visionft.data.targets.boxes import Boxes
from visionft.errors import VisionftError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.lists(st.sampled_from([*"019-", "0.5", "nan", "1e400", "-1", "x", "7"]), max_size=9), max_size=4)


def read(path, kind):
    """Load what may be wrong, and check what comes out of it."""
    with contextlib.suppress(VisionftError):
        for sample in load_dataset(path, format=kind).samples:
            assert isinstance(sample.target, Boxes)
            for left, top, right, bottom in sample.target.xyxy:
                assert 0 <= left < right <= 12
                assert 0 <= top < bottom <= 10
            for polygon in sample.target.polygons:
                for ring in polygon.points:
                    assert (ring >= 0).all()
                    assert (ring <= (12, 10)).all()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("random")


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries({}, optional={"id": JSON, "bbox": JSON, "iscrowd": JSON, "segmentation": JSON}))
def test_annotations(root, annotation):
    path = write_coco(root / "a.json", [annotation | {"image_id": 1, "category_id": 3}, (1, 3, [1, 1, 5, 5])])
    read(path, "coco")
    read(path, "coco_instances")


SIZES = st.lists(st.integers(-1, 12), max_size=3)
COUNTS = st.lists(st.integers(-1, 130), max_size=6) | st.text(max_size=6) | JSON
POLYGONS = st.lists(st.lists(st.floats(-30, 30) | st.floats(), max_size=9) | JSON, max_size=3)


@settings(max_examples=60, deadline=None)
@given(POLYGONS | st.fixed_dictionaries({}, optional={"size": SIZES | JSON, "counts": COUNTS}) | JSON)
def test_segmentations(root, segmentation):
    good = {"id": 2, "image_id": 1, "category_id": 3, "segmentation": [[1, 1, 5, 1, 5, 5]]}
    one = {"id": 1, "image_id": 1, "category_id": 3, "segmentation": segmentation, "bbox": [2, 2, 3, 3]}
    read(write_coco(root / "a.json", [one, good]), "coco_instances")


@settings(max_examples=40, deadline=None)
@given(ROWS, st.dictionaries(st.sampled_from(["names", "train", "val", "path", "nc", "kpt_shape"]), JSON, max_size=4))
def test_label_files_and_their_yaml(root, rows, yaml):
    good = {"train": "images/train", "names": ["cat"]}
    text = "\n".join(" ".join(row) for row in rows)
    with TemporaryDirectory(dir=root) as folder:
        read(write_yolo(Path(folder), {"train/a": text}, json.dumps(good)), "yolo")
        read(Path(folder), "yolo_outlines")
        (Path(folder) / "data.yaml").write_text(json.dumps(good | yaml))
        read(Path(folder), "yolo")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.text(max_size=6))
def test_xml_files_cut_and_patched(root, start, end, patch):
    write_voc(root / "voc", {"a": [("cat", (1, 1, 5, 5))], "b": [("cat", (1, 1, 5, 5))]})
    file = root / "voc/Annotations/a.xml"
    text = file.read_text()
    file.write_text(text[:start] + patch + text[end:])
    read(root / "voc", "voc")
