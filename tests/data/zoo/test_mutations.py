import os
import shutil
from pathlib import Path

import pytest

from tests.data.zoo import ambiguous, classes, coco, lists, masks, tables, voc, yolo  # noqa: F401  # their layouts
from tests.data.zoo.layout import LAYOUTS
from tests.data.zoo.mutations import TEXTS, mutations_of
from tests.data.zoo.reading import read
from visionft.errors import VisionftError


def named_still(dropped, root):
    """Return whether a file is left that belongs to one that was dropped: by its name, or because it names it."""
    left = [path for path in root.rglob("*") if path.is_file()]
    names = {file.name for file in dropped} - {file.name for file in left}  # 2e.png of another image is no sign
    stems = {Path(name).stem for name in names}
    for file in left:
        if any(file.stem.startswith(stem) or stem.startswith(file.stem) for stem in stems):
            return True
        if file.suffix in TEXTS and any(name in file.read_text(encoding="utf-8") for name in names):
            return True
    return False


def loss(before, after, layout, dropped, orphans, problems):
    """Return what is gone without a word; empty where nothing is.

    Args:
        before: what was read of the tree.
        after: what was read of it once it was changed.
        layout: how it was declared.
        dropped: the files that were taken away.
        orphans: whether anything is left that belongs to these.
        problems: what is told now and was not told before.
    """
    if after.fatal:
        return ""  # nothing is learned of it
    if layout.format != "folder" and after.format == "folder":
        return f"{after.classes} became class folders"
    if problems:
        return ""
    if dropped and not orphans:
        return ""  # pictures went with their labels
    if sum(after.images.values()) < sum(before.images.values()):
        return f"{before.images} images became {after.images}"
    if (after.labels or 0) < (before.labels or 0):
        return f"{before.labels} labels became {after.labels}"
    splits = {split: count for split, count in before.images.items() if split != "none"}
    if not dropped and any(after.images.get(split, 0) < count for split, count in splits.items()):
        return f"{before.images} in splits became {after.images}"
    return ""


_OPEN: dict[str, str] = {}
"""Layouts of which something is lost as yet."""


@pytest.mark.parametrize(
    "name", sorted(name for name, layout in LAYOUTS.items() if layout.asks is None and name not in _OPEN)
)
def test_nothing_is_lost_without_a_word(name, tmp_path):
    layout = LAYOUTS[name]
    original, copy = tmp_path / "original" / "data", tmp_path / "copy" / "data"
    layout.write(original)
    before = read(original / layout.given)
    known = {problem.replace(str(original), "") for problem in before.problems}
    silent = []
    for mutation in mutations_of(original):
        if mutation.drops is not None and layout.format == "folder":
            continue  # pictures went with their labels, and nothing is left that states either
        shutil.copytree(original, copy, copy_function=os.link, symlinks=True)
        mutation.apply(copy)
        gone = [] if mutation.drops is None else [original / mutation.drops, *(original / mutation.drops).rglob("*")]
        try:
            after = read(copy / layout.given)
        except VisionftError:
            pass
        else:
            problems = {problem.replace(str(copy), "") for problem in after.problems} - known
            files = [file for file in gone if file.is_file()]
            if what := loss(before, after, layout, files, named_still(files, copy), problems):
                silent.append(f"{mutation.name}: {what}")
        shutil.rmtree(copy)
    excused = layout.losses or {}
    assert [one for one in silent if not any(one.startswith(start) for start in excused)] == []
