"""Where the time of a stage goes: what ``visionft train --profile`` prints and writes down."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from visionft.stopwatch import OTHER, VALIDATION, Stopwatch, running, timed

PARTS = (
    *("decode", "augment", "copy", "prefix", "forward", "backward", "optimizer", "wait"),
    *(VALIDATION, OTHER),
)
"""Read and put on the canvas; change; bring to the device; frozen layers; what trains; gradients; the step and the wait
for its numbers; what else it takes until a batch is there; all of validation; checkpoints, callbacks and the like."""


def stopwatch_for(device: torch.device) -> Stopwatch:
    """Return a stopwatch for training on a device, whose kernels are waited for at each reading."""
    return Stopwatch(torch.cuda.synchronize) if device.type == "cuda" else Stopwatch()


def trained_modules(network: nn.Module) -> list[nn.Module]:
    """Return the modules that own what trains; none where everything does, as then no part of the network is frozen."""
    if all(parameter.requires_grad for parameter in network.parameters()):
        return []
    return [module for module in network.modules() if any(p.requires_grad for p in module.parameters(recurse=False))]


@contextmanager
def forward_timed(trained: Sequence[nn.Module], closed: Sequence[nn.Module] = ()) -> Iterator[None]:
    """Time a forward pass: its prefix up to the first call of one of some modules, and what is behind.

    Args:
        trained: what ``trained_modules`` returned.
        closed: modules that are compiled, whose own call is seen and none inside.
    """
    watch = running()
    if watch is None:
        yield
        return
    stopwatch = watch

    def note(_module: nn.Module, _inputs: Any) -> None:
        stopwatch.turn("prefix", "forward")

    inside = {id(module) for whole in closed for module in whole.modules()}
    seen = [*closed, *(module for module in trained if id(module) not in inside)] if trained else []
    hooks = [module.register_forward_pre_hook(note) for module in seen]
    try:
        with timed("prefix" if trained else "forward"):
            yield
    finally:
        for hook in hooks:
            hook.remove()


def profile_of(seconds: Mapping[str, float], images: int, beside: Mapping[str, float]) -> dict[str, Any]:
    """Return what is written down of a stage.

    Args:
        seconds: of each part that took any.
        images: that were trained on meanwhile.
        beside: seconds of what a thread did meanwhile, by part.

    Returns:
        ``images``, ``seconds``, and ``parts``: by name the ``fraction`` of the time, and ``ms`` for each of the images;
        where a thread loads while another engine than torch runs the frozen layers, its seconds ``beside``.
    """
    total = sum(seconds.values())
    thread = {"beside": {part: round(took, 3) for part, took in beside.items()}} if beside else {}
    return {
        "images": images,
        "seconds": round(total, 3),
        "parts": {
            part: {
                "fraction": round(seconds[part] / total, 4),
                "ms": round(1000 * seconds[part] / images, 4) if images else None,
            }
            for part in PARTS
            if part in seconds
        },
        **thread,
    }


def in_words(name: str, profile: Mapping[str, Any], workers: int) -> str:
    """Return a sentence about the profile of a stage.

    Args:
        name: of the stage.
        profile: what ``profile_of`` returned.
        workers: processes that load beside the one that trains.
    """
    parts = [
        f"{part} {100 * took['fraction']:.1f} %" + (f" ({took['ms']:.3g} ms)" if took["ms"] is not None else "")
        for part, took in profile["parts"].items()
    ]
    beside = f"; {workers} processes decode and augment beside it, for which it waits" if workers else ""
    if thread := profile.get("beside"):
        took = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in thread.items())
        beside = f"; beside it, in a thread: {took}{beside}"
    return f"stage {name}: {profile['seconds']:.1f} s for {profile['images']} images: {', '.join(parts)}{beside}"
