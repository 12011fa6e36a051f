"""Tables as people and tools write them, through to the splits and classes of a data set."""

import pytest

from tests.data.folders import write_image
from visionft.assemble import load_data
from visionft.errors import DataError, UnknownName
from visionft.recipe.load import recipe_from_data

CLASSES = ("cat", "dog")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("set")
    for number in range(12):
        (root / "img").mkdir(exist_ok=True)
        write_image(root / f"img/{number:02}.png", number)
    return root


def rows(form="{name},{label}", extra=lambda _: ""):
    names = [(f"img/{number:02}.png", CLASSES[number % 2]) for number in range(12)]
    return [form.format(name=name, label=label) + extra(at) for at, (name, label) in enumerate(names)]


def data(root, text, *overrides, encoding="utf-8", name="table.csv"):
    path = root / name
    path.write_bytes(text.encode(encoding))
    return load_data(recipe_from_data(path, overrides))


def table(header, *lines, mark="\n"):
    return mark.join([header, *lines, ""])


def splits(dataset):
    return [len(dataset.split(split)) for split in ("train", "val", "test")]


def told(dataset):
    return "\n".join(map(str, dataset.problems))


@pytest.mark.parametrize(
    "header",
    [
        "path,label",
        "filename,label",
        "image,class",
        "File Name,Class Name",
        "IMAGE_ID,Target",
        "img,category",
        "#file,tag",
    ],
)
def test_what_people_call_columns(pictures, header):
    found = data(pictures, table(header, *rows()))
    assert found.class_names == CLASSES
    assert len(found.samples) == 12


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_marks_and_encodings(pictures, delimiter, encoding):
    text = table("path,label", *rows(), mark="\r\n").replace(",", delimiter)
    assert data(pictures, text, encoding=encoding).class_names == CLASSES


def test_what_spreadsheets_add(pictures):
    assert data(pictures, table("sep=;", "path;label", *rows("{name};{label}"))).class_names == CLASSES
    spaced = table('"Path" , "Label"', *rows('"{name}" , "{label}"'))
    assert data(pictures, spaced).class_names == CLASSES
    assert data(pictures, table(",path,label", *rows("7,{name},{label}"))).class_names == CLASSES
    workbook = pictures / "book.csv"
    workbook.write_bytes(b"PK\x03\x04" + bytes(30))
    with pytest.raises(DataError, match="Excel workbook"):
        data(pictures, "PK\x03\x04", name="book.csv")


@pytest.mark.parametrize(
    ("form", "how"),
    [
        ("img/{name}", ""),
        ("img/{stem}", "without the extension"),
        ("{stem}", "without the extension"),
        ("{name}", "not where the table says"),
        ("img\\{name}", ""),
        ("IMG/{stem}.PNG", "not where the table says"),
        ("img/{stem}.jpg", "without the extension"),
        ("old_set/img/{name}", "not where the table says"),
        ("/content/drive/set/img/{name}", "lay elsewhere"),
        ("C:\\Users\\me\\img\\{name}", "lay elsewhere"),
        ("https://x.y/bucket/img/{name}?token=a%2Bb", "addresses"),
    ],
)
def test_images_are_found_and_what_is_not_plain_is_told(pictures, form, how):
    lines = (form.format(name=f"{at:02}.png", stem=f"{at:02}") + f",{CLASSES[at % 2]}" for at in range(12))
    found = data(pictures, table("path,label", *lines))
    assert [sample.id for sample in found.samples] == [f"img/{at:02}.png" for at in range(12)]
    assert how in told(found)
    assert how or "were found" not in told(found)


def test_an_image_of_a_folder_that_is_not_there_is_never_another_one(tmp_path):
    for number in range(4):
        (tmp_path / "train").mkdir(exist_ok=True)
        write_image(tmp_path / f"train/{number}.png", number)
    lines = [f"{split}/{number}.png,{CLASSES[number % 2]}" for split in ("train", "test") for number in range(4)]
    found = data(tmp_path, table("path,label", *lines))
    assert [sample.id for sample in found.samples] == [f"train/{number}.png" for number in range(4)]
    assert "4 images are not found" in told(found)
    assert "test/0.png" in told(found)


def test_a_name_in_two_folders_is_found_by_the_split_or_not_at_all(tmp_path):
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        for number in range(3):
            write_image(tmp_path / f"{split}/{number}.png", number + 10 * (split == "val"))
    lines = [f"{number}.png,{CLASSES[number % 2]},{split}" for split in ("train", "val") for number in range(3)]
    found = data(tmp_path, table("path,label,split", *lines))
    assert [sample.id for sample in found.samples] == [
        f"{split}/{at}.png" for split in ("train", "val") for at in range(3)
    ]
    with pytest.raises(DataError, match="3 images are not found"):
        data(tmp_path, table("path,label", *(f"{number}.png,{CLASSES[number % 2]}" for number in range(3))))


