import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from visionft.imaging import boxes as module
from visionft.imaging import draw_boxes

BLUE, YELLOW = (0, 0, 200), (255, 240, 0)


def plain(value=120, height=100, width=140):
    return np.full((height, width, 3), value, np.uint8)


def drawn(*boxes, image=None, texts=None, colours=None):
    image = plain() if image is None else image
    boxes_N4 = np.array(boxes, np.float32).reshape(-1, 4)
    return draw_boxes(image, boxes_N4, texts or [""] * len(boxes), colours or [BLUE] * len(boxes))


def coloured(image, colour=BLUE):
    return (image == colour).all(axis=2)


def test_the_line_runs_along_the_inner_edge():
    found = coloured(drawn((20, 30, 60, 70)))
    expected = np.zeros_like(found)
    expected[30:70, 20:60] = True
    expected[31:69, 21:59] = False
    assert np.array_equal(found, expected)


def test_a_rim_tells_the_line_from_its_surroundings():
    for colour, rim in ((BLUE, 255), (YELLOW, 0)):
        image = drawn((20, 30, 60, 70), colours=[colour], image=np.broadcast_to(np.uint8(colour), (100, 140, 3)))
        expected = np.zeros((100, 140), bool)
        expected[29:71, 19:61] = True
        expected[30:70, 20:60] = False
        assert np.array_equal((image == rim).all(axis=2), expected)


def test_what_lies_beyond_the_image_is_cut():
    whole = drawn((-500, -500, 900, 900))
    assert (whole == 120).all()
    corner = coloured(drawn((-10, -10, 30, 20)))
    assert corner[19, :30].all()
    assert corner[:20, 29].all()
    assert corner.sum() == 30 + 19
    assert (drawn((200, 200, 300, 300)) == 120).all()


@pytest.mark.parametrize("box", [(20, 30, 20, 30), (20.4, 30.4, 20.6, 30.6), (20, 30, 21, 31)])
def test_the_smallest_box_is_a_pixel(box):
    assert coloured(drawn(box)).sum() == 1


def test_lines_and_letters_grow_with_the_image():
    small, large = plain(), plain(height=2100, width=1400)
    assert (module.line_width(small), module.line_width(large)) == (1, 6)
    assert (module.letter_size(small), module.letter_size(large)) == (11, 52)
    frame = coloured(drawn((100, 100, 900, 900), image=large))
    assert frame[500].sum() == 12


def test_the_width_of_lines_can_be_chosen():
    image = draw_boxes(plain(), np.array([[20, 30, 60, 70]], np.float32), [""], [BLUE], line=4)
    assert coloured(image)[50].nonzero()[0].tolist() == [20, 21, 22, 23, 56, 57, 58, 59]


