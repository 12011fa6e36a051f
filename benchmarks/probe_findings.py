"""How many planted wrong labels and near-duplicates does a probe find in real data, and how much else does it name?

python -m benchmarks.probe_findings [--seeds 3] [--smoke]

Copies of two sets of photographs get 5 % wrong labels, drawn from the other classes, and re-encoded copies of 5 % of
the images: resized to 60 to 90 % and saved as JPEG of quality 60. What is named beside what was planted counts as
false, though some of it is right: real data hold wrong labels and copies of their own.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import visionft as vft
from benchmarks import measure
from visionft.imaging import decode
from visionft.probing import ProbeResult
from visionft.report.pictures import shrink

SETS = ("clothing-small", "sign-digits-subset")
BACKBONE = "tf_efficientnet_lite0:package"
FRACTION, SIZES, QUALITY = 0.05, (0.6, 0.9), 60


def main() -> None:
    options = measure.parser(__doc__)
    options.add_argument("--seeds", type=int, default=3)
    chosen = options.parse_args()
    seeds = range(1 if chosen.smoke else chosen.seeds)
    found = {
        name: [once(measure.data_folder() / name / "images", seed, smoke=chosen.smoke) for seed in seeds]
        for name in SETS[: 1 if chosen.smoke else None]
    }
    for name, runs in found.items():
        measure.show(name, [{"seed": seed, **row} for seed, row in zip(seeds, runs, strict=True)])
    settings = {"backbone": BACKBONE, "fraction": FRACTION, "sizes": SIZES, "quality": QUALITY}
    measure.record("probe_findings", found, settings=settings, seeds=list(seeds), smoke=chosen.smoke)


def once(images: Path, seed: int, *, smoke: bool) -> dict[str, Any]:
    """Plant, probe and count."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        wrong, copies = plant(images, root, np.random.default_rng(seed))
        backbone = "test_resnet:none" if smoke else BACKBONE
        found = vft.probe(root, backbones=backbone, overrides={"seed": seed}, progress=False)
        return counted(found, wrong, copies)


def plant(images: Path, root: Path, rng: np.random.Generator) -> tuple[dict[str, str], set[frozenset[str]]]:
    """Write a copy of a folder of classes, and return the true classes of wrong labels, and the pairs of copies."""
    files = sorted(path for path in images.rglob("*") if path.suffix.lower() == ".jpg")
    classes = sorted({path.parent.name for path in files})
    order, number = rng.permutation(len(files)), round(FRACTION * len(files))
    wrong: dict[str, str] = {}
    copies: set[frozenset[str]] = set()
    for rank, at in enumerate(order):
        true = files[at].parent.name
        given = str(rng.choice([name for name in classes if name != true])) if rank < number else true
        (root / given).mkdir(parents=True, exist_ok=True)
        shutil.copy(files[at], root / given / f"{true}-{files[at].stem}.jpg")
        name = f"{given}/{true}-{files[at].stem}"
        if rank < number:
            wrong[f"{name}.jpg"] = true
        elif rank < 2 * number:
            image = decode(files[at])
            scale = float(rng.uniform(*SIZES))
            small = shrink(image, round(scale * max(image.shape)))
            cv2.imwrite(str(root / f"{name}-copy.jpg"), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            copies.add(frozenset((f"{name}.jpg", f"{name}-copy.jpg")))
    return wrong, copies


def counted(found: ProbeResult, wrong: dict[str, str], copies: set[frozenset[str]]) -> dict[str, Any]:
    """Return precision and recall of both, and how many of as many first labels as were planted are planted ones."""
    named = [error.image for error in found.label_errors]
    pairs = {frozenset(pair.images) for pair in found.duplicates}
    hits, same = len(wrong.keys() & set(named)), len(copies & pairs)
    mended = sum(error.image in wrong and error.found == wrong[error.image] for error in found.label_errors)
    return {
        "accuracy": found.best.score,
        "wrong labels": len(wrong),
        "recall": hits / len(wrong),
        "precision": hits / max(1, len(named)),
        "first": sum(name in wrong for name in named[: len(wrong)]) / len(wrong),
        "right class": mended / len(wrong),
        "copies": len(copies),
        "recall of copies": same / len(copies),
        "precision of copies": same / max(1, len(pairs)),
    }


if __name__ == "__main__":
    main()
