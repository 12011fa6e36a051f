"""What the page of a run shows beside its evaluation."""

import shutil

import numpy as np
import pytest

from visionft.api.page import augmentation_of
from visionft.assemble import assemble, load_data
from visionft.assemble.preview import augmented_samples


class TestAugmentation:
    """What the page shows of it, by task; the pictures themselves are those of ``tests/assemble/test_preview.py``."""

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
        seen = augmented_samples(job.recipe, job.dataset, job.canvas, number=4, epochs=(2, 3, 4))  # counted from 0
        assert [image.id for image in facts.images] == [one.sample.id for one in seen]
        for image, one in zip(facts.images, seen, strict=True):
            assert image.label == image.id.split("/")[0]
            names, pictures_HW3 = zip(*image.pictures_HW3, strict=True)
            assert names == ("not augmented", "epoch 3", "epoch 4", "epoch 5")
            for picture_HW3, example in zip(pictures_HW3, one.examples, strict=True):
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
