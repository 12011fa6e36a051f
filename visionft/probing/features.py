"""What a network with fixed weights makes of every image, once, and kept for the next time.

Shape suffixes: B batch, C channels, H height, W width, 3 colours, N images, M rows (images, or points of them),
D features, P points of an image, 2 x and y.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from visionft.assemble.runtime import Runtime
from visionft.atomic import write_tensors
from visionft.batch import Batch
from visionft.data.records import Dataset, Sample
from visionft.imaging.normalization import byte_statistics
from visionft.imaging.placement import canvas_from_original, place
from visionft.loading.batches import Batches
from visionft.models.backbones import Backbone
from visionft.probing.duplicates import thumbnail
from visionft.seeds import derive_seed
from visionft.spec import InputSpec
from visionft.tasks.probing import PatchProbe, TaskProbe

_POINTS = 16_384  # of all images together, where these are few
_FEWEST, _MOST = 8, 64  # of an image
_FINEST = 8  # pixels of a cell; maps that are finer say little but colours and edges
_VERSIONED = ("visionft", "torch", "torchvision", "timm", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a data set.

    Attributes:
        rows_MD: float32, what is probed.
        image_M: int64, the place of each row's image in the data set.
        images_ND: float32, of whole images; the same tensor as the rows where these are whole images.
        thumbnails_NT: uint8, grey levels of the images, see ``duplicates``.
        labels_M: int64, the classes of points; empty where whole images are probed.
        places_M2: float32, where the points are, in pixels of the original images; empty likewise.
    """

    rows_MD: Tensor
    image_M: Tensor
    images_ND: Tensor
    thumbnails_NT: Tensor
    labels_M: Tensor
    places_M2: Tensor


def key_of(
    backbone: Backbone, spec: InputSpec, dataset: Dataset, contents: Sequence[str], probe: TaskProbe, *, bf16: bool
) -> str:
    """Return what features depend on, as 32 hexadecimal digits.

    Names and labels of whole images are not part of it, so that they can be mended and the features stay.

    Args:
        backbone: the network, with its weights.
        spec: the canvas.
        dataset: the images.
        contents: a hash of each image.
        probe: which points are looked at, if any.
        bf16: whether the network runs in bfloat16.
    """
    digest = sha256()
    for name, tensor in backbone.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    parts: list[Any] = [backbone.family, backbone.name, spec, bf16, *map(version, _VERSIONED)]
    if isinstance(probe, PatchProbe):
        parts += [type(probe).__qualname__, probe.drawn, _POINTS, _FEWEST, _MOST, _FINEST, probe.outputs]
        parts += [(sample.id, sample.target.fingerprint()) for sample in dataset.samples] + [*contents]
    else:
        parts += sorted(contents)
    for part in parts:
        digest.update(f"{part!r}\n".encode(errors="surrogatepass"))
    return digest.hexdigest()[:32]


def kept(path: Path | None, contents: Sequence[str]) -> Features | None:
    """Return features of an earlier probe; None where there are none, or the file is none.

    Args:
        path: the file.
        contents: a hash of each image.
    """
    if path is None or not path.is_file():
        return None
    try:
        tensors = load_file(path)
        if "rows_MD" in tensors:
            return Features(**tensors)
        back_N = torch.tensor(_by_content(contents)).argsort()
        return _of_images(tensors["images_ND"][back_N], tensors["thumbnails_NT"][back_N])
    except (SafetensorError, KeyError, TypeError, OSError):
        return None


def keep(path: Path, features: Features, contents: Sequence[str]) -> None:
    """Write features to a file, whole or not at all; those of whole images in the order of their contents."""
    tensors = {field.name: getattr(features, field.name) for field in fields(features)}
    if features.rows_MD is features.images_ND:
        order = _by_content(contents)
        tensors = {name: tensors[name][order] for name in ("images_ND", "thumbnails_NT")}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, tensors)


def _by_content(contents: Sequence[str]) -> list[int]:
    return sorted(range(len(contents)), key=contents.__getitem__)


def _of_images(images_ND: Tensor, thumbnails_NT: Tensor) -> Features:
    nothing = torch.empty(0)
    return Features(images_ND, torch.arange(len(images_ND)), images_ND, thumbnails_NT, nothing.long(), nothing)


