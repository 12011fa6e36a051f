"""Augmentation of activations: what frozen layers made of the images is changed, and not the images.

Each change is drawn for each channel by itself, and for each image anew. Values are scaled to 0..1 by the smallest and
the largest of the image for it, as if they were those of a picture. Flips are none of these: the activations of a
flipped image are not the flipped activations, since filters are not symmetric, borders and strides not either.

Sources: brightness, contrast, posterize, Baer et al. 2024 (FroFA), arXiv:2403.10519, section 3, with a draw for each
channel (cFroFA); dropout of whole channels, Tompson et al. 2015, arXiv:1411.4280, section 3.2; mixup of activations,
Verma et al. 2019 (manifold mixup), arXiv:1806.05236, section 2.

Shape suffixes: B batch, C channels, M kinds of changes; what else an image has follows from the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sin, sqrt
from typing import NamedTuple

import torch
from torch import Tensor

from visionft.seeds import unit_intervals

_KINDS = ("dropout", "brightness", "contrast", "posterize")


@dataclass(frozen=True, slots=True)
class FeaturePolicy:
    """What may happen to the activations of an image.

    Attributes:
        mixup: probability that they are blended with those of the next image of the batch.
        cutmix: likewise, that a rectangle of the maps is the next one's; with mixup at most 1.
        dropout: probability that a channel is 0.
        brightness: largest shift of a channel each way, of the range of values.
        contrast: factor 1 +- contrast on a channel's differences from the mean.
        posterize: fewest bits of 8 that a channel is rounded to; None leaves it.
    """

    mixup: float = 0.0
    cutmix: float = 0.0
    dropout: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    posterize: int | None = None

    @property
    def changes_images(self) -> bool:
        """Whether anything happens to an image alone."""
        return bool(self.dropout or self.brightness or self.contrast or self.posterize)


@dataclass(frozen=True, slots=True)
class ActivationLayout:
    """Which axes of kept activations are which, counted from the last.

    Attributes:
        channel: of the channels.
        sides: of the rows and of the columns of a map; None where it is none.
    """

    channel: int
    sides: tuple[int, int] | None = None

    def size(self, values: Tensor) -> tuple[int, int] | None:
        """Return the numbers of rows and columns; None where they are no map."""
        return self.sides and (values.shape[self.sides[0]], values.shape[self.sides[1]])


def layout_of(shape: Sequence[int], canvas: tuple[int, int]) -> ActivationLayout:
    """Return which axes of an image's activations are which, by comparing them with its canvas.

    Args:
        shape: of one image; the last three axes are looked at.
        canvas: (height, width) in pixels.
    """
    if len(shape) < 3 or any(size != 1 for size in shape[:-3]):
        return ActivationLayout(-1)
    if _is_map((shape[-3], shape[-2]), canvas):
        return ActivationLayout(-1, (-3, -2))
    if _is_map((shape[-2], shape[-1]), canvas):
        return ActivationLayout(-3, (-2, -1))
    return ActivationLayout(-3) if tuple(shape[-2:]) == (1, 1) else ActivationLayout(-1)


def _is_map(sides: tuple[int, int], canvas: tuple[int, int]) -> bool:
    """Say whether (rows, columns) are those of a canvas at some stride, rounded either way."""
    return sides != (1, 1) and any(
        all(side in (whole // stride, -(-whole // stride)) for side, whole in zip(sides, canvas, strict=True))
        for stride in range(1, min(canvas) + 1)
    )


def change_activations(
    kept: Sequence[Tensor], layouts: Sequence[ActivationLayout], policy: FeaturePolicy, seeds: Sequence[int]
) -> tuple[Tensor, ...]:
    """Return activations with the changes that happen to each image alone.

    Args:
        kept: tensors with the images on axis 0; those that are no floating point numbers stay as they are.
        layouts: of each.
        policy: what may happen.
        seeds: one of each image. Tensors with as many channels are changed alike, as one may follow from the other.
    """
    drawn: dict[int, Tensor] = {}
    changed = []
    for values, layout in zip(kept, layouts, strict=True):
        channels = values.shape[layout.channel]
        if channels not in drawn:
            drawn[channels] = _drawn(channels, seeds)
        if not values.is_floating_point():
            changed.append(values)
            continue
        shape = [1] * values.ndim
        shape[0], shape[layout.channel] = len(values), channels
        by_kind = [each_BC.reshape(shape).to(values.device) for each_BC in drawn[channels].unbind(1)]
        changed.append(_changed(values.float(), policy, *by_kind).to(values.dtype))
    return tuple(changed)


def _drawn(channels: int, seeds: Sequence[int]) -> Tensor:
    """Return drawn_BMC, uniform in [0, 1)."""
    generator = torch.Generator()
    return torch.stack([torch.rand(len(_KINDS), channels, generator=generator.manual_seed(seed)) for seed in seeds])


def _changed(
    values: Tensor, policy: FeaturePolicy, dropout: Tensor, brightness: Tensor, contrast: Tensor, posterize: Tensor
) -> Tensor:
    """Return changed values, given what was drawn for each channel."""
    if policy.brightness or policy.contrast or policy.posterize:
        axes = tuple(range(1, values.ndim))
        low, high = values.amin(axes, keepdim=True), values.amax(axes, keepdim=True)
        extent = (high - low).clamp_min(torch.finfo(values.dtype).tiny)
        unit = (values - low) / extent
        mean = unit.mean(axes, keepdim=True)
        unit = mean + (unit - mean) * (1 + policy.contrast * (2 * contrast - 1))
        unit = (unit + policy.brightness * (2 * brightness - 1)).clamp(0, 1)
        if policy.posterize is not None:
            step = 2.0 ** (8 - (policy.posterize + (posterize * (9 - policy.posterize)).floor()))
            unit = ((unit * 255).round() / step).floor() * step / 255
        values = low + unit * extent
    return values * (dropout >= policy.dropout) / (1 - policy.dropout) if policy.dropout else values


class _Mix(NamedTuple):
    """How much of an image is the next one's, and where: (top, bottom, left, right) in 0..1; None for everywhere."""

    fraction: float
    box: tuple[float, float, float, float] | None = None


