import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from visionft.cli import main


@dataclass
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout, which must be all there is."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out, parse_constant=pytest.fail)


@pytest.fixture
def visionft(monkeypatch, capfd):
    """Return a function that runs a command line in this process, down to the file descriptors."""

    def run(*arguments) -> Result:
        monkeypatch.setattr(sys, "argv", ["visionft", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return run


@pytest.fixture
def refused(visionft):
    """Return a function that runs a command line that must be refused, and returns the message."""

    def run(*arguments, code=2) -> str:
        result = visionft(*arguments)
        assert result.code == code, result.err
        assert result.out == ""
        return result.err

    return run
