"""What mkdocs does beyond Markdown: generated parts, files of the repository as pages, links between the two."""

import os
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # mkdocs is a script of its own, and looks for modules beside itself

from docs.reference import fill  # noqa: E402

BROUGHT_ALONG = (
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/README.md",
    "benchmarks/results/*.json",
    "recipes/*.yaml",
)
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the files outside of docs/ that pages link to, at the place they have in the repository."""
    for pattern in BROUGHT_ALONG:
        for path in sorted(ROOT.glob(pattern)):
            files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:  # noqa: ARG001  # mkdocs gives it
    """Fill in what is generated, and turn links of the repository into links of the site."""
    here = Path(str(page.file.abs_src_path)).parent
    docs = Path(config["docs_dir"])

    def moved(found: re.Match[str]) -> str:
        target = Path(os.path.normpath(here / found[1]))
        if not target.is_relative_to(ROOT):
            return found[1]
        uri = target.relative_to(docs if target.is_relative_to(docs) else ROOT)
        return os.path.relpath(uri, Path(page.file.src_uri).parent)

    return LINK.sub(moved, fill(markdown))
