"""What the names of annotation files and their folders say."""

import re
from pathlib import Path

from visionft.data.naming import split_of
from visionft.data.splits import Split

_ANNOTATIONS = {"annotations", "annotation", "labels", "label", "anns", "ann", "json", "jsons", "coco", "meta"}
_KINDS = ("instances_", "person_keypoints_", "keypoints_", "captions_", "panoptic_", "stuff_")


def holds_annotations(folder: str) -> bool:
    """Return whether a folder is called as one of annotation files is, beside which the pictures lie."""
    return folder.casefold() in _ANNOTATIONS


def words_of(path: Path) -> list[str]:
    """Return what the folder of a file's pictures may be called: instances_default.json is about default."""
    kind = next((kind for kind in _KINDS if path.stem.casefold().startswith(kind)), "")
    words = [word for word in re.split(r"[_\-. ]+", path.stem) if split_of(word)]
    return list(dict.fromkeys(word for word in (path.stem[len(kind) :], *words) if word.strip(".")))


def split_of_file(path: Path) -> Split | None:
    """Return the split that a file's name or folder tells: the last word that is one; None for several at once.

    train_val is both, and test-dev a part of test.
    """
    words = re.split(r"[_\-. ]+", path.stem)
    splits = [(at, split) for at, word in enumerate(words) if (split := split_of(word))]
    if not splits:
        inner = path.parent.parent if holds_annotations(path.parent.name) else path.parent
        return split_of(path.parent.name) or split_of(inner.name)
    at, split = splits[-1]
    before = dict(splits).get(at - 1)
    if before == "test" and words[at].casefold().startswith("dev"):
        return "test"
    return None if before == "train" and split != "train" else split
