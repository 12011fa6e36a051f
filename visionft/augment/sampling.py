"""Sampling of a training image's augmentation parameters: the same numbers for every engine.

What the numbers mean, down to the rounding, is said in ``arithmetic.py``.
"""

from math import cos, pi, radians, sin, sqrt, tan

from visionft.augment.policy import Orientation, Policy
from visionft.augment_params import AFFINE_ROW, AugmentParams, Box, Row
from visionft.seeds import unit_intervals

Linear = tuple[tuple[float, float], tuple[float, float]]

COLOUR = 0.8  # probability that brightness, contrast, saturation, hue and gamma change; they do together
SIGMA, NOISE, QUALITY = (0.3, 1.2), (0.02, 0.06), (50, 90)  # of the three kinds of damage
ERASE_BOXES, SIDES = (1, 3), (0.08, 0.2)  # how many, and each side as a fraction of the canvas's

# Each number has a place of its own: a new one at the end leaves those before it as they were.
_NAMES = (
    *("zoom", "spread", "rotate", "shear across", "shear down", "flip", "turn"),
    *("room right", "room below", "shift right", "shift below"),
    *("colour?", "brightness", "contrast", "saturation", "hue", "gamma", "grey?"),
    *("degrade?", "damage", "amount", "noise seed", "erase?", "holes"),
    *(f"hole {number} {part}" for number in range(ERASE_BOXES[1]) for part in ("width", "height", "left", "top")),
    *("mix?", "share", "patch right", "patch below"),
    *("perspective across", "perspective down", "stretch", "kind"),
)


