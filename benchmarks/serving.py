"""How long do callers of ``visionft serve`` wait, and what do hostile ones do to it?

python -m benchmarks.serving MODEL IMAGES [--seconds 20] [--hostile 10000] [--smoke]

MODEL is an exported file, IMAGES a folder of images. Server and clients share the machine, on loopback.
"""

import asyncio
import random
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import httpx
import numpy as np

from benchmarks import measure
from visionft.data.walk import images_below
from visionft.predict import Predictor

LOAD = 0.8  # of its throughput, at which latency counts
CLIENTS = 16  # that ask one request after the other, to find the throughput
LARGEST = 2_000_000  # bytes of a body that the server takes here


class Hostile(NamedTuple):
    """A body, and what it says it is."""

    content: bytes | Callable[[], AsyncIterator[bytes]]
    kind: str


@contextmanager
def server(model: Path) -> Any:
    """Yield the address of a server of its own process."""
    command = [sys.executable, "-m", "visionft", "serve", str(model), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--max-megabytes", str(LARGEST / 1e6), "--max-requests", "64"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0].removesuffix("/predict")
        if process.poll() is not None:
            raise SystemExit(f"the server ended by itself, with {process.returncode}")
    finally:
        process.terminate()
        process.wait(60)


def own_latency(model: Path, images: Sequence[bytes], repeats: int) -> dict[str, Any]:
    """Time the model alone, one image after the other."""
    predictor = Predictor(model)
    seconds = []
    for number in range(repeats + 3):
        began = time.perf_counter()
        predictor(images[number % len(images)])
        seconds.append(time.perf_counter() - began)
    return measure.spread(seconds[3:])


async def closed_loop(client: httpx.AsyncClient, images: Sequence[bytes], seconds: float) -> float:
    """Return requests a second when each of ``CLIENTS`` asks again as soon as it is answered."""
    until, answered = time.perf_counter() + seconds, 0

    async def ask(first: int) -> None:
        nonlocal answered
        number = first
        while time.perf_counter() < until:
            (await client.post("/predict", content=images[number % len(images)])).raise_for_status()
            number, answered = number + 1, answered + 1

    began = time.perf_counter()
    await asyncio.gather(*(ask(first) for first in range(CLIENTS)))
    return answered / (time.perf_counter() - began)


async def open_loop(
    client: httpx.AsyncClient, images: Sequence[bytes], rate: float, seconds: float, gaps: Callable[[], float]
) -> dict[str, Any]:
    """Ask at a rate, whether the server keeps up or not, and time each answer from when it was due."""
    waits, answers = [], Counter[int]()

    async def ask(due: float, number: int) -> None:
        answer = await client.post("/predict", content=images[number % len(images)])
        waits.append(time.perf_counter() - due)
        answers[answer.status_code] += 1

    tasks: list[asyncio.Task[None]] = []
    began = time.perf_counter()
    due = began
    while due < began + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(due, len(tasks))))
        due += gaps() / rate
    await asyncio.gather(*tasks)
    p50, p90, p99 = np.percentile(waits, [50, 90, 99]).tolist()
    return {"rate": rate, "p50": p50, "p90": p90, "p99": p99, "requests": len(waits), "answers": dict(answers)}


def vast_png() -> bytes:
    """Return a small file that declares 60,000 x 60,000 pixels."""
    head = struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", b"\0"), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def hostile(image: bytes, generator: random.Random) -> Hostile:
    """Return a request that nobody in good faith would send."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(12 * LARGEST // 65536):
            yield b"x" * 65536

    cut = image[: generator.randrange(len(image))]
    spoilt = bytearray(image)
    for _ in range(20):
        spoilt[generator.randrange(len(spoilt))] = generator.randrange(256)
    form = "multipart/form-data; boundary=a"
    return generator.choice(
        [
            Hostile(cut, "image/jpeg"),
            Hostile(bytes(spoilt), "image/jpeg"),
            Hostile(generator.randbytes(1000), "application/octet-stream"),
            Hostile(vast_png(), "image/png"),
            Hostile(b"--a\r\n" * generator.randrange(1, 5000), form),
            Hostile(b"\r\n--a\r\n" + cut, form),
            Hostile(b"{}", "application/json"),
            Hostile(b"x" * (LARGEST + 1), "image/png"),
            *([Hostile(endless, "image/png")] if generator.random() < 0.05 else []),
        ]
    )


async def memory(client: httpx.AsyncClient) -> float:
    """Return the server's memory in MB."""
    lines = (await client.get("/metrics")).text.splitlines()
    return float(next(line for line in lines if line.startswith("process_resident")).split()[1]) / 1e6


async def attack(client: httpx.AsyncClient, image: bytes, number: int) -> dict[str, Any]:
    """Send hostile requests, ``CLIENTS`` at one time, and watch the server's memory."""
    generator, answers = random.Random(0), Counter[str]()
    memories = [await memory(client)]
    batch = max(CLIENTS, number // 20)

    async def send(requests: Sequence[Hostile]) -> None:
        for content, kind in requests:
            try:
                body = content() if callable(content) else content
                answer = await client.post("/predict", content=body, headers={"Content-Type": kind})
                answers[str(answer.status_code)] += 1
            except httpx.HTTPError as error:  # the server need not read to the end
                answers[type(error).__name__] += 1

    for _ in range(0, number, batch):
        requests = [hostile(image, generator) for _ in range(batch)]
        await asyncio.gather(*(send(requests[first::CLIENTS]) for first in range(CLIENTS)))
        memories.append(await memory(client))
    health = (await client.get("/health")).json()["status"]
    return {"requests": sum(answers.values()), "answers": dict(answers), "megabytes": memories, "health": health}


async def measured(address: str, images: Sequence[bytes], seconds: float, number: int) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        await closed_loop(client, images, seconds / 4)
        throughput = await closed_loop(client, images, seconds)
        rate, generator = LOAD * throughput, random.Random(0)
        return {
            "throughput": throughput,
            "even": await open_loop(client, images, rate, seconds, lambda: 1.0),
            "random": await open_loop(client, images, rate, seconds, lambda: generator.expovariate(1.0)),
            "hostile": await attack(client, images[0], number),
        }


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--hostile", type=int, default=10_000)
    args = parser.parse_args()
    seconds, number = (1.0, 200) if args.smoke else (args.seconds, args.hostile)
    files = sorted(images_below(args.images, [])[0])[:64]
    images = [file.read_bytes() for file in files if file.stat().st_size < LARGEST]
    latency = own_latency(args.model, images, 20 if args.smoke else 100)
    with server(args.model) as address:
        found = asyncio.run(measured(address, images, seconds, number))
    rows = [
        {
            "arrivals": name,
            **{key: 1000 * found[name][key] for key in ("p50", "p90", "p99")},
            "x own": found[name]["p99"] / latency["median"],
        }
        for name in ("even", "random")
    ]
    measure.show(
        f"ms at {LOAD:.0%} of {found['throughput']:.4g} requests/s; the model alone {1000 * latency['median']:.4g}",
        rows,
    )
    print(f"\nhostile: {found['hostile']['answers']}; MB {[round(value) for value in found['hostile']['megabytes']]}")
    settings = {"model": args.model.name, "images": len(images), "seconds": seconds, "load": LOAD, "clients": CLIENTS}
    measure.record("serving", {"own_latency": latency, **found}, settings=settings, seeds=[0], smoke=args.smoke)


if __name__ == "__main__":
    main()
