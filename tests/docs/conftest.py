import sys
from functools import partial

import pytest

from tests.docs.reader import Reader
from tests.docs.world import build, reduced
from visionft.api.registration import CATALOGS


@pytest.fixture(scope="session")
def world(request, tmp_path_factory, image_folder, mask_folder, box_folder):
    """A reader in a folder that holds what the pages name."""
    root = tmp_path_factory.mktemp("reader")
    build(root, image_folder, mask_folder, box_folder)
    fixtures = {"scenes": "finished_scenes", "cells": "finished_objects", "nuclei": "finished_instances"}
    return Reader(root, {name: partial(request.getfixturevalue, fixture) for name, fixture in fixtures.items()})


@pytest.fixture
def reader(world, monkeypatch, capfd):
    """The reader at a new page; trainings are reduced, and what a page registers ends with it."""
    from visionft.api import training

    whole = training.resolve
    monkeypatch.setattr(training, "resolve", lambda recipe, overrides=(): reduced(whole(recipe, overrides)))
    monkeypatch.chdir(world.folder)
    before = {name: dict(catalog._added) for name, catalog in CATALOGS.items()}
    world.open_page(lambda: tuple(capfd.readouterr()))
    yield world
    sys.modules.pop("page", None)
    for name, catalog in CATALOGS.items():
        catalog._added = before[name]
