"""How two runs differ, to the bit: one function for each thing that a run leaves behind.

Each takes the folders of both runs and returns the first difference, or nothing where there is none.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Tensor: TypeAlias = tuple[str, tuple[int, ...], bytes]
"""Number format, shape and bytes."""
Token: TypeAlias = tuple[str, ...]

TIMINGS = {"seconds", "images_per_second", "environment", "times", "recipe_sha256"}
"""Keys never the same twice, of where it ran, and the hash of the recipe's text, whose sections may get other keys."""
ROUNDING = 1e-12
"""Relative difference of two metrics that may come of sums in another order; nothing else may differ at all."""
_DURATION = re.compile(r"(\d+ h )?(\d+ min ?)?(\d+(\.\d+)? s)?")


def renamed(ours: Path, theirs: Path) -> dict[str, str]:
    """Return which tensors have another name (theirs -> ours) but the same bytes, where that accounts for all."""
    one, other = _tensors(ours), _tensors(theirs)
    left = defaultdict(list)
    for name in sorted(one.keys() - other.keys()):
        left[one[name]].append(name)
    gone = sorted(other.keys() - one.keys())
    if Counter(other[name] for name in gone) != Counter({tensor: len(names) for tensor, names in left.items()}):
        return {}
    return {name: left[other[name]].pop(0) for name in gone}


def weights(ours: Path, theirs: Path) -> str | None:
    """Compare the tensors of model.safetensors; names may differ where the bytes pair up."""
    one, other = _tensors(ours), _tensors(theirs)
    if one.keys() != other.keys() and not renamed(ours, theirs):
        only, gone = sorted(one.keys() - other.keys()), sorted(other.keys() - one.keys())
        return f"names: {len(gone)} only there, {len(only)} only here: {', '.join((*gone[:1], *only[:1]))}"
    shared = sorted(one.keys() & other.keys())
    different = [name for name in shared if one[name] != other[name]]
    return f"{different[0]}, and {len(different) - 1} more of {len(shared)}" if different else None


def _tensors(run: Path) -> dict[str, Tensor]:
    held = (run / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(held[:8], "little")  # a length, a header in JSON, and the bytes
    found: dict[str, Tensor] = {}
    for name, part in json.loads(held[8:start]).items():
        if name != "__metadata__":
            first, last = part["data_offsets"]
            found[name] = (part["dtype"], tuple(part["shape"]), held[start + first : start + last])
    return found


def history(ours: Path, theirs: Path) -> str | None:
    """Compare run.json, but for ``TIMINGS``: the data, the stages, and every value of every epoch."""
    return _json(ours / "run.json", theirs / "run.json")


def metrics(ours: Path, theirs: Path) -> str | None:
    """Compare metrics.json."""
    return _json(ours / "metrics.json", theirs / "metrics.json")


def _json(ours: Path, theirs: Path) -> str | None:
    one, other = (json.loads(path.read_text()) for path in (ours, theirs))
    return next(_differences(one, other, ours.stem), None)


def _differences(ours: Any, theirs: Any, at: str) -> Iterator[str]:
    """Yield where plain values differ, first things first."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            if key in TIMINGS:
                continue
            if key not in ours or key not in theirs:
                yield f"{at}.{key}: only {'here' if key in ours else 'there'}"
            else:
                yield from _differences(ours[key], theirs[key], f"{at}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, f"{at}[{number}]")
    elif isinstance(ours, float) and isinstance(theirs, float) and math.isclose(ours, theirs, rel_tol=ROUNDING):
        return
    elif json.dumps(ours) != json.dumps(theirs):  # as text: NaN is NaN, 1 is not 1.0
        yield f"{at}: {_brief(ours)}, not {_brief(theirs)}"


def export(ours: Path, theirs: Path) -> str | None:
    """Run both model.onnx on the same random canvases, one and three at a time, and compare outputs and metadata."""
    one, other = (_session(run / "model.onnx") for run in (ours, theirs))
    if (named := _interface(one)) != _interface(other):
        return f"interface: {named}, not {_interface(other)}"
    if found := next(_differences(_metadata(one), _metadata(other), "metadata"), None):
        return found
    _, height, width, colours = one.get_inputs()[0].shape
    rng = np.random.default_rng(0)
    for batch in (1, 3):
        canvases = rng.integers(0, 256, (batch, height, width, colours), dtype=np.uint8)
        results = [_outputs(session, canvases) for session in (one, other)]
        for name, array in results[0].items():
            expected = results[1][name]
            if (array.dtype, array.shape, array.tobytes()) != (expected.dtype, expected.shape, expected.tobytes()):
                return f"{name} of {batch} canvases: {_distance(array, expected)}"
    return None


def _session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _metadata(session: Any) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}


def _interface(session: Any) -> list[tuple[str, str, str]]:
    return [(part.name, part.type, str(part.shape)) for part in (*session.get_inputs(), *session.get_outputs())]


def _outputs(session: Any, canvases: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    names = [part.name for part in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: canvases}), strict=True))


def _distance(ours: NDArray[Any], theirs: NDArray[Any]) -> str:
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, not {theirs.shape}"
    return f"{np.abs(ours.astype(float) - theirs.astype(float)).max():.3g} apart at most"


def predict(ours: Path, theirs: Path) -> str | None:
    """Compare what ``predict --json`` printed, and the bytes of the files that ``--save`` wrote."""
    one, other = (json.loads((run / "predict.json").read_text()) for run in (ours, theirs))
    if found := next(_differences(one, other, "json"), None):
        return found
    if (ours / "predict.json").read_bytes() != (theirs / "predict.json").read_bytes():
        return "json: the same values in another order or form"
    saved, expected = (_files(run / "saved") for run in (ours, theirs))
    if saved.keys() != expected.keys():
        return f"saved: {min(saved.keys() ^ expected.keys())} on one side only"
    return next((f"saved: {name}" for name in saved if saved[name] != expected[name]), None)


def _files(folder: Path) -> Mapping[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def page(ours: Path, theirs: Path) -> str | None:
    """Compare report.html: tags, attributes (pictures and curves are among them) and text.

    White space counts as one space, whatever it is; texts that are nothing but a duration, and the training seconds,
    count as "a time", and the recipe's text is left out.
    """
    one, other = (_Page((run / "report.html").read_text()).tokens for run in (ours, theirs))
    for number, (token, expected) in enumerate(zip_longest(one, other)):
        if token != expected:
            return f"token {number}: {_brief(token)}, not {_brief(expected)}"
    return None


class _Page(HTMLParser):
    """Collects what a page is made of.

    Attributes:
        tokens: opened and closed tags, and texts without timings.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tokens: list[Token] = []
        self._timed = False  # whether the next text is a number of seconds
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag with its attributes."""
        self.tokens.append((f"<{tag}>", *(f"{name}={value}" for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Take the end of a tag."""
        self.tokens.append((f"</{tag}>",))

    def handle_data(self, data: str) -> None:
        """Take a text, which is a timing or counts."""
        text = " ".join(data.split())  # the narrow space before a unit is white space, too
        if text and not (self.tokens and self.tokens[-1][0] == "<pre>"):
            self.tokens.append(("a time" if self._timed or _DURATION.fullmatch(text) else text,))
            self._timed = text == "training seconds"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 90 else f"{text[:87]}..."
