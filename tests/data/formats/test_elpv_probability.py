from visionft.data.formats.elpv import Elpv
from visionft.data.formats.elpv_probability import ElpvProbability


def test_the_same_cells_in_the_same_splits_with_their_probability():
    classes, numbers = Elpv().read(None), ElpvProbability().read(None)
    assert numbers.class_names == ("defect probability",)
    assert [(entry.id, entry.split) for entry in numbers.entries] == [
        (entry.id, entry.split) for entry in classes.entries
    ]
    values = [entry.target.numbers[0] for entry in numbers.entries]
    assert set(values) == {0.0, 0.3333333333333333, 0.6666666666666666, 1.0}
    assert [value >= 0.5 for value in values] == [entry.target.stratum == "defective" for entry in classes.entries]
    assert [entry.target.stratum for entry in numbers.entries] == [entry.target.stratum for entry in classes.entries]
