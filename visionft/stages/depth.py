"""How deep a stage with ``unfreeze: auto`` goes, from what the gradients say of each depth group. No torch."""

from collections.abc import Mapping, Sequence

from visionft.stages.stage import Stage

_LEAST, _MOST = 8, 200  # batches that are looked at
_PART = 20  # steps of a stage for each of them
_SHARE = 0.75  # of the gradient norms relative to the weights, that what trains holds


def batches_to_look_at(steps: int) -> int:
    """Return how many batches decide the depth of a stage of so many steps: a twentieth as many, but a few anyway."""
    return min(_MOST, max(_LEAST, steps // _PART))


def deepest_depth(stage: Stage, groups: Sequence[str]) -> tuple[str, ...]:
    """Return the most that may train in a stage whose depth is open: all groups, or two thirds where views are kept.

    Args:
        stage: with ``unfreeze: auto``.
        groups: the backbone's, stem first.
    """
    frozen = 0 if stage.views is None else min(-(-len(groups) // 3), len(groups) - 1)
    return tuple(groups[frozen:])


def choose_depth(ratios: Mapping[str, float]) -> tuple[str, ...]:
    """Return the depth groups that train: as few of the last as hold three quarters of all that asks for a change.

    Args:
        ratios: depth group -> norm of its gradient over that of its parameters, >= 0, shallow to deep.
    """
    names, left = list(ratios), _SHARE * sum(ratios.values())
    for number in range(1, len(names) + 1):
        left -= ratios[names[-number]]
        if left <= 0:
            return tuple(names[-number:])
    return tuple(names)
