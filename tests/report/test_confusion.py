from visionft.report.confusion import matrix_rows, most_confused

CONFUSION = [[8, 2, 0], [1, 3, 0], [0, 0, 0]]
NAMES = ["cat", "dog", "emu"]


def test_cells_hold_counts_and_shares_of_their_row():
    rows = matrix_rows(CONFUSION, NAMES)
    assert [(row.name, row.total) for row in rows] == [("cat", 10), ("dog", 4), ("emu", 0)]
    assert [[cell.count for cell in row.cells] for row in rows] == CONFUSION
    assert [cell.fraction for cell in rows[0].cells] == [0.8, 0.2, 0.0]
    assert [cell.fraction for cell in rows[2].cells] == [None, None, None]
    assert [[cell.right for cell in row.cells] for row in rows] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_shade_grows_with_the_share():
    shades = [cell.shade for cell in matrix_rows([[1, 2, 3, 94]] + [[0] * 4] * 3, list("abcd"))[0].cells]
    assert shades == sorted(shades)
    assert all(0 < shade <= 1 for shade in shades)


def test_most_confused_pairs_come_largest_first():
    pairs = [(pair.true, pair.predicted, pair.count, pair.fraction) for pair in most_confused(CONFUSION, NAMES)]
    assert pairs == [("cat", "dog", 2, 0.2), ("dog", "cat", 1, 0.25)]


def test_equal_counts_are_ordered_by_share_and_cut_at_twenty():
    confusion = [[10, 1, 0], [1, 2, 0], [0, 1, 0]]
    assert [pair.true for pair in most_confused(confusion, NAMES)] == ["emu", "dog", "cat"]
    full = [[1] * 9 for _ in range(9)]
    assert len(most_confused(full, list("abcdefghi"))) == 20
