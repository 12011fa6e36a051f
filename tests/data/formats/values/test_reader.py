import pytest

from visionft.data.formats.values.reader import ValueTable
from visionft.data.listing import LabelOptions
from visionft.errors import DataError, UnknownName


def read(folder, text, classes=None):
    path = folder / "images.csv"
    path.write_text(text, encoding="utf-8")
    return ValueTable(LabelOptions(classes=classes)).read(path)


def rows(listing):
    return {entry.id: entry.target.numbers for entry in listing.entries}


def problems(listing):
    """What is told, but that the images are not there, which these tests do without."""
    texts = [str(problem).partition("images.csv")[2] for problem in listing.problems]
    return [text for text in texts if "not found, beside the table" not in text]


def test_names_units_splits_and_places(tmp_path):
    listing = read(tmp_path, "path,weight [g],split,height (cm)\na/1.png,3.5,train,12\nb.png,4,valid,11.5\n")
    assert listing.class_names == ("weight [g]", "height [cm]")
    assert rows(listing) == {"a/1.png": (3.5, 12.0), "b.png": (4.0, 11.5)}
    assert [entry.split for entry in listing.entries] == ["train", "val"]
    assert listing.entries[0].image == tmp_path / "a/1.png"
    assert not problems(listing)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimal_commas(tmp_path, delimiter):
    listing = read(tmp_path, "path;weight;count\n1.png;3,5;7\n2.png;-0,25;8\n3.png;4;9\n".replace(";", delimiter))
    assert rows(listing) == {"1.png": (3.5, 7.0), "2.png": (-0.25, 8.0), "3.png": (4.0, 9.0)}


def test_a_decimal_comma_that_divides_cells_is_named_and_never_read_as_another_number(tmp_path):
    listing = read(tmp_path, "path,weight\n1.png,3,5\n2.png,4\n3.png,5\n")
    assert rows(listing) == {"2.png": (4.0,), "3.png": (5.0,)}
    assert problems(listing) == [":2: more cells than the header has, '5' behind them; left out"]


def test_one_bad_cell_does_not_refuse_the_file(tmp_path):
    text = "path,weight,height\n1.png,heavy,1\n2.png,2,\n3.png,NaN,inf\n4.png,4,4\n5.png\n6.png,6,\n"
    listing = read(tmp_path, text)
    assert rows(listing) == {"1.png": (None, 1.0), "2.png": (2.0, None), "4.png": (4.0, 4.0), "6.png": (6.0, None)}
    assert problems(listing) == [
        ":2: weight: 'heavy' is not a number; left out",
        ":4: height: 'inf' is infinite; left out",
        ": 2 images have no number; left out: 3.png, 5.png",
    ]


def test_many_bad_cells_are_cut_short(tmp_path):
    lines = [f"{i}.png,{'x' if i < 8 else i}" for i in range(20)]
    found = problems(read(tmp_path, "path,weight\n" + "\n".join(lines)))
    assert found[5:] == [
        ": weight: 3 more cells are no numbers; left out",
        ": 8 images have no number; left out: 0.png, 1.png, 2.png, 3.png, 4.png and 3 more",
    ]


def test_columns_of_text_and_labels_are_no_values(tmp_path):
    listing = read(tmp_path, "path,label,note,weight\n1.png,3,big,4\n2.png,1,,5\n")
    assert listing.class_names == ("weight",)


def test_numbers_in_the_column_label_are_values_where_there_are_no_others(tmp_path):
    assert read(tmp_path, "path,label,note\n1.png,3.5,big\n2.png,1.5,\n").class_names == ("label",)


@pytest.mark.parametrize("name", ["id", "Index", "", "Unnamed: 0"])
def test_what_counts_the_rows_is_told_and_no_value_unless_it_is_wanted(tmp_path, name):
    text = f"{name},path,weight\n0,1.png,4\n1,2.png,5\n"
    listing = read(tmp_path, text)
    assert listing.class_names == ("weight",)
    assert problems(listing) == [
        f":1: {name!r} seems to count the rows, and is no value; data.classes names the columns that are"
    ]
    if name:
        assert read(tmp_path, text, (name,)).class_names == (name,)


@pytest.mark.parametrize("wanted", [("height", "weight"), ("Height [cm]", "weight (g)"), ("HEIGHT", "Weight [g]")])
def test_columns_are_chosen_and_ordered_by_name_with_or_without_units(tmp_path, wanted):
    listing = read(tmp_path, "path,weight (g),note,height [cm]\n1.png,3.5,7,12\n", wanted)
    assert listing.class_names == ("height [cm]", "weight [g]")
    assert rows(listing) == {"1.png": (12.0, 3.5)}


def test_the_column_label_can_be_chosen(tmp_path):
    assert read(tmp_path, "path,label,weight\n1.png,3,4\n", ("label",)).class_names == ("label",)


def test_a_typo_is_told_with_the_close_name(tmp_path):
    with pytest.raises(UnknownName, match=r"images.csv:1: data.classes: column 'weiight'.*close: weight"):
        read(tmp_path, "path,weight\n1.png,4\n", ("weiight",))


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(DataError, match=r"images.csv:1: no column of numbers among path, note; it needs path and one"):
        read(tmp_path, "path,note\n1.png,x\n")
    with pytest.raises(DataError, match=r"two columns are called 'weight', units left aside"):
        read(tmp_path, "path,weight [g],Weight [kg]\n1.png,4,5\n")
    with pytest.raises(DataError, match=r"a list of columns is needed"):
        read(tmp_path, "path,weight\n1.png,4\n", {"weight": 1})
    with pytest.raises(
        DataError, match=r"images.csv:1: the first line is 'thing,weight'; it must name the columns path"
    ):
        read(tmp_path, "thing,weight\none,4\n")
    with pytest.raises(DataError, match=r"the column 'split' holds 'train', 'extra'.*line 3.*data.columns.val=extra"):
        read(tmp_path, "path,weight,split\n1.png,4,train\n2.png,5,extra\n")
    with pytest.raises(DataError, match="no such file; give a CSV with columns path and"):
        ValueTable().read(tmp_path / "absent.csv")


def test_the_first_of_two_lines_counts(tmp_path):
    listing = read(tmp_path, "path,weight\n1.png,4\n./1.png,4.0\n1.png,5\n")
    assert rows(listing) == {"1.png": (4.0,)}
    assert problems(listing) == [
        ":3: 1.png is listed again; the first line counts",
        ":4: 1.png is listed again, now with other values; the first line counts",
    ]


def test_images_are_sorted_into_parts_of_the_range_of_the_first_value(tmp_path):
    listing = read(tmp_path, "path,weight\n" + "".join(f"{i}.png,{i}\n" for i in range(100)))
    assert [entry.target.stratum for entry in listing.entries] == [str(i // 20) for i in range(100)]
    assert listing.entries[7].target.where == f"{tmp_path}/images.csv:9"
