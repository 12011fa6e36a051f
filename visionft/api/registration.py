"""Parts of a program's own, put beside those that ship."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from visionft.catalog import Catalog
from visionft.data.formats import FORMATS
from visionft.errors import UnknownName
from visionft.export import WRITERS
from visionft.models.backbones import BACKBONES
from visionft.models.heads import HEADS
from visionft.models.losses import LOSSES
from visionft.models.optimizers import OPTIMIZERS
from visionft.predict.engine import ENGINES
from visionft.stages.schedules import SCHEDULES
from visionft.tasks import TASKS
from visionft.tracking import TRACKERS

_ALL = (BACKBONES, FORMATS, HEADS, *LOSSES, OPTIMIZERS, SCHEDULES, WRITERS, ENGINES, TASKS, TRACKERS)

CATALOGS: Mapping[str, tuple[Catalog, ...]] = MappingProxyType(
    {one.what: tuple(catalog for catalog in _ALL if catalog.what == one.what) for one in _ALL}
)
"""What can be registered -> where it then is; a loss may be of any kind."""

Part = TypeVar("Part", bound=type)


def register(what: str) -> Callable[[Part], Part]:
    """Return a decorator that adds a class to a catalog, so that recipes can name it for as long as this process lives.

        @vft.register("head")
        class MyHead(nn.Module):
            kind = "my_head"

        @vft.register("backbone")
        class MyNet(nn.Module):  # gives feature maps, or an embedding; see models/backbones/module_family.py
            kind = "my_net"

    A package that is to be found by every process, the terminal's included, names its classes as entry points instead,
    in the groups ``visionft.tasks``, ``visionft.backbones``, ``visionft.heads``, ``visionft.losses``,
    ``visionft.optimizers``, ``visionft.schedules``, ``visionft.data_formats``, ``visionft.trackers``,
    ``visionft.runtimes`` (what writes files) and ``visionft.engines`` (what opens them).

    Args:
        what: a name in ``CATALOGS``, such as ``head``.

    Raises:
        UnknownName: when nothing is called that.
        ValueError: from the decorator, for a class without a ``kind``, or with one that there is already.
    """
    if what not in CATALOGS:
        raise UnknownName("catalog", what, CATALOGS)

    def add(part: Part) -> Part:
        for catalog in CATALOGS[what]:
            catalog.require_free(part)
        for catalog in CATALOGS[what]:
            catalog.add(part)
        return part

    return add
