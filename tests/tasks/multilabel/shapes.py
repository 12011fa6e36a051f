"""Small pictures that show any of three shapes, and the table of what they show."""

from pathlib import Path

import cv2
import numpy as np

NAMES = ("bar", "disc", "ring")


def draw(rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Return a 40 x 40 picture, and the names of its shapes, often several or none."""
    image = rng.integers(0, 90, (40, 40, 3), dtype=np.uint8)
    there = rng.random(3) < (0.5, 0.4, 0.3)
    colours = [tuple(int(value) for value in rng.integers(140, 255, 3)) for _ in NAMES]
    if there[0]:
        cv2.line(image, (3, 7), (36, 7), colours[0], 5)
    if there[1]:
        cv2.circle(image, (11, 27), 8, colours[1], -1)
    if there[2]:
        cv2.circle(image, (29, 27), 8, colours[2], 2)
    return image, [name for name, shown in zip(NAMES, there, strict=True) if shown]


def write_shapes(root: Path, images: int, mark: str = "|") -> Path:
    """Write pictures and a table of their labels, and return the table."""
    rng, lines = np.random.default_rng(0), ["path,labels"]
    for number in range(images):
        image, labels = draw(rng)
        cv2.imwrite(str(root / f"{number:03}.png"), image)
        lines.append(f"{number:03}.png,{mark.join(labels)}")
    table = root / "labels.csv"
    table.write_text("\n".join(lines) + "\n")
    return table
