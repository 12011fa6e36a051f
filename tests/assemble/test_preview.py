"""What training sees, to look at."""

import numpy as np
import pytest

from tests.augment.mixed import mixed_images
from visionft.annotations.marks import PADDING
from visionft.api import check
from visionft.assemble import assemble, load_data
from visionft.assemble.preview import augmented_samples, mixing_probabilities, most_augmented_stage

STRONG = {"unfreeze": "all", "epochs": 1, "augment": "strong"}
LIGHT = {"unfreeze": "all", "epochs": 1, "augment": "light"}


def seen_in_training(recipe, epochs=5):
    """Return (epoch, id) -> image and target, from the loader of the first stage."""
    job = assemble(recipe, load_data(recipe))
    with job.train_loader(recipe.stages[0]) as loader:
        return {
            (epoch, identifier): (batch.images_BHW3[row].numpy(), batch.targets[row].numpy())
            for epoch in range(epochs)
            for batch in loader.training(epoch)
            for row, identifier in enumerate(batch.ids)
        }


def shown(recipe):
    dataset = load_data(recipe)
    found = check(recipe)
    assert found.ok
    job = assemble(recipe, dataset)
    return augmented_samples(recipe, dataset, job.canvas, number=6, epochs=range(5))


def test_photographs_are_those_of_training(tiny):
    recipe = tiny(stages=[{"name": "a", **STRONG}, {"name": "b", **LIGHT, "image_size": 48}])
    seen = seen_in_training(recipe)
    for one in shown(recipe):
        assert len(one.augmented) == 5
        for epoch, example in enumerate(one.augmented):
            if (epoch, one.sample.id) in seen:  # a last batch of one image is not trained on
                assert np.array_equal(example.image_HW3, seen[epoch, one.sample.id][0])
        assert any((example.image_HW3 != one.original.image_HW3).any() for example in one.augmented)


@pytest.mark.parametrize("fit", ["pad", "tile"])
def test_masks_are_those_of_training(scenes, fit):
    recipe = scenes(stages=[{"name": "a", **STRONG}], input={"size": 32, "fit": fit})
    seen, found = seen_in_training(recipe), shown(recipe)
    assert len(found) == 6
    compared = 0
    for one in found:
        assert one.original.image_HW3.shape == (32, 32, 3)
        for epoch, example in enumerate(one.augmented):
            if (epoch, one.sample.id) in seen:
                image_HW3, mask_HW = seen[epoch, one.sample.id]
                assert np.array_equal(example.image_HW3, image_HW3)
                assert np.array_equal(example.target.pixels, mask_HW)
                compared += 1
    assert compared > 20


def test_boxes_are_those_of_training_and_mixed_as_there(objects):
    stages = [{"name": "a", **STRONG}, {"name": "b", **STRONG}]
    recipe = objects(stages=stages, augment={"orientation": "any", "mosaic": 0.7, "mixup": 0.3})
    seen, found = seen_in_training(recipe), shown(recipe)
    compared = 0
    for one in found:
        for epoch, example in enumerate(one.augmented):
            if (epoch, one.sample.id) in seen:
                image_HW3, boxes_N5 = seen[epoch, one.sample.id]
                assert np.array_equal(example.image_HW3, image_HW3)
                assert np.array_equal(example.target.boxes_N5, boxes_N5[boxes_N5[:, 4] != PADDING])
                compared += 1
    assert compared > 20
    assert any(len(example.target.boxes_N5) > 5 for one in found for example in one.augmented)  # no image has that many


def test_classes_are_mixed_as_in_training(tiny):
    recipe = tiny(stages=[{"name": "a", **STRONG}], augment={"mixup": 0.5, "cutmix": 0.5}, optim={"batch_size": 7})
    job = assemble(recipe, load_data(recipe))
    seen = {}
    with job.train_loader(recipe.stages[0]) as loader:
        for epoch in (3, 5):
            for batch in loader.training(epoch):
                mixed = mixed_images(batch.images_BHW3.double().numpy(), batch.params)
                seen |= {(epoch, identifier): image for identifier, image in zip(batch.ids, mixed, strict=True)}
    found = augmented_samples(recipe, job.dataset, job.canvas, number=9, epochs=(3, 5))
    assert len(found) == 9
    for one in found:
        for epoch, example in zip((3, 5), one.augmented, strict=True):
            if (epoch, one.sample.id) in seen:  # a last batch of one image is not trained on
                assert np.abs(example.image_HW3 - seen[epoch, one.sample.id]).max() < 0.502  # rounded once


def test_an_image_alone_in_its_epoch_is_mixed_with_nothing(tiny):
    mixed = tiny(stages=[{"name": "a", **STRONG}], augment={"cutmix": 1}, optim={"batch_size": 49})
    plain = tiny(stages=[{"name": "a", **STRONG}], optim={"batch_size": 49})
    ids = [sample.id for sample in load_data(mixed).split("train")]
    assert len(ids) == 50  # one is left over
    with assemble(mixed, load_data(mixed)).train_loader(mixed.stages[0]) as loader:
        (batch,) = loader.training(0)
    (left,) = set(ids) - set(batch.ids)
    pictures = []
    for recipe in (mixed, plain):
        dataset = load_data(recipe)
        found = augmented_samples(recipe, dataset, assemble(recipe, dataset).canvas, number=50, epochs=[0])
        pictures.append({one.sample.id: one.augmented[0].image_HW3 for one in found})
    differ = {identifier for identifier in ids if (pictures[0][identifier] != pictures[1][identifier]).any()}
    assert left not in differ
    assert len(differ) > 40


def test_what_is_mixed(tiny, objects):
    stages = [{"name": name, "epochs": 1, "augment": name} for name in ("none", "strong", "light")]
    for recipe, expected in (
        (tiny(stages=stages, augment={"mixup": 0.5}), [{}, {"mixup": 0.5}, {"mixup": 0.5}]),
        (tiny(stages=stages, augment={"mixup": 0.5, "cutmix": 0.2}), [{}, *[{"mixup": 0.5, "cutmix": 0.2}] * 2]),
        (objects(stages=stages, augment={"mosaic": 0.3}), [{}, {"mosaic": 0.3}, {}]),
        (tiny(stages=stages), [{}] * 3),
    ):
        canvas = assemble(recipe, load_data(recipe)).canvas
        assert [mixing_probabilities(recipe, stage, canvas) for stage in recipe.stages] == expected


def strongest(recipe):
    return most_augmented_stage(recipe, assemble(recipe, load_data(recipe)).canvas).name


def test_the_strongest_stage_is_shown(tiny):
    names = ["light", "strong", "none", "strong", "medium"]
    recipe = tiny(stages=[{"name": str(n), "epochs": 1, "augment": name} for n, name in enumerate(names)])
    assert strongest(recipe) == "1"


def test_where_objects_are_mixed_the_strongest_of_those_stages_is_shown(objects):
    stages = [{"name": name, "epochs": 1, "augment": name} for name in ("none", "light", "medium")]
    assert strongest(objects(stages=stages)) == "medium"
    assert strongest(objects(stages=stages, augment={"mosaic": 0.3})) == "light"


def test_samples_are_chosen_evenly(tiny):
    ids = [sample.id for sample in load_data(tiny()).split("train")]
    places = [ids.index(one.sample.id) for one in shown(tiny())]
    steps = np.diff([-places[0] - 1, *places, 2 * len(ids) - places[-1]])
    assert len(places) == 6
    assert steps.max() - steps.min() <= 2
