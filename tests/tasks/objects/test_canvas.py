"""Which canvas leaves objects large enough to be seen."""

from pathlib import Path

import numpy as np
import pytest

from visionft.data.records import Dataset, Sample
from visionft.data.targets.boxes import Boxes
from visionft.spec import InputSpec
from visionft.tasks.base import Canvas
from visionft.tasks.objects.canvas import ObjectSides, small_object_problems, suited_canvas


def image(size, side, count=20, split="train", name="x", crowd=False):
    """Return an image with squares of one side."""
    boxes = Boxes(((0.0, 0.0, float(side), float(side)),) * count, (0,) * count, (crowd,) * count)
    return Sample(f"{name}-{size}-{side}-{split}", Path(name), boxes, split, size)


def dataset(*samples):
    return Dataset("cells", samples, ("cell",), Boxes)


def suited(usual, *samples, fit_is_open=True):
    return suited_canvas(dataset(*samples), usual, fit_is_open=fit_is_open)


@pytest.mark.parametrize(
    ("usual", "samples"),
    [
        (Canvas(384, 512, "pad"), [image((640, 480), 105), image((640, 480), 38)]),  # as BCCD
        (Canvas(256, 256, "pad"), [image((256, 256), 9)]),  # small, and not made smaller
        (Canvas(384, 512, "pad"), [image((640, 480), 19)]),  # a little smaller
        (Canvas(512, 512, "pad"), [image((3000, 3000), 400)]),
        (Canvas(512, 512, "pad"), [image((3000, 3000), 30, count=0)]),
        (Canvas(512, 512, "pad"), [image((3000, 3000), 30, crowd=True)]),
        (Canvas(256, 256, "tile"), [image((3000, 3000), 10)]),
    ],
)
def test_the_usual_canvas_stays_where_it_takes_nothing_away(usual, samples):
    assert suited(usual, *samples) is usual


def test_a_larger_canvas_is_enough_where_little_is_missing():
    found = suited(Canvas(512, 512, "pad"), image((1024, 1024), 24))
    assert (found.height, found.width, found.fit) == (704, 704, "pad")
    assert "side of 16 pixels" in found.why
    assert "512 x 512" in found.why


@pytest.mark.parametrize("count", [20, 200])
def test_images_of_many_sizes_are_seen_through_windows(count):
    usual = Canvas(256, 256, "pad")
    small = [image((256, 256), 18, name=str(n)) for n in range(5)]
    found = suited(usual, *small, image((1388, 1040), 22, count=count), image((1040, 1388), 22, count=count))
    assert found.fit == "tile"
    assert (found.height, found.width) == (256, 256)
    assert "windows" in found.why


def test_windows_show_large_objects_whole():
    found = suited(Canvas(256, 256, "pad"), image((1500, 1500), 30, count=80), image((1500, 1500), 190, count=20))
    assert found.fit == "tile"
    assert min(found.height, found.width) >= 2 * 190


@pytest.mark.parametrize("fit", ["pad", "stretch"])
def test_a_fit_that_somebody_chose_stays(fit):
    found = suited(Canvas(512, 512, fit), image((2000, 2000), 20), fit_is_open=False)
    assert (found.height, found.width, found.fit) == (768, 768, fit)


def test_sides_are_measured_as_the_canvas_shows_them():
    objects = ObjectSides.of([image((200, 100), 10, count=1)])
    assert objects.on(50, 50, "pad").tolist() == [2.5]
    np.testing.assert_allclose(objects.on(50, 50, "stretch"), [10 * np.sqrt(0.25 * 0.5)])
    assert objects.on(50, 50, "tile").tolist() == [10]


def test_small_objects_are_told_with_what_helps():
    data = dataset(image((1000, 1000), 20), image((1000, 1000), 20, split="test"))
    (problem,) = small_object_problems(data, InputSpec(256, 256, "pad"))
    assert "40 of 40 objects" in problem.what
    assert "set input.fit: tile" in problem.what
    assert list(small_object_problems(data, InputSpec(256, 256, "tile"))) == []


def test_what_is_small_in_the_image_wants_a_larger_canvas():
    data = dataset(image((256, 256), 6))
    (problem,) = small_object_problems(data, InputSpec(256, 256, "pad"))
    height, width = map(int, problem.what.split("set input.size: [")[1].rstrip("]").split(", "))
    assert height == width > 256
    assert list(small_object_problems(data, InputSpec(height, width, "pad"))) == []


def test_a_few_small_objects_are_not_worth_a_word():
    data = dataset(image((256, 256), 30, count=100), image((256, 256), 5, count=4))
    assert list(small_object_problems(data, InputSpec(256, 256, "pad"))) == []