def sample_params(
    policy: Policy, orientation: Orientation, size: tuple[int, int], seed: int, turn: int | None = None
) -> AugmentParams:
    """Sample the parameters of a canvas, as a pure function of the arguments.

    Args:
        policy: the ranges.
        orientation: which flips and quarter turns may happen; a quarter turn only of a square.
        size: (width, height) of the canvas.
        seed: decides the rest.
        turn: counts through the flips and turns that may happen; None has the seed decide them too.

    Returns:
        The numbers. What the policy leaves at 0 does not happen, and what does depends on that part of it alone. The
        mixup_lambda is distributed as Beta(0.5, 0.5).
    """
    drawn = dict(zip(_NAMES, unit_intervals(len(_NAMES), seed), strict=True))
    if turn is not None:
        drawn |= {"flip": turn % 2 / 2, "turn": (0, 0.5, 0.25, 0.75)[turn // 2 % 4]}  # first what any canvas allows
    coloured, mixup, cutmix = drawn["colour?"] < COLOUR, policy.mixup, policy.cutmix
    if policy.one_of:
        policy, coloured = policy.one_of[int(drawn["kind"] * len(policy.one_of))], True
    rows, perspective_row = _in_perspective(
        policy, _rows(policy, _symmetry(orientation, size, drawn), size, drawn), size, drawn
    )

    def factor(name: str, reach: float) -> float:
        return 1 + _either_way(drawn[name], reach) if coloured else 1.0

    saturation = 0.0 if drawn["grey?"] < policy.grey else factor("saturation", policy.saturation)
    damage, amount = int(3 * drawn["damage"]) if drawn["degrade?"] < policy.degrade else None, drawn["amount"]
    return AugmentParams(
        rows,
        perspective_row,
        factor("brightness", policy.brightness),
        factor("contrast", policy.contrast),
        saturation,
        factor("hue", policy.hue) - 1,
        (1 + policy.gamma) ** (factor("gamma", 1.0) - 1),
        _between(SIGMA, amount) if damage == 0 else 0.0,
        _between(NOISE, amount) if damage == 1 else 0.0,
        round(_between(QUALITY, amount)) if damage == 2 else 0,
        int(drawn["noise seed"] * 2**32) if damage == 1 else 0,
        _erase_boxes(size, drawn) if drawn["erase?"] < policy.erase else (),
        sin(pi / 2 * drawn["share"]) ** 2 if drawn["mix?"] < mixup else 0.0,
        _cutmix_box(size, drawn) if mixup <= drawn["mix?"] < mixup + cutmix else None,
    )


def _rows(policy: Policy, symmetry: Linear, size: tuple[int, int], drawn: dict[str, float]) -> tuple[Row, Row]:
    """Return a matrix. Enlarged by ``spread``, any part of the image may fill the canvas; shrunk, it lies anywhere."""
    zoom = _between((1 - policy.zoom / 2, 1 + policy.zoom), drawn["zoom"])
    spread = (1 + policy.spread) ** _either_way(drawn["spread"], 1.0)
    angle = radians(_either_way(drawn["rotate"], policy.rotate))
    across, down = (tan(radians(_either_way(drawn[f"shear {way}"], policy.shear))) for way in ("across", "down"))
    longer = sqrt((1 + policy.stretch) ** _either_way(drawn["stretch"], 1.0))
    x, y = zoom * spread * cos(angle), zoom * spread * sin(angle)
    stretched = ((longer, across / longer), (down * longer, 1 / longer))
    linear = _times(_times(((x, -y), (y, x)), stretched), symmetry)

    def row(axis: int, way: str) -> Row:
        one, other = linear[axis]
        # half of what the image has too much, or the canvas too little, along each side
        room = abs(1 - spread) * size[axis] / 2
        moved = _either_way(drawn[f"room {way}"], room) + _either_way(drawn[f"shift {way}"], policy.shift * size[axis])
        return one, other, (size[axis] - one * size[0] - other * size[1]) / 2 + moved

    return row(0, "right"), row(1, "below")


def _in_perspective(
    policy: Policy, rows: tuple[Row, Row], size: tuple[int, int], drawn: dict[str, float]
) -> tuple[tuple[Row, Row], Row]:
    """Return the upper two rows of a matrix, seen in perspective besides, and the third.

    About the canvas's centre, places are divided by numbers that are 1 - fraction to 1 + fraction at opposite
    edges of the canvas, or of the image where that reaches further. So none is below 1 - 2 * fraction on either,
    whatever the rows say.
    """
    if not policy.perspective:
        return rows, AFFINE_ROW
    x, y = size[0] / 2, size[1] / 2
    (a, b, c), (d, e, f) = rows
    c, f = c - x, f - y
    wide = abs(a * x + b * y + c) + abs(a) * x + abs(b) * y
    high = abs(d * x + e * y + f) + abs(d) * x + abs(e) * y
    fraction = policy.perspective / max(1.0, wide / x, high / y)
    right, below = (_either_way(drawn[f"perspective {way}"], fraction) for way in ("across", "down"))
    right, below = right / x, below / y
    g, h, i = right * a + below * d, right * b + below * e, 1 + right * c + below * f
    return ((a + x * g, b + x * h, c + x * i), (d + y * g, e + y * h, f + y * i)), (g, h, i)


def _symmetry(orientation: Orientation, size: tuple[int, int], drawn: dict[str, float]) -> Linear:
    """Return a flip or quarter turn, all that are allowed as likely."""
    flip = -1.0 if drawn["flip"] < 0.5 and orientation != "fixed" else 1.0
    quarters = int(drawn["turn"] * 4) if orientation == "any" else 0
    if size[0] != size[1]:
        quarters -= quarters % 2
    across, down = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarters]
    return (across * flip, -down), (down * flip, across)


def _erase_boxes(size: tuple[int, int], drawn: dict[str, float]) -> tuple[Box, ...]:
    boxes = []
    for number in range(ERASE_BOXES[0] + int(drawn["holes"] * (1 + ERASE_BOXES[1] - ERASE_BOXES[0]))):
        wide, high = (
            max(1, round(_between(SIDES, drawn[f"hole {number} {part}"]) * side))
            for part, side in zip(("width", "height"), size, strict=True)
        )
        left = int(drawn[f"hole {number} left"] * (size[0] - wide + 1))
        top = int(drawn[f"hole {number} top"] * (size[1] - high + 1))
        boxes.append((left, top, left + wide, top + high))
    return tuple(boxes)


def _cutmix_box(size: tuple[int, int], drawn: dict[str, float]) -> Box:
    """Return a rectangle around any point; its area before it is cut at the edges is uniform, as Beta(1, 1) is."""
    edges = []
    for side, way in zip(size, ("right", "below"), strict=True):
        long, centre = sqrt(drawn["share"]) * side, drawn[f"patch {way}"] * side
        edges.append((max(0, round(centre - long / 2)), min(side, round(centre + long / 2))))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom


def _times(one: Linear, other: Linear) -> Linear:
    (a, b), (c, d) = one
    (e, f), (g, h) = other
    return (a * e + b * g, a * f + b * h), (c * e + d * g, c * f + d * h)


def _between(limits: tuple[float, float], fraction: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * fraction


def _either_way(fraction: float, reach: float) -> float:
    return (2 * fraction - 1) * reach
