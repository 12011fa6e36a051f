"""What of a Markdown page can be run or read: its blocks of code, with the lines on which they stand."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}[^\n]*\n(?:\n(?= {4}))?)+", re.MULTILINE)
HIDDEN = re.compile(r"<!-- (?P<options>\w+=\S+) -->\n\Z")
OPTION = re.compile(r"(\w+)=\"?([^\s\"]+)\"?")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: the file.
        line: its first line of code, from 1.
        language: what its fence says, such as ``sh``; that of indented blocks is ``sh``.
        text: the code.
        options: what else the fence says, such as ``title="a.yaml"``, or a comment right above it: ``exit=2``.
    """

    page: Path
    line: int
    language: str
    text: str
    options: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language, _, options = match["info"].strip().partition(" ")
        before = HIDDEN.search(text, 0, match.start())
        given = OPTION.findall(options + (before["options"] if before else ""))
        found.append((match.start("text"), language, textwrap.dedent(match["text"]), dict(given)))
    fenced = FENCE.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), text)  # keeps every place
    found += [
        (match.start(), "sh", textwrap.dedent(text[match.start() : match.end()]), {})
        for match in INDENTED.finditer(fenced)
        if not is_in_list(fenced, match.start())
    ]
    return [
        Block(page, text.count("\n", 0, start) + 1, language, code, options)
        for start, language, code, options in sorted(found, key=lambda block: block[0])
    ]


def is_in_list(text: str, start: int) -> bool:
    """Say whether an indented line goes on with a list's item above it."""
    above = [line for line in text[:start].splitlines() if line and not line.startswith("    ")]
    return bool(above) and bool(re.match(r" {0,3}([-*]|\d+\.) |  ", above[-1]))


def commands_of(block: Block) -> list[str]:
    """Return the command lines of a block of the shell, without comments."""
    lines = block.text.replace("\\\n", " ").splitlines()
    stripped = (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines)
    return [line for line in stripped if line]
