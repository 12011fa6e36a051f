from visionft.data.formats.label_sets.columns import describe_others, read_flags


def read(*rows, columns=("cat", "dog")):
    return read_flags(
        [dict(zip(columns, row, strict=False)) for row in rows], columns, [f"a.csv:{2 + n}" for n in range(len(rows))]
    )


def test_labels_are_the_columns_that_hold_1():
    read_out = read(("1", "0"), ("1", "1"), ("0", "0"))
    assert read_out.names == ("cat", "dog")
    assert read_out.rows == (("cat",), ("cat", "dog"), ())
    assert (read_out.blanks, read_out.others, read_out.errors) == (0, {}, ())


def test_other_ways_to_write_them():
    assert read(("True", "no"), ("FALSE", "Yes"), ("1.0", "0.0")).rows == (("cat",), ("dog",), ("cat",))


def test_empty_cells_are_counted_and_taken_for_0():
    read_out = read(("1", ""), ("", "1"), ("1",))
    assert read_out.rows == (("cat",), ("dog",), ("cat",))
    assert read_out.blanks == 3


def test_columns_of_something_else_are_no_labels():
    read_out = read(("1", "640", ""), ("0", "480", ""), columns=("cat", "width", "note"))
    assert read_out.names == ("cat",)
    assert read_out.others == {"width": "640", "note": ""}
    assert describe_others(read_out.others) == (
        "2 columns hold something else than 0 and 1; ignored: width ('640'), note (empty)"
    )


def test_a_few_wrong_cells_of_a_label_are_errors_with_their_line():
    read_out = read(("1", "0"), ("-1", "1"), ("0", "x"), ("1", "1"))
    assert read_out.names == ("cat", "dog")
    assert read_out.errors == (
        "a.csv:3: cat is '-1'; a label's column holds 1 or 0",
        "a.csv:4: dog is 'x'; a label's column holds 1 or 0",
    )


def test_no_rows_are_no_labels():
    assert read().names == ()
