import pytest

from visionft.report.ranking import worst_and_others


@pytest.mark.parametrize(
    ("images", "worst", "others"),
    [(1, 1, []), (2, 1, [1]), (3, 2, [2]), (4, 2, [2, 3]), (23, 12, [17, 22]), (30, 12, [15, 22, 29])],
)
def test_no_image_is_shown_twice(images, worst, others):
    assert worst_and_others(images) == (range(worst), others)
