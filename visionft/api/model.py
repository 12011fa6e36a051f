"""The tuned network as a plain module.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.assemble import Job
from visionft.batch import AnyBatch, AugmentedBatch
from visionft.errors import CheckpointError, DataError
from visionft.imaging.canvas import cut_window
from visionft.imaging.inputs import Image, load
from visionft.imaging.placement import windows
from visionft.models.heads.base import Losses
from visionft.models.kernels.depthwise import plain_depthwise
from visionft.models.network import TaskNetwork
from visionft.predict.checks import check_canvases
from visionft.results import Results
from visionft.spec import ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.learner import Learner, named_outputs

_PREFIXES = ("_orig_mod.", "module.")  # what torch.compile and DistributedDataParallel put before names


class TunedModel(TaskNetwork):
    """The network of a finished run: uint8 canvases in, the outputs of the exported file out.

        model = run.model
        model(model.preprocess("cell.png"))["probabilities"]

        model.train()                        # to go on in a loop of your own
        optimizer = torch.optim.AdamW(vft.parameter_groups(model.backbone, model.head, lr=1e-4))
        for batch in run.batches("train", epoch=0):
            model(batch).total.backward()
            optimizer.step()
            optimizer.zero_grad()
        better = run.with_model(model)       # a run folder of its own: evaluate, report, export

    A module like any other: its ``state_dict`` has the names of the run's ``model.safetensors``, and it can be copied,
    pickled, compiled and hooked. It is on the device of the run, in float32 and in evaluation mode; what trains, and
    what norm layers do in ``train()``, is as in the run's last stage until ``model.backbone.set_trainable`` says
    otherwise.

    Attributes:
        backbone: the pretrained network, tuned.
        head: what was learned on its features.
        spec: task, classes, canvas and thresholds.
    """

    def __init__(self, network: TaskNetwork, learner: Learner, spec: ModelSpec) -> None:
        super().__init__(network.backbone, network.head, spec.input)
        self.spec = spec
        self._learner = learner
        self._names = tuple(output.name for output in TASKS[spec.task].outputs)

    @classmethod
    def of(cls, job: Job, spec: ModelSpec, last_stage: int) -> "TunedModel":
        """Return a copy of a job's network.

        Args:
            job: holds the final weights.
            spec: what the network is.
            last_stage: index of the last stage that was run.
        """
        copy = deepcopy(job.network)
        plain_depthwise(copy)
        plan = job.plans[last_stage]
        copy.backbone.set_trainable(plan.groups, plan.stage.norm)
        return cls(copy, deepcopy(job.task), spec).to(job.runtime.device).eval()

    def forward(self, batch: AnyBatch | AugmentedBatch | Tensor, targets: Any = None) -> Any:
        """Predict, or learn.

        Args:
            batch: canvases_BHW3, uint8 RGB, any B >= 1; or a batch of ``Run.batches``.
            targets: of the images, where these are a tensor, as the task's batches hold them: int64 labels_B for one
                class of each image; uint8 masks_BHW for one of each pixel, 255 for none; float32 boxes_BN5 for objects,
                (left, top, right, bottom, class) in pixels of the canvas with -1 in rows that mean nothing.

        Returns:
            Name -> tensor, what the exported file gives under these names. With targets, and for a batch in training
            mode, ``Losses``: ``total``, the scalar to go down, and ``parts`` by name.

        Raises:
            DataError: the tensor is no uint8 BHW3.
        """
        if isinstance(batch, Tensor):
            if batch.dtype != torch.uint8 or batch.ndim != 4 or batch.shape[-1] != 3:
                raise DataError(
                    f"canvases: {str(batch.dtype).removeprefix('torch.')} of shape {tuple(batch.shape)}; the model "
                    "takes uint8 of shape (B, H, W, 3), and normalises itself; see preprocess"
                )
            answer = self.head(self.features(batch), targets)
        else:
            answer = super().forward(batch)
        return answer if isinstance(answer, Losses) else self._named(answer)

    def _named(self, raw: Any) -> dict[str, Tensor]:
        with torch.autocast(self.mean_C11.device.type, enabled=False):  # in bf16, a side of a large object is off
            results = self.postprocess(raw)
        outputs = (*self._learner.outputs(results), *self._learner.derived(results))
        return dict(zip(self._names, outputs, strict=True))

    def preprocess(self, image: Image) -> Tensor:
        """Return canvases_BHW3 of an image as the predictor makes them, on the model's device.

        Args:
            image: whatever a predictor takes, such as a path, the bytes of an image file, or a uint8 array, RGB
                (H, W, 3) or grey (H, W).

        Returns:
            uint8 with B = 1; with ``fit: tile`` the windows of the image, row by row.

        Raises:
            DataError: the image cannot be used.
        """
        spec = self.spec.input
        loaded = load(image, spec)
        if spec.fit == "tile":
            corners = windows(loaded.original, spec)
            canvases = np.stack([cut_window(loaded.pixels_HW3, corner, spec) for corner in corners])
        else:
            canvases = loaded.pixels_HW3[None]
        return torch.from_numpy(canvases).to(self.mean_C11.device)

    def engine(self) -> "NetworkEngine":
        """Return what ``vft.Predictor`` runs: a copy, so that training on does not change its answers."""
        return NetworkEngine(deepcopy(self))


class NetworkEngine:
    """A network as an ``Engine``: answers in fp32, in several threads at once.

    Args:
        model: nobody else may use it.
    """

    def __init__(self, model: TunedModel) -> None:
        self._model = model.eval().requires_grad_(requires_grad=False)

    @property
    def spec(self) -> ModelSpec:
        """What the model is."""
        return self._model.spec

    @torch.inference_mode()
    def run(self, images_BHW3: NDArray[np.uint8]) -> Results:
        """Run the network on canvases; see ``Engine.run``."""
        check_canvases(images_BHW3, self.spec)
        device = self._model.mean_C11.device
        with torch.autocast(device.type, enabled=False):  # the caller's own
            results = self._model(torch.tensor(images_BHW3, device=device))
        return named_outputs(self.spec.task, results.values())


def fitting_state(model: nn.Module | Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a model for a network of a run.

    Args:
        model: ``Run.model``, as it is or wrapped by torch, or its state.
        expected: the state of the network that they are for.

    Raises:
        CheckpointError: when names or shapes are others, or a number is not finite.
    """
    weights = model.state_dict() if isinstance(model, nn.Module) else model
    state = {_unwrapped(name): tensor for name, tensor in weights.items()}
    wrong = [f"{name} is missing" for name in expected if name not in state]
    wrong += [f"{name} is unknown" for name in state if name not in expected]
    wrong += [
        f"{name} has the shape {tuple(state[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    wrong += [f"{name} is not finite" for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(f"with_model: {'; '.join(wrong[:3])}{more}; give run.model, or its state_dict()")
    return state


def _unwrapped(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name.partition(".")[2]
    return name
