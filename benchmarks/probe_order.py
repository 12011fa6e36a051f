"""Does the probe of objects put pretrained networks before those with random weights, and how far?

python -m benchmarks.probe_order [--images 120] [--smoke]

Blood cells (BCCD) and made-up shapes on a noisy ground, each network with its weights and with none, on 320 x 240.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import visionft as vft
from benchmarks import measure

_NETWORKS = ("tf_efficientnet_lite0:package", "tf_efficientnet_lite0:none", "resnet18:none", "test_resnet:none")
_WIDTH, _HEIGHT = 320, 240


def main() -> None:
    """Probe both sets and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--images", type=int, default=120, help="of each set")
    asked = parser.parse_args()
    networks = _NETWORKS[-1:] if asked.smoke else _NETWORKS
    images = 24 if asked.smoke else asked.images
    with tempfile.TemporaryDirectory() as folder:
        sets = {"shapes": _shapes(Path(folder) / "shapes", images)}
        if not asked.smoke:
            sets["bccd"] = _first_of_voc(measure.data_folder() / "bccd-voc", Path(folder) / "bccd", images)
        results = {name: _probed(path, networks) for name, path in sets.items()}
    for name, rows in results.items():
        measure.show(name, [{"": backbone, **row} for backbone, row in rows.items()])
    measure.record("probe_order", results, settings={"images": images}, seeds=[0], smoke=asked.smoke)


def _probed(path: Path, networks: tuple[str, ...]) -> dict[str, Any]:
    overrides = {"input.size": [_HEIGHT, _WIDTH], "input.fit": "pad", "runtime.device": "cpu"}
    found = vft.probe(path, backbones=networks, overrides=overrides, progress=False)
    return {
        row.backbone: {"score": row.score, "interval": row.interval, "neighbours": row.neighbours} for row in found.rows
    }


def _first_of_voc(source: Path, folder: Path, images: int) -> Path:
    """Copy some images of a folder in Pascal VOC's layout, from everywhere among them."""
    names = sorted(path.stem for path in (source / "Annotations").glob("*.xml"))
    for name in names[:: max(1, len(names) // images)][:images]:
        for part, ending in (("Annotations", ".xml"), ("JPEGImages", ".jpg")):
            (folder / part).mkdir(parents=True, exist_ok=True)
            shutil.copy(source / part / f"{name}{ending}", folder / part)
    return folder


def _shapes(folder: Path, images: int) -> Path:
    """Draw circles, squares and triangles of any colour, with boxes as YOLO has them."""
    rng = np.random.default_rng(0)
    for number in range(images):
        split = "val" if number % 4 == 0 else "train"
        ground = cv2.resize(
            rng.integers(60, 200, (12, 16, 3), dtype=np.uint8), (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC
        )
        image = np.clip(ground + rng.normal(0, 12, ground.shape), 0, 255).astype(np.uint8)
        lines = [_drawn(image, rng) for _ in range(rng.integers(2, 7))]
        for part, ending in (("images", ".jpg"), ("labels", ".txt")):
            (folder / part / split).mkdir(parents=True, exist_ok=True)
            path = folder / part / split / f"{number}{ending}"
            if part == "images":
                cv2.imwrite(str(path), image)
            else:
                path.write_text("\n".join(lines))
    names = "names: [circle, square, triangle]"
    (folder / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: images/val\n{names}\n")
    return folder


def _drawn(image: Any, rng: np.random.Generator) -> str:
    """Draw a shape, and return its line."""
    kind, half = int(rng.integers(3)), int(rng.integers(10, 28))
    x, y = int(rng.integers(half, _WIDTH - half)), int(rng.integers(half, _HEIGHT - half))
    colour = tuple(rng.integers(0, 255, 3).tolist())
    if kind == 0:
        cv2.circle(image, (x, y), half, colour, -1)
    elif kind == 1:
        cv2.rectangle(image, (x - half, y - half), (x + half, y + half), colour, -1)
    else:
        cv2.fillPoly(image, [np.array([[x, y - half], [x - half, y + half], [x + half, y + half]])], colour)
    return f"{kind} {x / _WIDTH} {y / _HEIGHT} {2 * half / _WIDTH} {2 * half / _HEIGHT}"


if __name__ == "__main__":
    main()
