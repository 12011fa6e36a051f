"""Of how many views of each image the frozen layers' outputs are kept, if of any: from what either takes."""

import math
from dataclasses import dataclass

from visionft.autotune.cost import StageTimes, Work, stage_seconds
from visionft.recipe.budget import in_words

LEAST_GAIN = 1.2
"""How much quicker a stage has to be with kept views."""
MOST_VIEWS = 8


@dataclass(frozen=True, slots=True)
class ViewsChoice:
    """What was chosen.

    Attributes:
        views: how many; None to run the frozen layers in every epoch.
        why: in words.
    """

    views: int | None
    why: str


def choose_views(times: StageTimes, work: Work, epochs: float, room: float, *, changing: bool) -> ViewsChoice:
    """Take as many views as there is room for and time to gain, eight at most; none where less is gained.

    Args:
        times: of the stage's parts, those of kept views included.
        work: how much there is to do.
        epochs: passes over the training images.
        room: bytes that may be kept.
        changing: whether images look different in every epoch; else one view is all there is, else it takes two.
    """
    if times.single_pass:
        return ViewsChoice(None, "the frozen layers run once anyway, since images do not change")
    if times.kept is None:
        return ViewsChoice(None, f"nothing is kept, since {times.why_not}")
    without = stage_seconds(times, work, epochs)
    most, least = (min(MOST_VIEWS, math.ceil(epochs)), 2) if changing else (1, 1)
    told = ""
    for views in range(most, least - 1, -1):
        size = (views * work.train + work.val) * times.kept.size
        seconds = stage_seconds(times, work, epochs, views)
        told = (
            f"{views} kept view{'s' * (views != 1)} ({_size(size)}) take {in_words(seconds)}, none {in_words(without)}"
        )
        if size <= room and without >= LEAST_GAIN * seconds:
            return ViewsChoice(views, told)
    if not told:
        return ViewsChoice(None, "nothing is kept, since there is a single epoch")
    return ViewsChoice(None, f"nothing is kept: {told}, with room for {_size(room)}")


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
