"""The terminal: verbs, progress, exit codes."""

import codecs
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import typer

from visionft.cli.output import AlreadyPrinted, forget_output, print_json
from visionft.cli.verbs import app
from visionft.distribution import both_installed, is_runtime
from visionft.errors import NotInRuntime, OutputError, VisionftError

_UsageError = typer.BadParameter.__base__  # click's, wherever typer keeps it


def main() -> None:
    """Run the command line; every expected failure is one message and an exit code, never a traceback.

    With ``--json`` the failure is one JSON object on stdout as well. A reader of our output that has gone is typer's to
    handle.
    """
    _read_names_as_utf8()
    if problem := both_installed():
        _tell(f"warning: {problem}")
    with _signals() as received:
        code = _run(received)
    if code:
        raise SystemExit(code)


def _run(received: list[int]) -> int:
    """Run the command line and return its exit code, given the list of signals that have come."""
    try:
        code = int(app(standalone_mode=False) or 0)
        if code:  # typer's, of a KeyboardInterrupt
            return _failed("Interrupted", "interrupted", 128 + (received or [signal.SIGINT])[0])
    except AlreadyPrinted as failure:
        _tell(f"visionft: {failure.error}")
        code = failure.error.exit_code
    except VisionftError as error:
        code = _failed(type(error).__name__, str(error), error.exit_code)
    except typer.Abort:
        code = _failed("Interrupted", "aborted", 1)
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO):
            raise
        forget_output()  # typer's help is printed by typer
        code = _failed(OutputError.__name__, f"standard output: cannot be written: {error.strerror}", 1)
    except ModuleNotFoundError:
        if not is_runtime():
            raise
        missing = NotInRuntime(" ".join(["visionft", *sys.argv[1:2]]))
        code = _failed(type(missing).__name__, str(missing), missing.exit_code)
    except Exception as error:
        if _UsageError is None or not isinstance(error, _UsageError):
            _print_error(type(error).__name__, str(error), 1)
            raise  # a bug, which shows its traceback
        code = _misused(error)
    return code


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Let SIGTERM and SIGHUP end the command as Ctrl-C does, so that nothing is left half-written.

    A handler that the program has set, or was started with (``nohup``), stays; training has its own.

    Yields:
        The list of those that have come.
    """
    received: list[int] = []

    def leave(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has one
    caught = threading.current_thread() is threading.main_thread()
    ours = [number for number in known if caught and signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, leave)
    try:
        yield received
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _read_names_as_utf8() -> None:
    """Start again in Python's UTF-8 mode where the locale has names of files read as ASCII, which most are not."""
    encoding = codecs.lookup(sys.getfilesystemencoding()).name
    if encoding != "utf-8" and os.name == "posix" and not sys.flags.utf8_mode:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  # itself


def _misused(error: Any) -> int:
    """Say how a verb is used."""
    with suppress(OSError):
        error.show()
    _print_error("UsageError", error.format_message(), error.exit_code)
    return int(error.exit_code)


def _failed(kind: str, message: str, code: int) -> int:
    _tell(f"visionft: {message}")
    if kind != OutputError.__name__:
        _print_error(kind, message, code)
    return code


def _tell(text: str) -> None:
    with suppress(OSError):  # nobody listens, and the exit code still tells
        print(text, file=sys.stderr, flush=True)


def _print_error(kind: str, message: str, code: int) -> None:
    """Print a failure as JSON, where the command line asks for that."""
    arguments = sys.argv[1:]
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in options:
        with suppress(OSError, OutputError):
            print_json({"error": {"type": kind, "message": message, "exit_code": code}})
