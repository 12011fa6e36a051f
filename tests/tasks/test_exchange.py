"""Predictions in the form of other libraries, there and back.

Shape suffixes: H, W rows and columns of an image, N objects.
"""

import json
from base64 import b64decode

import numpy as np
import pytest
from pycocotools import mask as coco

from tests.contracts.test_tasks import CANVAS, NAMES, photos, stand_in
from visionft.annotations.object_mask import ObjectMask
from visionft.errors import DataError, MissingExtra
from visionft.imaging import decode
from visionft.spec import ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.classification.prediction import Classification
from visionft.tasks.instances.prediction import Instances
from visionft.tasks.objects.prediction import Detection
from visionft.tasks.segmentation.prediction import Segmentation

SIZE = (40, 30)
SPEC = ModelSpec("instance_segmentation", NAMES, CANVAS)
ROWS = np.array([[1.5, 2, 20, 18.25, 0.9, 2], [0, 0, 8, 9, 0.7, 0], [3, 4, 39.3, 29.9, 0.4, 2]], np.float32)


def masks(count):
    rng = np.random.default_rng(1)
    drawn = rng.random((count, SIZE[1], SIZE[0])) < 0.4
    drawn[:, :, :2] = False
    if count > 1:
        drawn[1] = False  # nothing of the object is seen
    return drawn


def instances(count=3):
    return Instances.of(ROWS[:count], SIZE, SPEC, [ObjectMask.of(mask_HW) for mask_HW in masks(count)])


def segmentation():
    mask_HW = np.random.default_rng(2).choice([0, 2, 255], SIZE[::-1]).astype(np.uint8)
    return Segmentation.of(mask_HW, SPEC)


def predictions():
    return [
        Detection.of(ROWS, SIZE, SPEC),
        Detection.of(ROWS[:0], SIZE, SPEC),
        instances(),
        instances(0),
        segmentation(),
    ]


def same(one, other):
    mine, theirs = one.to_numpy(), other.to_numpy()
    assert mine.keys() == theirs.keys()
    for name, values in mine.items():
        np.testing.assert_array_equal(values, theirs[name])
        assert values.dtype == theirs[name].dtype
    assert (one.class_names, one.palette) == (other.class_names, other.palette)


@pytest.mark.parametrize("kind", TASKS)
def test_every_prediction_is_arrays(kind):
    spec = ModelSpec(kind, NAMES, CANVAS)
    for one in TASKS[kind].predict(photos(CANVAS)[1], spec, stand_in(TASKS[kind], spec, []), batch_size=2):
        arrays = one.to_numpy()
        assert arrays
        assert all(isinstance(values, np.ndarray) for values in arrays.values())


@pytest.mark.parametrize("one", predictions(), ids=lambda one: f"{type(one).__name__}-{len(one.to_coco())}")
class TestCoco:
    def test_there_and_back(self, one):
        plain = json.loads(json.dumps(one.to_coco(image_id=7, first=5)))
        assert [each["id"] for each in plain] == list(range(5, 5 + len(plain)))
        assert {each["image_id"] for each in plain} <= {7}
        same(type(one).from_coco(plain, SIZE, NAMES), one)

    @pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # by pycocotools
    def test_pycocotools_reads_the_same_pixels(self, one):
        for each in one.to_coco():
            if "segmentation" in each:
                pixels_HW = coco.decode(each["segmentation"])
                assert pixels_HW.shape == SIZE[::-1]
                assert pixels_HW.sum() == each["area"]
                if each["area"] and "score" not in each:
                    assert coco.toBbox(each["segmentation"]).tolist() == each["bbox"]


def test_coco_counts_categories_from_1_in_class_order():
    assert [each["category_id"] for each in Detection.of(ROWS, SIZE, SPEC).to_coco()] == [3, 1, 3]
    assert Detection.of(ROWS, SIZE, SPEC).to_coco()[1]["bbox"] == [0, 0, 8, 9]


