"""Which networks there are, without importing the libraries that hold them.

Importing timm takes seconds; its networks (and torchvision's) are functions under ``@register_model``, so their
names can be read off the installed source files.
"""

import re
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from visionft.catalog import IN_MEMORY, Catalog, not_handed_over
from visionft.errors import RecipeError, UnknownName

LibraryName = Literal["timm", "torchvision"]
FamilyName = Literal[LibraryName, "module"]
LIBRARIES: tuple[LibraryName, ...] = ("timm", "torchvision")

BACKBONES = Catalog("backbone", {}, "visionft.backbones")
"""Networks of the user's own, or of another package: classes of ``nn.Module``, see ``module_family``."""

HUB_FORM, FOLDER_FORM = "hf-hub:", "local-dir:"
"""What timm's names of a repository, ``hf-hub:owner/name``, and of a folder with ``config.json`` begin with."""

_REGISTERED = re.compile(r"^@register_model(?:\(\))?\n(?:@.*\n)*def (\w+)\(", re.MULTILINE)


def network_names(family: LibraryName) -> frozenset[str]:
    """Return the classification networks that the installed library registers, and what users have put beside them."""
    return _in_source(family) | _registered_with_timm() if family == "timm" else _in_source(family)


def _registered_with_timm() -> frozenset[str]:
    """Return what timm knows by now, where it has been imported at all: ``timm.register_model`` needs that."""
    list_models = getattr(sys.modules.get("timm"), "list_models", None)
    return frozenset(list_models()) if list_models else frozenset()


def is_of_library(name: str) -> bool:
    """Return whether a name means a network that comes with a library, and not one that the program itself has made."""
    prefix, _, rest = name.rpartition("/")
    network = rest.partition(".")[0]
    if name in BACKBONES or not any(prefix in ("", family) and network in _in_source(family) for family in LIBRARIES):
        return False
    entry_of = getattr(sys.modules.get("timm"), "model_entrypoint", None)
    replaced = prefix != "torchvision" and network in _registered_with_timm()
    return not replaced or entry_of is None or entry_of(network).__module__.startswith("timm.")


@cache
def _in_source(family: LibraryName) -> frozenset[str]:
    spec = find_spec(family)
    if spec is None or spec.origin is None:
        return frozenset()
    # only the top folder: torchvision keeps detection, segmentation and video in folders below it
    files = (Path(spec.origin).parent / "models").glob("*.py")
    return frozenset(name for file in files for name in _REGISTERED.findall(file.read_text(encoding="utf-8")))


def backbone_names() -> list[str]:
    """Return every network of a library as ``family/name``, and those in ``BACKBONES`` by their names, sorted."""
    return sorted([f"{family}/{name}" for family in LIBRARIES for name in network_names(family)] + list(BACKBONES))


def resolve(name: str) -> tuple[FamilyName, str]:
    """Resolve a backbone's name to its library and its network.

    Args:
        name: ``resnet50`` (timm first, then torchvision) or ``timm/resnet50``; a tag that names one of several
            sets of weights may follow, as in ``resnet50.a1_in1k``; or a name in ``BACKBONES``; or timm's own name of a
            repository or folder, ``hf-hub:owner/name`` or ``local-dir:/path``.

    Returns:
        The family, and the network's name there with its tag.

    Raises:
        UnknownName: with the close names, when there is no such network.
        RecipeError: when a library and ``BACKBONES`` have one of this name.
    """
    elsewhere = name.removeprefix("timm/").replace("hf_hub:", HUB_FORM)
    if elsewhere.startswith(HUB_FORM):
        return "timm", elsewhere
    if elsewhere.startswith(FOLDER_FORM):
        return "timm", f"{FOLDER_FORM}{Path(elsewhere.removeprefix(FOLDER_FORM)).expanduser().resolve()}"
    prefix, slash, rest = name.rpartition("/")
    network = rest.partition(".")[0]
    of_library = [family for family in LIBRARIES if prefix in ("", family) and network in network_names(family)]
    if name == IN_MEMORY and name not in BACKBONES:
        raise RecipeError(not_handed_over("backbone"))
    if name in BACKBONES:
        if of_library:
            raise RecipeError(
                f"backbone {name!r}: {of_library[0]} has a network of this name and so has a registered class; "
                f"write {of_library[0]}/{name}, or give the class another kind"
            )
        return "module", name
    if of_library:
        return of_library[0], rest
    known = backbone_names() if slash else set().union(BACKBONES, *map(network_names, LIBRARIES))
    raise UnknownName("backbone", name.partition(".")[0], known, hint="visionft list backbones shows them all")
