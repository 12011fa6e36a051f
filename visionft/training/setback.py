"""Whether a stage began by undoing what the stages before it had learned."""

from collections.abc import Mapping, Sequence
from typing import Any

from visionft.metrics.score import Score
from visionft.stages import Stage

_WORSE = 0.1  # of the error or loss before; less is what epochs differ by anyway


def setback(history: Sequence[Mapping[str, Any]], stages: Sequence[Stage], index: int, score: Score) -> str | None:
    """Return in words that validation was clearly worse after a stage's first epoch than before it, and what helps.

    Args:
        history: a row for each epoch, as ``run.json`` has them.
        stages: the recipe's.
        index: of the stage.
        score: what picks the best weights.

    Returns:
        None where there is nothing to tell.
    """
    rows = [(row["stage"], row["val"].get(score.name)) for row in history]
    before = [value for stage, value in rows if stage < index and value is not None]
    within = [value for stage, value in rows if stage == index and value is not None]
    if not before or not within:
        return None
    best, first = (min if score.lower else max)(before), within[0]
    was, now = (best, first) if score.lower else (1 - best, 1 - first)
    if now <= (1 + _WORSE) * was:
        return None
    stage, earlier = stages[index], stages[index - 1]
    advice = "lower its backbone_lr, or let it rise for longer (warmup)"
    if earlier.augment == "none" and stage.augment != "none":
        advice = f"let stage {earlier.name} see such images as well: augment: {stage.augment} and views: 4"
    return f"stage {stage.name}: its first epoch took {score.title} from {best:.3g} to {first:.3g}; {advice}"
