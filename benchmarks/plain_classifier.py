"""What a person would write for a folder of classes: a pretrained network of timm, all of it trained in one stage.

python benchmarks/plain_classifier.py TABLE NETWORK WEIGHTS STARTED [--size 224] [--orientation upright] [--epochs 10]
                                      [--lr 3e-4] [--batch 32] [--workers 2] [--seed 0]

Needs torch, timm and torchvision only. After every epoch it prints a line of JSON: seconds since STARTED, accuracy.

Shape suffixes: B batch, C channels, H height, W width.
"""

import argparse
import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from PIL import Image
from timm.data.config import resolve_model_data_config
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T


class Photographs(Dataset[tuple[Tensor, int]]):
    """The images of one split of a table with the columns path, label and split."""

    def __init__(self, rows: list[dict[str, str]], names: list[str], change: Callable[[Any], Tensor]) -> None:
        self._rows, self._names, self._change = rows, names, change

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        with Image.open(self._rows[index]["path"]) as image:
            return self._change(image.convert("RGB")), self._names.index(self._rows[index]["label"])


def main() -> None:
    """Train, and print what is reached after each epoch."""
    asked = arguments(__doc__).parse_args()
    torch.manual_seed(asked.seed)
    rows, names = read(asked.table)
    network = timm.create_model(
        asked.network, pretrained=True, pretrained_cfg_overlay={"file": asked.weights}, num_classes=len(names)
    )
    config = resolve_model_data_config(network)  # type: ignore[no-untyped-call]
    plain = [T.Resize((asked.size, asked.size)), T.ToTensor(), T.Normalize(config["mean"], config["std"])]
    flips = {"fixed": [], "upright": [T.RandomHorizontalFlip()]}
    flips["any"] = [T.RandomHorizontalFlip(), T.RandomVerticalFlip()]
    looks = [T.ColorJitter(0.2, 0.2), *flips[asked.orientation]]
    train = Photographs(rows["train"], names, T.Compose([*looks, *plain]))
    val = Photographs(rows["val"], names, T.Compose(plain))
    loader = DataLoader(train, asked.batch, shuffle=True, num_workers=asked.workers)
    optimizer = torch.optim.AdamW(network.parameters(), lr=asked.lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, asked.lr, total_steps=asked.epochs * len(loader))
    for _ in range(asked.epochs):
        network.train()
        for images_BCHW, labels_B in loader:
            loss = F.cross_entropy(network(images_BCHW), labels_B)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
        accuracy = accuracy_of(network, DataLoader(val, asked.batch, num_workers=asked.workers))
        print(json.dumps({"seconds": time.time() - asked.started, "accuracy": accuracy}), flush=True)


@torch.inference_mode()
def accuracy_of(network: nn.Module, loader: DataLoader[tuple[Tensor, int]]) -> float:
    """Return the fraction of images of a loader that are classified rightly."""
    network.eval()
    right = [(network(images_BCHW).argmax(1) == labels_B) for images_BCHW, labels_B in loader]
    return float(torch.cat(right).float().mean())


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """Return the parser of what all tools are told."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("network")
    parser.add_argument("weights")
    parser.add_argument("started", type=float)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--orientation", choices=("fixed", "upright", "any"), default="upright")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def read(table: Path) -> tuple[dict[str, list[dict[str, str]]], list[str]]:
    """Return the rows of each split, and the names of the classes."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    splits = {split: [row for row in rows if row["split"] == split] for split in ("train", "val")}
    return splits, sorted({row["label"] for row in rows})


if __name__ == "__main__":
    main()
