"""How many rows the objects of the data ask for."""

from pathlib import Path

import pytest

from visionft.data.records import Dataset, Sample
from visionft.data.targets.boxes import Boxes
from visionft.spec import InputSpec
from visionft.tasks.objects.crowding import crowding_problems, rows_for

PAD, TILE = InputSpec(256, 256, "pad"), InputSpec(256, 256, "tile", overlap=0.25)


def grid(count, split="train", *, size=(1000, 1000), crowds=0, name=None):
    """Return an image with squares of ten pixels, row by row, and crowds over all of it."""
    columns = size[0] // 20
    xyxy = [(x := 20.0 * (n % columns), y := 20.0 * (n // columns), x + 10, y + 10) for n in range(count)]
    xyxy += [(0.0, 0.0, *map(float, size))] * crowds
    boxes = Boxes(tuple(xyxy), (0,) * len(xyxy), (False,) * count + (True,) * crowds)
    name = name or f"{split}-{count}.png"
    return Sample(name, Path(name), boxes, split, size)


def dataset(*samples):
    return Dataset("cells", samples, ("cell",), Boxes)


@pytest.mark.parametrize(
    ("fullest", "rows"), [(0, 100), (1, 100), (66, 100), (67, 200), (150, 300), (250, 400), (700, 1000), (2000, 1000)]
)
def test_the_fullest_training_image_gets_half_as_much_room_again(fullest, rows):
    assert rows_for(dataset(grid(3), grid(fullest, name="f"), grid(2400, "val"), grid(2400, "test")), PAD) == rows


def test_crowds_are_no_objects():
    assert rows_for(dataset(grid(50, crowds=90)), PAD) == 100


def test_windows_are_counted_each():
    # 2,500 objects in the image, of which a window of 256 pixels shows 13 x 13
    assert rows_for(dataset(grid(2500)), TILE) == 300


def test_every_part_with_an_image_that_is_too_full_is_told():
    data = dataset(grid(120), grid(150, name="b"), grid(20, "val"), grid(101, "test"))
    problems = {problem.where: problem.what for problem in crowding_problems(data, PAD, 100)}
    assert problems.keys() == {"train", "test"}
    assert "2 of 2 images have" in problems["train"]
    assert "up to 150" in problems["train"]
    assert "1 of 1 images has" in problems["test"]
    assert not any(problem.fatal for problem in crowding_problems(data, PAD, 100))


@pytest.mark.parametrize("objects", [101, 334, 2400])
def test_the_number_that_is_advised_is_enough(objects):
    data = dataset(grid(objects))
    (problem,) = crowding_problems(data, PAD, 100)
    advised = int(problem.what.split("set task.max_detections: ")[1].split(":")[0])
    assert advised >= objects
    assert list(crowding_problems(data, PAD, advised)) == []


def test_where_no_number_is_enough_windows_are_advised():
    data = dataset(grid(6000, size=(2000, 2000)))
    (problem,) = crowding_problems(data, PAD, 1000)
    assert "set input.fit: tile" in problem.what
    assert list(crowding_problems(data, TILE, 1000)) == []
