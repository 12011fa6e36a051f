"""From the body of a request to the images that it holds, each under its name."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

from visionft.serving.limits import RefusedRequest, RequestLimits

_BOUNDARY = re.compile(rb'boundary="?([^";]{1,70})"?', re.IGNORECASE)  # RFC 2046, section 5.1.1
_FILE_NAME = re.compile(rb'filename="([^"]*)"', re.IGNORECASE)
_DISCARDED = 4  # times what is allowed that is read and thrown away, so that a client in good faith reads its answer


class Upload(NamedTuple):
    """A file as it came: its name, and its bytes."""

    name: str
    data: bytes


async def read_body(chunks: AsyncIterator[bytes], declared: int | None, limits: RequestLimits) -> bytes:
    """Return a body that is no larger than is allowed.

    Args:
        chunks: of the body.
        declared: its length, if the headers say one.
        limits: what is allowed.

    Raises:
        RefusedRequest: it is larger; no more of it is in memory then.
    """
    parts: list[bytes] = []
    size = 0
    refused = declared is not None and declared > limits.max_bytes
    async for chunk in chunks:
        size += len(chunk)
        refused = refused or size > limits.max_bytes
        if refused:
            parts.clear()
            if size > _DISCARDED * limits.max_bytes:
                break
        else:
            parts.append(chunk)
    if refused:
        raise RefusedRequest(413, f"the body has more than {limits.max_bytes:,} bytes; send smaller or fewer images")
    return b"".join(parts)


def uploads(body: bytes, content_type: str, limits: RequestLimits) -> list[Upload]:
    """Return the images of a body, at least one: the body itself, or the files of ``multipart/form-data``.

    Raises:
        RefusedRequest: it holds no image, too many, or is of a type that holds none.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        found = _files(body, content_type.encode("latin-1"), limits)
    elif kind.startswith("image/") or kind in ("", "application/octet-stream"):
        found = [Upload("image", body)] if body else []
    else:
        raise RefusedRequest(
            415, f"Content-Type {kind}: send the bytes of an image as image/* or application/octet-stream, or files "
            "as multipart/form-data"
        )  # fmt: skip
    if not found:
        raise RefusedRequest(422, "the request holds no image; send its bytes, or a field of a form with its file")
    return found


def _files(body: bytes, content_type: bytes, limits: RequestLimits) -> list[Upload]:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise RefusedRequest(400, "multipart/form-data without a boundary; let the HTTP library set Content-Type")
    # what stands before the first boundary and behind the last one is nobody's
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1], limits.max_images + 1)[1:]
    if not parts or not parts[-1].startswith(b"--"):
        if len(parts) > limits.max_images:
            raise RefusedRequest(413, f"more than {limits.max_images} parts; send fewer images at once")
        raise RefusedRequest(400, "multipart/form-data that ends before its last boundary")
    return [file for part in parts[:-1] if (file := _file(part)) is not None]


def _file(part: bytes) -> Upload | None:
    """Return the file of a part, None of a field that is none."""
    head, blank, data = part.partition(b"\r\n\r\n")
    name = _FILE_NAME.search(head)
    if not blank or name is None:
        return None
    return Upload(name[1].decode("utf-8", "replace")[:200] or "image", data)
