"""RT-DETRv2 of transformers on the maps of our own backbones.

Shape suffixes: B batch, C channels, H height, W width, A cells of all levels, Q queries, K classes, L layers of the
decoder, N objects or detections.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from math import ceil, inf, log
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchvision.ops import box_convert

from visionft.errors import MissingExtra
from visionft.models.heads.base import Losses
from visionft.models.heads.maps import MapHead, PaddedMaps
from visionft.models.heads.necks import Neck
from visionft.models.heads.nms import select_detections
from visionft.spec import DETECTIONS

_STRIDES = (8, 16, 32)
_LEAST_QUERIES, _QUERIES_PER_ROW = 300, 1.5
_PRIOR = 0.01  # score of an untrained query (RetinaNet, arXiv:1708.02002, section 4.1)
_FIRST_SIDE = 0.05  # of the canvas: a box before it is refined, on the finest level; on the next twice that
_SMALL = {"decoder_layers": 3, "hidden_expansion": 0.5}  # RT-DETRv2-S, the smallest that is published


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder says; boxes are (centre x, centre y, width, height), fractions of the padded image.

    Attributes:
        logits_BLQK: of the classes after each layer, noisy queries first.
        boxes_BLQ4: after each layer, noisy queries first.
        first_logits_BQK: of the cells that became queries.
        first_boxes_BQ4: of these cells.
        noise: how transformers arranged the noisy queries, where there are any.
    """

    logits_BLQK: Tensor
    boxes_BLQ4: Tensor
    first_logits_BQK: Tensor
    first_boxes_BQ4: Tensor
    noise: dict[str, Any] | None

    def image(self, index: int) -> "Decoded":
        """Return what is said of one image of the batch."""
        one = slice(index, index + 1)
        noise = self.noise and {**self.noise, "dn_positive_idx": self.noise["dn_positive_idx"][one]}
        first = self.first_logits_BQK[one], self.first_boxes_BQ4[one]
        return Decoded(self.logits_BLQK[one], self.boxes_BLQ4[one], *first, noise)


