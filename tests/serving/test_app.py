"""What a server answers, to those in good faith and to others."""

import asyncio
import random

import cv2
import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.predict.stand_in import write_detector, write_model
from visionft.predict import Predictor
from visionft.serving.app import make_app
from visionft.serving.limits import RequestLimits


def png(colour, size=(24, 32)):
    return cv2.imencode(".png", np.full((*size, 3), colour[::-1], np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Predictor(write_model(tmp_path_factory.mktemp("served") / "model.onnx"), threads=1)


@pytest.fixture(scope="module")
def client(model):
    with TestClient(make_app(model, RequestLimits(max_bytes=200_000, max_pixels=10_000, max_images=4))) as client:
        yield client


def test_bytes_are_answered_as_the_predictor_does(client, model):
    answer = client.post("/predict", content=png((200, 10, 10)), headers={"Content-Type": "image/png"})
    assert answer.status_code == 200
    assert answer.json() == [{"image": "image", **model(png((200, 10, 10))).to_dict()}]


def test_files_of_a_form_are_answered_in_their_order(client):
    files = [("image", (f"{number}.png", png(colour))) for number, colour in enumerate([(255, 0, 0), (0, 255, 0)])]
    rows = client.post("/predict", files=files).json()
    assert [(row["image"], row["label"]) for row in rows] == [("0.png", "red"), ("1.png", "green")]


def test_of_several_images_the_bad_ones_are_told(client):
    answer = client.post("/predict", files=[("image", ("a.png", png((0, 0, 255)))), ("image", ("b.png", b"no"))])
    assert answer.status_code == 200
    assert answer.json()[0]["label"] == "blau"
    assert "b.png" in answer.json()[1]["error"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"GIF89a" + b"\0" * 10, "image/gif", 422),
        (b"hello", "image/png", 422),
        (png((0, 0, 0))[:60], "image/png", 422),
        (b"", "image/png", 422),
        (b"{}", "application/json", 415),
        (png((0, 0, 0), (200, 200)), "image/png", 413),
        (b"x" * 200_001, "image/png", 413),
        (b"x", "multipart/form-data; boundary=y", 400),
    ],
)
def test_what_cannot_be_answered_has_its_status_and_a_reason(client, content, kind, status):
    answer = client.post("/predict", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("query", ["threshold=0.5", "threshold=2", "threshold=nan", "threshold=x"])
def test_a_classifier_takes_no_threshold(client, query):
    assert client.post(f"/predict?{query}", content=png((1, 2, 3))).status_code == 422


def test_a_threshold_goes_with_its_request(tmp_path):
    detector = write_detector(tmp_path / "model.onnx")
    image = png((200, 0, 0))
    with TestClient(make_app(Predictor(detector, threads=1))) as client:
        found = [
            len(client.post(f"/predict?threshold={least}", content=image).json()[0]["detections"])
            for least in (0.1, 0.99)
        ]
        assert client.post("/predict?threshold=nan", content=image).status_code == 422
    assert found == [1, 0]


def test_addresses_that_are_none_are_told_as_json(client):
    assert client.get("/predict").json()["error"]["message"]
    assert client.get("/nothing").status_code == 404


def test_health_model_metrics_and_openapi(client):
    client.post("/predict", content=png((9, 9, 9)))
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/model").json()["class_names"] == ["red", "green", "blau"]
    lines = client.get("/metrics").text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(values['visionft_requests_total{status="200"}']) >= 1
    assert float(values["visionft_request_seconds_count"]) >= 1
    assert float(values["visionft_requests_running"]) == 0
    post = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert {"image/*", "multipart/form-data"} <= post["requestBody"]["content"].keys()
    assert {"413", "415", "422", "503"} <= post["responses"].keys()


def test_too_many_at_one_time_are_sent_away_and_who_is_slow_as_well(model):
    app = make_app(model, RequestLimits(max_requests=1, seconds=0.2))

    async def slowly(sent):
        yield png((1, 1, 1))
        await sent.wait()

    async def story():
        sent = asyncio.Event()
        asked = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
        async with app.router.lifespan_context(app), asked as client:
            first = asyncio.create_task(client.post("/predict", content=slowly(sent)))
            while "running 1" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0)
            second = await client.post("/predict", content=png((2, 2, 2)))
            late = await first
            return second, late, await client.post("/predict", content=png((3, 3, 3)))

    second, late, third = asyncio.run(story())
    assert (second.status_code, late.status_code, third.status_code) == (503, 408, 200)
    assert second.headers["Retry-After"]


def test_a_client_that_goes_away_is_no_failure(model):
    app = make_app(model)
    sent = []
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": []}
    chunks = iter([{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}])

    async def receive():
        return next(chunks)

    async def send(message):
        sent.append(message)

    async def story():
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)

    asyncio.run(story())
    assert sent[0]["status"] == 400


def test_random_bytes_bring_nothing_down(client):
    generator = random.Random(0)
    real = png((50, 60, 70))
    for number in range(60):
        data = bytearray(real)
        for _ in range(generator.randrange(1, 20)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        kind = generator.choice(["image/png", "multipart/form-data; boundary=a", "", "x"])
        answer = client.post(
            "/predict", content=bytes(data[: generator.randrange(len(data))]), headers={"Content-Type": kind}
        )
        assert answer.status_code in (200, 400, 413, 415, 422), number
    assert client.post("/predict", content=real).status_code == 200
