"""Which networks there are, without importing the libraries that hold them.

Importing timm takes seconds; its networks (and torchvision's) are functions under ``@register_model``, so their
names can be read off the installed source files.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from visionft.errors import UnknownName

FamilyName = Literal["timm", "torchvision"]
FAMILIES: tuple[FamilyName, ...] = get_args(FamilyName)

_REGISTERED = re.compile(r"^@register_model(?:\(\))?\n(?:@.*\n)*def (\w+)\(", re.MULTILINE)


@cache
def network_names(family: FamilyName) -> frozenset[str]:
    """Return the classification networks that the installed library registers."""
    spec = find_spec(family)
    if spec is None or spec.origin is None:
        return frozenset()
    # only the top folder: torchvision keeps detection, segmentation and video in folders below it
    files = (Path(spec.origin).parent / "models").glob("*.py")
    return frozenset(name for file in files for name in _REGISTERED.findall(file.read_text(encoding="utf-8")))


def backbone_names() -> list[str]:
    """Return every network as ``family/name``, sorted."""
    return sorted(f"{family}/{name}" for family in FAMILIES for name in network_names(family))


def resolve(name: str) -> tuple[FamilyName, str]:
    """Resolve a backbone's name to its library and its network.

    Args:
        name: ``resnet50`` (timm first, then torchvision) or ``timm/resnet50``; a tag that names one of several
            sets of weights may follow, as in ``resnet50.a1_in1k``.

    Returns:
        The family, and the network's name there with its tag.

    Raises:
        UnknownName: with the close names, when no library has such a network.
    """
    prefix, slash, rest = name.rpartition("/")
    network = rest.partition(".")[0]
    for family in FAMILIES:
        if prefix in ("", family) and network in network_names(family):
            return family, rest
    known = backbone_names() if slash else set().union(*map(network_names, FAMILIES))
    raise UnknownName("backbone", name.partition(".")[0], known, hint="visionft list backbones shows them all")
