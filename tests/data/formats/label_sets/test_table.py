import pytest

from tests.data.folders import write_image
from visionft.assemble import load_data
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.formats.label_sets.table import LabelTable
from visionft.data.listing import LabelOptions
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.errors import DataError, RecipeError
from visionft.recipe import Recipe


def read(folder, text, **options):
    path = folder / "images.csv"
    path.write_text(text, encoding="utf-8")
    return LabelTable(LabelOptions(**options)).read(path)


def rows(listing):
    return [(entry.id, entry.target.names, entry.split) for entry in listing.entries]


def told(listing):
    """What is told, but that the images are not there, which these tests do without."""
    texts = map(str, listing.problems)
    return [text for text in texts if "not found, beside the table" not in text]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_labels_in_a_cell_and_splits(tmp_path, delimiter):
    text = "path,labels,split\na/1.png,cat|dog,train\na/2.png,dog,valid\nb.png,,test\n".replace(",", delimiter)
    listing = read(tmp_path, text)
    assert rows(listing) == [
        ("a/1.png", ("cat", "dog"), "train"),
        ("a/2.png", ("dog",), "val"),
        ("b.png", (), "test"),
    ]
    assert listing.entries[0].image == tmp_path / "a/1.png"
    assert listing.class_names == ("cat", "dog")
    assert listing.target is LabelSet
    assert told(listing) == [f"{tmp_path}/images.csv: column labels: labels are separated by '|'"]


def test_semicolons_between_labels_and_commas_between_columns(tmp_path):
    assert rows(read(tmp_path, "path,labels\n1.png,cat; dog\n2.png,dog\n"))[0] == ("1.png", ("cat", "dog"), None)


def test_quoted_commas_between_labels_and_columns_alike(tmp_path):
    assert rows(read(tmp_path, 'path,labels\n1.png,"cat,dog"\n2.png,dog\n'))[0] == ("1.png", ("cat", "dog"), None)


def test_commas_without_quotes_are_told_and_not_lost(tmp_path):
    with pytest.raises(DataError, match=r"images.csv:2: has 'dog' behind the last column; put quotes around"):
        read(tmp_path, "path,labels\n1.png,cat,dog\n2.png,dog\n")


def test_spaces_repetitions_and_empty_parts(tmp_path):
    listing = read(tmp_path, "path,labels\n1.png, dog | cat|dog| \n2.png,  \n3.png,cat|\n")
    assert rows(listing) == [("1.png", ("dog", "cat"), None), ("2.png", (), None), ("3.png", ("cat",), None)]


def test_a_given_separator_goes_before_what_is_found(tmp_path):
    listing = read(tmp_path, "path;labels\n1.png;red, large|dog\n2.png;dog\n", separator="|")
    assert listing.class_names == ("dog", "red, large")
    assert told(listing) == []
    with pytest.raises(DataError, match=r"it is not clear what separates labels: .*; set data.separator"):
        read(tmp_path, "path\tlabels\n1.png\tred, large;dog\n2.png\tdog\n")


def test_a_label_in_a_single_cell_is_a_class(tmp_path):
    assert read(tmp_path, "path,labels\n1.png,a|b\n2.png,b\n3.png,a|zebra\n").class_names == ("a", "b", "zebra")


def test_an_image_that_is_listed_again_has_the_labels_of_all_its_lines(tmp_path):
    """As in tables with a line for each image and label."""
    listing = read(tmp_path, "path,label,split\n1.png,cat,train\n1.png,dog,train\n2.png,dog,train\n./1.png,cat,val\n")
    assert rows(listing) == [("1.png", ("cat", "dog"), "train"), ("2.png", ("dog",), "train")]
    assert told(listing)[1:] == [
        f"{tmp_path}/images.csv:5: 1.png is listed again, in another split; what the first line says counts",
        "labels: 1 image is listed several times; the labels of all lines count: 1.png",
    ]


def test_columns_of_zeros_and_ones_in_their_order(tmp_path):
    listing = read(tmp_path, "path,Zebra,cat,split,width\n1.png,1,0,train,640\n2.png,1,1,val,480\n3.png,0,,test,320\n")
    assert rows(listing) == [("1.png", ("Zebra",), "train"), ("2.png", ("Zebra", "cat"), "val"), ("3.png", (), "test")]
    assert listing.class_names == ("Zebra", "cat")
    assert told(listing) == [
        f"{tmp_path}/images.csv: 1 column holds something else than 0 and 1; ignored: width ('640')",
        f"{tmp_path}/images.csv: the columns of 0 and 1 are labels: Zebra, cat",
        f"{tmp_path}/images.csv: 1 empty cells of these are read as 0",
    ]


def test_wanted_classes_choose_columns(tmp_path):
    text = "path,large,cat,dog\n1.png,0,1,0\n2.png,1,0,1\n"
    assert read(tmp_path, text).class_names == ("large", "cat", "dog")
    assert read(tmp_path, text, classes=("dog", "cat")).class_names == ("cat", "dog")


