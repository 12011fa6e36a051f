"""What a task's section of a recipe says of its loss, beside the name."""

from collections.abc import Mapping
from typing import Any

from visionft.catalog import IN_MEMORY, Catalog
from visionft.errors import RecipeError
from visionft.options import options_of, problems_with


def wrong_loss_options(
    catalog: Catalog, name: str, options: Mapping[str, Any], key: str = "loss_options", **others: Any
) -> dict[str, str]:
    """Return the mistakes in the options of a loss: key of the section -> what a person is told.

    Loads torch where there is something to check.

    Args:
        catalog: has the loss.
        name: the loss.
        options: option -> value.
        key: that holds them.
        others: arguments that no recipe gives.
    """
    if not options:
        return {}
    if name == IN_MEMORY and name not in catalog:
        return {key: "the loss is handed over as it is; leave this out"}
    try:
        problems = problems_with(catalog[name], options, **others)
    except RecipeError as error:  # another package's, which does not load
        return {key: str(error)}
    return {f"{key}{option and f'.{option}'}": problem for option, problem in problems.items()}


def losses_that_take(catalog: Catalog, option: str) -> list[str]:
    """Return the losses that have an option, in their order; loads torch."""
    return [name for name in catalog if option in options_of(catalog[name])]
