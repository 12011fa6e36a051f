"""Outlines of objects moved to another frame, and cut at the edges of a canvas: exact, with numpy alone.

What the rings of an outline mean is told by ``sample.Outline``. A ring that crosses itself fills every other part.

Shape suffixes: N objects, R rings of all of them, P points, C crossings of an edge; 2 (x, y); 4 left, top, right,
bottom.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.sample import Rings

Float = NDArray[np.float64]


def shown(
    outlines: Sequence[Rings], matrix: Float, size: tuple[int, int]
) -> tuple[tuple[Rings, ...], NDArray[np.float32], Float]:
    """Return what a canvas shows of outlines.

    They are cut, and not only moved: what an edge has hidden stays hidden when the canvas is moved in its turn.

    Args:
        outlines: of N objects, in any frame; () where nobody knows one.
        matrix: 3x3, affine, from that frame to the canvas; a flip keeps which rings fill.
        size: (width, height) of the canvas.

    Returns:
        The rings of each object inside the canvas; boxes_N4 around what they fill, all 0 where that is nothing; and
        areas_N2 of each, before and after it was cut. An outline without an area says as little as none at all: it has
        neither rings nor areas.
    """
    lengths_N = [len(rings) for rings in outlines]
    owners_R = np.repeat(np.arange(len(outlines)), lengths_N)
    boxes_N4, areas_N2 = np.zeros((len(outlines), 4), np.float32), np.zeros((len(outlines), 2))
    if not len(owners_R):
        return tuple(outlines), boxes_N4, areas_N2
    rings = [ring for outline in outlines for ring in outline]
    ends_R = np.cumsum([len(ring) for ring in rings])
    starts_R = np.concatenate([[0], ends_R[:-1]])
    points_P2 = (np.concatenate(rings) @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)
    if np.linalg.det(matrix[:2, :2]) < 0:
        points_P2 = points_P2[np.repeat(starts_R + ends_R - 1, ends_R - starts_R) - np.arange(len(points_P2))]
    lows_R2, highs_R2 = np.minimum.reduceat(points_P2, starts_R), np.maximum.reduceat(points_P2, starts_R)
    areas_R = _areas(points_P2, starts_R, ends_R)
    areas_N2[:] = np.bincount(owners_R, areas_R, len(outlines))[:, None]
    areas_N2[areas_N2[:, 0] <= 0] = 0
    # rings that cut out lie inside others
    fills_R = areas_R > 0
    boxes_N4[:, :2], boxes_N4[:, 2:] = np.inf, -np.inf
    np.minimum.at(boxes_N4[:, :2], owners_R[fills_R], lows_R2[fills_R])
    np.maximum.at(boxes_N4[:, 2:], owners_R[fills_R], highs_R2[fills_R])
    boxes_N4[areas_N2[:, 0] == 0] = 0
    crossed_N = (boxes_N4[:, :2] < 0).any(axis=1) | (boxes_N4[:, 2:] > size).any(axis=1)
    parts = [points_P2[start:end] for start, end in zip(starts_R.tolist(), ends_R.tolist(), strict=True)]
    found = [
        tuple(parts[start:end]) if known else ()
        for (start, end), known in zip(pairwise(np.cumsum([0, *lengths_N]).tolist()), areas_N2[:, 0] > 0, strict=True)
    ]
    for number in np.flatnonzero(crossed_N).tolist():
        found[number], boxes_N4[number], areas_N2[number, 1] = _cut(found[number], boxes_N4[number], size)
    return tuple(found), boxes_N4, areas_N2


def ring_area(ring_P2: NDArray[Any]) -> float:
    """Return the area of a ring, above 0 where it runs clockwise as seen on a screen."""
    near_P2 = ring_P2.astype(np.float64) - ring_P2[0]  # far from the corner, products lose digits
    x, y = near_P2.T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def _cut(rings: Rings, box_4: NDArray[np.float32], size: tuple[int, int]) -> tuple[Rings, NDArray[np.float32], float]:
    """Return the part of an outline that a canvas shows, as an outline, the box around it and its area.

    Nothing is left of what is cut off, not even a line along the edge, so that the points that are left say how far it
    reaches. A hole that is cut becomes a part of the ring around it.

    Args:
        rings: the outline, in pixels of the canvas.
        box_4: around what it fills.
        size: (width, height) of the canvas.
    """
    left, top, right, bottom = box_4.tolist()
    parts: list[Float] = [ring_P2.astype(np.float64) for ring_P2 in rings]
    for beyond, axis, edge, sign in (
        (left < 0, 0, 0, 1),
        (top < 0, 1, 0, 1),
        (right > size[0], 0, size[0], -1),
        (bottom > size[1], 1, size[1], -1),
    ):
        if beyond:
            parts = _cut_at(parts, axis, edge, sign)
    ordered = sorted(((ring_area(ring_P2), ring_P2) for ring_P2 in parts), key=lambda part: -abs(part[0]))
    filling = [ring_P2 for area, ring_P2 in ordered if area > 0]
    if not filling:
        return (), np.zeros(4, np.float32), 0.0
    points_P2 = np.concatenate(filling)
    around_4 = np.concatenate([points_P2.min(axis=0), points_P2.max(axis=0)]).astype(np.float32)
    return tuple(ring_P2.astype(np.float32) for _, ring_P2 in ordered), around_4, sum(area for area, _ in ordered)


def _cut_at(rings: Sequence[Float], axis: int, edge: int, sign: int) -> list[Float]:
    """Return what lies on one side of a line: where the coordinate less the edge has the sign."""
    kept, crossing = [], []
    for ring_P2 in rings:
        inside_P = sign * (ring_P2[:, axis] - edge) > 0  # what runs along the line is not to be seen
        if inside_P.all():
            kept.append(ring_P2)
        elif inside_P.any():
            crossing.append(ring_P2)
    if any(ring_area(ring_P2) < 0 for ring_P2 in crossing):
        return kept + _joined([chain for ring_P2 in crossing for chain in _chains(ring_P2, axis, edge, sign)], axis)
    # by themselves, so that parts of an object that overlap cut out nothing
    parts = [part_P2 for ring_P2 in crossing for part_P2 in _joined(_chains(ring_P2, axis, edge, sign), axis)]
    return kept + [part_P2 if ring_area(part_P2) > 0 else part_P2[::-1] for part_P2 in parts]


def _chains(ring_P2: Float, axis: int, edge: int, sign: int) -> list[Float]:
    """Return the pieces of a ring on one side of a line; each begins and ends on it."""
    depth_P = sign * (ring_P2[:, axis] - edge)
    first = int((depth_P <= 0).argmax())
    around = np.arange(first, first + len(ring_P2) + 1) % len(ring_P2)  # begins and ends outside
    ring_P2, depth_P = ring_P2[around], depth_P[around]
    crossed_C = np.flatnonzero(np.diff(depth_P > 0))
    share_C = depth_P[crossed_C] / (depth_P[crossed_C] - depth_P[crossed_C + 1])
    met_C2 = ring_P2[crossed_C] + share_C[:, None] * (ring_P2[crossed_C + 1] - ring_P2[crossed_C])
    met_C2[:, axis] = edge
    return [
        np.vstack([met_C2[number : number + 1], ring_P2[enters + 1 : leaves + 1], met_C2[number + 1 : number + 2]])
        for number, (enters, leaves) in zip(range(0, len(crossed_C), 2), crossed_C.reshape(-1, 2).tolist(), strict=True)
    ]


def _joined(chains: Sequence[Float], axis: int) -> list[Float]:
    """Join pieces of rings that end on a line, along it: the first crossing with the second, the third with the fourth.

    Between these is the inside, as between every other pair it is outside.
    """
    if len(chains) == 1:
        return list(chains)
    places_C = np.array([chain[end, 1 - axis] for chain in chains for end in (0, -1)])
    order_C = np.argsort(places_C, kind="stable")
    partner_C = np.empty_like(order_C)
    partner_C[order_C] = order_C.reshape(-1, 2)[:, ::-1].ravel()
    partners = partner_C.tolist()
    free, rings = set(range(len(chains))), []
    for number in range(len(chains)):
        pieces, end = [], 2 * number
        while end // 2 in free:
            free.remove(end // 2)
            pieces.append(chains[end // 2] if end % 2 == 0 else chains[end // 2][::-1])
            end = partners[end ^ 1]
        if pieces:
            rings.append(np.vstack(pieces))
    return rings


def _areas(points_P2: NDArray[Any], starts_R: NDArray[np.int64], ends_R: NDArray[np.int64]) -> Float:
    """Return the areas of rings that lie one behind the other."""
    near_P2 = points_P2.astype(np.float64) - np.repeat(points_P2[starts_R], ends_R - starts_R, axis=0)
    following = np.arange(1, len(points_P2) + 1)
    following[ends_R - 1] = starts_R
    x, y = near_P2.T
    return np.asarray(np.add.reduceat(x * y[following] - x[following] * y, starts_R) / 2)
