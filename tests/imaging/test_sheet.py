import numpy as np
import pytest

from tests.imaging.pictures import places
from visionft.imaging.sheet import Row, sheet

RED, BLUE = (255, 0, 0), (0, 0, 255)


def pictures(number, seed=0, size=(60, 90)):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for _ in range(number)]


def test_pictures_stand_in_rows_and_columns():
    rows = [pictures(3, seed=1), pictures(3, seed=2)]
    made = sheet("heading", ["a", "b", "c"], [Row("one", rows[0]), Row("two", rows[1])])
    found = [[places(made, picture) for picture in row] for row in rows]
    assert all(len(here) == 1 for row in found for here in row)
    for row in found:
        assert [x for ((x, _),) in row] == [found[0][0][0][0] + number * (90 + 6) for number in range(3)]
        assert len({y for ((_, y),) in row}) == 1
    assert found[1][0][0][1] >= found[0][0][0][1] + 60


def test_every_text_is_to_be_read():
    def made(heading="h", column="c", title="t", entry="e"):
        return sheet(heading, [column], [Row(title, pictures(1))], [(entry, RED)])

    plain = made()
    for other in (made(heading="H"), made(column="C"), made(title="T"), made(entry="E")):
        assert other.shape == plain.shape
        assert (other != plain).any()


def test_long_texts_lose_their_beginning_and_stay_in_their_place():
    long = "folder/" * 40
    one, other, third = (
        sheet("h", ["c"], [Row(title, pictures(1))]) for title in (f"{long}a.png", f"{long}b.png", f"x{long}a.png")
    )
    assert one.shape == sheet("h", ["c"], [Row("t", pictures(1))]).shape
    assert (one != other).any()
    assert np.array_equal(one, third)
    assert (one[:, :6] == 255).all()
    assert (one[:, -6:] == 255).all()


@pytest.mark.parametrize("text", ["two\nlines", "\udce4.png", "tab\t", ""])
def test_names_that_cannot_be_printed(text):
    made = sheet(text, [text], [Row(text, pictures(1))], [(text, RED)])
    assert len(places(made, pictures(1)[0])) == 1


def test_the_legend_takes_the_lines_it_needs():
    legend = [(f"class number {number}", RED if number % 2 else BLUE) for number in range(12)]
    none, short, long = (sheet("h", ["c"], [Row("t", pictures(1))], legend[:count]) for count in (0, 1, 12))
    assert none.shape[0] < short.shape[0] < long.shape[0]
    assert none.shape[1] == short.shape[1] == long.shape[1]
    of_one = (short == BLUE).all(axis=2).sum()
    assert of_one >= 64
    assert (long == BLUE).all(axis=2).sum() == (long == RED).all(axis=2).sum() == 6 * of_one


def test_pictures_of_several_sizes_are_refused():
    with pytest.raises(ValueError, match="pictures of"):
        sheet("h", ["a", "b"], [Row("t", [*pictures(1), *pictures(1, size=(30, 30))])])
    with pytest.raises(ValueError, match=r"in rows of \[2, 1\]"):
        sheet("h", ["a", "b"], [Row("t", pictures(2)), Row("u", pictures(1))])
