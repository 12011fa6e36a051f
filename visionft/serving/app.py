"""The addresses of a server, and what each answers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from visionft import __version__
from visionft.errors import VisionftError
from visionft.predict import Predictor
from visionft.serving.body import read_body, uploads
from visionft.serving.counters import Counters
from visionft.serving.limits import RefusedRequest, RequestLimits
from visionft.serving.service import Service

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"image": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
}
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {"image/*": _BINARY, "application/octet-stream": _BINARY, "multipart/form-data": _FORM},
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A form that cannot be read."},
    408: {"description": "The body came too slowly."},
    413: {"description": "More bytes, pixels or images than are allowed."},
    415: {"description": "A Content-Type that holds no image."},
    422: {"description": "No image that can be read, or a threshold that the model does not take."},
    503: {"description": "Too many requests at one time, or no answer in time; try again later."},
}


def make_app(predictor: Predictor, limits: RequestLimits | None = None) -> FastAPI:
    """Return the application that serves a model, for any server of ASGI.

    Args:
        predictor: the model.
        limits: what it takes; none takes the usual ones.
    """
    allowed = limits or RequestLimits()
    counters = Counters()
    service = Service(predictor, allowed, counters)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with service:
            yield

    # the pages that FastAPI offers load their scripts from elsewhere
    app = FastAPI(title="visionft", version=__version__, lifespan=life, docs_url=None, redoc_url=None)
    _add_predict(app, service, allowed, counters)
    _add_status(app, service, counters)
    _add_errors(app, counters)
    return app


def _add_predict(app: FastAPI, service: Service, limits: RequestLimits, counters: Counters) -> None:
    @app.post("/predict", openapi_extra=_TAKES, responses=_REFUSALS)
    async def predict(request: Request, threshold: Annotated[float | None, Query()] = None) -> JSONResponse:
        """Say what is in an image, or in several: a list with a row for each, as ``visionft predict --json`` prints."""
        began = time.monotonic()
        if counters.running >= limits.max_requests:
            raise RefusedRequest(503, f"{limits.max_requests} requests are being answered; try again later")
        counters.running += 1
        body: bytes | None = None
        try:
            async with asyncio.timeout(limits.seconds):
                body = await read_body(request.stream(), _length(request), limits)
                service.check_threshold(threshold)
                files = uploads(body, request.headers.get("content-type", ""), limits)
                rows = await service.rows(files, threshold)
        except TimeoutError:
            status, what = (408, "the body did not come") if body is None else (503, "no answer")
            raise RefusedRequest(status, f"{what} within {limits.seconds:g} seconds; try again later") from None
        except ClientDisconnect:
            raise RefusedRequest(400, "the client has gone") from None  # read by the counters alone
        finally:
            counters.running -= 1
        counters.seconds.add(time.monotonic() - began)
        counters.answers[200] += 1
        return JSONResponse(rows)


def _length(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None


def _add_status(app: FastAPI, service: Service, counters: Counters) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        """Say that the server answers."""
        return {"status": "ok", "task": service.spec.task, "version": __version__}

    @app.get("/model")
    async def model() -> dict[str, Any]:
        """Say what the model is: task, classes, input, provenance."""
        return dict(json.loads(service.spec.to_json()))

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Return counters and times, as Prometheus reads them."""
        return PlainTextResponse(counters.text(), media_type="text/plain; version=0.0.4")


def _add_errors(app: FastAPI, counters: Counters) -> None:
    def answer(status: int, kind: str, message: str) -> JSONResponse:
        counters.answers[status] += 1
        headers = {"Retry-After": "1"} if status == 503 else None
        return JSONResponse({"error": {"type": kind, "message": message}}, status, headers)

    @app.exception_handler(RefusedRequest)
    async def refused(_: Request, error: RefusedRequest) -> JSONResponse:
        return answer(error.status, "RefusedRequest", str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
        return answer(422, "RefusedRequest", found)

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return answer(error.status_code, "RefusedRequest", str(error.detail))

    @app.exception_handler(VisionftError)
    async def failed(_: Request, error: VisionftError) -> JSONResponse:
        return answer(500, type(error).__name__, str(error))
