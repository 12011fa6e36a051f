"""Which of many images a page shows."""

WORST = 12


def worst_and_others(images: int) -> tuple[range, list[int]]:
    """Choose from images that are ranked from the worst to the best.

    Args:
        images: how many there are, at least one.

    Returns:
        Ranks, from 0, of the worst images: half of all, at most ``WORST``; and of the median, the upper quartile and
        the best one, to compare them with, unless these are among the worst.
    """
    worst = range(min(WORST, (images + 1) // 2))
    return worst, sorted({images // 2, 3 * images // 4, images - 1} - set(worst))
