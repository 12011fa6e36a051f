"""Whether torch compiles what trains in a stage: where it is told to, or where it clearly pays, which is measured.

What was compiled gives other last bits than torch's own operations. So a stage keeps to what it began with: one that
is resumed is compiled again, and has to give the same bits as then for weights and images that are always the same.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b

import torch
from torch import nn

from visionft.batch import AnyBatch
from visionft.errors import CheckpointError
from visionft.models.compiled import CompiledParts, matrices, parts_to_compile
from visionft.models.conversion import innermost_reason, quiet
from visionft.seeds import derive_seed
from visionft.stages import StagePlan
from visionft.training.events import Notice
from visionft.training.session import Session
from visionft.training.step import Stepper

_RECORD = "compiled"  # in run.json
_REPEATS = 3
_LEAST_GAIN = 0.1  # of the time of a step
# What a compilation takes on two cores for each kernel or matrix (benchmarks/results/compiled_step.json: 1 to 3 s), and
# the most that is hoped for of a step, of which the CPU there shows 3 %: from so many steps on it is tried.
_COMPILATION, _EXPECTED_GAIN = 3.0, 0.15
_WEIGHTS = 0  # seed


@dataclass(frozen=True, slots=True)
class CompileChoice:
    """Whether a stage is compiled, and why.

    Attributes:
        compiled: whether it is.
        why: ``asked for``, ``measured``, or why not.
        seconds: of a training step ``eager`` and ``compiled``, without the optimizer, and of ``compiling``; as far as
            they were measured.
        gives: a hash of the gradients for weights and images that are always the same.
    """

    compiled: bool
    why: str
    seconds: dict[str, float] | None = None
    gives: str | None = None


First = Callable[[], AnyBatch | None]


def compiled_parts(session: Session, plan: StagePlan, stepper: Stepper, first: First) -> CompiledParts | None:
    """Return what is compiled of the network in a stage, or None for nothing; write it down.

    Args:
        session: the run, whose network has entered the stage; it is told what was chosen.
        plan: the stage.
        stepper: of the stage.
        first: returns the first batch of training of a run that begins with the stage.

    Raises:
        CheckpointError: when the stage began compiled, and now cannot be or gives other numbers.
    """
    asked, records = session.job.recipe.runtime.compile, session.info.get(_RECORD, {})
    before = records.get(plan.stage.name)
    begun = session.progress.stage_step > 0 and not before  # by a version that did not compile
    if begun or not (before["compiled"] if before else asked):
        return None
    try:
        choice, parts = _tried(session, plan, stepper, first, measured=asked == "auto" and not before)
    except ValueError as error:  # as a matching of objects raises, of numbers that are none
        choice, parts = CompileChoice(compiled=False, why=f"made-up weights fail: {innermost_reason(error)}"), None
    if not before:
        session.record(**{_RECORD: records | {plan.stage.name: asdict(choice)}})
        session.tell(Notice(f"stage {plan.stage.name}: {_in_words(choice)}"))
    elif not choice.compiled or choice.gives != before["gives"]:
        reason = "gives other numbers" if choice.compiled else f"cannot be ({choice.why})"
        raise CheckpointError(
            f"{session.path}: stage {plan.stage.name} began compiled, and what is compiled now {reason}; a run ends as "
            "it began: go on with the compiler, the processor and the libraries that it began with, or start a new run"
        )
    return parts if choice.compiled else None


def _tried(
    session: Session, plan: StagePlan, stepper: Stepper, first: First, *, measured: bool
) -> tuple[CompileChoice, CompiledParts | None]:
    from torch._dynamo.exc import TorchDynamoException  # takes a second, and most stages are not compiled

    job = session.job
    modules = parts_to_compile(job.network)
    if not modules:
        return CompileChoice(compiled=False, why="nothing that trains is worth it"), None
    batch = first()
    if batch is None or len(batch) < job.recipe.optim.batch_size:
        return CompileChoice(compiled=False, why="no batch is full"), None
    seconds: dict[str, float] = {}
    with _same_weights(job.network):
        if measured:
            seconds["eager"] = _seconds(stepper, batch)
            steps = (plan.steps - session.progress.stage_step) * job.recipe.optim.accumulate
            least = _COMPILATION * sum(map(matrices, modules))
            if steps * seconds["eager"] * _EXPECTED_GAIN < least:
                return CompileChoice(compiled=False, why="few steps", seconds=seconds), None
        parts = CompiledParts(modules)
        started = time.perf_counter()
        try:
            with quiet(), parts.used(strictly=True):
                gives = _gradients(stepper, batch, parts.modules)
                seconds["compiling"] = time.perf_counter() - started
                again = _gradients(stepper, batch, parts.modules)
        except TorchDynamoException as error:
            return CompileChoice(compiled=False, why=_reason(error)), None
        if gives != again:
            return CompileChoice(compiled=False, why="it gives other numbers every time", seconds=seconds), None
        if measured:
            with parts.used():
                seconds["compiled"] = _seconds(stepper, batch, parts.modules)
            seconds["eager"] = min(seconds["eager"], _seconds(stepper, batch))
            if seconds["compiled"] > (1 - _LEAST_GAIN) * seconds["eager"]:
                return CompileChoice(compiled=False, why="measured", seconds=seconds), None
    return CompileChoice(
        compiled=True, why="measured" if measured else "asked for", seconds=seconds, gives=gives
    ), parts


@contextmanager
def _same_weights(network: nn.Module) -> Iterator[None]:
    """Give what trains values that are the same in every process, and put its own back in the end."""
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    before = {name: parameter.detach().clone() for name, parameter in trained.items()}
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    device = next(iter(trained.values())).device
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
            for name, parameter in trained.items():
                generator = torch.Generator().manual_seed(derive_seed(_WEIGHTS, "compiled", name))
                drawn = torch.randn(parameter.shape, generator=generator)
                scale = (2 / max(1, parameter[0].numel())) ** 0.5 if parameter.ndim > 1 else 0.1
                parameter.copy_(drawn * scale + (0 if parameter.ndim > 1 else 0.5))
            with torch.enable_grad():
                yield
    finally:
        with torch.no_grad():
            for name, parameter in trained.items():
                parameter.copy_(before[name])
                parameter.grad = None
            for name, buffer in network.named_buffers():
                buffer.copy_(buffers[name])


def _gradients(stepper: Stepper, batch: AnyBatch, closed: list[nn.Module]) -> str:
    """Return a hash of the gradients of a batch."""
    torch.manual_seed(0)
    digest = blake2b(digest_size=16)
    for gradient in stepper.gradients(batch, closed):
        digest.update(gradient.cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _seconds(stepper: Stepper, batch: AnyBatch, closed: list[nn.Module] | None = None) -> float:
    """Return the shortest time of a few steps after a first one."""
    taken = []
    for _ in range(1 + _REPEATS):
        started = time.perf_counter()
        for gradient in stepper.gradients(batch, closed or []):
            gradient.sum().item()  # waits for a device that computes aside
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def _reason(error: Exception) -> str:
    """Return why torch does not compile, in a line, and what to do where that is known."""
    reason = innermost_reason(error)
    if "C++ compiler" in reason:
        return "there is no C++ compiler: install g++, or name one in the environment's CXX"
    return f"torch does not compile it: {reason}"


def _in_words(choice: CompileChoice) -> str:
    parts = [f"{name} {1000 * took:,.0f} ms" for name, took in (choice.seconds or {}).items() if name != "compiling"]
    if choice.seconds and "compiling" in choice.seconds:
        parts.append(f"compiling {choice.seconds['compiling']:.0f} s")
    return f"what trains is {'' if choice.compiled else 'not '}compiled: {', '.join([choice.why, *parts])}"