def test_the_folder_of_the_images_can_be_named_and_lie_beside(pictures, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "images").symlink_to(pictures / "img")
    lines = [f"{at:02}.png,{CLASSES[at % 2]}" for at in range(12)]
    assert len(data(tmp_path / "tables", table("path,label", *lines)).samples) == 12
    (tmp_path / "images").rename(tmp_path / "shots")
    with pytest.raises(DataError, match=r"12 images are not found.*data\.images may name their folder"):
        data(tmp_path / "tables", table("path,label", *lines))
    assert len(data(tmp_path / "tables", table("path,label", *lines), "data.images=../shots").samples) == 12


@pytest.mark.parametrize(
    ("column", "texts", "counts"),
    [
        ("split", ("train", "dev", "test"), [6, 3, 3]),
        ("Subset", ("Training", "VALID", "testing"), [6, 3, 3]),
        ("partition", ("train", "validation", "test"), [6, 3, 3]),
        ("Usage", ("Training", "PublicTest", "PrivateTest"), [6, 3, 3]),
        ("set", ("train", "val", "test"), [6, 3, 3]),
        ("fold", ("train", "val", "test"), [6, 3, 3]),
        ("is_valid", ("False", "True", "False"), [9, 3, 0]),
        ("is_val", ("0", "1", "0"), [9, 3, 0]),
        ("is_test", ("0", "0", "1"), None),
    ],
)
def test_stated_splits(pictures, column, texts, counts):
    found = data(pictures, table(f"path,label,{column}", *rows(extra=lambda at: f",{texts[max(0, at // 3 - 1)]}")))
    if counts is None:
        assert splits(found)[2] == 3
    else:
        assert splits(found) == counts


def test_folds_are_told_and_the_line_that_uses_them_works(pictures):
    text = table("path,label,fold", *rows(extra=lambda at: f",{at % 4}"))
    found = data(pictures, text)
    assert "'fold' holds '0', '1', '2', '3' and makes no splits" in told(found)
    assert "--set data.columns.split=fold --set data.columns.val=0" in told(found)
    used = data(pictures, text, "data.columns.split=fold", "data.columns.val=0")
    assert splits(used) == [9, 3, 0]
    both = data(pictures, text, "data.columns.split=fold", "data.columns.val=[2]", "data.columns.test=3")
    assert splits(both) == [6, 3, 3]
    some = data(pictures, text, "data.columns.split=fold", "data.columns.train=[0,1]", "data.columns.val=2")
    assert splits(some) == [6, 3, 0]
    assert "3 rows are in no split ('fold' is '3'); left out" in told(some)


def test_splits_that_nobody_understands_are_asked_about_and_every_advice_works(pictures):
    text = table("path,label,split", *rows(extra=lambda at: f",{at % 4}"))
    with pytest.raises(
        DataError, match=r"data.columns.split=split --set data.columns.val=0; .*data.columns.split=false"
    ):
        data(pictures, text)
    assert splits(data(pictures, text, "data.columns.split=split", "data.columns.val=0")) == [9, 3, 0]
    assert len(data(pictures, text, "data.columns.split=false").samples) == 12
    with pytest.raises(DataError, match=r"data.columns.val: no row has '9'.*it holds '0', '1'"):
        data(pictures, text, "data.columns.val=9")


def test_a_slip_in_one_row_is_left_out_and_told(pictures):
    lines = [f"img/{at % 12:02}.png,{CLASSES[at % 2]},{('train', 'val')[at % 12 > 8]}" for at in range(24)]
    lines[3] = lines[3].replace("train", "tr4in")
    found = data(pictures, table("path,label,split", *lines))
    assert "1 row is in no split ('split' is 'tr4in'); left out: line 5" in told(found)


def test_whole_numbers_with_a_point_are_the_classes_that_they_are(pictures):
    found = data(pictures, table("path,label", *(line.replace("cat", "0.0").replace("dog", "1.0") for line in rows())))
    assert found.class_names == ("0", "1")
    assert "0.0 is read as 0" in told(found)


