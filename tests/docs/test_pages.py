"""Every block of code in the documentation does what its page says."""

from pathlib import Path

import pytest

from tests.docs.blocks import blocks_of, commands_of
from tests.docs.reader import NOT_RUN

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [page for page in PAGES if blocks_of(page)]


def name(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_page(page, reader):
    for block in blocks_of(page):
        reader.read(block)


def test_what_is_not_run_is_still_written():
    written = {
        command
        for page in PAGES
        for block in blocks_of(page)
        if block.language == "sh"
        for command in commands_of(block)
    }
    assert set(NOT_RUN) <= written


def test_the_command_that_ci_reads_is_in_the_readme():
    """`.ci/run` takes it from there."""
    commands = [
        command for block in blocks_of(ROOT / "README.md") if block.language == "sh" for command in commands_of(block)
    ]
    assert (
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m tests.check" in commands
    )
