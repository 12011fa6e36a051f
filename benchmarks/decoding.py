"""What does it save to decode JPEGs no larger than their canvas needs, and by how much do pixels differ?

python -m benchmarks.decoding [--repeats 15] [--photos 100] [--smoke]

Speed: photographs of COCO made 2000 x 1500, once enlarged with a camera's noise and once put side by side, which has
more detail than cameras' pictures have, at two qualities; from the bytes of the file to a canvas of 224 x 224, one
thread. Differences: the same photographs as they are, on canvases for which they are decoded at a half, a quarter and
an eighth; beside them those of saving a photograph once more at quality 95, which nobody minds. Needs COCO's:
VISIONFT_DATA names the folder with ``coco-mini-yolo``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import measure
from visionft.imaging import decode, to_canvas
from visionft.imaging.reduced import decode_for
from visionft.spec import InputSpec

_SIZE = (2000, 1500)
_CANVAS = 224
_CANVASES = (144, 96, 72, 32)  # on which 480 pixels are 3.3, 5, 6.7 and 15 times as many


def main() -> None:
    """Time and compare both ways, and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=15, help="of each way")
    parser.add_argument("--photos", type=int, default=100, help="that are compared")
    asked = parser.parse_args()
    repeats, number = (2, 9) if asked.smoke else (asked.repeats, asked.photos)
    cv2.setNumThreads(1)
    photos = _photographs(number)
    results: dict[str, Any] = {"speed": _speed(photos[:9], repeats), "differences": _differences(photos)}
    settings = {"repeats": repeats, "photos": len(photos), "size": _SIZE, "canvas": _CANVAS, "threads": 1}
    measure.record("decoding", results, settings=settings, seeds=[0], smoke=asked.smoke)


def _photographs(number: int) -> list[bytes]:
    """Return JPEG files of at least 480 pixels a side."""
    folder = measure.data_folder() / "coco-mini-yolo" / "images"
    found = (file.read_bytes() for file in sorted(folder.rglob("*.jpg")))
    photos = [data for data in found if min(decode(data).shape[:2]) >= 480][:number]
    if len(photos) < min(number, 9):
        raise SystemExit(f"{folder}: {len(photos)} photographs of 480 pixels or more; nine are needed")
    return photos


def _spec(canvas: int, *, reduced: bool) -> InputSpec:
    return InputSpec(canvas, canvas, "stretch", decode="reduced" if reduced else "full")


def _on_canvas(data: bytes, spec: InputSpec) -> NDArray[np.uint8]:
    pixels_HW3, original = decode_for(data, spec)
    return to_canvas(pixels_HW3, spec, original)


def _speed(photos: Sequence[bytes], repeats: int) -> dict[str, Any]:
    found = {}
    for name, data in _large(photos):
        reduced = _spec(_CANVAS, reduced=True)
        specs = {"full": replace(reduced, decode="full"), "reduced": reduced}
        ways = {way: partial(_on_canvas, data, spec) for way, spec in specs.items()}
        seconds = measure.interleave(ways, repeats=repeats, warmup=2)
        title = f"{name}: {len(data) / 1000:.0f} kB, {_SIZE[0]} x {_SIZE[1]} to {_CANVAS}"
        compared = measure.compare(title, seconds, images=1, reference="full")
        found[name] = {"bytes": len(data), "decoded": decode_for(data, reduced).pixels_HW3.shape[:2], **compared}
    return found


def _large(photos: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    pictures = [decode(data) for data in photos]
    enlarged = cv2.resize(pictures[0], _SIZE, interpolation=cv2.INTER_CUBIC)
    noisy = enlarged + np.random.default_rng(0).normal(0, 3, enlarged.shape)
    rows = [np.hstack([picture[:480, :480] for picture in pictures[start : start + 3]]) for start in (0, 3, 6)]
    beside = np.pad(np.vstack(rows), ((0, 60), (0, 560), (0, 0)), "reflect")
    for name, picture in (("enlarged", noisy.clip(0, 255).astype(np.uint8)), ("side by side", beside)):
        for quality in (75, 90):
            flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
            yield f"{name}, quality {quality}", cv2.imencode(".jpg", picture[..., ::-1], flags)[1].tobytes()


def _differences(photos: Sequence[bytes]) -> list[dict[str, Any]]:
    rows = []
    for canvas in _CANVASES:
        reduced, full = _spec(canvas, reduced=True), _spec(canvas, reduced=False)
        scales = [min(full_side / side for full_side, side in _sides(data, reduced)) for data in photos]
        expected = [_on_canvas(data, full) for data in photos]
        again = [_on_canvas(_saved_again(data), full) for data in photos]
        row = {"canvas": canvas, "decoded at": f"1/{np.median(scales):.0f}"}
        for name, found in (("reduced", [_on_canvas(data, reduced) for data in photos]), ("saved again", again)):
            apart = np.abs(np.stack(found).astype(np.int16) - np.stack(expected))
            row |= {f"{name}: mean": float(apart.mean()), f"{name}: p99": float(np.percentile(apart, 99))}
        rows.append(row)
    measure.show("levels of 255 by which pixels differ from those decoded in full", rows)
    return rows


def _sides(data: bytes, spec: InputSpec) -> Iterator[tuple[int, int]]:
    pixels_HW3, original = decode_for(data, spec)
    return zip(original, pixels_HW3.shape[1::-1], strict=True)


def _saved_again(data: bytes) -> bytes:
    return cv2.imencode(".jpg", decode(data)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


if __name__ == "__main__":
    main()
