"""The plainest honest segmentation: smp's Unet on the same pretrained encoder, one stage of Adam, no tricks.

Shape suffixes: B batch, H height, W width, K classes, 3 colours.
"""

import time
from typing import Any, cast

import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.assemble import Job
from visionft.results import CanvasRunner


class PlainUnet:
    """Trains on the batches of a job, flipped left-right at random, and keeps the epoch that validates best.

    Args:
        job: whose data, canvas, batch size, number formats and pretrained encoder to take; it is not changed.
        lr: of Adam, constant.
        epochs: passes over the training images.
        seed: of the decoder's start, the order and the flips.
    """

    def __init__(self, job: Job, *, lr: float, epochs: int, seed: int) -> None:
        self.job = job
        self.lr = lr
        self._epochs = epochs
        torch.manual_seed(seed)
        self.net = smp.Unet(f"tu-{job.network.backbone.name}", encoder_weights=None, classes=len(job.task.class_names))
        pretrained = job.network.backbone.network.state_dict()
        encoder = self.net.encoder.model
        encoder.load_state_dict({name: pretrained[name] for name in encoder.state_dict()})
        job.runtime.prepare(self.net)
        self._optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)

    def logits(self, images_BHW3: Tensor) -> Tensor:
        """Return logits_BKHW; the image is padded to whole cells, as smp asks for."""
        height, width = images_BHW3.shape[1:3]
        images_BCHW = (images_BHW3.permute(0, 3, 1, 2).float() - self.job.network.mean_C11) * (
            self.job.network.scale_C11
        )
        padded_BCHW = F.pad(images_BCHW, (0, -width % 32, 0, -height % 32))
        logits_BKHW: Tensor = self.net(padded_BCHW)[:, :, :height, :width]
        return logits_BKHW

    def step(self, images_BHW3: Tensor, masks_BHW: Tensor) -> None:
        """Take one step of cross-entropy."""
        with self.job.runtime.autocast():
            logits_BKHW = self.logits(images_BHW3)
        loss = F.cross_entropy(logits_BKHW.float(), masks_BHW.long(), ignore_index=IGNORE)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimizer.step()

    def fit(self) -> dict[str, Any]:
        """Train; return validation mIoU by epoch and the seconds it took."""
        job, started = self.job, time.monotonic()
        history, best, weights = [], -1.0, self.net.state_dict()
        stage = job.plans[0].stage
        with job.train_loader(stage) as train, job.eval_loader("val", job.input) as val:
            for epoch in range(self._epochs):
                self.net.train()
                for batch in train.training(epoch):
                    flip = torch.rand(len(batch)) < 0.5
                    images_BHW3, masks_BHW = batch.images_BHW3.clone(), cast("Tensor", batch.targets).clone()
                    images_BHW3[flip], masks_BHW[flip] = images_BHW3[flip].flip(2), masks_BHW[flip].flip(2)
                    self.step(images_BHW3, masks_BHW)
                self.net.eval()
                meter = job.task.meter()
                for batch in val.evaluation():
                    with torch.inference_mode(), job.runtime.autocast():
                        results_BKHW = self.logits(batch.images_BHW3).float().softmax(dim=1)
                    meter.update({"probabilities": results_BKHW.numpy()}, batch.targets.numpy())
                history.append(meter.values()["miou"])
                if history[-1] > best:
                    best = history[-1]
                    weights = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        self.net.load_state_dict(weights)
        return {"val_miou": history, "best_epoch": history.index(best) + 1, "seconds": time.monotonic() - started}

    def runner(self) -> CanvasRunner:
        """Return the network as a function of canvases, in fp32."""
        self.net.eval()

        @torch.inference_mode()
        def run(images_BHW3: Any) -> Any:
            return {"probabilities": self.logits(torch.from_numpy(images_BHW3)).softmax(dim=1).numpy()}

        return run
