"""Heads by name."""

from visionft.catalog import Catalog

HEADS = Catalog("head", {"linear": "visionft.heads.linear:LinearHead"}, "visionft.heads")

__all__ = ["HEADS"]
