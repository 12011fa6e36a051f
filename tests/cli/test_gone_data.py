"""A finished run whose data lie elsewhere now: what the message advises is done."""

import re
import shutil

import pytest


@pytest.fixture
def orphan(finished, image_folder, tmp_path):
    """A finished run whose recipe names a folder that is not there."""
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(image_folder), str(tmp_path / "gone")))
    return run


@pytest.mark.parametrize("verb", ["export", "eval"])
def test_the_option_that_is_advised_works(visionft, refused, orphan, image_folder, verb):
    message = refused(verb, orphan)
    option = re.search(r"(--\w+) PATH", message)[1]
    result = visionft(verb, orphan, option, image_folder)
    assert result.code == 0, result.err