def test_columns_of_0_and_1_of_which_each_row_has_one(pictures):
    text = table("image,cat,dog", *(line.replace("cat", "1,0").replace("dog", "0,1") for line in rows()))
    found = data(pictures, text)
    assert found.class_names == CLASSES
    assert [sample.target.index for sample in found.samples] == [at % 2 for at in range(12)]
    assert "--set task.kind=multilabel" in told(found)
    several = data(pictures, text, "task.kind=multilabel")
    assert [sample.target.indices for sample in several.samples] == [(at % 2,) for at in range(12)]
    assert data(pictures, text, name="_classes.csv").samples == several.samples
    with pytest.raises(DataError, match=r"give several labels to 6 rows .*task.kind=multilabel"):
        data(pictures, text.replace("0,1", "1,1"), "data.format=manifest")


def test_bars_in_cells_are_several_labels_unless_one_class_is_asked_for(pictures):
    text = table("path,label", *rows(extra=lambda at: "|red" if at % 3 else ""))
    assert data(pictures, text).class_names == ("cat", "dog", "red")
    one = data(pictures, text, "task.kind=classification")
    assert one.class_names == ("cat", "cat|red", "dog", "dog|red")
    assert "look like several labels" in told(one)


def test_columns_can_be_named_and_wrong_names_are_told(pictures):
    text = table("Bild,Art,Teil", *rows(extra=lambda at: f",{'ab'[at % 2]}"))
    assert data(pictures, text, "data.columns.label=Art").class_names == CLASSES
    named = ("data.columns.image=bild", "data.columns.label=ART", "data.columns.split=Teil", "data.columns.val=b")
    assert splits(data(pictures, text, *named)) == [6, 6, 0]
    with pytest.raises(UnknownName, match=r"data.columns.label: column 'Arte'.*close: Art"):
        data(pictures, text, "data.columns.label=Arte")
    with pytest.raises(DataError, match=r"no column holds the labels; .*data.columns.label=NAME"):
        data(pictures, text)


def test_the_only_other_column_is_the_label_where_its_texts_come_again(pictures):
    found = data(pictures, table("id_code,breed", *rows()))
    assert found.class_names == CLASSES
    assert "the column 'breed', the only one that is left, holds the labels" in told(found)
    with pytest.raises(DataError, match=r"--set data.columns.label=grade, or predict the numbers"):
        data(pictures, table("id_code,grade", *rows("{name},3")))
    text = table("id_code,grade", *(line.replace("cat", "3").replace("dog", "4") for line in rows()))
    assert data(pictures, text, "data.columns.label=grade").class_names == ("3", "4")


def test_a_second_column_of_labels_is_told(pictures):
    text = table("path,class,label", *rows(extra=lambda at: f",{'abc'[at % 3]}"))
    found = data(pictures, text)
    assert found.class_names == ("a", "b", "c")
    assert "'class' is read with --set data.columns.label=class" in told(found)
    assert data(pictures, text, "data.columns.label=class").class_names == CLASSES
    same = table("path,class_id,class_name", *(f"{line.replace(',', f',{at % 2},')}" for at, line in enumerate(rows())))
    assert "is read with" not in told(data(pictures, same))


def test_a_table_without_names_of_columns_says_which_line_is_missing(pictures):
    with pytest.raises(DataError, match=r"names no columns.*write 'path,label' above it"):
        data(pictures, table(*rows()))
    assert data(pictures, table("path,label", *rows())).class_names == CLASSES
    with pytest.raises(DataError, match=r"write 'label;path' above it"):
        data(pictures, table(*rows("{label};{name}")))


def test_a_folder_with_a_table_for_each_split(pictures, tmp_path):
    (tmp_path / "img").symlink_to(pictures / "img")
    for name, part in (("train", slice(0, 8)), ("val", slice(8, 12))):
        (tmp_path / f"{name}.csv").write_text(table("path,label", *rows()[part]))
    (tmp_path / "sample_submission.csv").write_text(table("path,label", *rows("{name},cat")))
    found = load_data(recipe_from_data(tmp_path, ["data.format=manifest"]))
    assert splits(found) == [8, 4, 0]
    (tmp_path / "test.csv").write_text(table("path", "img/01.png"))
    again = load_data(recipe_from_data(tmp_path, ["data.format=manifest"]))
    assert splits(again) == [8, 4, 0]
    assert "test.csv: lacks the columns label of train.csv; left out" in told(again)


@pytest.mark.parametrize("column", ["EncodedPixels", "rle"])
def test_run_lengths_of_masks_are_no_classes(pictures, tmp_path, column):
    lines = rows(form="{name},", extra=lambda at: f"{at + 1} 5 20 4")
    (tmp_path / "a.csv").write_text("\n".join((f"ImageId,{column}", *lines)))
    with pytest.raises(DataError, match="run lengths of masks"):
        recipe_from_data(tmp_path / "a.csv", {"data.images": str(pictures)})
