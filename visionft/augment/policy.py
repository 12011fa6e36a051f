"""How strongly a training image may be changed, in numbers and without a library.

The ranges are chosen so that a person still sees the same class: a photograph at ``strong`` looks edited, not
broken. Brightness, contrast and saturation are factors around 1; a grey image stays grey. ``flips`` does nothing but
what the orientation allows. ``auto`` does one thing to each image, but that further (Mueller and Hutter 2021,
TrivialAugment, arXiv:2103.10158, section 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Strength = Literal["none", "flips", "light", "medium", "strong", "auto"]
Orientation = Literal["fixed", "upright", "any"]
"""``fixed`` never flips (text, digits); ``upright`` flips left-right; ``any`` also turns by quarters."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Half-widths of the ranges that random changes are drawn from, and how often the rarer ones happen.

    Attributes:
        zoom: factor from 1 - zoom / 2 to 1 + zoom; less outwards, where the border must be made up.
        shift: fraction of the side that the image moves, each way.
        rotate: degrees, each way.
        shear: degrees, each way.
        brightness: factor 1 +- brightness.
        contrast: factor 1 +- contrast.
        saturation: factor 1 +- saturation.
        hue: fraction of the colour circle, each way.
        gamma: exponent from 1 / (1 + gamma) to 1 + gamma, of values between 0 and 1.
        grey: probability that no colour is left.
        degrade: probability of blur, noise or JPEG artefacts.
        erase: probability that rectangles turn grey (Zhong et al. 2020, arXiv:1708.04896).
        spread: for objects, in the place of ``zoom``: factor from 1 / (1 + spread) to 1 + spread, enlarged as often as
            shrunk, and moved as far as that leaves room for.
        mixup: for classes of whole images, probability that the next image of the batch shines through (Zhang et al.
            2018, arXiv:1710.09412).
        cutmix: likewise, probability that a rectangle shows the next image (Yun et al. 2019, arXiv:1905.04899). Never
            both: together at most 1.
        perspective: below 0.5, the fraction by which one edge is shrunk and the other enlarged, each way and along each
            side: the edges of the canvas, or of the image where that reaches further.
        stretch: factor from 1 / (1 + stretch) to 1 + stretch of the width against the height; the area stays.
        one_of: policies of which each image follows one, all as likely, in the place of this one but for mixup and
            cutmix; colours that it names are always changed.
    """

    zoom: float = 0.0
    shift: float = 0.0
    rotate: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    gamma: float = 0.0
    grey: float = 0.0
    degrade: float = 0.0
    erase: float = 0.0
    spread: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    perspective: float = 0.0
    stretch: float = 0.0
    one_of: tuple["Policy", ...] = ()


def _one_at_a_time(base: Policy, reaches: Mapping[str, float]) -> Policy:
    """Return a policy of nothing but a base, or of one more kind of change beside it."""
    kinds: list[dict[str, Any]] = [{kind: reach} for kind, reach in reaches.items()]
    return Policy(one_of=(base, *(replace(base, **kind) for kind in kinds)))


_LIGHT = Policy(brightness=0.1, contrast=0.1)
_MEDIUM = Policy(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02, gamma=0.1)
_STRONG = Policy(
    brightness=0.3, contrast=0.3, saturation=0.3, hue=0.04, gamma=0.2, grey=0.05, degrade=0.3, erase=0.3, stretch=0.2
)
_FAR = {"stretch": 0.5, "shift": 0.2, "brightness": 0.5, "contrast": 0.5, "saturation": 0.9, "hue": 0.08, "gamma": 0.6}
_FAR |= {"grey": 1, "degrade": 1, "erase": 1}
_FAR_TURNED = {"rotate": 30, "shear": 15, "perspective": 0.2}

POLICIES: Mapping[Strength, Policy | None] = {
    "none": None,
    "flips": Policy(),
    "light": replace(_LIGHT, zoom=0.1, shift=0.05),
    "medium": replace(_MEDIUM, zoom=0.2, shift=0.08, rotate=12, shear=4),
    "strong": replace(_STRONG, zoom=0.3, shift=0.1, rotate=20, shear=8, perspective=0.12),
    "auto": _one_at_a_time(Policy(zoom=0.1, shift=0.05), _FAR | _FAR_TURNED | {"zoom": 0.5}),
}

OBJECT_POLICIES: Mapping[Strength, Policy | None] = {
    "none": None,
    "flips": Policy(),
    "light": replace(_LIGHT, spread=0.15, shift=0.05),
    "medium": replace(_MEDIUM, spread=0.5, shift=0.05),
    "strong": replace(_STRONG, spread=1.0, shift=0.1, rotate=5, shear=2, perspective=0.04),
    "auto": _one_at_a_time(
        Policy(spread=0.5, shift=0.05), _FAR | {"spread": 1.5, "rotate": 5, "shear": 2, "perspective": 0.04}
    ),
}
"""For images with boxes, whose objects come in more sizes than a photograph's subject. They are hardly turned, and so
with perspective, because the box of a turned object can only be guessed: for polygons of COCO the guess has a mean IoU
with the right box of 0.90 at 5 degrees, and of 0.76 at 20 (tests/augment/test_outlines.py).
"""

POLYGON_POLICIES: Mapping[Strength, Policy | None] = {
    "none": None,
    "flips": Policy(),
    "light": replace(_LIGHT, spread=0.15, shift=0.05),
    "medium": replace(_MEDIUM, spread=0.5, shift=0.05, rotate=12, shear=4),
    "strong": replace(_STRONG, spread=1.0, shift=0.1, rotate=20, shear=8, perspective=0.12),
    "auto": _one_at_a_time(Policy(spread=0.5, shift=0.05), _FAR | _FAR_TURNED | {"spread": 1.5}),
}
"""For images whose objects have polygons: these move exactly, and boxes with them. They are turned as images are."""
