"""Numbers that stand in the place of a class where there is none."""

IGNORE = 255
"""In a mask: the pixel belongs to no class, is not learned and not measured."""

PADDING, CROWD = -1, -2
"""In boxes_N5, in the place of a class: a row without a box; a region whose objects are not learned or measured."""
