"""How layouts are declared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

LAYOUTS: dict[str, "Layout"] = {}
"""Every layout by file and function: ``yolo.roboflow``."""


@dataclass(frozen=True)
class Layout:
    """A tree that a tool writes, and what must be read of it.

    Attributes:
        tool: who writes it so.
        write: fills an empty folder.
        format: the format that must be found; None where any will do.
        task: the kind of the task that must be found.
        classes: names in label order.
        images: stated split (``none`` where nothing is stated) -> images.
        given: the file or folder in it that a user names; empty names the folder.
        labels: how many labels there are: objects of all classes, or names; None where nobody counted.
        asks: overrides that the message must advise, and that make it readable; None reads without being told.
        says: words that stand in the message, or in a problem.
        losses: mutations whose loss nobody could notice, by the start of their name, each with the reason.
    """

    tool: str
    write: Callable[[Path], None]
    format: str | None = None
    task: str = ""
    classes: tuple[str, ...] = ()
    images: Mapping[str, int] | None = None
    labels: int | None = None
    given: str = ""
    asks: tuple[str, ...] | None = None
    says: tuple[str, ...] = ()
    losses: Mapping[str, str] | None = None


def layout(tool: str, **expected) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Declare the decorated function as a layout."""

    def declare(write):
        name = f"{write.__module__.rpartition('.')[2]}.{write.__name__}"
        assert name not in LAYOUTS, f"two layouts are called {name}"
        LAYOUTS[name] = Layout(tool, write, **expected)
        return write

    return declare
