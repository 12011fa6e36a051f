import pytest

from tests.data.zoo.files import pictures
from tests.data.zoo.reading import read
from visionft.data.formats.tables.headless import known_form
from visionft.data.formats.tables.table import Table
from visionft.data.listing import Columns
from visionft.errors import DataError


@pytest.fixture
def root(tmp_path):
    pictures(tmp_path / "images", 6)
    return tmp_path


def write(root, *rows, name="list.txt"):
    """Write a line for each of six images, from as many labels."""
    (root / name).write_text("\n".join(f"images/{at}.jpg {row}" for at, row in enumerate(rows)))
    return root / name


def told(reading, words):
    return any(words in problem for problem in reading.problems)


@pytest.mark.parametrize(
    ("labels", "task", "classes"),
    [
        (["cat", "dog"] * 3, "classification", ("cat", "dog")),
        (["golden retriever", "pug"] * 3, "classification", ("golden retriever", "pug")),
        (["cat dog", "dog"] * 3, "multilabel", ("cat", "dog")),
        (["3 5", "3"] * 3, "multilabel", ("3", "5")),
        (["1 1", "0 1"] * 3, "multilabel", ("class 0", "class 1")),
    ],
)
def test_one_label_is_a_class_and_several_are_labels(root, labels, task, classes):
    found = read(write(root, *labels))
    assert (found.task, found.classes) == (task, classes)


def test_a_list_of_classes_is_read_for_several_labels_where_that_is_asked_for(root):
    found = read(write(root, *["cat", "dog"] * 3), ("task.kind=multilabel",))
    assert (found.format, found.task) == ("label_file", "multilabel")


@pytest.mark.parametrize(("first", "names"), [(0, "cat\ndog\n"), (1, "cat\ndog\n"), (0, "0 cat\n1 dog\n")])
def test_numbers_are_named_by_a_list_beside(root, first, names):
    (root / "classes.txt").write_text(names)
    found = read(write(root, *[first, first + 1] * 3))
    assert found.classes == ("cat", "dog")
    assert told(found, "the numbers are named")


def test_names_that_do_not_fit_the_numbers_are_not_taken(root):
    (root / "classes.txt").write_text("cat\ndog\n")
    assert read(write(root, *[3, 7] * 3)).classes == ("3", "7")


def test_images_in_no_line_are_left_out_and_told(root):
    found = read(write(root, "cat", "dog", "cat", "dog"))
    assert sum(found.images.values()) == 4
    assert told(found, "2 images are in no line; left out")


def test_a_list_given_alone_tells_of_the_other_split_and_the_advice_works(root):
    write(root, *["cat", "dog"] * 2, name="train.txt")
    (root / "val.txt").write_text("images/4.jpg cat\nimages/5.jpg dog\n")
    found = read(root / "train.txt")
    assert told(found, f"val.txt lies beside it and is not read; give the folder {root}")
    assert read(root).images == {"train": 4, "val": 2}


def test_lines_of_another_form_are_left_out_and_told(root):
    rows = "\n".join(f"images/{at % 6}.jpg 1 1 5 5 cat" for at in range(25))
    (root / "boxes.txt").write_text(f"{rows}\nimages/0.jpg 1 1\n")
    known = known_form(root / "boxes.txt", (root / "boxes.txt").read_text())
    assert len(known.rows) == 25
    assert "1 line is of another form, and left out: line 26" in known.what


def test_names_of_columns_go_before_what_a_form_would_be(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("path,label\na.jpg,cat\nb.jpg,dog\n")
    assert Table.read(file, Columns(), "").header == ("path", "label")


def test_an_image_without_boxes_stays_in_a_list_of_boxes(root):
    (root / "train.txt").write_text("images/0.jpg 1,1,5,5,0\nimages/1.jpg\nimages/2.jpg 1,1,5,5,0\n")
    found = read(root / "train.txt")
    assert (sum(found.images.values()), found.labels) == (3, 2)


def test_a_file_of_paths_alone_is_no_list_of_labels(root):
    (root / "train.txt").write_text("".join(f"images/{at}.jpg\n" for at in range(6)))
    with pytest.raises(DataError):
        read(root / "train.txt")


def test_tables_that_list_no_images_are_passed_over(root):
    (root / "labels.csv").write_text("path,label\n" + "".join(f"images/{at}.jpg,{at % 2}\n" for at in range(6)))
    (root / "codes.csv").write_text("/m/1,Person\n/m/2,Car\n")
    assert read(root).format == "manifest"


def test_several_rows_for_most_images_are_several_labels(root):
    rows = "".join(f"images/{at}.jpg,cat\nimages/{at}.jpg,{'dog' if at % 2 else 'bird'}\n" for at in range(6))
    (root / "labels.csv").write_text(f"path,label\n{rows}")
    assert read(root / "labels.csv").task == "multilabel"


def test_a_number_with_a_fraction_is_a_value_and_no_class(root):
    found = read(write(root, "2.88", "3", "1.5", "2.1", "4.0", "3.3"))
    assert (found.format, found.task, found.classes) == ("values", "regression", ("value",))


def test_several_numbers_are_asked_about_and_the_advice_works(root):
    file = write(root, *(f"0.{at} 1.{at}" for at in range(1, 7)))
    with pytest.raises(DataError, match=r"--set task\.kind=regression"):
        read(file)
    assert read(file, ("task.kind=regression",)).classes == ("value 1", "value 2")
