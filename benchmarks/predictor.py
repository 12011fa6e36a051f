"""What does `Predictor` cost beside the bare onnxruntime session, for one image and for a folder?

    python -m benchmarks.predictor MODEL.onnx IMAGES [--images 1000] [--rounds 7]

One image: the predictor against the session on the same canvas plus decoding. A folder: files by ``stream``, which
decodes while the network runs, against the session on canvases that are there already, both on all cores. Beside wall
time, CPU time: it says what a machine with other work to do would see.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from benchmarks import measure
from visionft.imaging.inputs import load
from visionft.predict import Predictor
from visionft.predict.sources import images_of_folder

_BATCH = 16
_ONE = 20  # calls of a sample, so that none is too short to time


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--images", dest="number", type=int, default=1000, help="files; fewer are taken again")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    rounds, number = (1, 2 * _BATCH) if args.smoke else (args.rounds, args.number)
    there = images_of_folder(args.images)
    files = (there * (number // len(there) + 1))[:number]
    predictor = Predictor(args.model)
    session = ort.InferenceSession(args.model, providers=["CPUExecutionProvider"])
    loaded = [load(file, predictor.spec.input).pixels_HW3 for file in files[:_BATCH]]
    if any(pixels.shape != loaded[0].shape for pixels in loaded):
        parser.error(f"{args.model}: takes windows of images; give a model whose images are a canvas each")
    canvases_BHW3 = np.stack(loaded)

    def one_image() -> None:
        for file in files[:_ONE]:
            predictor(file)

    def bare_and_decoding() -> None:
        for file in files[:_ONE]:
            session.run(None, {"images": load(file, predictor.spec.input).pixels_HW3[None]})

    def folder() -> None:
        for _ in predictor.stream(files):
            pass

    def bare() -> None:
        for start in range(0, number, _BATCH):
            session.run(None, {"images": canvases_BHW3[: min(_BATCH, number - start)]})

    def decoding() -> None:
        for file in files[:_ONE]:
            load(file, predictor.spec.input)

    rest = 0.2  # onnxruntime's threads spin on for a while after a run
    ones = measure.interleave(
        {"bare + decoding": bare_and_decoding, "predictor": one_image, "decoding alone": decoding},
        repeats=rounds,
        pause=rest,
    )
    many = measure.interleave({"bare": bare, "stream": folder}, repeats=rounds, pause=rest)
    results = {
        "one image": measure.compare("one image", ones, _ONE, "bare + decoding"),
        "folder": measure.compare(f"{number} files", many, number, "bare"),
        "cpu_seconds": {"bare": _cpu(bare), "stream": _cpu(folder)},
    }
    print(f"CPU seconds: bare {results['cpu_seconds']['bare']:.2f}, stream {results['cpu_seconds']['stream']:.2f}")
    settings = {"model": args.model.name, "number": number, "rounds": rounds, "canvas": canvases_BHW3.shape[1:3]}
    measure.record("predictor", results, settings=settings, seeds=[], smoke=args.smoke)


def _cpu(action: Callable[[], None]) -> float:
    """Return how many seconds of processors an action takes, of all its threads."""
    started = time.process_time()
    action()
    return time.process_time() - started


if __name__ == "__main__":
    main()
