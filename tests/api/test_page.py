"""Which images the report shows."""

import shutil
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.polygons import Outline
from visionft.api.augment_grid import augmented
from visionft.api.page_augmentation import augmentation_of
from visionft.api.page_results import results_of
from visionft.assemble import assemble, load_data
from visionft.data.records import Dataset, Sample
from visionft.data.targets.label import Label
from visionft.data.targets.mask import Mask
from visionft.data.targets.outlined_boxes import OutlinedBoxes
from visionft.imaging import default_palette
from visionft.tasks.classification.learning import ClassificationEvaluation
from visionft.tasks.classification.metrics import classification_metrics
from visionft.tasks.instances.learning import InstanceEvaluation
from visionft.tasks.instances.metrics import instance_metrics
from visionft.tasks.instances.page import InstanceResults
from visionft.tasks.segmentation.image_counts import count_image
from visionft.tasks.segmentation.learning import PredictedMask, SegmentationEvaluation
from visionft.tasks.segmentation.metrics import segmentation_metrics

NAMES = ("left", "right")


@dataclass(frozen=True, eq=False)
class Stored:
    """A mask that is at hand."""

    mask_HW: NDArray[np.uint8]

    def read(self):
        return self.mask_HW


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), np.full((600, 800, 3), 90, np.uint8))
    return path


def segmented(image, wrong_columns, palette=()):
    """Return a data set and its evaluation, with so many wrong columns of 800 in each image."""
    truth_HW = np.zeros((600, 800), np.uint8)
    truth_HW[:, 400:] = 1
    samples, masks = [], []
    for number, wrong in enumerate(wrong_columns):
        predicted_HW = truth_HW.copy()
        predicted_HW[:, :wrong] = 1
        counts = count_image(truth_HW, predicted_HW, 2)
        masks.append(PredictedMask(counts, predicted_HW.shape, zlib.compress(predicted_HW.tobytes())))
        samples.append(Sample(f"{number}.png", image, Mask(Stored(truth_HW)), "test"))
    dataset = Dataset("halves", tuple(samples), NAMES, Mask, palette=palette)
    metrics = segmentation_metrics([mask.counts for mask in masks], NAMES, bootstrap=0)
    return dataset, SegmentationEvaluation(metrics, tuple(masks))


def test_the_worst_images_come_first_then_some_to_compare(image):
    wrong = [(7 * number % 30) * 10 for number in range(30)]
    dataset, evaluation = segmented(image, wrong)
    results = results_of(evaluation, dataset, "test")
    expected = sorted(range(30), key=lambda number: -wrong[number])
    assert [example.id for example in results.worst] == [f"{number}.png" for number in expected[:12]]
    assert [example.rank for example in results.worst] == list(range(1, 13))
    assert [(example.id, example.rank) for example in results.others] == [
        (f"{expected[place]}.png", place + 1) for place in (15, 22, 29)
    ]
    assert [example.wrong for example in results.worst[:2]] == [290 * 600, 280 * 600]


@pytest.mark.parametrize(("images", "worst", "others"), [(1, 1, 0), (2, 1, 1), (3, 2, 1), (4, 2, 2), (23, 12, 2)])
def test_no_image_is_shown_twice(image, images, worst, others):
    dataset, evaluation = segmented(image, range(images))
    results = results_of(evaluation, dataset, "test")
    assert (len(results.worst), len(results.others)) == (worst, others)
    ids = [example.id for example in results.worst + results.others]
    assert len(set(ids)) == len(ids)


def test_pictures_are_small_and_fit_each_other(image):
    example = results_of(*reversed(segmented(image, [200])), "test").worst[0]
    assert example.image_HW3.shape == (360, 480, 3)
    assert example.truth_HW.shape == example.predicted_HW.shape == (360, 480)
    assert (example.truth_HW != example.predicted_HW).mean() == pytest.approx(0.25, abs=0.01)


def test_the_colours_of_the_data_come_before_ours(image):
    own = ((1, 2, 3), (4, 5, 6))
    for palette, expected in ((own, own), ((), default_palette(NAMES))):
        dataset, evaluation = segmented(image, [1], palette)
        assert results_of(evaluation, dataset, "test").palette == expected


def test_confident_mistakes_and_unsure_answers(image):
    right_N = np.array([0.9, 0.2, 0.55, 0.4])  # chance given to the true class, 0
    probabilities_NK = np.stack([right_N, 1 - right_N], axis=1).astype(np.float32)
    samples = tuple(Sample(f"{number}.png", image, Label(0), "test") for number in range(4))
    metrics = classification_metrics(probabilities_NK, np.zeros(4, np.int64), NAMES, bootstrap=0)
    evaluation = ClassificationEvaluation(metrics, probabilities_NK)
    results = results_of(evaluation, Dataset("halves", samples, NAMES, Label), "test")
    assert [example.id for example in results.mistakes] == ["1.png", "3.png"]
    assert [example.id for example in results.unsure] == ["2.png", "0.png"]
    assert {example.predicted for example in results.mistakes} == {"right"}
    assert results.mistakes[0].confidence == pytest.approx(0.8)


