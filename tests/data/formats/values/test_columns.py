import pytest

from visionft.data.formats.detect import detect_format, states_target
from visionft.data.listing import LabelOptions
from visionft.data.targets.label import Label
from visionft.data.targets.values import Values
from visionft.errors import DataError


def table(folder, header, *cells):
    path = folder / "table.csv"
    path.write_text("\n".join([header, *(f"{i}.png,{of_row}" for i, of_row in enumerate(cells))]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("path,value", ["1.5", "2", ""]),
        ("File,value", ["1.5", "2"]),
        ("path,Target", ["1.5", "2"]),
        ("path,weight [g]", ["1.5", "2"]),
        ("path,weight [g],height (cm)", ["1.5,3.5", "2,NaN"]),
        ("path,weight [g],split", ["1.5,train", "2,val"]),
    ],
)
def test_plain_tables_of_numbers_are_found(tmp_path, header, cells):
    path = table(tmp_path, header, *cells)
    assert detect_format(path) == "values"
    assert detect_format(path, Label) == "manifest"
    assert detect_format(path, Values) == "values"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("path,label", ["1.5", "2.5"]),
        ("path,label", ["0", "1"]),
        ("path,label,weight [g]", ["cat,1.5", "dog,2.5"]),
        ("path,value", ["big", "small"]),
    ],
)
def test_other_tables_stay_what_they_were(tmp_path, header, cells):
    assert detect_format(table(tmp_path, header, *cells)) == "manifest"


@pytest.mark.parametrize(
    ("header", "cells", "columns"),
    [
        ("path,weight", ["1.5", "2.5"], "weight"),
        ("path,value", ["0", "1"], "value"),
        ("path,value [g]", ["0", "1"], r"value \[g\]"),
        ("path,value,note", ["1.5,a", "2.5,b"], "value"),
        ("path,weight [g]", ["1.5", "heavy"], r"weight \[g\]"),
        ("path,x,y", ["1.5,2", "2.5,3"], "x, y"),
    ],
)
def test_in_doubt_nothing_is_learned_and_it_is_said_how_to_ask_for_numbers(tmp_path, header, cells, columns):
    with pytest.raises(DataError, match=rf"table.csv:1: .* numbers of {columns} with --set task.kind=regression$"):
        detect_format(table(tmp_path, header, *cells))


@pytest.mark.parametrize(
    ("cells", "states"),
    [(["1.5", "2"], True), (["1", "2"], False), (["cat", "dog"], False), (["1.5", "dog"], False), ([], False)],
)
def test_labels_that_are_numbers_with_fractions_are_noticed(tmp_path, cells, states):
    assert states_target(table(tmp_path, "path,label", *cells), Values, LabelOptions()) == states


def test_a_folder_has_no_numbers(tmp_path):
    assert not states_target(tmp_path, Values, LabelOptions())
    assert detect_format(tmp_path, Values) == "folder"