@torch.no_grad()
def compute(
    backbone: Backbone,
    spec: InputSpec,
    runtime: Runtime,
    loader: Batches,
    dataset: Dataset,
    probe: TaskProbe,
    on_done: Callable[[int], None],
) -> Features:
    """Run the network over all images.

    Args:
        backbone: on the runtime's device.
        spec: the canvas.
        runtime: where it runs.
        loader: the images of the data set, plain, one canvas each.
        dataset: the same images.
        probe: what is looked at.
        on_done: called with how many images are done.
    """
    backbone.eval()
    normalise = Normalise(spec, runtime.device)
    most = min(_MOST, max(_FEWEST, _POINTS // len(dataset.samples)))
    collected = _Collected(spec, dataset, probe, most)
    for batch in loader.evaluation():
        collected.thumbnails += map(thumbnail, batch.images_BHW3.numpy())
        images_BCHW = normalise(batch.images_BHW3.to(runtime.device))
        with runtime.autocast():
            if isinstance(probe, PatchProbe):
                collected.add_points(probe, batch, backbone.strides, list(backbone(images_BCHW)))
            else:
                collected.add_images(backbone.embed(images_BCHW))
        on_done(len(collected.images))
    return collected.features()


class Normalise(nn.Module):
    """Turn uint8 canvases BHW3 into what a backbone takes, BCHW."""

    def __init__(self, spec: InputSpec, device: torch.device) -> None:
        super().__init__()
        mean_3, std_3 = byte_statistics(spec.mean, spec.std)
        self._mean_C11 = torch.from_numpy(mean_3).view(3, 1, 1).to(device)
        self._std_C11 = torch.from_numpy(std_3).view(3, 1, 1).to(device)

    def forward(self, images_BHW3: Tensor) -> Tensor:
        """Subtract the mean and divide by the deviation."""
        return (images_BHW3.permute(0, 3, 1, 2).float() - self._mean_C11) / self._std_C11


class _Collected:
    """Features as they come, batch by batch, in the order of the data set."""

    def __init__(self, spec: InputSpec, dataset: Dataset, probe: TaskProbe, most: int) -> None:
        self._spec, self._dataset, self._most = spec, dataset, most
        self._patches = isinstance(probe, PatchProbe)
        self.images: list[Tensor] = []
        self.thumbnails: list[NDArray[np.uint8]] = []
        self._rows: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._places: list[Tensor] = []

    def add_images(self, embedding_BD: Tensor) -> None:
        """Take in whole images."""
        self.images += embedding_BD.float().cpu().unbind()

    def add_points(self, probe: PatchProbe, batch: Batch, strides: Sequence[int], maps: list[Tensor]) -> None:
        """Take in points of images, and the mean of each map."""
        kept_maps = [
            (stride, features_BCHW.float())
            for stride, features_BCHW in zip(strides, maps, strict=True)
            if stride >= _FINEST or stride == strides[-1]
        ]
        for place_in_batch in range(len(batch)):
            sample = self._dataset.samples[len(self.images)]
            one = self._dataset.target.chosen(batch.targets, torch.tensor([place_in_batch])).numpy()
            shown = place(sample.size, self._spec).covered(self._spec)
            generator = np.random.default_rng(derive_seed("probe", sample.id))
            points = probe.points(one, shown, self._spec, generator, self._most)
            xy_P2 = torch.from_numpy(points.xy_P2)
            of_image = [(stride, features_BCHW[place_in_batch]) for stride, features_BCHW in kept_maps]
            self._rows.append(_at(of_image, xy_P2).cpu())
            self._labels.append(torch.from_numpy(points.labels_P))
            self._places.append(self._original(sample, xy_P2))
            self.images.append(torch.cat([map_CHW.mean((1, 2)) for _, map_CHW in of_image]).cpu())

    def features(self) -> Features:
        """Return all of them."""
        images_ND, thumbnails_NT = torch.stack(self.images), torch.from_numpy(np.stack(self.thumbnails))
        if not self._patches:
            return _of_images(images_ND, thumbnails_NT)
        counts_N = torch.tensor([len(rows) for rows in self._rows])
        image_M = torch.arange(len(images_ND)).repeat_interleave(counts_N)
        return Features(
            torch.cat(self._rows),
            image_M,
            images_ND,
            thumbnails_NT,
            torch.cat(self._labels),
            torch.cat(self._places).float(),
        )

    def _original(self, sample: Sample, xy_P2: Tensor) -> Tensor:
        """Return points of the canvas in the frame of the original image."""
        back_33 = np.linalg.inv(canvas_from_original(sample.size, self._spec))
        return torch.from_numpy(xy_P2.numpy() @ back_33[:2, :2].T + back_33[:2, 2])


def _at(maps: Sequence[tuple[int, Tensor]], xy_P2: Tensor) -> Tensor:
    """Return the features of several maps CHW at points of the canvas, one behind the other, as PD.

    Source:
        Hariharan et al. (2015), Hypercolumns for Object Segmentation and Fine-grained Localization, arXiv:1411.5752.
    """
    found = []
    for stride, map_CHW in maps:
        size_2 = torch.tensor([map_CHW.shape[2], map_CHW.shape[1]]) * stride
        grid_11P2 = (2 * xy_P2 / size_2 - 1)[None, None].to(map_CHW)
        sampled_CP = functional.grid_sample(map_CHW[None], grid_11P2, padding_mode="border", align_corners=False)[
            0, :, 0
        ]
        found.append(sampled_CP.T)
    return torch.cat(found, 1)
