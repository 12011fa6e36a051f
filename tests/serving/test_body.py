"""Bodies of requests: what is read of them, and what is refused."""

import asyncio

import pytest

from visionft.serving.body import Upload, read_body, uploads
from visionft.serving.limits import RefusedRequest, RequestLimits

SMALL = RequestLimits(max_bytes=100, max_images=2)
FORM = "multipart/form-data; boundary=XX"


def form(*parts, end="\r\n--XX--\r\n"):
    return ("\r\n".join(f"--XX\r\n{part}" for part in parts) + end).encode("latin-1")


def file(name, data):
    return f'Content-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n{data}'


def read(chunks, declared=None):
    given = []

    async def coming():
        for chunk in chunks:
            given.append(chunk)
            yield chunk

    return asyncio.run(read_body(coming(), declared, SMALL)), given


def test_a_body_is_put_together():
    assert read([b"a", b"", b"bc"])[0] == b"abc"


@pytest.mark.parametrize(("chunks", "declared"), [([b"x" * 101], None), ([b"x" * 60, b"x" * 60], None), ([b"x"], 101)])
def test_a_body_that_is_too_large_is_refused(chunks, declared):
    with pytest.raises(RefusedRequest, match="100") as refused:
        read(chunks, declared)
    assert refused.value.status == 413


def test_of_a_body_without_end_little_is_read():
    count = 0

    async def endless():
        nonlocal count
        while True:
            count += 1
            yield b"x" * 10

    with pytest.raises(RefusedRequest):
        asyncio.run(read_body(endless(), None, SMALL))
    assert count < 100


@pytest.mark.parametrize("kind", ["", "image/jpeg", "IMAGE/PNG; x=y", "application/octet-stream"])
def test_bytes_are_one_image(kind):
    assert uploads(b"\x89PNG", kind, SMALL) == [Upload("image", b"\x89PNG")]


def test_a_form_holds_files_whatever_is_in_them():
    odd = "\r\n\r\n--X\r--XY\n\x00\xff"
    field = 'Content-Disposition: form-data; name="note"\r\n\r\nhello'
    assert uploads(form(field, file("a.png", odd)), FORM, SMALL) == [Upload("a.png", odd.encode("latin-1"))]


def test_a_boundary_may_be_quoted():
    assert uploads(form(file("a.png", "1")), 'multipart/form-data; boundary="XX"', SMALL)[0].data == b"1"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "image/png", 422),
        (b"x", "text/html", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", FORM, 400),
        (form(file("a.png", "1"), end=""), FORM, 400),
        (form('Content-Disposition: form-data; name="note"\r\n\r\nhello'), FORM, 422),
        (form(*[file("a.png", "1")] * 3), FORM, 413),
        (form(*[file("a.png", "1")] * 300), FORM, 413),
    ],
)
def test_what_holds_no_images_is_refused(body, kind, status):
    with pytest.raises(RefusedRequest) as refused:
        uploads(body, kind, SMALL)
    assert refused.value.status == status
