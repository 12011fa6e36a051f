"""What a person would write instead of using visionft: a plain PyTorch loop, without any of its promises.

Shape suffixes: B batch, H height, W width, C channels, 3 colours.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import islice

import cv2
import numpy as np
import timm
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, Dataset

from visionft.assemble import Job
from visionft.augment import Augmenter
from visionft.data.records import Example, Sample
from visionft.data.targets.label import CanvasLabel, Label
from visionft.models.kernels.depthwise import speed_up_depthwise


class HandWritten:
    """Trains timm's own model with the number formats, batch size, rates and clipping of a job.

    Args:
        job: whose settings to take; nothing in it is used or changed.
        same_kernels: take over what visionft does to convolutions that are slow in bf16, so that only the loops
            differ; without, the network is as timm gives it.
    """

    def __init__(self, job: Job, *, same_kernels: bool) -> None:
        self._runtime = runtime = job.runtime
        section = job.recipe.optim
        dropout = job.recipe.task.learner_arguments(job.dataset)["dropout"]
        model = timm.create_model(
            job.network.backbone.name, num_classes=len(job.dataset.class_names), drop_rate=dropout
        )
        self._model = model.to(runtime.device).to(memory_format=runtime.memory_format).train()
        if same_kernels:
            speed_up_depthwise(self._model)
        self._parameters = list(self._model.parameters())
        self._clip_norm = section.clip_norm
        self._optimizer = torch.optim.AdamW(self._parameters, lr=1e-4, weight_decay=section.weight_decay, fused=True)
        self._mean_C11 = torch.tensor(job.input.mean, device=runtime.device).view(3, 1, 1)
        self._std_C11 = torch.tensor(job.input.std, device=runtime.device).view(3, 1, 1)

    def step(self, images_BHW3: Tensor, labels_B: Tensor) -> float:
        """Take one step and return its loss."""
        images_BHW3 = images_BHW3.to(self._runtime.device, non_blocking=True)
        labels_B = labels_B.to(self._runtime.device, non_blocking=True)
        images_BCHW = (images_BHW3.permute(0, 3, 1, 2).float() / 255 - self._mean_C11) / self._std_C11
        with self._autocast():
            logits_BK = self._model(images_BCHW)
        loss = F.cross_entropy(logits_BK.float(), labels_B)
        torch.autograd.backward(loss)
        clip_grad_norm_(self._parameters, self._clip_norm or float("inf"))
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(loss.item())

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self._runtime.device.type, dtype=torch.bfloat16, enabled=self._runtime.bf16)

    def train(self, job: Job, steps: int) -> float:
        """Load, augment and train on a number of batches; return the mean loss."""
        loader = DataLoader(
            Photographs(job),
            batch_size=job.recipe.optim.batch_size,
            shuffle=True,
            num_workers=job.runtime.workers,
            pin_memory=job.runtime.device.type == "cuda",
        )
        losses = [self.step(images_BHW3, labels_B) for images_BHW3, labels_B in islice(loader, steps)]
        return sum(losses) / len(losses)


class Photographs(Dataset[tuple[NDArray[np.uint8], int]]):
    """The training images of a job, read with OpenCV and augmented by the job's own policy."""

    def __init__(self, job: Job) -> None:
        self._samples: Sequence[Sample] = job.dataset.split("train")
        self._size = (job.input.width, job.input.height)
        self._augment = Augmenter(job.plans[0].stage.augment, job.recipe.augment.orientation)

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        sample = self._samples[index]
        pixels = np.asarray(cv2.imread(str(sample.image), cv2.IMREAD_COLOR_RGB), np.uint8)
        image = cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA)
        return self._augment(Example(np.asarray(image, np.uint8), CanvasLabel(0)), index).image_HW3, Label.of(
            sample
        ).index
