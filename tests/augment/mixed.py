"""Mixup and cutmix, pixel by pixel in float64.

Shape suffixes: B batch, H height, W width, C channels, K classes.
"""

import numpy as np


def mixed_images(images_BHWC, changes):
    """Return what each pixel shows of its image and the next."""
    found = np.array(images_BHWC, np.float64)
    for number, change in enumerate(changes):
        own, following = images_BHWC[number], images_BHWC[(number + 1) % len(images_BHWC)]
        for y in range(own.shape[0]):
            for x in range(own.shape[1]):
                left, top, right, bottom = change.cutmix_box or (0, 0, 0, 0)
                share = 1.0 if left <= x < right and top <= y < bottom else change.mixup_lambda
                found[number, y, x] = (1 - share) * own[y, x] + share * following[y, x]
    return found


def mixed_labels(labels_B, changes, size, classes):
    """Return the mean over all pixels of the class that each shows."""
    maps = np.zeros((len(labels_B), size[1], size[0], classes))
    for number, label in enumerate(labels_B):
        maps[number, ..., label] = 1
    return mixed_images(maps, changes).mean(axis=(1, 2))
