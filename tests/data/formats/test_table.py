"""What formats that read a CSV share."""

from visionft.data.formats.table import BEYOND, read_rows


def test_cells_behind_the_last_column_are_not_lost(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("path,label\na.png,cat,dog\nb.png,cat,,\nc.png,cat\n")
    rows = dict(read_rows(path, ("path",), "path"))
    assert rows[2] == {"path": "a.png", "label": "cat", BEYOND: "dog"}
    assert rows[3] == {"path": "b.png", "label": "cat"}
    assert rows[4] == {"path": "c.png", "label": "cat"}
