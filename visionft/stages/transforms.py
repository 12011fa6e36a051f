"""How a recipe lists transforms of images by name; what the names stand for, ``augment.library`` knows."""

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any


class OneTransform:
    """Marks a mapping in a recipe as one transform: pydantic asks it how to check that; nothing here depends on it."""

    def check(self, entry: Any) -> Any:
        """Return the entry.

        Raises:
            ValueError: when it is no mapping of one name to its arguments.
        """
        if isinstance(entry, str):
            raise ValueError(f"write it as {{{entry}: {{}}}}: a name, and its arguments")  # noqa: TRY004
        if isinstance(entry, dict) and len(entry) != 1:
            raise ValueError(f"holds {len(entry)} names; give each transform an entry of the list, as - NAME: {{...}}")
        if isinstance(entry, dict) and next(iter(entry.values())) is None:
            raise ValueError(f"write it as {{{next(iter(entry))}: {{}}}} for its own defaults")
        return entry

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Return how pydantic checks such a mapping."""
        schema = import_module("pydantic_core.core_schema")
        return schema.no_info_before_validator_function(self.check, handler(source))


Transforms = tuple[Annotated[dict[str, dict[str, Any]], OneTransform()], ...]
"""Names of transforms -> their arguments, one in each mapping."""
