"""Read-only name -> class mappings, filled from one visible table per package plus entry points.

A table holds ``"module:Class"`` strings, so that names can be checked and listed without importing torch.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from visionft.errors import RecipeError, UnknownName

IN_MEMORY = "memory"
"""What a recipe calls whatever a program hands over: data, and parts."""

_HANDED: ContextVar[Mapping[str, Any]] = ContextVar("handed", default=MappingProxyType({}))


@contextmanager
def handing_over(**parts: Any) -> Iterator[None]:
    """Let the name ``memory`` stand for a program's own parts in this thread, for as long as the block lasts.

    Args:
        parts: what a catalog is of, such as ``head`` -> what the name stands for there; None for nothing.
    """
    token = _HANDED.set(parts)
    try:
        yield
    finally:
        _HANDED.reset(token)


def handed_over(what: str) -> Any:
    """Return what the name ``memory`` stands for now; None for nothing."""
    return _HANDED.get().get(what)


def not_handed_over(what: str) -> str:
    """Return what a person is told where a part of a recipe is in memory, and nobody has handed it over."""
    return (
        f"{what}: memory: it was handed over in Python, and no file holds it; hand it over again: "
        f"vft.open_run(RUN, {what}=...), or vft.train(out=RUN, resume=True, {what}=...) to go on; or name one in the "
        "recipe. Its exported file needs none of it"
    )


class Catalog(Mapping[str, Any]):
    """Things of one kind by name; a value is imported when it is asked for.

    Args:
        what: the singular noun for messages, such as ``head``.
        table: name -> ``"module:Class"``; the name equals the class's own ``kind``.
        group: entry-point group through which other packages add to the table.
        lends: whether a program may hand over one of these as it is, which recipes then call ``memory``.

    Attributes:
        what: as given.
        group: as given.
        lends: as given.
    """

    def __init__(self, what: str, table: Mapping[str, str], group: str, *, lends: bool = False) -> None:
        self.what = what
        self.lends = lends
        self._table = dict(table)
        self.group = group
        self._added: dict[str, Any] = {}

    @property
    def shipped(self) -> Collection[str]:
        """The names that are no other package's."""
        return self._table.keys()

    @cached_property
    def _targets(self) -> dict[str, str]:
        found = {point.name: point.value for point in entry_points(group=self.group)}
        return found | self._table

    def __getitem__(self, name: str) -> Any:
        """Import and return what the name stands for.

        Raises:
            UnknownName: with the close names, when there is no such entry.
            RecipeError: for ``memory`` where nothing is handed over.
        """
        self.require(name)
        if name not in self:
            if (handed := handed_over(self.what)) is None:
                raise RecipeError(not_handed_over(self.what))
            return handed
        return self._added[name] if name in self._added else imported(self._targets[name])

    def target(self, name: str) -> str:
        """Return where an entry is, as ``"module:Class"``, without importing it.

        Raises:
            UnknownName: with the close names, when there is no such entry.
        """
        self.require(name)
        added = self._added.get(name)
        return self._targets[name] if added is None else f"{added.__module__}:{added.__qualname__}"

    def require(self, name: str) -> None:
        """Check a name without importing what it stands for.

        Raises:
            UnknownName: with the close names, when there is no such entry.
        """
        if name not in self and not (self.lends and name == IN_MEMORY):
            raise UnknownName(self.what, name, self)

    def add(self, thing: Any) -> None:
        """Add a class under the name in its attribute ``kind``, for as long as this process lives.

        Raises:
            ValueError: when it has no ``kind``, or when there is an entry of that name already.
        """
        self._added[self.require_free(thing)] = thing

    def require_free(self, thing: Any) -> str:
        """Return the name of a class that can be added.

        Raises:
            ValueError: as ``add`` does.
        """
        name = getattr(thing, "kind", None)
        if not isinstance(name, str) or not name:
            raise ValueError(f"{thing!r}: needs an attribute kind, the name that recipes call it by")
        if name in self._targets or name in self._added:
            raise ValueError(f"{self.what} {name!r}: there is one already; give {thing.__name__}.kind another name")
        return name

    def __contains__(self, name: object) -> bool:
        return name in self._targets or name in self._added

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({**self._targets, **self._added}))

    def __len__(self) -> int:
        return len(self._targets) + len(self._added)


def imported(target: str) -> Any:
    """Import what ``"module:name"`` stands for.

    Raises:
        RecipeError: when it is another package's and cannot be imported.
    """
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        if module.partition(".")[0] == "visionft":  # a mistake of our own is to be seen whole
            raise
        raise RecipeError(
            f"{target}: cannot be loaded ({error}); install what it needs, or uninstall the package that names it"
        ) from error


class NameIn:
    """Marks a text, as in ``Annotated[str, NameIn(HEADS)]``, as a name that a catalog must have in a recipe.

    pydantic reads this when it validates a recipe; nothing here depends on pydantic.

    Args:
        catalog: whose names are allowed.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def check(self, name: str) -> str:
        """Return the name.

        Raises:
            ValueError: with the close names, when there is no such entry.
        """
        try:
            self.catalog.require(name)
        except UnknownName as error:  # pydantic collects ValueErrors and goes on to the next key
            raise ValueError(str(error)) from None
        return name

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return how pydantic checks such a text."""
        schema = import_module("pydantic_core.core_schema")
        return schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return the schema of such a text, with the names of this moment, which editors complete."""
        return {**handler(source), "enum": [*self.catalog, *([IN_MEMORY] if self.catalog.lends else [])]}
