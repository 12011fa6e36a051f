"""Masks that a program holds, or whose files it names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visionft.data.formats.masks.classes import find_coding, find_coding_in_memory, find_palette
from visionft.data.formats.masks.source import MaskFile, MaskInMemory, stored_in
from visionft.data.listing import LabelOptions
from visionft.data.records import Problem
from visionft.data.targets.mask import RawMask
from visionft.data.targets.raw import RawTargets
from visionft.errors import DataError
from visionft.imaging.pixels import Pixels


def raw_masks(values: Mapping[str, Any], options: LabelOptions) -> RawTargets:
    """Return the masks of images.

    Args:
        values: image id -> an array or tensor of whole numbers (H, W), an image of PIL, or the path of a mask; all are
            paths, or none.
        options: what is said about the masks' values.

    Raises:
        DataError: when a value is no mask, or nothing says what the values mean.
    """
    problems: list[Problem] = []
    resize = options.mask_size == "resize"
    files = {where: Path(value) for where, value in values.items() if isinstance(value, str | Path)}
    if files and len(files) < len(values):
        where = next(where for where in values if where not in files)
        raise DataError(f"{where}: its mask is no path, and others are; give paths of masks, or arrays, for all images")
    if files:
        paths = list(files.values())
        coding = find_coding(paths, paths[0].parent, options, problems)
        of_files = {where: RawMask(MaskFile(path, coding), resize) for where, path in files.items()}
        return RawTargets(of_files, coding.names, tuple(problems), find_palette(paths, coding))
    stored = {where: stored_in(value, where) for where, value in values.items()}
    coding = find_coding_in_memory(list(stored.values()), options, problems)
    of_image = {
        where: RawMask(MaskInMemory(Pixels(mask_HW, f"the mask of {where}"), coding), resize)
        for where, mask_HW in stored.items()
    }
    return RawTargets(of_image, coding.names, tuple(problems), coding.palette)
