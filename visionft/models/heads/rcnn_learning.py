"""What Faster R-CNN learns from in a step: anchors and regions, each with the object that it is compared with.

Shape suffixes: B batch, A anchors of all levels, K classes, N proposals or objects of an image, P sampled regions of
all images.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import fastrcnn_loss
from torchvision.ops import box_iou

from visionft.annotations.marks import CROWD
from visionft.models.heads.rcnn_regions import mostly_in
from visionft.models.losses.boxes import pairwise_iou

_PAIRS = 2**21  # of boxes that are compared at once, for which about 80 MB are needed


class ImageTargets(NamedTuple):
    """The objects and crowds of an image.

    Attributes:
        objects: boxes and labels, counted from 1, in torchvision's form.
        rows_N: which row of the batch's targets each object has.
        crowds_N4: the regions of crowds.
    """

    objects: dict[str, Tensor]
    rows_N: Tensor
    crowds_N4: Tensor


class Regions(NamedTuple):
    """Regions that are learned.

    Attributes:
        boxes_P4: xyxy, those of the first image first.
        images_P: which image each lies in.
        rows_P: which row of its image's targets each is compared with; any where there is no object.
        labels_P: class + 1, or 0 where there is no object.
        offsets_P4: how the box is to be moved, in the form of torchvision's coder.
    """

    boxes_P4: Tensor
    images_P: Tensor
    rows_P: Tensor
    labels_P: Tensor
    offsets_P4: Tensor


def image_targets(targets_BN5: Tensor) -> list[ImageTargets]:
    """Return the objects and crowds of each image."""
    found = []
    for rows_N5 in targets_BN5:
        rows_N = (rows_N5[:, 4] >= 0).nonzero()[:, 0]
        objects = {"boxes": rows_N5[rows_N, :4], "labels": rows_N5[rows_N, 4].long() + 1}
        found.append(ImageTargets(objects, rows_N, rows_N5[rows_N5[:, 4] == CROWD, :4]))
    return found


def box_iou_in_parts(boxes_N4: Tensor, anchors_A4: Tensor) -> Tensor:
    """Return torchvision's overlaps, iou_NA, of objects with anchors; what it needs beside them is for some anchors.

    All of them, with the objects of a crowd, would take a dozen times the memory of the result.
    """
    some = max(1, _PAIRS // max(1, len(boxes_N4)))
    return torch.cat([box_iou(boxes_N4, part_A4) for part_A4 in torch.split(anchors_A4, some)], dim=1)


def proposal_losses(
    rpn: Any, anchors_A4: Tensor, logits_BA: Tensor, offsets_BA4: Tensor, targets: Sequence[ImageTargets]
) -> tuple[Tensor, Tensor]:
    """Return torchvision's losses of anchors, of being an object and of its box; those in crowds are left out.

    Args:
        rpn: torchvision's network of proposals.
        anchors_A4: xyxy.
        logits_BA: whether there is an object.
        offsets_BA4: in the form of torchvision's coder.
        targets: of each image.
    """
    anchors = [anchors_A4] * len(targets)
    labels, boxes = rpn.assign_targets_to_anchors(anchors, [image.objects for image in targets])
    for labels_A, image in zip(labels, targets, strict=True):
        labels_A[(labels_A == 0) & mostly_in(anchors_A4, image.crowds_N4)] = -1  # which the sampler leaves out
    if not any((labels_A >= 0).any() for labels_A in labels):  # torchvision would divide by none
        return logits_BA.sum() * 0, offsets_BA4.sum() * 0
    targets_A4 = rpn.box_coder.encode(boxes, anchors)
    losses: tuple[Tensor, Tensor] = rpn.compute_loss(logits_BA.flatten(), offsets_BA4.flatten(0, 1), labels, targets_A4)
    return losses


def sample_regions(roi_heads: Any, proposals: Sequence[Tensor], targets: Sequence[ImageTargets]) -> Regions:
    """Draw regions among proposals_N4 of each image and the true boxes; none that lie in crowds without being objects.

    Args:
        roi_heads: torchvision's, which say how many.
        proposals: boxes_N4 of each image, xyxy.
        targets: of each image.
    """
    least, usable = roi_heads.proposal_matcher.high_threshold, []
    for boxes_N4, image in zip(proposals, targets, strict=True):
        found_N = (pairwise_iou(boxes_N4, image.objects["boxes"]) >= least).any(dim=1)
        usable.append(boxes_N4[found_N | ~mostly_in(boxes_N4, image.crowds_N4)])
    boxes, objects, labels, offsets = roi_heads.select_training_samples(usable, [image.objects for image in targets])
    images = [torch.full_like(labels_N, index) for index, labels_N in enumerate(labels)]
    rows = [
        image.rows_N[object_N] if len(image.rows_N) else object_N
        for image, object_N in zip(targets, objects, strict=True)
    ]
    return Regions(*(torch.cat(list(parts)) for parts in (boxes, images, rows, labels, offsets)))


def region_losses(logits_PK: Tensor, offsets_P4: Tensor, regions: Regions) -> tuple[Tensor, Tensor]:
    """Return torchvision's losses of regions, of the class and of the box.

    Args:
        logits_PK: of no object and of the classes.
        offsets_P4: of the box for each of these.
        regions: what is true in them.
    """
    if not len(logits_PK):  # crowds everywhere; torchvision would divide by none
        return logits_PK.sum(), offsets_P4.sum()
    losses: tuple[Tensor, Tensor] = fastrcnn_loss(logits_PK, offsets_P4, [regions.labels_P], [regions.offsets_P4])
    return losses
