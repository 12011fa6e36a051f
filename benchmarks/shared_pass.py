"""What would one pass save that serves two stages: a head on the whole backbone, then its last third?

python -m benchmarks.shared_pass [--repeats 5] [--backbone NAME] [--unfreeze 6] [--smoke]

`two passes`: onnxruntime runs the whole backbone for the first stage, then its front for the second. `one pass`: it
runs the front, and torch the rest from what was kept. Forward passes of 32 canvases at 224; reading them comes on top,
twice and once.
"""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks import measure
from benchmarks.compiled_step import job_of
from visionft.assemble import Job
from visionft.models.backbones.cut import Cut
from visionft.training.exported_prefix import ExportedPrefix, PrefixGraph

_IMAGES = 32


def main() -> None:
    """Time both ways and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--unfreeze", type=int, default=6, help="depth groups that train in the second stage")
    asked = parser.parse_args()
    backbone, unfreeze, repeats = (
        ("test_resnet", 2, 1) if asked.smoke else (asked.backbone, asked.unfreeze, asked.repeats)
    )
    job = job_of(backbone, unfreeze, "auto")
    job.network.eval()
    size = job.input.height
    generator = torch.Generator().manual_seed(0)
    images_BHW3 = torch.randint(256, (_IMAGES, size, size, 3), generator=generator).to(torch.uint8)
    whole, _ = _prefix(job, 0, images_BHW3)
    front, cut = _prefix(job, unfreeze, images_BHW3)

    @torch.no_grad()
    def one_pass() -> None:
        kept = front(images_BHW3)
        with job.runtime.autocast():
            cut.suffix(kept)

    ways: dict[str, Callable[[], object]] = {
        "two passes": lambda: (whole(images_BHW3), front(images_BHW3)),
        "one pass": one_pass,
        "whole": lambda: whole(images_BHW3),
        "front": lambda: front(images_BHW3),
    }
    seconds = measure.interleave(ways, repeats=repeats)
    results: dict[str, Any] = measure.compare("both stages", seconds, images=_IMAGES, reference="two passes")
    settings = {"backbone": backbone, "unfreeze": unfreeze, "repeats": repeats, "size": size}
    measure.record("shared_pass", results, settings=settings, seeds=[0], smoke=asked.smoke)


def _prefix(job: Job, last: int, images_BHW3: torch.Tensor) -> tuple[ExportedPrefix, Cut]:
    network = job.network
    network.backbone.set_trainable(last=last)
    with job.runtime.autocast():
        cut = Cut(network.backbone, lambda images: network.head.features(network.backbone, images), _few(job))
    graph = PrefixGraph(network, cut, images_BHW3)
    return ExportedPrefix(graph, "onnxruntime", torch.get_num_threads()), cut


def _few(job: Job) -> torch.Tensor:
    noise_BHW3 = torch.randint(256, (2, job.input.height, job.input.width, 3), generator=torch.Generator())
    return job.network.normalised(noise_BHW3.to(torch.uint8))


if __name__ == "__main__":
    main()
