"""Optimizers by name: AdamW, all of timm's, and those of other packages. Importing this loads no torch.

Those of other packages are classes of ``torch.optim.Optimizer``, made as ``Class(groups, lr=..., weight_decay=...)``
with the options of the recipe. What can be looked up without timm is in the catalog; ``library`` knows all of them.
"""

from visionft.catalog import Catalog

OPTIMIZERS = Catalog("optimizer", {"adamw": "torch.optim:AdamW"}, "visionft.optimizers")

__all__ = ["OPTIMIZERS"]
