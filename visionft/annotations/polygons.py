"""Polygons of objects moved to another frame, and clipped at the edges of a canvas: exact, with numpy alone.

A polygon consists of rings, as in GeoJSON (``Polygon``). A ring that crosses itself fills every other part.

Shape suffixes: N objects, R rings of all of them, P points, C crossings of an edge; 2 (x, y); 4 left, top, right,
bottom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

Rings: TypeAlias = tuple[NDArray[np.float32], ...]
"""The rings of a ``Polygon`` as arrays."""

_SAME = 1e-4  # pixels between points that are one: moved and cut, a line there and back is no longer so to the last bit


@dataclass(frozen=True, slots=True)
class Polygon:
    """The polygon of an object: its pixels are those whose centre lies inside. Pickles, and compares by value.

    Attributes:
        rings: closed lines, (P, 2) float32 (x, y) each, as bytes. One that runs clockwise, as seen on a screen,
            fills what is inside; one that runs the other way cuts it out again; the larger come first. Filling rings
            may overlap each other, but not where another one cuts out. None at all where nobody knows the polygon.
    """

    rings: tuple[bytes, ...] = ()

    @property
    def points(self) -> Rings:
        """The rings as arrays."""
        return tuple(np.frombuffer(ring, np.float32).reshape(-1, 2) for ring in self.rings)


def move_polygons(
    polygons: Sequence[Rings], matrix: Float, size: tuple[int, int]
) -> tuple[tuple[Rings, ...], NDArray[np.float32], Float]:
    """Move polygons to a canvas and clip them at its edges.

    What an edge has hidden stays hidden when the canvas is moved in its turn.

    Args:
        polygons: of N objects, in any frame; () where nobody knows one.
        matrix: 3x3, from that frame to the canvas, in perspective too, if it divides all points by numbers above 0; a
            flip keeps which rings fill.
        size: (width, height) of the canvas.

    Returns:
        The rings of each object inside the canvas; boxes_N4 around what they fill, all 0 where that is nothing; and
        areas_N2 of each, before and after clipping. A polygon without an area says as little as none at all: it has
        neither rings nor areas.
    """
    lengths_N = [len(rings) for rings in polygons]
    owners_R = np.repeat(np.arange(len(polygons)), lengths_N)
    boxes_N4, areas_N2 = np.zeros((len(polygons), 4), np.float32), np.zeros((len(polygons), 2))
    if not len(owners_R):
        return tuple(polygons), boxes_N4, areas_N2
    rings = [ring for polygon in polygons for ring in polygon]
    ends_R = np.cumsum([len(ring) for ring in rings])
    starts_R = np.concatenate([[0], ends_R[:-1]])
    moved_P3 = np.concatenate(rings) @ matrix[:, :2].T + matrix[:, 2]
    points_P2 = (moved_P3[:, :2] / moved_P3[:, 2:]).astype(np.float32)
    if np.linalg.det(matrix) < 0:
        points_P2 = points_P2[np.repeat(starts_R + ends_R - 1, ends_R - starts_R) - np.arange(len(points_P2))]
    lows_R2, highs_R2 = np.minimum.reduceat(points_P2, starts_R), np.maximum.reduceat(points_P2, starts_R)
    areas_R = _areas(points_P2, starts_R, ends_R)
    areas_N2[:] = np.bincount(owners_R, areas_R, len(polygons))[:, None]
    areas_N2[areas_N2[:, 0] <= 0] = 0
    # rings that cut out lie inside others
    fills_R = areas_R > 0
    boxes_N4[:, :2], boxes_N4[:, 2:] = np.inf, -np.inf
    np.minimum.at(boxes_N4[:, :2], owners_R[fills_R], lows_R2[fills_R])
    np.maximum.at(boxes_N4[:, 2:], owners_R[fills_R], highs_R2[fills_R])
    boxes_N4[areas_N2[:, 0] == 0] = 0
    crossed_N = (boxes_N4[:, :2] < 0).any(axis=1) | (boxes_N4[:, 2:] > size).any(axis=1)
    parts = [points_P2[start:end] for start, end in zip(starts_R.tolist(), ends_R.tolist(), strict=True)]
    clipped = [
        tuple(parts[start:end]) if known else ()
        for (start, end), known in zip(pairwise(np.cumsum([0, *lengths_N]).tolist()), areas_N2[:, 0] > 0, strict=True)
    ]
    for number in np.flatnonzero(crossed_N).tolist():
        clipped[number], boxes_N4[number], areas_N2[number, 1] = _cut(clipped[number], boxes_N4[number], size)
    return tuple(clipped), boxes_N4, areas_N2


def ring_area(ring_P2: NDArray[Any]) -> float:
    """Return the area of a ring, above 0 where it runs clockwise as seen on a screen."""
    near_P2 = ring_P2.astype(np.float64) - ring_P2[0]  # far from the corner, products lose digits
    x, y = near_P2.T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def _cut(rings: Rings, box_4: NDArray[np.float32], size: tuple[int, int]) -> tuple[Rings, NDArray[np.float32], float]:
    """Return the part of a polygon that a canvas shows, as a polygon, the box around it and its area.

    Nothing is left of what is cut off, not even a line along the edge, so that the points that are left say how far it
    reaches. A hole that is cut becomes a part of the ring around it.

    Args:
        rings: the polygon, in pixels of the canvas.
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
    holed = any(ring_area(ring_P2) < 0 for ring_P2 in crossing)
    # else by themselves, so that parts of an object that overlap cut out nothing
    for several in [crossing] if holed else [[ring_P2] for ring_P2 in crossing]:
        joined = _joined([chain for ring_P2 in several for chain in _chains(ring_P2, axis, edge, sign)], axis)
        parts = [part_P2 for part_P2 in map(_without_spikes, joined) if len(part_P2) > 2]
        kept += parts if holed else [part_P2 if ring_area(part_P2) > 0 else part_P2[::-1] for part_P2 in parts]
    return kept


