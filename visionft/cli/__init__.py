"""The terminal: verbs, progress, exit codes."""

import sys

from visionft.cli.verbs import app
from visionft.errors import VisionftError


def main() -> None:
    """Run the command line; every expected failure is one message and an exit code, never a traceback.

    Ctrl-C (130) and a reader of our output that has gone are typer's to handle.
    """
    try:
        app()
    except VisionftError as error:
        print(f"visionft: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
