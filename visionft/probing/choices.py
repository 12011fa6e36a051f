"""The networks that are compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from visionft.errors import RecipeError

SMALL = (
    "tf_efficientnet_lite0",
    "mobilenetv3_large_100",
    "resnet18",
    "efficientnet_b0",
    "convnext_atto",
    "vit_small_patch16_224.dino",
)
"""Networks of at most 22 million parameters, of several families and ways of pretraining."""

_FORMS = ("hf-hub:", "hf_hub:", "local-dir:")  # names of timm that hold a colon of their own


class BackboneChoice(NamedTuple):
    """A network with weights.

    Attributes:
        name: as in ``backbone.name`` of a recipe.
        weights: as in ``backbone.weights``.
    """

    name: str
    weights: str = "pretrained"

    def __str__(self) -> str:
        return self.name if self.weights == "pretrained" else f"{self.name}:{self.weights}"


def parse_backbones(backbones: str | Iterable[str | Mapping[str, Any] | Sequence[str]]) -> tuple[BackboneChoice, ...]:
    """Return the networks that a user names, each once.

    Args:
        backbones: names, one text with commas or several; ``small`` stands for ``SMALL``, and weights may follow a
            colon: ``resnet50:weights.pth``. Or what the section ``backbone`` of a recipe holds, or (name, weights).

    Raises:
        RecipeError: when something else is given, or nothing.
    """
    found: list[BackboneChoice] = []
    for one in backbones.split(",") if isinstance(backbones, str) else backbones:
        if isinstance(one, str):
            found += [part for text in one.split(",") if text.strip() for part in _of_text(text.strip())]
        elif isinstance(one, Mapping):
            found.append(_of_section(one))
        else:
            found.append(BackboneChoice(*map(str, one)))
    if not found:
        raise RecipeError("backbones: none named; give names such as resnet18,resnet50, or small")
    return tuple(dict.fromkeys(found))


def _of_text(text: str) -> list[BackboneChoice]:
    if text == "small":
        return list(map(BackboneChoice, SMALL))
    form = next((form for form in _FORMS if text.removeprefix("timm/").startswith(form)), "")
    start = text.index(form) + len(form) if form else 0
    name, _, weights = text[start:].partition(":")
    return [BackboneChoice(text[:start] + name, weights or "pretrained")]


def _of_section(section: Mapping[str, Any]) -> BackboneChoice:
    unknown = sorted(set(section) - {"name", "weights"})
    if "name" not in section or unknown:
        raise RecipeError(f"backbones: {dict(section)!r}; give name and, where they are not pretrained, weights")
    return BackboneChoice(str(section["name"]), str(section.get("weights", "pretrained")))