class RtDetrHead(MapHead):
    """A transformer that turns the best cells of three levels into objects, each once: there is nothing to suppress.

    Encoder, decoder, matching, denoising and losses are those of transformers. Its whole model is not used: it brings a
    backbone, and fixes the size of the batch when it is exported. Nor are its first weights, which are made to be
    overwritten by a checkpoint: with batch norms close to zero nothing is learned. Cells at the border of large maps
    may become queries as well.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the channels dropped before the last layer of the classes, 0..1.
        max_detections: objects that an image may have; from 200 on there are more than 300 queries, half as many more.

    Raises:
        MissingExtra: when transformers, or SciPy for its matching, is not installed.

    Source:
        Zhao et al. 2024, DETRs Beat YOLOs on Real-time Object Detection, section 4 (arXiv:2304.08069); Lv et al. 2024,
        RT-DETRv2 (arXiv:2407.17140).
    """

    kind: ClassVar[str] = "rt_detr"
    predicts: ClassVar[str] = "boxes"

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        classes: int,
        dropout: float = 0.0,
        max_detections: int = DETECTIONS,
    ) -> None:
        super().__init__()
        for package in ("transformers", "scipy"):
            if find_spec(package) is None:
                raise MissingExtra(package, "detr", f"the head {self.kind!r}")
        parts = _transformers("models.rt_detr_v2.modeling_rt_detr_v2")
        queries = max(_LEAST_QUERIES, ceil(_QUERIES_PER_ROW * max_detections))
        self.config = parts.RTDetrV2Config(num_labels=classes, num_queries=queries, **_SMALL)
        self._max_detections = max_detections
        width, layers = self.config.d_model, self.config.decoder_layers
        self.levels = Neck(channels, strides, _STRIDES)
        self.into_encoder = nn.ModuleList(_projection(count, width) for count in self.levels.channels)
        self.encoder = parts.RTDetrV2HybridEncoder(self.config)
        self.into_decoder = nn.ModuleList(_projection(width, width) for _ in _STRIDES)
        self.cells = nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width))
        self.cell_classes = nn.Linear(width, classes)
        self.cell_boxes = parts.RTDetrV2MLPPredictionHead(width, width, 4, num_layers=3)
        self.noisy_classes = nn.Embedding(classes + 1, width, padding_idx=classes)
        self.decoder = parts.RTDetrV2Decoder(self.config)
        self.decoder.class_embed = nn.ModuleList(
            nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes)) for _ in range(layers)
        )
        self.decoder.bbox_embed = nn.ModuleList(
            parts.RTDetrV2MLPPredictionHead(width, width, 4, num_layers=3) for _ in range(layers)
        )
        self._initialise()

    def predict(self, features: PaddedMaps) -> "DetrOutputs":
        """Encode the maps."""
        maps, padded, size = features
        levels = [enter(level) for enter, level in zip(self.into_encoder, self.levels(maps), strict=True)]
        encoded: list[Tensor] = self.encoder(levels).last_hidden_state
        return DetrOutputs(encoded, padded, size)

    def losses(self, outputs: "DetrOutputs", targets: Tensor) -> Losses:
        """Return transformers' losses for boxes_BN5; regions of crowds count as background.

        They are the varifocal loss of the classes, and L1 and the generalised IoU of the boxes: for the cells that
        become queries, for every layer of the decoder and, in training, for what it makes of the noisy queries.
        """
        objects = [outputs.target(rows_N5[rows_N5[:, 4] >= 0]) for rows_N5 in targets]
        found = self.decoded(outputs.encoded, objects)
        # the usual number is trained as ever, to the bit
        compare = self._compare if self.config.num_queries <= _LEAST_QUERIES else self._compare_one_by_one
        total, terms = compare(found, objects)
        return Losses(total, _by_kind(terms))

    def _compare(self, found: "Decoded", objects: list[dict[str, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return transformers' loss of a batch, and the terms that it is the sum of."""
        total, terms, _ = _transformers("loss.loss_rt_detr").RTDetrForObjectDetectionLoss(
            found.logits_BLQK[:, -1],
            objects,
            found.logits_BLQK.device,
            found.boxes_BLQ4[:, -1],
            self.config,
            outputs_class=found.logits_BLQK,
            outputs_coord=found.boxes_BLQ4,
            enc_topk_logits=found.first_logits_BQK,
            enc_topk_bboxes=found.first_boxes_BQ4,
            denoising_meta_values=found.noise,
        )
        return total, terms

    def _compare_one_by_one(
        self, found: "Decoded", objects: list[dict[str, Tensor]]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the same sums image by image: transformers compares all boxes of a batch with all of its objects.

        Its terms are means over the objects, of which an image without any counts as one.
        """
        counts = [len(image["class_labels"]) for image in objects]
        total, terms = found.logits_BLQK.new_zeros(()), dict[str, Tensor]()
        for index, (count, image) in enumerate(zip(counts, objects, strict=True)):
            share = max(1, count) / max(1, sum(counts))
            of_image, parts = self._compare(found.image(index), [image])
            total = total + of_image * share
            terms |= {name: terms.get(name, 0) + part.detach() * share for name, part in parts.items()}
        return total, terms

    def postprocess(self, outputs: "DetrOutputs") -> Tensor:
        """Return detections_BN6, the best of all pairs of query and class; boxes end with the canvas."""
        found, padded, size = self.decoded(outputs.encoded), outputs.padded, outputs.size
        boxes_BQ4 = box_convert(found.boxes_BLQ4[:, -1], "cxcywh", "xyxy")
        sides = [(boxes_BQ4[..., i] * padded[1 - i % 2]).clamp(0, size[1 - i % 2]) for i in range(4)]
        scores_BQK = found.logits_BLQK[:, -1].sigmoid()
        return select_detections(scores_BQK, torch.stack(sides, dim=-1), inf, self._max_detections)

    def decoded(self, encoded: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Decoded:
        """Decode encoded maps, in training with noisy queries made of the targets, which are in transformers' form.

        In float32 whatever the encoder ran in: in bf16, a box on a canvas of 640 pixels would be off by pixels.
        """
        with torch.autocast(encoded[0].device.type, enabled=False):
            levels = [enter(level.float()) for enter, level in zip(self.into_decoder, encoded, strict=True)]
            shapes = [(level.shape[2], level.shape[3]) for level in levels]
            tokens_BAC = torch.cat([level.flatten(2).transpose(1, 2) for level in levels], dim=1)
            cells_BAC = self.cells(tokens_BAC)
            logits_BAK = self.cell_classes(cells_BAC)
            places_BA4 = self.cell_boxes(cells_BAC) + _first_places(shapes, tokens_BAC.device)
            best_BQ = logits_BAK.amax(dim=2).topk(min(self.config.num_queries, logits_BAK.shape[1]), dim=1).indices
            logits_BQK, places_BQ4, queries_BQC = (_rows(v, best_BQ) for v in (logits_BAK, places_BA4, cells_BAC))
            start = queries_BQC.detach(), places_BQ4.detach()
            start, seen, noise = self._with_noise(*start, targets)
            found = self.decoder(
                inputs_embeds=start[0],
                reference_points=start[1],
                encoder_hidden_states=tokens_BAC,
                encoder_attention_mask=seen,  # of the queries, by its use
                spatial_shapes=torch.tensor(shapes, device=tokens_BAC.device),
                spatial_shapes_list=shapes,
            )
        return Decoded(
            found.intermediate_logits, found.intermediate_reference_points, logits_BQK, places_BQ4.sigmoid(), noise
        )

    def _with_noise(
        self, queries_BQC: Tensor, places_BQ4: Tensor, targets: list[dict[str, Tensor]] | None
    ) -> tuple[tuple[Tensor, Tensor], Tensor | None, dict[str, Any] | None]:
        """Put noisy queries before the others; return also who sees whom, and how the noisy ones are arranged."""
        if not self.training or targets is None:
            return (queries_BQC, places_BQ4), None, None
        parts = _transformers("models.rt_detr_v2.modeling_rt_detr_v2")
        noisy_BQC, at_BQ4, seen_QQ, noise = parts.get_contrastive_denoising_training_group(
            targets,
            num_classes=self.config.num_labels,
            num_queries=queries_BQC.shape[1],
            class_embed=self.noisy_classes,
            num_denoising_queries=self.config.num_denoising,
            label_noise_ratio=self.config.label_noise_ratio,
            box_noise_scale=self.config.box_noise_scale,
        )
        if noise is None:  # no image has an object
            return (queries_BQC, places_BQ4), None, None
        return (torch.cat([noisy_BQC, queries_BQC], dim=1), torch.cat([at_BQ4, places_BQ4], dim=1)), seen_QQ, noise

    def _initialise(self) -> None:
        """Start as the paper does: torch's weights, objects rare, and boxes that stay where they are."""
        for module in self.modules():
            if callable(reset := getattr(module, "reset_parameters", None)):
                reset()
        for layer in self.decoder.layers:
            self.decoder._init_weights(layer.encoder_attn)  # it looks at points on a star around the box
        for boxes in (self.cell_boxes, *self.decoder.bbox_embed):
            nn.init.zeros_(boxes.layers[-1].weight)
            nn.init.zeros_(boxes.layers[-1].bias)
        for classes in (self.cell_classes, *(layers[-1] for layers in self.decoder.class_embed)):
            nn.init.xavier_uniform_(classes.weight)
            nn.init.constant_(classes.bias, -log(1 / _PRIOR - 1))


@dataclass(frozen=True, slots=True)
class DetrOutputs:
    """Encoded maps. The decoder runs when it is known what for: in training it is shown noisy targets.

    Attributes:
        encoded: maps of three levels, BCHW.
        padded: (height, width) of the padded canvas, to which the boxes relate.
        size: (height, width) of the canvas.
    """

    encoded: list[Tensor]
    padded: tuple[int, int]
    size: tuple[int, int]

    def target(self, objects_N5: Tensor) -> dict[str, Tensor]:
        """Return an image's objects in transformers' form."""
        height, width = self.padded
        fractions_N4 = objects_N5[:, :4] / objects_N5.new_tensor([width, height, width, height])
        return {"class_labels": objects_N5[:, 4].long(), "boxes": box_convert(fractions_N4, "xyxy", "cxcywh")}


def _by_kind(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return transformers' losses, those of all layers together: ``loss_vfl_aux_0`` is one of the classes."""
    parts: dict[str, Tensor] = {}
    for kind, mark in (("class", "_vfl"), ("box", "_bbox"), ("giou", "_giou")):
        parts[kind] = torch.stack([term.detach() for name, term in terms.items() if mark in name]).sum()
    return parts


def _transformers(module: str) -> Any:
    """Import a module of transformers: an extra, which takes a second, and whose types do not hold."""
    return import_module(f"transformers.{module}")


def _projection(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))


def _first_places(shapes: Sequence[tuple[int, int]], device: torch.device) -> Tensor:
    """Return the logits_A4 of boxes around the cells' centres, level by level and row by row."""
    places = []
    for level, (height, width) in enumerate(shapes):
        sides = [(torch.arange(cells, dtype=torch.float32, device=device) + 0.5) / cells for cells in (height, width)]
        y_HW, x_HW = torch.meshgrid(*sides, indexing="ij")
        side_HW = torch.full_like(x_HW, _FIRST_SIDE * 2**level)
        places.append(torch.stack([x_HW, y_HW, side_HW, side_HW], dim=-1).flatten(0, 1))
    return torch.cat(places).logit()


def _rows(values_BAX: Tensor, chosen_BQ: Tensor) -> Tensor:
    return values_BAX.gather(1, chosen_BQ[..., None].expand(-1, -1, values_BAX.shape[2]))