def _without_spikes(ring_P2: Float) -> Float:
    """Drop points at which a ring turns back to where it came from.

    Lines there and back join parts and holes to one ring; where they are cut off, their ends hold nothing.
    """
    apart_P = (np.abs(ring_P2 - np.roll(ring_P2, 2, axis=0)) > _SAME).any(axis=1)
    if apart_P.all() and (np.abs(ring_P2 - np.roll(ring_P2, 1, axis=0)) > _SAME).any(axis=1).all():
        return ring_P2
    points: list[list[float]] = []
    for point in ring_P2.tolist():
        _add(points, point)
    # where it ends and begins, too
    start = 0
    while len(points) - start > 2:
        if _near(points[-1], points[start]) or _near(points[-2], points[start]):
            points.pop()
        elif _near(points[-1], points[start + 1]):
            start += 1
        else:
            break
    return np.array(points[start:]).reshape(-1, 2)


def _add(points: list[list[float]], point: list[float]) -> None:
    if len(points) > 1 and _near(points[-2], point):
        points.pop()
    elif not points or not _near(points[-1], point):
        points.append(point)


def _near(one: Sequence[float], other: Sequence[float]) -> bool:
    return abs(one[0] - other[0]) <= _SAME and abs(one[1] - other[1]) <= _SAME


def _chains(ring_P2: Float, axis: int, edge: int, sign: int) -> list[Float]:
    """Return the pieces of a ring on one side of a line; each begins and ends on it."""
    depth_P = sign * (ring_P2[:, axis] - edge)
    first = int((depth_P <= 0).argmax())
    around = np.arange(first, first + len(ring_P2) + 1) % len(ring_P2)  # begins and ends outside
    ring_P2, depth_P = ring_P2[around], depth_P[around]
    crossed_C = np.flatnonzero(np.diff(depth_P > 0))
    fraction_C = depth_P[crossed_C] / (depth_P[crossed_C] - depth_P[crossed_C + 1])
    met_C2 = ring_P2[crossed_C] + fraction_C[:, None] * (ring_P2[crossed_C + 1] - ring_P2[crossed_C])
    met_C2[:, axis] = edge
    return [
        np.vstack([met_C2[number : number + 1], ring_P2[enters + 1 : leaves + 1], met_C2[number + 1 : number + 2]])
        for number, (enters, leaves) in zip(range(0, len(crossed_C), 2), crossed_C.reshape(-1, 2).tolist(), strict=True)
    ]


def _joined(chains: Sequence[Float], axis: int) -> list[Float]:
    """Join pieces of rings that end on a line, along it: the first crossing with the second, the third with the fourth.

    Between these is the inside, as between every other pair it is outside. Of crossings in one place, as those of a
    line there and back, the order is that in which beginnings meet ends, so that parts run the same way around.
    """
    if len(chains) == 1:
        return list(chains)
    places_C = np.array([chain[end, 1 - axis] for chain in chains for end in (0, -1)])
    ends, places = np.argsort(places_C, kind="stable").tolist(), places_C.tolist()
    partners = [0] * len(ends)
    for at in range(1, len(ends), 2):
        one = ends[at - 1]
        alike = (like for like in range(at, len(ends)) if places[ends[like]] - places[ends[at]] <= _SAME)
        met = next((like for like in alike if (ends[like] - one) % 2), at)
        ends[at], ends[met] = ends[met], ends[at]
        partners[one], partners[ends[at]] = ends[at], one
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