def test_every_detection_is_shown_with_its_own_mask(image):
    """Of an image's detections, those below the threshold and those in a crowd are not shown."""
    ring = np.float32([(10, 10), (60, 10), (60, 60), (10, 60)])
    boxes = OutlinedBoxes(
        ((10.0, 10.0, 60.0, 60.0), (300.0, 300.0, 700.0, 500.0)),
        (0, 1),
        (False, True),
        (Outline((ring.tobytes(),)), Outline()),
    )
    rows = np.float32(
        [
            [310, 310, 350, 350, 0.95, 1],  # in the crowd
            [10.25, 10, 60, 60, 0.9, 0],
            [100, 100, 150, 150, 0.8, 1],
            [100, 100, 150, 150, 0.8, 1],  # the same box with other pixels
            [10, 10, 60, 59, 0.7, 0],
            [100, 100, 150, 150, 0.1, 1],  # below the threshold
        ]
    )
    masks = tuple(ObjectMask(int(row[0]), int(row[1]), np.ones((5, 5 + n), np.bool_)) for n, row in enumerate(rows))
    nothing = Sample("b.png", image, OutlinedBoxes(), "test", size=(800, 600))
    samples = (Sample("a.png", image, boxes, "test", size=(800, 600)), nothing)
    found = (rows, np.zeros((0, 6), np.float32))
    metrics = instance_metrics(
        found, (masks, ()), [boxes, OutlinedBoxes()], [(800, 600)] * 2, NAMES, thresholds=(0.5, 0.5), bootstrap=0
    )
    evaluation = InstanceEvaluation(metrics, found, (masks, ()))
    results = results_of(evaluation, Dataset("halves", samples, NAMES, OutlinedBoxes), "test")
    assert isinstance(results, InstanceResults)
    (first,) = results.worst
    assert [one.score for one in first.match.detected] == pytest.approx([0.9, 0.8, 0.8, 0.7])
    assert first.masks == masks[1:5]
    assert [example.masks for example in results.others] == [()]


class TestAugmentation:
    """What the page shows of it, by task; the pictures themselves are those of ``test_augment_grid``."""

    EPOCHS = tuple({"stage_name": name, "epoch": epoch} for epoch, name in enumerate("aabbbb", start=1))
    STAGES = (
        {"name": "a", "epochs": 2, "augment": "light"},
        {"name": "b", "epochs": 4, "augment": "medium"},
    )

    def job(self, recipe):
        return assemble(recipe, load_data(recipe))

    def test_the_first_epochs_of_the_strongest_stage(self, tiny):
        job = self.job(tiny(stages=self.STAGES, augment={"orientation": "any", "mixup": 0.25}))
        facts = augmentation_of(job, self.EPOCHS)
        assert (facts.stage, facts.strength, facts.problem) == ("b", "medium", "")
        assert facts.how == "flipped, and turned by quarters, 25\u202f% with another image shining through (mixup)"
        seen = augmented(job.recipe, job.dataset, job.canvas, number=4, epochs=(2, 3, 4))  # counted from 0
        assert [image.id for image in facts.images] == [one.sample.id for one in seen]
        for image, one in zip(facts.images, seen, strict=True):
            assert image.label == image.id.split("/")[0]
            names, pictures_HW3 = zip(*image.pictures_HW3, strict=True)
            assert names == ("not augmented", "epoch 3", "epoch 4", "epoch 5")
            for picture_HW3, example in zip(pictures_HW3, (one.plain, *one.changed), strict=True):
                assert np.array_equal(picture_HW3[::5, ::5], example.image_HW3)  # 32 pixels, five times as large

    def test_an_epoch_that_never_was_is_not_shown(self, tiny):
        (image, *_) = augmentation_of(self.job(tiny(stages=self.STAGES)), self.EPOCHS[:3]).images
        assert [name for name, _ in image.pictures_HW3] == ["not augmented", "epoch 3"]

    def test_masks_and_objects_are_drawn_small(self, scenes, objects, instances):
        size = {"input": {"size": [512, 640]}}
        for make in (scenes, objects, instances):
            facts = augmentation_of(self.job(make(stages=self.STAGES, **size)), self.EPOCHS)
            assert ("grey" in facts.how) == (make is not scenes)
            for image in facts.images:
                assert image.label == ""
                assert {picture_HW3.shape for _, picture_HW3 in image.pictures_HW3} == {(205, 256, 3)}

    def test_where_nothing_changes_there_is_nothing_to_show(self, tiny, objects):
        still = ({"name": "a", "epochs": 1, "augment": "none"}, {"name": "b", "epochs": 1, "augment": "none"})
        assert augmentation_of(self.job(tiny(stages=still)), self.EPOCHS) is None
        assert augmentation_of(self.job(objects(stages=still)), self.EPOCHS) is None
        stages = ({"name": "a", "epochs": 1, "augment": "light"}, {"name": "b", "epochs": 1, "augment": "strong"})
        mixed = augmentation_of(self.job(objects(stages=stages, augment={"mosaic": 0.5})), self.EPOCHS)
        assert mixed.stage == "a"
        assert "50\u202f% put together from parts of four (mosaic), objects" in mixed.how

    @pytest.mark.parametrize("part", ["images", "masks"])
    def test_files_that_are_gone_are_named_instead(self, scenes, mask_folder, tmp_path, part):
        shutil.copytree(mask_folder, tmp_path / "data")
        job = self.job(scenes(data={"path": str(tmp_path / "data")}, stages=self.STAGES))
        shutil.rmtree(tmp_path / "data" / part)
        facts = augmentation_of(job, self.EPOCHS)
        assert facts.images == ()
        assert str(tmp_path / "data" / part) in facts.problem
        assert "cannot be read" in facts.problem
