"""The terminal: verbs, progress, exit codes."""

import signal
import sys

from visionft.cli.verbs import app
from visionft.errors import VisionftError


def main() -> None:
    """Run the command line; every expected failure is one message and an exit code, never a traceback."""
    try:
        app()
    except VisionftError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", 128 + signal.SIGINT)
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        sys.stderr.close()
        raise SystemExit(0) from None


def _fail(message: str, code: int) -> None:
    print(f"visionft: {message}", file=sys.stderr)
    raise SystemExit(code)