def test_coco_without_scores_and_with_polygons():
    square = {"id": 1, "category_id": 2, "bbox": [2, 3, 10, 8], "segmentation": [[2, 3, 12, 3, 12, 11, 2, 11]]}
    read = Instances.from_coco([square], SIZE, NAMES)
    assert read.scores_N.tolist() == [1.0]
    assert read.masks[0].area == 80
    assert (Segmentation.from_coco([square], SIZE, NAMES).mask_HW == 1).sum() == 80


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"category_id": 0}, "category_id 0"),
        ({"category_id": 4}, "category_id 4"),
        ({"category_id": "cat"}, "category_id 'cat'"),
        ({"bbox": [1, 2, 3]}, "bbox"),
        ({"bbox": None}, "bbox None"),
        ({"segmentation": None}, "has no segmentation"),
        ({"segmentation": {"size": [3, 3], "counts": "a"}}, "is not the image's"),
    ],
)
def test_annotations_that_cannot_be_read(change, told):
    (good, *_) = instances().to_coco(first=12)
    with pytest.raises(DataError, match=f"annotation 12: .*{told}"):
        Instances.from_coco([good | change], SIZE, NAMES)


class TestSupervision:
    @pytest.fixture(autouse=True)
    def supervision(self):
        return pytest.importorskip("supervision")

    @pytest.mark.parametrize("one", predictions(), ids=lambda one: f"{type(one).__name__}-{len(one.to_coco())}")
    def test_there_and_back(self, one, supervision):
        theirs = one.to_supervision()
        assert isinstance(theirs, supervision.Detections)
        assert list(theirs.data["class_name"]) == [NAMES[label] for label in theirs.class_id]
        same(type(one).from_supervision(theirs, SIZE, NAMES), one)

    def test_what_is_done_there_comes_back(self):
        kept = instances().to_supervision()
        kept = kept[kept.confidence > 0.5]
        back = Instances.from_supervision(kept, SIZE, NAMES)
        assert len(back) == 2
        same(back, instances().above(0.5))

    def test_scores_come_in_falling_order(self):
        theirs = instances().to_supervision()[[2, 0, 1]]
        same(Instances.from_supervision(theirs, SIZE, NAMES), instances())

    def test_classes(self, supervision):
        one = Classification.of(np.array([0.2, 0.1, 0.7], np.float32), NAMES)
        theirs = one.to_supervision()
        assert isinstance(theirs, supervision.Classifications)
        assert theirs.get_top_k(1)[0].tolist() == [2]
        assert Classification.from_supervision(theirs, NAMES) == one

    def test_what_cannot_be_read(self, supervision):
        bare = supervision.Detections(xyxy=ROWS[:, :4])
        with pytest.raises(DataError, match="no class_id"):
            Detection.from_supervision(bare, SIZE, NAMES)
        bare.class_id = np.array([0, 1, 3])
        with pytest.raises(DataError, match="class_id goes up to 3"):
            Detection.from_supervision(bare, SIZE, NAMES)
        bare.class_id = np.array([0, 1, 2])
        assert Detection.from_supervision(bare, SIZE, NAMES).scores_N.tolist() == [1, 1, 1]
        with pytest.raises(DataError, match="have no masks"):
            Instances.from_supervision(bare, SIZE, NAMES)
        with pytest.raises(DataError, match="masks of shape"):
            Instances.from_supervision(instances().to_supervision(), (41, 30), NAMES)


def test_without_supervision_a_person_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "supervision", None)
    with pytest.raises(MissingExtra, match=r"pip install 'visionft\[supervision\]'"):
        instances().to_supervision()


@pytest.mark.parametrize("one", predictions(), ids=lambda one: f"{type(one).__name__}-{len(one.to_coco())}")
def test_a_notebook_shows_a_small_picture(one):
    html = one._repr_html_()
    assert str(one) in html
    picture = decode(b64decode(html.partition("base64,")[2].partition('"')[0]))
    assert picture.shape == (30, 40, 3)
    if len(one.to_coco()):
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1


def test_large_pictures_are_shrunk_and_captions_escaped():
    spec = ModelSpec("segmentation", ("<b>", "sky"), CANVAS)
    large = Segmentation.of(np.zeros((700, 1500), np.uint8), spec)
    found = Detection.of(ROWS, (1500, 700), ModelSpec("detection", ("<b>", "b", "c"), CANVAS))
    for one in (large, found):
        html = one._repr_html_()
        assert "<b>" not in html
        assert max(decode(b64decode(html.partition("base64,")[2].partition('"')[0])).shape) <= 480
        assert len(html) < 40_000