def mix_activations(
    kept: Sequence[Tensor], layouts: Sequence[ActivationLayout], policy: FeaturePolicy, seeds: Sequence[int]
) -> tuple[tuple[Tensor, ...], Tensor]:
    """Mix the activations of each image with those of the next of the batch, of the last with those of the first.

    Args:
        kept: tensors with the images on axis 0; those that are no floating point numbers stay as they are.
        layouts: of each, all with rows and columns where the policy has cutmix.
        policy: what may happen.
        seeds: one of each image.

    Returns:
        The mixed ones, and fractions_B: how much of each is the next one's.
    """
    sizes = [layout.size(values) for values, layout in zip(kept, layouts, strict=True)]
    cells = min(filter(None, sizes), default=(1, 1))  # of the coarsest map: the others have its edges too
    mixes = [_drawn_mix(policy, cells, seed) for seed in seeds]
    mixed = []
    for values, layout in zip(kept, layouts, strict=True):
        if not values.is_floating_point():
            mixed.append(values)
            continue
        weights = torch.stack([_weights(mix, values, layout) for mix in mixes]).to(values.device)
        mixed.append(torch.lerp(values.float(), values.roll(-1, 0).float(), weights).to(values.dtype))
    return tuple(mixed), torch.tensor([mix.fraction for mix in mixes])


def _drawn_mix(policy: FeaturePolicy, cells: tuple[int, int], seed: int) -> _Mix:
    """Draw as images are mixed: mixup's part as Beta(0.5, 0.5), the area of cutmix as Beta(1, 1), in whole cells."""
    which, amount, *centre = unit_intervals(4, seed, "mix")
    if which < policy.mixup:
        return _Mix(sin(pi / 2 * amount) ** 2)
    if which >= policy.mixup + policy.cutmix:
        return _Mix(0.0)
    edges, area = [], 1.0
    for side, middle in zip(cells, centre, strict=True):
        half = sqrt(amount) / 2
        first, last = (min(side, max(0, round((middle + way * half) * side))) for way in (-1, 1))
        edges += [first / side, last / side]
        area *= (last - first) / side
    return _Mix(area, (edges[0], edges[1], edges[2], edges[3]))


def _weights(mix: _Mix, values: Tensor, layout: ActivationLayout) -> Tensor:
    """Return how much of the next image there is in one's activations, to be broadcast over them."""
    shape, size = [1] * (values.ndim - 1), layout.size(values)
    if layout.sides is None or size is None:
        return torch.full(shape, mix.fraction)
    weights = torch.full(size, mix.fraction)
    if mix.box is not None:
        top, bottom, left, right = mix.box
        weights.zero_()
        weights[round(top * size[0]) : round(bottom * size[0]), round(left * size[1]) : round(right * size[1])] = 1.0
    for axis, side in zip(layout.sides, size, strict=True):
        shape[axis] = side
    return weights.reshape(shape)
