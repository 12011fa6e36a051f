"""Somebody who types what the pages say, in a folder of their own."""

import csv
import io
import json
import re
import shlex
import shutil
import sys
import tomllib
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.docs.blocks import Block, commands_of
from tests.docs.world import STANDARD
from visionft.api import open_run
from visionft.api.registration import CATALOGS
from visionft.api.resolving import resolve
from visionft.cli import main
from visionft.data.formats.detect import detect_format
from visionft.recipe import load_recipe

_INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q"
NOT_RUN = {
    f"{_INSTALL} .": "installs",
    f"{_INSTALL} '.[demo]' && .venv/bin/visionft demo": "installs, and trains for minutes",
    f"{_INSTALL} -e '.[test]' && .venv/bin/python -m tests.check": "runs this",
    "python -m visionft.packaging dist/": "tests/test_packaging.py does",
    "pip install dist/visionft_runtime-0.1.0-py3-none-any.whl": "installs",
    "visionft predict blood.onnx clip.mp4 --track --save found/": "needs a detector and a video",
    "visionft predict blood.onnx rtsp://camera.local/1 --json": "needs a camera",
    "visionft bench runs/photos-001 tools.onnx --batch 1,16 --threads 1,2 --picture speed.svg": "measures for a minute",
    "npm install onnxruntime-web@1.30.0": "installs",
    "visionft export runs/photos-001 --to web": "needs what npm installs",
    "python3 -m http.server --directory runs/photos-001/model.web": "answers until it is stopped",
    "visionft serve tools.onnx --port 8000": "answers until it is stopped",
    "curl -H 'Content-Type: image/jpeg' --data-binary @new.jpg http://127.0.0.1:8000/predict": "asks that server",
    "curl -F image=@new.jpg -F image=@other.jpg http://127.0.0.1:8000/predict": "asks that server",
}
"""Commands of the pages that these tests do not run, and why."""

GROUPS = {catalog.group for catalogs in CATALOGS.values() for catalog in catalogs}


class Reader:
    """Runs blocks in one folder; a training that several pages name is done once.

    Args:
        folder: holds what the pages name.
        trained: returns a run that the tests have on the same data anyway, by its name in ``STANDARD``; exporting
            networks for objects takes longest of all, and is not done again.
    """

    def __init__(self, folder: Path, trained: Mapping[str, Callable[[], Path]]) -> None:
        self.folder = folder
        self._trained = {f"visionft train {STANDARD[name]}": (name, run) for name, run in trained.items()}
        self.captured: Callable[[], tuple[str, str]] = lambda: ("", "")
        self._done: dict[str, tuple[int, str, str]] = {}
        self._last = (0, "", "")
        self._module = types.ModuleType("page")

    def open_page(self, captured: Callable[[], tuple[str, str]]) -> None:
        """Begin a page: Python blocks share their names with those of the same page."""
        self.captured = captured
        self._module = sys.modules["page"] = types.ModuleType("page")

    def read(self, block: Block) -> None:
        """Run a block, or compare it with what the one before it gave."""
        self.have_runs(block.text)
        if "title" in block.options:
            (self.folder / block.options["title"]).write_text(block.text, encoding="utf-8")
        getattr(self, f"_read_{block.language}", self._unknown)(block)

    def have_runs(self, text: str) -> None:
        """Train what a text takes for granted; what it trains itself must not take the plain run's number."""
        named = re.findall(r"\bruns/(\w+)-001", text)
        named += [name for name, source in STANDARD.items() if f'train("{source.split()[0]}"' in text]
        for name in dict.fromkeys(named):
            self.run(f"visionft train {STANDARD[name]}")

    def run(self, command: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of a command; one that has been given before is not run again."""
        if command not in self._done:
            words = shlex.split(command)
            assert words[0] == "visionft", f"{command!r}: run it, or say in NOT_RUN why not"
            for source in STANDARD.values():  # the first run of a name is the plain one, whoever asks first
                if words[1:3] == ["train", source.split()[0]] and command != f"visionft train {source}":
                    self.run(f"visionft train {source}")
            if command in self._trained:
                self._done[command] = self._take(words, *self._trained[command])
                return self._done[command]
            to = Path(words[words.index(">") + 1]) if ">" in words else None
            self._done[command] = self._run(words[1 : words.index(">")] if to else words[1:])
            if to:
                to.write_text(self._done[command][1], encoding="utf-8")
        return self._done[command]

    def _take(self, words: list[str], name: str, trained: Callable[[], Path]) -> tuple[int, str, str]:
        """Let a run be that of a command, whose recipe is for the same task."""
        recipe, run = resolve(words[2], words[4::2]), trained()
        assert (recipe.name, recipe.task.kind) == (name, open_run(run).spec.task)
        shutil.copytree(run, self.folder / "runs" / f"{name}-001")
        return 0, "", ""

    def _run(self, arguments: list[str]) -> tuple[int, str, str]:
        self.captured()
        former, sys.argv = sys.argv, ["visionft", *arguments]
        code: Any = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        finally:
            sys.argv = former
        return (code, *self.captured())

    def _read_sh(self, block: Block) -> None:
        for command in commands_of(block):
            if command in NOT_RUN:
                continue
            self._last = code, out, err = self.run(command)
            assert code == int(block.options.get("exit", 0)), f"{block.place}: {command}: {code}\n{out}\n{err}"

    def _read_python(self, block: Block) -> None:
        code = "\n" * (block.line - 1) + block.text  # tracebacks then name the page's own lines
        exec(compile(code, str(block.page), "exec"), self._module.__dict__)

    def _read_yaml(self, block: Block) -> None:
        path = self.folder / block.options.get("title", "block.yaml")
        path.write_text(block.text, encoding="utf-8")
        load_recipe(path)

    def _read_csv(self, block: Block) -> None:
        path = self.folder / "block.csv"
        path.write_text(block.text, encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(block.text)))
        assert [row["path"] for row in rows if not (self.folder / row["path"]).is_file()] == []
        assert detect_format(path) in ("manifest", "label_table", "values")

    def _read_json(self, block: Block) -> None:
        """The command before printed values with these keys."""
        assert shape(json.loads(block.text)) == shape(json.loads(self._last[1])), block.place

    def _read_text(self, block: Block) -> None:
        """After a command: each line is one of its output, up to numbers. A drawn tree of files is no output."""
        if re.match(r"\S+/\n", block.text):
            return
        out = "".join(self._last[1:]).replace(str(self.folder), "/home/you")
        lines = {alike(line) for line in out.splitlines()}
        missing = [line for line in block.text.splitlines() if alike(line) and alike(line) not in lines]
        assert missing == [], f"{block.place}: {out}"

    def _read_toml(self, block: Block) -> None:
        groups = tomllib.loads(block.text)["project"]["entry-points"]
        assert set(groups) <= GROUPS

    def _unknown(self, block: Block) -> None:
        raise AssertionError(f"{block.place}: nothing tests blocks of {block.language!r}")


def alike(line: str) -> str:
    """Return a line in which numbers and the width of columns do not show."""
    return re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?", "#", line)).strip()


def shape(value: Any) -> Any:
    """Return the keys of a JSON value, and of what it holds."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__.replace("int", "float")
