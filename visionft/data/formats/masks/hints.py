"""Whether what was taken for class folders are images and their masks, in a layout that is not known."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.evidence import is_map, size_of
from visionft.data.formats.masks.names import shared_start
from visionft.data.formats.masks.patterns import patterns_linking
from visionft.data.listing import Entry
from visionft.data.records import Problem
from visionft.imaging.pixels import require_file

_LOOKED_AT = 3  # pairs whose files are opened
_MOST_IN_A_SAMPLE = 8  # files that belong to one image


def suspect_masks(root: Path, entries: Sequence[Entry]) -> Problem | None:
    """Find files in class folders that come in pairs of an image and its mask.

    Names alone prove nothing, since every class may have its own ``0001``; so a few pairs are opened. In each, both
    files must have the same size, one must be a photograph and the other hold only a few values.

    Args:
        root: what the entries' ids are relative to.
        entries: as a folder per class gives them.
    """
    patterns = mask_patterns(entries)
    if patterns is None:
        return None
    images, masks = patterns
    what = (
        "these look like images and their masks rather than a folder per class; if so, set "
        f"data.images='{images}' and data.masks='{masks}'"
    )
    return Problem(str(root), what)


def mask_patterns(entries: Sequence[Entry]) -> tuple[str, str] | None:
    """Return patterns for data.images and data.masks where files in class folders are images and their masks.

    Args:
        entries: as a folder per class gives them.
    """
    for groups in (_same_stem_in_folders(entries), _folder_per_sample(entries)):
        chosen = [_picture_and_map(group) for group in groups[:: max(1, len(groups) // _LOOKED_AT)][:_LOOKED_AT]]
        found = [pair for pair in chosen if pair is not None]
        if found and len(found) == len(chosen):
            return patterns_linking(*(PurePosixPath(entry.id) for entry in found[0]))
    return None


def _same_stem_in_folders(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Group files of the same stem where most files of a class folder have a partner in another one."""
    by_stem: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_stem[require_file(entry.image).stem].append(entry)
    groups = [group for group in by_stem.values() if 2 <= len(group) <= _MOST_IN_A_SAMPLE]
    groups = [group for group in groups if len({entry.target.stratum for entry in group}) > 1]
    paired = Counter(entry.target.stratum for group in groups for entry in group)
    in_all = Counter(entry.target.stratum for entry in entries)
    most = [label for label, count in paired.items() if 2 * count >= in_all[label]]
    return groups if len(most) > 1 else []


def _folder_per_sample(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Group files by class folder where most folders hold the same few endings of one name."""
    by_label: dict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_label[entry.target.stratum].append(entry)
    groups = [group for group in by_label.values() if 2 <= len(group) <= _MOST_IN_A_SAMPLE]
    common = Counter(map(_endings, groups)).most_common(1)
    if not common or common[0][1] < 2 or 2 * common[0][1] < len(by_label):
        return []
    return [group for group in groups if _endings(group) == common[0][0]]


def _endings(group: Iterable[Entry]) -> tuple[str, ...]:
    names = sorted(require_file(entry.image).name for entry in group)
    return tuple(name.removeprefix(shared_start(names)) for name in names)


def _picture_and_map(group: Iterable[Entry]) -> tuple[Entry, Entry] | None:
    """Return a photograph and the first map of the same size, if a group has both."""
    maps: list[Entry] = []
    pictures: list[Entry] = []
    for entry in sorted(group, key=lambda entry: entry.id):
        (maps if is_map(require_file(entry.image)) else pictures).append(entry)
    pairs = ((picture, mask) for picture in pictures for mask in maps)
    return next(
        (
            pair
            for pair in pairs
            if size_of(require_file(pair[0].image)) == size_of(require_file(pair[1].image)) != (0, 0)
        ),
        None,
    )
