"""The documentation builds as a site, strictly and from nothing but this repository."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.reference import CATALOGS, anchor, keys, names
from visionft.api.registration import CATALOGS as REGISTERED
from visionft.recipe import json_schema

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(
    r"<(?:script|img|link rel=\"(?:stylesheet|preload|preconnect)\")[^>]*(?:src|href)=\"?(?:https?:)?//"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    # not quietly: what is not shown is not counted by --strict
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_pages_fetch_nothing_from_elsewhere(site):
    pages = [page.read_text(encoding="utf-8") for page in site.rglob("*.html")]
    assert len(pages) > 15
    assert [found for page in pages for found in FETCHED.findall(page)] == []


def test_what_is_generated_is_there(site):
    pages = {page.relative_to(site).as_posix(): page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    assert not [name for name, page in pages.items() if "generated:" in page]
    assert not [name for name, page in pages.items() if "```" in page]  # a fence that was not understood
    assert 'id="optim.batch_size"' in pages["recipes/keys.html"]
    assert 'id="segmentation.task.losses"' in pages["recipes/keys.html"]
    assert "CountingTask" in pages["extending/task.html"]
    assert "solar_cells_pretrained.json" in pages["promises.html"]
    assert (site / "benchmarks/results/solar_cells_pretrained.json").is_file()


def described(node, schema):
    """Yield (key, description) of a section and of the sections in it."""
    for key, value in node["properties"].items():
        inner = value.get("items", value)
        if isinstance(inner, dict) and "$ref" in inner:
            yield from described(schema["$defs"][inner["$ref"].rsplit("/", 1)[1]], schema)
        else:
            yield key, value.get("description", "")


def test_every_key_says_what_it_means():
    schema = json.loads(json_schema())
    sections = [schema, *schema["properties"]["task"]["anyOf"]]
    found = [pair for section in sections for pair in described(section, schema)]
    assert len(found) > 70
    assert [key for key, text in found if not text] == []


def test_every_key_is_on_the_page():
    schema, page = json.loads(json_schema()), keys()
    for section in [schema, *schema["properties"]["task"]["anyOf"]]:
        for key, _ in described(section, schema):
            assert re.search(rf"\*\*`[\w.]*\b{key}`\*\*", page) or key == "task", key


def test_every_name_is_on_the_page_with_what_it_is():
    page = names()
    assert {catalog.what for catalog in CATALOGS.values()} == set(REGISTERED) - {
        "backbone",
        "optimizer",
    }  # none is ours
    for what, catalog in CATALOGS.items():
        for name in catalog:
            assert re.search(rf'<span id="{anchor(what)}\.{name}">\*\*`{name}`\*\*</span>\n:   \S', page), name


def test_a_task_names_only_heads_that_fit():
    page = keys()
    found = re.search(r'<span id="instance_segmentation\.task\.head">(.*)', page)[1]
    assert "`mask_rcnn`" in found
    assert "`faster_rcnn`" not in found


def test_pictures_are_small():
    sizes = [path.stat().st_size for path in (ROOT / "docs/pictures").iterdir()]
    assert max(sizes) <= 100_000
    assert sum(sizes) < 1_500_000
