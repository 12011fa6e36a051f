import sys
from functools import partial

import pytest

from tests.docs.reader import Reader
from tests.docs.world import build, reduced, reduced_backbones
from visionft.api.registration import CATALOGS


@pytest.fixture(scope="session")
def world(request, tmp_path_factory, image_folder, mask_folder, box_folder):
    """A reader in a folder that holds what the pages name."""
    root = tmp_path_factory.mktemp("reader")
    build(root, image_folder, mask_folder, box_folder)
    fixtures = {"scenes": "finished_scenes", "cells": "finished_objects", "nuclei": "finished_instances"}
    return Reader(root, {name: partial(_in_full, request, fixture) for name, fixture in fixtures.items()})


def _in_full(request, fixture):
    """Return a run that other tests share: not reduced, though a page asks for it first."""
    from visionft.api import building, resolving

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "understand", resolving.understand)
        return request.getfixturevalue(fixture)


@pytest.fixture
def reader(world, monkeypatch, capfd):
    """The reader at a new page; trainings are reduced, and what a page registers ends with it."""
    from visionft.api import building, probing
    from visionft.probing import parse_backbones

    def understand(*arguments, **named):
        request = whole(*arguments, **named)
        return request._replace(recipe=reduced(request.recipe))

    whole = building.understand
    monkeypatch.setattr(building, "understand", understand)
    monkeypatch.setattr(probing, "parse_backbones", lambda given: reduced_backbones(parse_backbones(given)))
    monkeypatch.chdir(world.folder)
    for catalog in (catalog for catalogs in CATALOGS.values() for catalog in catalogs):
        monkeypatch.setattr(catalog, "_added", dict(catalog._added))
    world.open_page(lambda: tuple(capfd.readouterr()))
    yield world
    sys.modules.pop("page", None)
