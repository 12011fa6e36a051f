"""A server as a process of its own: started, asked, stopped."""

import json
import signal
import socket
import subprocess
import sys

import cv2
import httpx
import numpy as np
import pytest

from tests.predict.stand_in import write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("served") / "model.onnx")


def command(*arguments):
    return [sys.executable, "-m", "visionft", *map(str, arguments)]


def test_it_answers_as_predict_does_and_stops_when_asked(model, tmp_path):
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8))
    server = subprocess.Popen(command("serve", model, "--port", 0), stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split()[0]
        with photo.open("rb") as opened:
            answer = httpx.post(address, files={"image": opened}, timeout=60)
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.stdout.close()
    printed = subprocess.run(command("predict", model, photo, "--json"), capture_output=True, text=True, check=True)
    assert [row | {"image": ""} for row in answer.json()] == [row | {"image": ""} for row in json.loads(printed.stdout)]


def test_a_port_that_is_taken_is_told(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(command("serve", model, "--port", port), capture_output=True, text=True)
    assert refused.returncode == 2
    assert str(port) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_bad_limits_are_told(model):
    refused = subprocess.run(command("serve", model, "--max-requests", 0), capture_output=True, text=True)
    assert refused.returncode == 2
    assert "max_requests" in refused.stderr
