"""CSV, JSON and text files that list images with their labels."""

from tests.data.zoo.files import pictures, text
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")


@layout(
    "pandas, to_csv",
    given="labels.csv",
    format="manifest",
    task="classification",
    classes=PETS,
    images={"train": 2, "val": 2},
    labels=4,
)
def csv_with_splits(root):
    rows = zip(
        pictures(root / "images", 4), ("cat", "dog", "cat", "dog"), ("train", "train", "val", "val"), strict=True
    )
    lines = (f"images/{image.name},{label},{split}" for image, label, split in rows)
    text(root / "labels.csv", "\n".join(("path,label,split", *lines)))
