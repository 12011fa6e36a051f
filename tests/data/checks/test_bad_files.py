from visionft.data.checks.bad_files import BadFile, MaskError, UnknownValues, tell
from visionft.errors import ImageError


def told(*bad):
    return [str(problem) for problem in tell(BadFile(name, error) for name, error in bad)]


def unknown(**pixels):
    return UnknownValues("message", "values", {name[1:]: count for name, count in pixels.items()}, "allowed are 0 sky")


def test_a_few_files_are_told_one_by_one():
    assert told(("b.png", ImageError("empty")), ("a.png", MaskError("m.png: too old", "too old"))) == [
        "b.png: empty",
        "a.png: m.png: too old",
    ]


def test_many_of_a_kind_share_a_line():
    empty = [(f"{number}.png", ImageError("the file is empty")) for number in range(5)]
    sizes = [(f"{number}.jpg", MaskError(f"the mask has {number} pixels", "another size")) for number in range(4)]
    assert told(*empty, ("x.png", ImageError("cut off")), *sizes) == [
        "5 images: the file is empty: 0.png, 1.png, 2.png and 2 more",
        "x.png: cut off",
        "4 images: another size: 0.jpg (the mask has 0 pixels), 1.jpg (the mask has 1 pixels), "
        "2.jpg (the mask has 2 pixels) and 1 more",
    ]


def test_unknown_values_of_all_masks_are_united():
    assert told(("a.png", unknown(v2=413, v9=1)), ("b.png", unknown(v2=7, v5=1200))) == [
        "masks: 2 hold values that stand for no class: 2 in 2 (first: a.png, 413 pixels), 9 in 1 (first: a.png, "
        "1 pixels), 5 in 1 (first: b.png, 1,200 pixels); allowed are 0 sky"
    ]
    assert told(("a.png", unknown(v2=413))) == ["a.png: message"]


def test_sixty_sparse_ids_are_all_named():
    (line,) = told(*((f"{number}.png", unknown(**{f"v{number}": 1})) for number in range(100, 160)))
    assert all(f"{number} in 1" in line for number in range(100, 160))
