"""The picture of augmented images: what training sees, drawn."""

import cv2
import numpy as np
import pytest

from tests.augment.mixed import mixed_images
from tests.data.samples import make_example, without_outlines
from tests.imaging.pictures import places
from tests.real_data import DATA, needs_data
from visionft.annotations.marks import CROWD, IGNORE, PADDING
from visionft.api import check
from visionft.api.augment_grid import augmented, drawn, mixing, strongest_stage
from visionft.assemble import assemble, load_data
from visionft.errors import DataError

RED, BLUE, CROWDS = (255, 0, 0), (0, 0, 255), (150, 150, 150)
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
    return augmented(recipe, dataset, job.canvas)


def test_photographs_are_those_of_training(tiny):
    recipe = tiny(stages=[{"name": "a", **STRONG}, {"name": "b", **LIGHT, "image_size": 48}])
    seen = seen_in_training(recipe)
    for one in shown(recipe):
        assert len(one.changed) == 5
        for epoch, example in enumerate(one.changed):
            if (epoch, one.sample.id) in seen:  # a last batch of one image is not trained on
                assert np.array_equal(example.image_HW3, seen[epoch, one.sample.id][0])
        assert any((example.image_HW3 != one.plain.image_HW3).any() for example in one.changed)


@pytest.mark.parametrize("fit", ["pad", "tile"])
def test_masks_are_those_of_training(scenes, fit):
    recipe = scenes(stages=[{"name": "a", **STRONG}], input={"size": 32, "fit": fit})
    seen, found = seen_in_training(recipe), shown(recipe)
    assert len(found) == 6
    compared = 0
    for one in found:
        assert one.plain.image_HW3.shape == (32, 32, 3)
        for epoch, example in enumerate(one.changed):
            if (epoch, one.sample.id) in seen:
                image_HW3, mask_HW = seen[epoch, one.sample.id]
                assert np.array_equal(example.image_HW3, image_HW3)
                assert np.array_equal(example.target.mask_HW, mask_HW)
                compared += 1
    assert compared > 20


def test_boxes_are_those_of_training_and_mixed_as_there(objects):
    stages = [{"name": "a", **STRONG}, {"name": "b", **STRONG}]
    recipe = objects(stages=stages, augment={"orientation": "any", "mosaic": 0.7, "mixup": 0.3})
    seen, found = seen_in_training(recipe), shown(recipe)
    compared = 0
    for one in found:
        for epoch, example in enumerate(one.changed):
            if (epoch, one.sample.id) in seen:
                image_HW3, boxes_N5 = seen[epoch, one.sample.id]
                assert np.array_equal(example.image_HW3, image_HW3)
                assert np.array_equal(example.target.boxes_N5, boxes_N5[boxes_N5[:, 4] != PADDING])
                compared += 1
    assert compared > 20
    assert any(len(example.target.boxes_N5) > 5 for one in found for example in one.changed)  # no image has that many


def test_classes_are_mixed_as_in_training(tiny):
    recipe = tiny(stages=[{"name": "a", **STRONG}], augment={"mixup": 0.5, "cutmix": 0.5}, optim={"batch_size": 7})
    job = assemble(recipe, load_data(recipe))
    seen = {}
    with job.train_loader(recipe.stages[0]) as loader:
        for epoch in (3, 5):
            for batch in loader.training(epoch):
                mixed = mixed_images(batch.images_BHW3.double().numpy(), batch.changes)
                seen |= {(epoch, identifier): image for identifier, image in zip(batch.ids, mixed, strict=True)}
    found = augmented(recipe, job.dataset, job.canvas, number=9, epochs=(3, 5))
    assert len(found) == 9
    for one in found:
        for epoch, example in zip((3, 5), one.changed, strict=True):
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
        found = augmented(recipe, dataset, assemble(recipe, dataset).canvas, number=50, epochs=[0])
        pictures.append({one.sample.id: one.changed[0].image_HW3 for one in found})
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
        assert [mixing(recipe, stage, canvas) for stage in recipe.stages] == expected


def test_the_strongest_stage_is_shown(tiny):
    names = ["light", "strong", "none", "strong", "medium"]
    recipe = tiny(stages=[{"name": str(n), "epochs": 1, "augment": name} for n, name in enumerate(names)])
    assert strongest_stage(recipe).name == "1"


def test_where_objects_are_mixed_the_strongest_of_those_stages_is_shown(objects):
    stages = [{"name": name, "epochs": 1, "augment": name} for name in ("none", "light", "medium")]
    assert strongest_stage(objects(stages=stages)).name == "medium"
    assert strongest_stage(objects(stages=stages, augment={"mosaic": 0.3})).name == "light"


def test_samples_are_chosen_evenly(tiny):
    ids = [sample.id for sample in load_data(tiny()).split("train")]
    places = [ids.index(one.sample.id) for one in shown(tiny())]
    steps = np.diff([-places[0] - 1, *places, 2 * len(ids) - places[-1]])
    assert len(places) == 6
    assert steps.max() - steps.min() <= 2


