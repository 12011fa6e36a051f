import numpy as np
import pytest
from PIL import Image

from tests.data.mask_sets import rows_of, save, write_mask
from visionft.data.formats.masks.classes import find_coding, find_palette
from visionft.data.listing import LabelOptions
from visionft.errors import DataError

COLOURS = np.uint8([(0, 0, 0), (128, 64, 128), (0, 255, 0)])


def coding(root, masks, problems=None, **options):
    return find_coding(masks, root, LabelOptions(**options), [] if problems is None else problems)


def test_names_of_the_user_go_first(tmp_path):
    (tmp_path / "classes.txt").write_text("x\ny\n")
    found = coding(tmp_path, [write_mask(tmp_path / "m.png", (0, 1))], classes=("a", "b", "c"), ignore=(9,))
    assert (found.names, found.table) == (("a", "b", "c"), ((0, 0), (1, 1), (2, 2), (9, 255), (255, 255)))


@pytest.mark.parametrize("name", ["classes.txt", "labels.txt", "codes.txt"])
def test_a_file_of_names(tmp_path, name):
    (tmp_path / name).write_text("\ufeffsky\n road \n\ncar\n", encoding="utf-8")
    assert coding(tmp_path, [write_mask(tmp_path / "m.png", (0, 1, 2))]).names == ("sky", "road", "car")


def test_a_file_of_colours(tmp_path):
    (tmp_path / "label_colors.txt").write_text("0 0 0\tVoid\n128 64 128 Road marking\n")
    black = save(tmp_path / "0.png", COLOURS[rows_of((0,))])
    mask = save(tmp_path / "1.png", COLOURS[rows_of((0, 1))])
    found = coding(tmp_path, [black, mask])
    assert (found.names, found.palette) == (("Void", "Road marking"), ((0, 0, 0), (128, 64, 128)))
    index = write_mask(tmp_path / "2.png", (0, 1))
    by_index = coding(tmp_path, [index])
    assert by_index.table == ((0, 0), (1, 1), (255, 255))
    assert find_palette([index], by_index) == ((0, 0, 0), (128, 64, 128))
    (tmp_path / "label_colors.txt").write_text("0 0 0 Void\nRoad 1 2 3\n")
    with pytest.raises(DataError, match=r"label_colors.txt:2: found 'Road 1 2 3'; expected red, green, blue"):
        coding(tmp_path, [mask])


def test_two_names_for_black_and_white(tmp_path):
    masks = [write_mask(tmp_path / "m.png", (0, 255)), write_mask(tmp_path / "n.png", (0,))]
    assert coding(tmp_path, masks, classes=("road", "crack")).table == ((0, 0), (255, 1))
    masks.append(write_mask(tmp_path / "o.png", (0, 1, 255)))  # now 255 is ignored, as everywhere
    assert coding(tmp_path, masks, classes=("road", "crack")).table == ((0, 0), (1, 1), (255, 255))


@pytest.mark.parametrize(
    ("values", "ignore", "expected"),
    [
        ((0, 255), (), {"background": 0, "foreground": 255}),
        ((0, 1, 2, 255), (), {"class 0": 0, "class 1": 1, "class 2": 2}),
        ((0, 7, 11), (11,), {"class 0": 0, "class 7": 7}),
    ],
)
def test_classes_from_the_values(tmp_path, values, ignore, expected):
    masks = [write_mask(tmp_path / f"{value}.png", (value,)) for value in values]
    problems = []
    found = coding(tmp_path, masks, problems, ignore=ignore)
    labels = {value: label for value, label in found.table if label != 255}
    assert {found.names[label]: value for value, label in labels.items()} == expected
    assert [problem.where for problem in problems] == ["classes"]
    assert "give data.classes their names" in problems[0].what


def test_black_and_one_colour(tmp_path):
    masks = [save(tmp_path / "0.png", COLOURS[rows_of((0,))]), save(tmp_path / "1.png", COLOURS[rows_of((0, 2))])]
    found = coding(tmp_path, masks)
    assert (found.names, found.palette) == (("background", "foreground"), ((0, 0, 0), (0, 255, 0)))


def test_more_colours_have_no_order(tmp_path):
    mask = save(tmp_path / "m.png", COLOURS[rows_of((0, 1, 2))])
    with pytest.raises(DataError, match=r"hold 3 different colours, such as \[0, 0, 0\].*say in data.classes"):
        coding(tmp_path, [mask])


def test_too_many_values_are_no_classes(tmp_path):
    mask = save(tmp_path / "m.png", np.arange(120, dtype=np.uint8).reshape(10, 12))
    with pytest.raises(
        DataError,
        match=r"hold 120 different values, .*JPEG compression .*if all are classes, say so in data.classes",
    ):
        coding(tmp_path, [mask])


def test_nothing_but_ignored_values(tmp_path):
    with pytest.raises(DataError, match=r"hold 255 only, which is ignored, so nothing is labelled; if it is a class"):
        coding(tmp_path, [write_mask(tmp_path / "m.png", (255,))])


def test_pictures_instead_of_masks(tmp_path):
    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 255, (10, 12), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg")
    with pytest.raises(DataError, match=r"are JPEGs .* set data.mask_threshold: 128; .* give data.format: folder"):
        coding(tmp_path, sorted(tmp_path.iterdir()))


def test_a_bad_mask_does_not_hide_the_others(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    masks = [tmp_path / "bad.png", write_mask(tmp_path / "good.png", (0, 1))]
    assert coding(tmp_path, masks).names == ("class 0", "class 1")


def test_values_that_8_bits_cannot_hold_are_told(tmp_path):
    masks = [write_mask(tmp_path / "m.png", (0, 1))]
    with pytest.raises(DataError, match=r"the value 1000 is in no mask, which have 8 bits \(m.png\); .* 0..255"):
        coding(tmp_path, masks, classes={"sky": 0, "car": 1000})
    masks.append(write_mask(tmp_path / "n.png", (0, 1000)))  # 16 bits
    assert coding(tmp_path, masks, classes={"sky": 0, "car": 1000}).names == ("sky", "car")


def test_masks_whose_every_value_the_user_ignores(tmp_path):
    with pytest.raises(DataError, match=r"hold 0, 7 only, which is ignored, .* take it out of data.ignore"):
        coding(tmp_path, [write_mask(tmp_path / "m.png", (0, 7))], ignore=(0, 7))


def test_many_ids_in_png_files_are_taken_for_classes(tmp_path):
    masks = [write_mask(tmp_path / f"{number}.png", (number, number + 64)) for number in range(64)]
    with pytest.raises(DataError, match=r"128 different values: .*; say in data.classes") as caught:
        coding(tmp_path, masks)
    assert "JPEG" not in str(caught.value)
