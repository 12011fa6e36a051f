"""Read-only name -> class mappings, filled from one visible table per package plus entry points.

A table holds ``"module:Class"`` strings, so that names can be checked and listed without importing torch.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from visionft.errors import UnknownName


class Catalog(Mapping[str, Any]):
    """Things of one kind by name; a value is imported when it is asked for.

    Args:
        what: the singular noun for messages, such as ``head``.
        table: name -> ``"module:Class"``; the name equals the class's own ``kind``.
        group: entry-point group through which other packages add to the table.
    """

    def __init__(self, what: str, table: Mapping[str, str], group: str) -> None:
        self.what = what
        self._table = dict(table)
        self._group = group

    @cached_property
    def _targets(self) -> dict[str, str]:
        found = {point.name: point.value for point in entry_points(group=self._group)}
        return found | self._table

    def __getitem__(self, name: str) -> Any:
        """Import and return what the name stands for.

        Raises:
            UnknownName: with the close names, when there is no such entry.
        """
        self.require(name)
        return imported(self._targets[name])

    def require(self, name: str) -> None:
        """Check a name without importing what it stands for.

        Raises:
            UnknownName: with the close names, when there is no such entry.
        """
        if name not in self._targets:
            raise UnknownName(self.what, name, self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._targets))

    def __len__(self) -> int:
        return len(self._targets)


def imported(target: str) -> Any:
    """Import what ``"module:name"`` stands for."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
