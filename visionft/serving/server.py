"""A model served by uvicorn until somebody stops it."""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from visionft.errors import DataError
from visionft.predict import Predictor
from visionft.serving.app import make_app
from visionft.serving.limits import RequestLimits

_CONNECTIONS = 1024  # open at one time, idle ones among them
_IDLE = 5  # seconds that a connection is kept for its next request


def serve(
    model: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    threads: int | None = None,
    limits: RequestLimits | None = None,
    on_ready: Callable[[str], None] = print,
) -> None:
    """Answer requests until SIGINT or SIGTERM; those that are being answered are answered first.

    Args:
        model: an exported file of any kind, or a run folder that holds one.
        host: address to listen on; ``0.0.0.0`` for other machines too.
        port: to listen on; 0 takes a free one.
        threads: CPU threads for one run of the network; none takes what suits the cores.
        limits: what the server takes; none takes the usual ones.
        on_ready: called with the address, once it answers.

    Raises:
        CheckpointError: there is no exported file, or it cannot be run.
        DataError: nobody can listen there.
    """
    allowed = limits or RequestLimits()
    app = make_app(Predictor(model, threads=threads), allowed)
    listening = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=round(allowed.seconds) + 1,
    )
    on_ready(f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}")
    with suppress(KeyboardInterrupt):  # asked to stop, and stopped
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """Return an open socket, so that callers wait from now on until the model answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(
            f"{host}:{port}: cannot listen there ({reason}); take another --port, or 0 for a free one"
        ) from error