class TestDrawn:
    def test_boxes(self):
        image = np.full((64, 80, 3), 90, np.uint8)
        boxes = np.array([[10, 10, 40, 30, 1], [50, 20, 70, 60, CROWD]], np.float32)
        found = drawn(make_example(image, boxes_N5=boxes), (RED, BLUE))
        assert found.shape == (128, 160, 3)  # twice as large, so that something is to be seen
        for colour, (left, top, right, bottom) in ((BLUE, (20, 20, 80, 60)), (CROWDS, (100, 40, 140, 120))):
            expected = np.zeros((128, 160), bool)
            expected[top:bottom, left:right] = True
            expected[top + 2 : bottom - 2, left + 2 : right - 2] = False
            assert np.array_equal((found == colour).all(axis=2), expected)

    def test_outlines(self):
        image = np.full((64, 80, 3), 100, np.uint8)
        boxes = np.array([[10, 10, 40, 30, 1], [50, 20, 70, 60, CROWD], [5, 40, 45, 60, 0]], np.float32)
        corner = np.array([[10, 10], [40, 10], [10, 30]], np.float32)
        square = np.array([[50, 20], [70, 20], [70, 60], [50, 60]], np.float32)
        hole = square[::-1] * 0.5 + np.float32([30, 20])
        example = make_example(image, None, boxes, ((corner,), (square, hole), ()))
        found, plain = drawn(example, (RED, BLUE)), drawn(without_outlines(example), (RED, BLUE))
        assert found.shape == (128, 160, 3)
        assert found[28, 28].tolist() == [65, 65, 154]  # 35 % blue over grey
        assert found[50, 70].tolist() == [100] * 3  # in its box
        assert found[45, 110].tolist() == [118, 118, 118]  # of the crowd
        assert found[80, 120].tolist() == [100] * 3  # in its hole
        assert (found[84:116, 16:84] == 100).all()  # nobody knows
        edges = (plain != 100).any(axis=2)
        assert np.array_equal(found[edges], plain[edges])  # boxes are drawn above
        along = (found[30:50, 24:76] == BLUE).all(axis=2)
        assert (along.sum(axis=1) > 0).all()  # the outline

    def test_an_image_without_objects(self):
        image = np.full((200, 200, 3), 90, np.uint8)
        for outlines in (None, ()):
            example = make_example(image, boxes_N5=np.zeros((0, 5), np.float32), outlines=outlines)
            assert np.array_equal(drawn(example, (RED,)), image)

    def test_a_mask(self):
        image, mask = np.full((640, 320, 3), 100, np.uint8), np.zeros((640, 320), np.uint8)
        mask[:, 160:] = IGNORE
        found = drawn(make_example(image, mask), (RED,))
        assert found.shape == (320, 160, 3)
        assert (found[:, :78] == (154, 65, 65)).all()  # 35 % red over grey
        assert (found[:, 82:] == 100).all()


def read(path):
    return cv2.imread(str(path))[..., ::-1]


def test_the_picture(tiny, tmp_path):
    recipe = tiny(input={"size": 96}, stages=[{"name": "a", **STRONG}])
    found = check(recipe, show_augment=tmp_path / "grid.png")
    assert (found.ok, found.picture) == (True, str(tmp_path / "grid.png"))
    whole = read(tmp_path / "grid.png")
    for one in shown(recipe):
        for example in (one.plain, *one.changed):
            enlarged = cv2.resize(example.image_HW3, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST_EXACT)
            assert len(places(whole, enlarged)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["grid.png"]


def test_colours_are_explained(scenes, objects, tmp_path):
    for recipe, colours in ((scenes(), [(0, 0, 255), (0, 255, 0)]), (objects(), [(0, 0, 255), (0, 255, 0)])):
        assert check(recipe, show_augment=tmp_path / "grid.png").ok
        below = read(tmp_path / "grid.png")[-32:]
        assert all(((below == colour).all(axis=2)).sum() == 81 for colour in colours)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("grid.jpg", "a name that ends in .png"),
        ("folder.png", "is a folder; give a file"),
        ("nowhere/grid.png", "there is no folder .*nowhere; make it"),
        (f"{'x' * 300}.png", "cannot be written .File name too long"),
    ],
)
def test_names_that_cannot_be_written(tiny, tmp_path, name, message):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(DataError, match=f"--show-augment: .*{message}"):
        check(tiny(), show_augment=tmp_path / name)


def test_no_image_of_the_data_is_overwritten(tiny, image_folder, tmp_path):
    before = (image_folder / "bar/00.png").read_bytes()
    (tmp_path / "link.png").symlink_to(image_folder / "bar/00.png")
    for path in (image_folder / "bar/00.png", tmp_path / "link.png"):
        with pytest.raises(DataError, match="is one of the images and would be overwritten"):
            check(tiny(), show_augment=path)
    assert (image_folder / "bar/00.png").read_bytes() == before


def test_a_full_disk(tiny, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    (tmp_path / "grid.png").write_bytes(b"old")
    monkeypatch.setattr("visionft.atomic.sync", full)
    with pytest.raises(DataError, match=r"grid.png: cannot be written \(No space left on device\)"):
        check(tiny(), show_augment=tmp_path / "grid.png")
    assert (tmp_path / "grid.png").read_bytes() == b"old"


@pytest.mark.parametrize("section", [{"data": {"path": "/nowhere"}}, {"backbone": {"name": "test_resnett"}}])
def test_what_cannot_be_drawn_is_told(tiny, tmp_path, section):
    found = check(tiny(**section), show_augment=tmp_path / "grid.png")
    assert found.errors
    assert found.picture is None
    assert not (tmp_path / "grid.png").exists()


@pytest.mark.data
@needs_data
def test_blood_cells(tmp_path):
    overrides = ("backbone.name=test_resnet", "backbone.weights=none", "input.size=[240, 320]")
    assert check(DATA / "bccd-voc", overrides, show_augment=tmp_path / "grid.png").picture
    whole = read(tmp_path / "grid.png")
    assert whole.shape[1] == 6 + 6 * (320 + 6)
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):  # white and red cells, platelets
        assert (whole == colour).all(axis=2).sum() > 1000
