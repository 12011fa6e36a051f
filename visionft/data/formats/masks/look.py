"""What a set of masks holds: which values, how often, and whether they lie in areas or only along edges.

Classes fill areas. What JPEG compression or smooth resizing leaves does not: its values stand between dark and bright
at edges, where no two neighbours are alike.

Shape suffixes: H height, W width.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visionft.cores import usable_cores
from visionft.data.formats.masks.coding import brightest, pack
from visionft.data.formats.masks.source import is_jpeg, read_stored
from visionft.errors import DataError

_SHOWN = 5
_DARK, _BRIGHT = 0.2, 0.8  # of the largest value: where the two heaps of a nearly binary mask end
_BETWEEN = 0.1  # at most this part of its pixels lies between them
_IN_AREAS = 0.05  # of the pixels of a class, at least this part has two neighbours of the same class
_FEW = 8  # values; so few are not judged by that
_PICTURE = 4096  # colours; of so many only their brightness is kept
_GREYISH = 40  # levels that the channels of a grey may differ by, after compression


@dataclass(frozen=True, slots=True)
class Look:
    """What one mask holds.

    Attributes:
        pixels: code -> pixels.
        in_areas: code -> pixels whose left and upper neighbours have it as well.
        in_colour: whether the codes are colours.
        lossy: whether it is a JPEG.
        fractions: whether values were no whole numbers; the codes are then of 0 to 255, as the largest is white.
    """

    pixels: Counter[int]
    in_areas: Counter[int]
    in_colour: bool
    lossy: bool = False
    fractions: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """What masks hold.

    Attributes:
        looks: one for each mask that can be read.
        codes: of all masks.
        in_colour: whether the codes are colours.
        most: different codes in one mask, at most; many say that it is a picture.
        alpha: whether it is their transparency that was looked at.
    """

    looks: tuple[Look, ...]
    codes: set[int] = field(default_factory=set)
    in_colour: bool = False
    most: int = 0
    alpha: bool = False

    @property
    def lossy(self) -> int:
        """How many are JPEGs, or hold fractions."""
        return sum(look.lossy or look.fractions for look in self.looks)

    @property
    def is_binary(self) -> bool:
        """Whether the masks are in black and white."""
        return not self.in_colour and self.codes == {0, 255} and not self.lossy

    def mixes_two_codes(self) -> bool:
        """Return whether some masks hold 0 and 1, others 0 and 255, and none both: 255 is then not what is ignored."""
        held = [set(look.pixels) for look in self.looks]
        whites = sum(255 in codes for codes in held)
        plain = not self.in_colour and not self.lossy and self.codes == {0, 1, 255}
        return plain and not any({1, 255} <= codes for codes in held) and 10 * whites >= len(held)

    def exact(self) -> "Scan":
        """Return what the masks hold that are no JPEGs."""
        looks = [look for look in self.looks if not (look.lossy or look.fractions)]
        return replace(joined(looks), alpha=self.alpha)

    def largest(self) -> int:
        """Return the largest value, of colours that of the brightest channel."""
        return max(map(self._brightness, self.codes))

    def _brightness(self, code: int) -> int:
        return max(code >> 16, code >> 8 & 255, code & 255) if self.in_colour else code

    def pixels(self) -> Counter[int]:
        """Return value -> pixels of all masks, of colours by the brightest channel."""
        return self._together([look.pixels for look in self.looks])

    def _together(self, counts: Iterable[Counter[int]]) -> Counter[int]:
        together: Counter[int] = Counter()
        for of_one in counts:
            for code, count in of_one.items():
                together[self._brightness(code)] += count
        return together

    def _is_grey(self) -> bool:
        """Return whether colours are greys, up to what compression does to them."""
        channels = [(code >> 16, code >> 8 & 255, code & 255) for code in self.codes] if self.in_colour else []
        return all(max(colour) - min(colour) <= _GREYISH for colour in channels)

    def along_edges(self) -> int:
        """Return how many of the values are found along edges only, as no class is; 0 where there are few values."""
        pixels, in_areas = Counter[int](), Counter[int]()
        for look in self.looks:
            pixels.update(look.pixels)
            in_areas.update(look.in_areas)
        thin = [code for code, count in pixels.items() if in_areas[code] < _IN_AREAS * count]
        return len(thin) if min(len(pixels), self.most) > _FEW else 0

    def two_heaps(self) -> float | None:
        """Return which part of the pixels lies between dark and bright, where nearly all are in these two heaps.

        None where they are not, or where the values between, or close to the ends, fill areas, as classes do.
        """
        pixels, in_areas = self.pixels(), self._together(look.in_areas for look in self.looks)
        top = max(pixels)
        inner = [value for value in pixels if 0 < value < top]
        middle = [value for value in inner if _DARK * top < value < _BRIGHT * top]
        total, between = pixels.total(), sum(pixels[value] for value in middle)
        dark = sum(count for value, count in pixels.items() if value <= _DARK * top)
        heaps = between <= _BETWEEN * total and dark > 0 and total - dark - between > 0
        if top < 128 or not heaps or not self._is_grey():
            return None
        if self.lossy == len(self.looks):
            return between / total
        if not inner:
            return None
        judged = middle if len(middle) > 2 else inner
        filled = sum(in_areas[value] for value in judged) / sum(pixels[value] for value in judged)
        spread = len(middle) > 2 or any(value >= _BRIGHT * top for value in inner)
        plain = filled < (0.25 if len(middle) > 2 else 0.9)
        return between / total if spread and plain else None


def look_at(stored: NDArray[np.generic], *, lossy: bool = False) -> Look:
    """Return what a mask holds, given its values (H, W) or colours (H, W, 3)."""
    fractions = stored.dtype.kind == "f"
    if fractions:
        top = max(float(stored.max()), 1.0)
        stored = np.rint(stored.astype(np.float64) * (255 / top)).astype(np.uint8)
    codes_HW = pack(stored)
    if stored.ndim == 3 and len(np.unique(codes_HW)) > _PICTURE:
        codes_HW = pack(np.repeat(brightest(stored)[..., None], 3, axis=2))
    inner_HW = codes_HW[1:, 1:]
    same_HW = (inner_HW == codes_HW[:-1, 1:]) & (inner_HW == codes_HW[1:, :-1])
    return Look(_counted(codes_HW), _counted(inner_HW[same_HW]), stored.ndim == 3, lossy, fractions)


def _counted(codes: NDArray[np.uint32]) -> Counter[int]:
    if codes.size and codes.max() < 1 << 16:
        counts = np.bincount(codes.ravel())
        return Counter({int(code): int(counts[code]) for code in np.flatnonzero(counts)})
    values, numbers = np.unique(codes, return_counts=True)
    return Counter(dict(zip(values.tolist(), numbers.tolist(), strict=True)))


def scan(masks: Sequence[Path], *, alpha: bool = False) -> Scan:
    """Look into all masks that can be read.

    Args:
        masks: the files.
        alpha: look at the transparency of those that have any.

    Raises:
        DataError: when none can.
    """
    bad: list[str] = []
    looks: list[Look] = []
    with ThreadPoolExecutor(min(8, usable_cores())) as pool:  # decoding happens outside Python's lock
        outcomes: Iterable[Look | DataError] = pool.map(_reader(alpha=alpha), masks)
        for outcome in outcomes:
            if isinstance(outcome, DataError):
                bad.append(str(outcome))
            else:
                looks.append(outcome)
    if not looks:
        nothing = "no mask can be read; if these are pictures in folders of classes, give data.format: folder"
        raise DataError("\n".join([nothing, *bad[:_SHOWN]]))
    return joined(looks)


def _reader(*, alpha: bool) -> Callable[[Path], Look | DataError]:
    def read(mask: Path) -> Look | DataError:
        try:
            return look_at(read_stored(mask, lossy=True, alpha=alpha), lossy=is_jpeg(mask))
        except DataError as error:
            return error

    return read


def joined(looks: Sequence[Look]) -> Scan:
    """Return what several masks hold."""
    if not looks:
        return Scan(())
    in_colour = any(look.in_colour for look in looks)
    grey = 0x010101  # a mask without colours among those with them is black, white or grey
    if in_colour:
        looks = [look if look.in_colour else _in_colour(look, grey) for look in looks]
    codes = {code for look in looks for code in look.pixels}
    return Scan(tuple(looks), codes, in_colour, max(len(look.pixels) for look in looks))


def _in_colour(look: Look, grey: int) -> Look:
    pixels, in_areas = (Counter({code * grey: n for code, n in of.items()}) for of in (look.pixels, look.in_areas))
    return Look(pixels, in_areas, True, look.lossy, look.fractions)
