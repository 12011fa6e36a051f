"""Programs and the terminal where packages of this folder are installed, as pip would."""

import io
import os
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import chain
from pathlib import Path

from visionft.api.registration import CATALOGS
from visionft.cli import main

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLUGINS = tuple(HERE / name for name in ("counting", "exchange", "parts"))
"""Each a package with its .dist-info beside it, as in site-packages."""


@contextmanager
def entry_points():
    """Install them for this process, which spares a test the seconds in which another one loads torch."""

    def look_again():
        for catalog in chain(*CATALOGS.values()):
            catalog.__dict__.pop("_targets", None)

    paths = [str(path) for path in PLUGINS]
    sys.path[:0] = paths
    look_again()
    try:
        yield
    finally:
        for path in paths:
            sys.path.remove(path)
        look_again()


def terminal(*arguments):
    """Run a command line in this process; return its exit code, stdout and stderr."""
    out, err, code, former = io.StringIO(), io.StringIO(), 0, sys.argv
    sys.argv = ["visionft", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as leaving:
        code = leaving.code or 0
    finally:
        sys.argv = former
    return code, out.getvalue(), err.getvalue()


def python(*arguments, plugins=PLUGINS, cwd=ROOT, **variables):
    paths = os.pathsep.join(map(str, [*plugins, ROOT]))
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | variables
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=500)


def visionft(*arguments, **settings):
    done = python("-m", "visionft", *arguments, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def program(text, **settings):
    done = python("-W", "error", "-c", text, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def passes(*arguments, **variables):
    """Run tests of contracts, of which there must be some and none may fail."""
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, **variables)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