def label_of(image, colour=BLUE):
    """Return the rows and columns of a label, which is where its colour fills more than a line."""
    square = np.ones((3, 3), np.uint8)
    filled = cv2.erode(coloured(image, colour).astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    rows, columns = np.nonzero(filled)
    return rows.min() - 1, columns.min() - 1, rows.max() + 2, columns.max() + 2


def test_the_label_stands_above_the_box_or_inside_it():
    _, left, bottom, _ = label_of(drawn((20, 40, 90, 90), texts=["cell"]))
    assert (left, bottom) == (20, 41)  # the line of the box included
    top, left, _, _ = label_of(drawn((20, 3, 90, 90), texts=["cell"]))
    assert (top, left) == (3, 20)


@pytest.mark.parametrize("box", [(120, 80, 139, 99), (130, -20, 300, 8), (-50, 90, -2, 99), (0, 97, 20, 140)])
def test_the_label_stays_inside_the_image(box):
    top, left, bottom, right = label_of(drawn(box, texts=["cell"]))
    assert top >= 0
    assert left >= 0
    assert bottom <= 100
    assert right <= 140
    assert right - left > 10


def luminance(colours):
    """Return the relative luminance that WCAG 2.1 defines."""
    encoded = np.asarray(colours) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("colour", [BLUE, YELLOW, (0, 0, 0), (255, 255, 255), (255, 0, 0), (120, 120, 120)])
@pytest.mark.parametrize("ground", [0, 255])
def test_texts_can_be_read_on_any_colour(colour, ground):
    image = drawn((5, 30, 135, 90), texts=["Mqy 0.93"], colours=[colour], image=plain(ground))
    inside_P3 = image[17:29, 7:60].reshape(-1, 3)
    own, written_P = luminance(colour), luminance(inside_P3)
    contrast_P = (np.maximum(own, written_P) + 0.05) / (np.minimum(own, written_P) + 0.05)
    assert 0.05 < (contrast_P > 3).mean() < 0.6  # what WCAG asks of large text
    assert contrast_P.max() > 4.5


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 4 has plain letters only")
def test_different_texts_look_different_in_any_script():
    pictures = [drawn((5, 30, 135, 90), texts=[text]) for text in ("Löwe", "Lowe", "細胞", "клетка", "細菌")]
    for index, picture in enumerate(pictures):
        assert all((picture != other).any() for other in pictures[:index])


def test_an_older_opencv_writes_plain_letters(monkeypatch):
    names = {name: getattr(cv2, name) for name in ("FONT_HERSHEY_SIMPLEX", "LINE_AA", "getTextSize", "putText")}
    monkeypatch.setattr(module, "cv2", SimpleNamespace(**names))
    accent, plain_letters = (drawn((5, 30, 135, 90), texts=[text]) for text in ("Löwe 0.93", "Lowe 0.93"))
    assert np.array_equal(accent, plain_letters)
    assert ((accent != drawn((5, 30, 135, 90), texts=["Lowe 0.13"])).any(axis=2)).sum() > 3


def test_the_first_box_lies_above_the_others_and_texts_above_lines():
    image = drawn((20, 40, 90, 90), (20, 40, 90, 90), colours=[YELLOW, BLUE])
    assert coloured(image, YELLOW).any()
    assert not coloured(image).any()
    over = drawn((20, 40, 90, 90), (10, 20, 95, 95), (18, 32, 99, 99), texts=["cell", "", ""])
    alone = drawn((20, 40, 90, 90), texts=["cell"])
    top, left, bottom, right = label_of(alone)
    assert np.array_equal(over[top:bottom, left:right], alone[top:bottom, left:right])


def test_the_image_is_not_written_into():
    image = plain()
    image.setflags(write=False)
    drawn((20, 40, 90, 90), texts=["cell"], image=image)
    assert (drawn(image=image) == image).all()
    mirrored = drawn((20, 40, 90, 90), image=image[:, ::-1])
    assert mirrored.flags["C_CONTIGUOUS"]


def test_every_box_needs_a_text_and_a_colour():
    with pytest.raises(ValueError, match="zip"):
        draw_boxes(plain(), np.zeros((2, 4), np.float32), ["a"], [BLUE, BLUE])


def test_drawing_needs_numpy_and_opencv_only():
    code = "import sys, visionft.imaging; print({'torch', 'PIL', 'matplotlib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_label_without_room_is_left_out():
    """Two small boxes side by side: the label of the second would cover that of the first, as wide as it is."""
    image_HW3 = np.full((200, 400, 3), 90, np.uint8)
    boxes_N4 = np.float32([[100, 100, 120, 120], [125, 100, 145, 120]])
    alone = draw_boxes(image_HW3, boxes_N4, ["a long name", ""], [(255, 0, 0), (0, 0, 255)])
    both = draw_boxes(image_HW3, boxes_N4, ["a long name", "another name"], [(255, 0, 0), (0, 0, 255)])
    np.testing.assert_array_equal(both, alone)
    assert (alone[:100] == (255, 0, 0)).all(axis=2).sum() > 200


def test_a_label_that_would_hide_another_object_is_left_out():
    image_HW3 = np.full((200, 400, 3), 90, np.uint8)
    boxes_N4 = np.float32([[100, 100, 120, 120], [110, 87, 118, 97]])
    drawn = draw_boxes(image_HW3, boxes_N4, ["a long name", ""], [(255, 0, 0), (0, 0, 255)])
    np.testing.assert_array_equal(drawn, draw_boxes(image_HW3, boxes_N4, ["", ""], [(255, 0, 0), (0, 0, 255)]))
