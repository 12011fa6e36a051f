"""The names that users write."""

import importlib
import pkgutil
from types import ModuleType

import pytest

import visionft
from visionft.catalog import Catalog


def import_everything():
    """Import every module: importing a submodule sets a name in its package, which may hide a function."""
    found = [info.name for info in pkgutil.walk_packages(visionft.__path__, "visionft.")]
    return [importlib.import_module(name) for name in found if name != "visionft.__main__"]


MODULES = import_everything()
PACKAGES = [visionft, *(module for module in MODULES if hasattr(module, "__path__"))]


def test_what_users_import():
    """This list is the promise: what leaves it breaks somebody's program."""
    assert sorted(visionft.__all__) == [
        "Artifact",
        "Backbone",
        "Check",
        "Converted",
        "Dataset",
        "EpochView",
        "Job",
        "Predictor",
        "ProbeResult",
        "Recipe",
        "Run",
        "build",
        "check",
        "convert",
        "evaluate",
        "fit",
        "load_recipe",
        "open_run",
        "parameter_groups",
        "probe",
        "register",
        "train",
    ]
    assert set(visionft.__all__) == visionft._HOME.keys()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_public_names_are_things_and_not_modules(package):
    for name in getattr(package, "__all__", ()):
        assert not isinstance(getattr(package, name), ModuleType), name


@pytest.mark.parametrize("package", [p for p in PACKAGES if hasattr(p, "_HOME")], ids=lambda package: package.__name__)
def test_a_name_that_is_not_there(package):
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'tarin'"):
        _ = package.tarin


CATALOGS = {
    id(value): value for module in MODULES for value in vars(module).values() if isinstance(value, Catalog)
}.values()


def test_the_catalogs_are_all_here():
    assert {catalog.what for catalog in CATALOGS} >= {"task", "head", "data format", "runtime"}


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda catalog: catalog.what)
def test_entries_are_called_by_their_kind(catalog):
    assert len(catalog) > 0 or catalog.what in (
        "backbone",
        "optimizer",
    )  # ours are the libraries', which are no entries
    for name in catalog:
        assert catalog[name].kind == name
