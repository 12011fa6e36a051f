from importlib.metadata import EntryPoint

import pytest

from visionft import catalog
from visionft.catalog import Catalog, imported
from visionft.errors import RecipeError, UnknownName

TABLE = {"lines": "textwrap:TextWrapper", "counter": "collections:Counter", "absent": "no_such_module:Thing"}


def test_names_are_sorted_and_checked_without_importing():
    things = Catalog("thing", TABLE, "visionft.none")
    assert list(things) == ["absent", "counter", "lines"]
    assert len(things) == 3
    assert "absent" in things
    assert "other" not in things
    things.require("absent")


def test_a_thing_is_imported_when_asked_for():
    from collections import Counter

    things = Catalog("thing", TABLE, "visionft.none")
    assert things["counter"] is Counter


@pytest.mark.parametrize(
    ("target", "reason"), [("no_such_module:Thing", "No module named 'no_such_module'"), ("json:Thing", "no attribute")]
)
def test_a_part_of_another_package_that_cannot_be_loaded_is_a_message(target, reason):
    things = Catalog("thing", {"broken": target}, "visionft.none")
    with pytest.raises(
        RecipeError, match=f"{target}: cannot be loaded .*{reason}.*uninstall the package that names it"
    ):
        things["broken"]


def test_a_mistake_of_our_own_is_no_message():
    with pytest.raises(ModuleNotFoundError):
        imported("visionft.no_such_module:Thing")


def test_unknown_names_are_told_with_the_close_ones():
    things = Catalog("thing", TABLE, "visionft.none")
    with pytest.raises(UnknownName, match="thing 'absentee': no such thing; close: absent"):
        things["absentee"]
    with pytest.raises(UnknownName, match="known: absent, counter, lines"):
        things.require("xyz")


def test_other_packages_add_names_but_do_not_replace_ours(monkeypatch):
    def points(group):
        assert group == "visionft.things"
        return [EntryPoint("extra", "fractions:Fraction", group), EntryPoint("lines", "os:path", group)]

    monkeypatch.setattr(catalog, "entry_points", points)
    from fractions import Fraction
    from textwrap import TextWrapper

    things = Catalog("thing", TABLE, "visionft.things")
    assert things["extra"] is Fraction
    assert things["lines"] is TextWrapper
