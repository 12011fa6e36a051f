import pytest

import visionft as vft
from visionft.api.registration import CATALOGS
from visionft.errors import RecipeError, UnknownName
from visionft.recipe import load_recipe


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Every test ends with the catalogs that it began with."""
    for catalog in (catalog for catalogs in CATALOGS.values() for catalog in catalogs):
        monkeypatch.setattr(catalog, "_added", {})


@pytest.mark.parametrize("what", CATALOGS)
def test_what_is_registered_can_be_looked_up_and_is_listed(what):
    @vft.register(what)
    class Mine:
        kind = "mine"

    for catalog in CATALOGS[what]:
        assert catalog["mine"] is Mine
        assert "mine" in list(catalog)
        assert len(list(catalog)) == len(catalog)


def test_a_recipe_may_name_it(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("task: {kind: segmentation, losses: {mine: 1}}")
    with pytest.raises(RecipeError, match=r"a.yaml:1: task.losses.mine: loss 'mine': no such loss"):
        load_recipe(path)

    @vft.register("loss")
    class Mine:
        kind = "mine"

    assert load_recipe(path).task.losses == {"mine": 1}


def test_what_cannot_be_registered():
    with pytest.raises(UnknownName, match="catalog 'hed': no such catalog; close: head"):
        vft.register("hed")
    with pytest.raises(ValueError, match="needs an attribute kind"):
        vft.register("head")(type("Nameless", (), {}))
    with pytest.raises(ValueError, match=r"head 'linear': there is one already; give Mine.kind another name"):
        vft.register("head")(type("Mine", (), {"kind": "linear"}))