def test_every_wrong_cell_is_told_with_its_line(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "path,cat,dog\n1.png,1,0\n2.png,2,1\n3.png,0,1\n4.png,1,-1\n")
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/images.csv:3: cat is '2'; a label's column holds 1 or 0",
        f"{tmp_path}/images.csv:5: dog is '-1'; a label's column holds 1 or 0",
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("path,width\n1.png,640\n", "there is no column labels, and none of 0 and 1; the columns are path, width"),
        ("path\n1.png\n", "there is no column labels"),
        ("thing,labels\none,a\n", "must name the columns path and labels"),
        ("path,Cat,cat\n1.png,1,0\n", "two columns have the same name but for case"),
    ],
)
def test_tables_without_labels_are_told(tmp_path, text, part):
    with pytest.raises(DataError, match=part):
        read(tmp_path, text)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file; give a CSV with columns path,labels"):
        LabelTable().read(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("text", "wanted", "kind"),
    [
        ("path,labels", None, "label_table"),
        ("Path;LABELS;split", None, "label_table"),
        ("path,label", None, "manifest"),
        ("path,label,labels", Label, "manifest"),
        ("path,label", LabelSet, "label_table"),
        ("path,cat,dog", LabelSet, "label_table"),
        ("path,cat,dog,split\n1.png,1,0,train\n2.png,1,1,val", None, "label_table"),
        ("path,cat,dog,split\n1.png,1,0,train\n2.png,0,1,val", None, "manifest"),
        ("path,cat,dog\n1.png,1,0\n2.png,0,1", Label, "manifest"),
        ("path,label\n1.png,cat\n2.png,cat|dog", None, "label_table"),
        ("path,label\n1.png,cat\n2.png,cat|dog", Label, "manifest"),
        ('path,label\n1.png,"cat, dog"\n2.png,cat\n3.png,dog', None, "label_table"),
        ('path,label\n1.png,"Smith, J"\n2.png,"Miller, A"', None, "manifest"),
        ("path,cat,dog,label\n1.png,1,0,a\n2.png,0,1,b", None, "manifest"),
        ("path,weight [g]\n1.png,1.5\n2.png,2.5", None, "values"),
        ("file", None, "manifest"),
    ],
)
def test_the_columns_and_the_task_decide_what_a_table_is(tmp_path, text, wanted, kind):
    path = tmp_path / "images.csv"
    path.write_text(f"{text}\n")
    assert detect_format(path, wanted) == kind


@pytest.mark.parametrize("text", ["path,labels\n0.png,a|b\n", "path,a,b\n0.png,1,1\n"])
def test_a_recipe_for_classes_is_told_what_the_labels_are_for(tmp_path, text):
    write_image(tmp_path / "0.png", 0)
    (tmp_path / "images.csv").write_text(text)
    recipe = Recipe.model_validate({"data": {"path": str(tmp_path / "images.csv")}})
    with pytest.raises(RecipeError, match=r"are made for multilabel; set task\.kind: multilabel"):
        load_data(recipe)


def test_a_data_set_has_the_sets_and_tells_what_is_odd(tmp_path):
    for number in range(6):
        write_image(tmp_path / f"{number}.png", number)
    text = "path,labels,split\n0.png,cat|Dog,train\n1.png,dog,train\n2.png,,train\n3.png,cat,val\n4.png,dog,val\n"
    (tmp_path / "images.csv").write_text(f"{text}5.png,cat|dog|zebra,test\nabsent.png,zebra,test\n")
    data = load_dataset(tmp_path / "images.csv")
    assert data.class_names == ("cat", "Dog", "dog", "zebra")
    assert [sample.target.indices for sample in data.samples] == [(0, 1), (2,), (), (0,), (2,), (0, 2, 3)]
    lines = [str(problem) for problem in data.problems]
    assert "classes: 'Dog', 'dog' differ only in case or spelling of the same letters" in lines
    assert any(line.startswith("labels: 1 of 6 images have no label at all") for line in lines)
    assert any("absent.png" in line and line.endswith("left out") for line in lines)
    assert "2 labels, Dog, zebra: one image has it, which can be learned or tested but not both" in lines
    assert "train: no image of zebra; they cannot be learned" in lines
    chosen = load_dataset(tmp_path / "images.csv", classes=("dog", "cat"))
    assert [sample.target.indices for sample in chosen.samples] == [(1,), (0,), (), (1,), (0,), (0, 1)]
    assert "classes: 2 labels of the data are not in data.classes, and left out: Dog, zebra" in map(
        str, chosen.problems
    )


def test_a_separator_is_for_formats_with_several_labels(tmp_path):
    write_image(tmp_path / "a.png", 0)
    (tmp_path / "images.csv").write_text("path,label\na.png,cat\n")
    with pytest.raises(DataError, match=r"'manifest' has no texts with several labels; take data\.separator out"):
        load_dataset(tmp_path / "images.csv", options=LabelOptions(separator="|"))
    (tmp_path / "images.csv").write_text("path,labels\na.png,cat\n")
    with pytest.raises(DataError, match=r"'label_table' has no masks; take data\.masks and data\.ignore"):
        load_dataset(tmp_path / "images.csv", format="label_table", options=LabelOptions(ignore=(3,)))
