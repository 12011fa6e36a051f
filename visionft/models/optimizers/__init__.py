"""Optimizers by name: AdamW, all of timm's, and those of other packages. Importing this loads no torch.

The catalog has those of other packages, classes of ``torch.optim.Optimizer`` that are made as ``Class(groups, lr=...,
weight_decay=...)`` with the options of the recipe; ``library`` knows timm's as well.
"""

from visionft.catalog import Catalog

OPTIMIZERS = Catalog("optimizer", {}, "visionft.optimizers")

__all__ = ["OPTIMIZERS"]
