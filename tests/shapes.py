"""Outlines of objects: made, traced and painted by brute force, for tests."""

import numpy as np


def ring_area(ring):
    x, y = np.asarray(ring, float).T
    return (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2


def holds(ring, points_K2):
    """Return which points an odd number of a ring's edges lies to the right of."""
    inside = np.zeros(len(points_K2), bool)
    x, y = points_K2.T
    for (x0, y0), (x1, y1) in zip(np.asarray(ring, float), np.roll(np.asarray(ring, float), -1, axis=0), strict=True):
        if y0 != y1:
            inside ^= ((y0 <= y) != (y1 <= y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


def painted(rings, points_K2):
    """Return which points an outline fills."""
    filled = np.zeros(len(points_K2), bool)
    for ring in sorted(rings, key=lambda ring: -abs(ring_area(ring))):
        filled[holds(ring, points_K2)] = ring_area(ring) > 0
    return filled


def grid(size, step=1.0):
    """Return the centres of cells of a canvas, row by row."""
    xs, ys = (np.arange(step / 2, side, step) for side in size)
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


def traced(mask):
    """Return the edges of pixels as closed rings, what is filled on their right hand as they run."""
    ways = {}
    framed = np.pad(mask, 1)
    for y, x in np.argwhere(mask).tolist():
        for (across, down), start, end in (
            ((0, -1), (x, y), (x + 1, y)),
            ((1, 0), (x + 1, y), (x + 1, y + 1)),
            ((0, 1), (x + 1, y + 1), (x, y + 1)),
            ((-1, 0), (x, y + 1), (x, y)),
        ):
            if not framed[y + 1 + down, x + 1 + across]:
                ways.setdefault(start, []).append(end)
    rings = []
    while ways:
        ring = [next(iter(ways))]
        while ring[-1] in ways:
            ends = ways[ring[-1]]
            ring.append(ends.pop())
            if not ends:
                del ways[ring[-2]]
        rings.append(np.array(ring[:-1], np.float32))
    return tuple(sorted(rings, key=lambda ring: -abs(ring_area(ring))))


def star(rng, centre, radius, points):
    angles = 2 * np.pi * (np.arange(points) + rng.uniform(0, 0.8, points)) / points
    radii = radius * rng.uniform(0.5, 1.0, points)
    return (centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)
