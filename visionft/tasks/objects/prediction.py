"""What a prediction of objects says.

Shape suffixes: H height, W width, 3 colours (RGB), K classes, N objects, 4 left, top, right, bottom; 6 these, score and
class index.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.imaging import draw_boxes, line_palette
from visionft.imaging.encoding import NOTEBOOK_SIDE, html_figure, jpeg_bytes, png_bytes
from visionft.imaging.inputs import Image, load_pixels
from visionft.spec import ModelSpec
from visionft.tasks.exchange import Colours, annotation, rows_of_coco, rows_of_supervision, supervision

_GROUND = 64  # grey that stands for the image, which a prediction does not keep


def least_scores(spec: ModelSpec, threshold: float | None = None) -> tuple[float, ...]:
    """Return the score from which on an object of each class counts: the threshold, if given, or the model's own."""
    classes = len(spec.class_names)
    return spec.thresholds or (0.5,) * classes if threshold is None else (threshold,) * classes


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """The objects in one image, by falling score.

    Attributes:
        boxes_N4: float32 (left, top, right, bottom) in pixels of the image, half-open: the whole image is
            (0, 0, width, height).
        scores_N: float32, in (0, 1].
        labels_N: int64 class indices.
        size: (width, height) of the image in pixels.
        class_names: text for class 0, 1, ...
        thresholds: the score from which on an object of each class counts, unless something else is asked for.
        palette: colour (RGB, 0..255) of each class.
        tracks_N: int64 number of each object's track through the frames of a video, -1 where it is seen for the first
            time; None where nothing is tracked.
    """

    endings: ClassVar[tuple[str, ...]] = (".json", ".overlay.jpg")

    boxes_N4: NDArray[np.float32]
    scores_N: NDArray[np.float32]
    labels_N: NDArray[np.int64]
    size: tuple[int, int]
    class_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    palette: tuple[tuple[int, int, int], ...]
    tracks_N: NDArray[np.int64] | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, detections_N6: NDArray[np.float32], size: tuple[int, int], spec: ModelSpec) -> "Detection":
        """Combine the detections of ``detect`` with names, thresholds and colours of the model.

        A model without thresholds gets 0.5 for each class, one without colours gets default ones.
        """
        names = spec.class_names
        return cls(
            boxes_N4=detections_N6[:, :4],
            scores_N=detections_N6[:, 4],
            labels_N=detections_N6[:, 5].astype(np.int64),
            size=size,
            class_names=names,
            thresholds=least_scores(spec),
            palette=spec.palette or line_palette(len(names)),
        )

    def above(self, threshold: float | None = None) -> Self:
        """Return the objects whose score is at least a threshold.

        Args:
            threshold: for all classes, in [0, 1]; none takes the model's own for each.
        """
        return self._only(np.flatnonzero(self.counting(threshold)))

    def counting(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """Return for each object whether ``above`` keeps it."""
        least_K = np.array(self.thresholds if threshold is None else [threshold] * len(self.class_names), np.float32)
        return np.asarray(self.scores_N >= least_K[self.labels_N])

    def with_tracks(self, rows_M: NDArray[np.int64], tracks_M: NDArray[np.int64]) -> Self:
        """Return some of the objects, given their places here, each with the number of its track, or -1."""
        return replace(self._only(rows_M), tracks_N=tracks_M)

    def _only(self, rows_M: NDArray[np.int64]) -> Self:
        return replace(
            self,
            boxes_N4=self.boxes_N4[rows_M],
            scores_N=self.scores_N[rows_M],
            labels_N=self.labels_N[rows_M],
            tracks_N=None if self.tracks_N is None else self.tracks_N[rows_M],
        )

    def __len__(self) -> int:
        return len(self.boxes_N4)

    @property
    def counts(self) -> dict[str, int]:
        """Class name -> objects, in the model's class order."""
        counts_K = np.bincount(self.labels_N, minlength=len(self.class_names))
        return dict(zip(self.class_names, counts_K.tolist(), strict=True))

    def __str__(self) -> str:
        most = sorted(self.counts.items(), key=lambda item: -item[1])
        return ", ".join(f"{count} {name}" for name, count in most if count) or "nothing"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold: the objects by falling score, and the size of the image."""
        rows = zip(self.labels_N.tolist(), self.scores_N.tolist(), self.boxes_N4.tolist(), strict=True)
        width, height = self.size
        detections = [
            {"label": self.class_names[index], "index": index, "score": score, "box": box} for index, score, box in rows
        ]
        if self.tracks_N is not None:
            for plain, track in zip(detections, self.tracks_N.tolist(), strict=True):
                plain["track"] = track if track >= 0 else None
        return {"detections": detections, "height": height, "width": width}

    def save(self, path: str | Path) -> None:
        """Write what ``to_dict`` returns as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def overlay(self, image: Image) -> NDArray[np.uint8]:
        """Return the image with a box around each object, and its class and score.

        Args:
            image: the image of the prediction, in any form that a predictor takes.

        Returns:
            uint8 RGB of the image's size.

        Raises:
            DataError: the image cannot be used, or is not of the prediction's size.
        """
        labels = self.labels_N.tolist()
        tracks = [-1] * len(self) if self.tracks_N is None else self.tracks_N.tolist()
        texts = [
            f"{f'#{track} ' if track >= 0 else ''}{self.class_names[label]} {score:.2f}"
            for label, score, track in zip(labels, self.scores_N.tolist(), tracks, strict=True)
        ]
        return draw_boxes(self._pixels_of(image), self.boxes_N4, texts, [self.palette[label] for label in labels])

    def _pixels_of(self, image: Image) -> NDArray[np.uint8]:
        image_HW3 = load_pixels(image)
        width, height = self.size
        if image_HW3.shape[:2] != (height, width):
            raise DataError(
                f"image: shape {image_HW3.shape}; the boxes are for one of {height} rows and {width} columns"
            )
        return image_HW3

    def save_overlay(self, image: Image, path: str | Path) -> None:
        """Write the image with its objects as JPEG; arguments and errors as for ``overlay``."""
        Path(path).write_bytes(jpeg_bytes(self.overlay(image)))

    def _repr_html_(self) -> str:
        """Return the objects on a grey ground, small enough for a notebook; ``overlay`` shows them on their image."""
        width, height = self.size
        picture_HW3 = self.overlay(np.full((height, width, 3), _GROUND, np.uint8))
        return html_figure(png_bytes(picture_HW3, NOTEBOOK_SIDE), str(self))

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return ``boxes`` (N4 float32, xyxy in pixels), ``scores`` (N float32) and ``labels`` (N int64)."""
        return {"boxes": self.boxes_N4, "scores": self.scores_N, "labels": self.labels_N}

    def to_coco(self, image_id: int | str = 0, first: int = 1) -> list[dict[str, Any]]:
        """Return the objects as annotations of COCO, with their scores.

        Args:
            image_id: of the image.
            first: number of the first annotation. Categories are counted from 1 in class order.
        """
        rows = zip(self.labels_N.tolist(), self.boxes_N4.tolist(), self.scores_N.tolist(), strict=True)
        return [
            annotation(
                label,
                box_4,
                image_id=image_id,
                number=first + place,
                area=(box_4[2] - box_4[0]) * (box_4[3] - box_4[1]),
                score=score,
            )
            for place, (label, box_4, score) in enumerate(rows)
        ]

    @classmethod
    def from_coco(
        cls,
        annotations: Sequence[Mapping[str, Any]],
        size: tuple[int, int],
        class_names: Sequence[str],
        palette: Colours = (),
    ) -> Self:
        """Read annotations of COCO; one without a score has 1.

        Args:
            annotations: of one image.
            size: (width, height) of the image.
            class_names: text for category 1, 2, ...
            palette: colour of each class; none takes default ones.

        Raises:
            DataError: when one cannot be read.
        """
        return cls._read(rows_of_coco(annotations, class_names), size, class_names, palette)

    def to_supervision(self) -> Any:
        """Return ``supervision.Detections``, with the names of the classes in its ``data``.

        Raises:
            MissingExtra: when supervision is not installed.
        """
        names = [self.class_names[label] for label in self.labels_N.tolist()]
        return supervision().Detections(
            xyxy=self.boxes_N4,
            confidence=self.scores_N,
            class_id=self.labels_N,
            tracker_id=self.tracks_N,
            data={"class_name": np.array(names, np.str_)},
        )

    @classmethod
    def from_supervision(
        cls, detections: Any, size: tuple[int, int], class_names: Sequence[str], palette: Colours = ()
    ) -> Self:
        """Read ``supervision.Detections``; arguments as of ``from_coco``. Without confidence, all have 1.

        Raises:
            DataError: when its classes are not these.
        """
        return cls._read(rows_of_supervision(detections, class_names), size, class_names, palette)

    @classmethod
    def _read(
        cls,
        detections_N6: NDArray[np.float32],
        size: tuple[int, int],
        class_names: Sequence[str],
        palette: Colours,
        **masks: Any,  # of a class that has some
    ) -> Self:
        """Return a prediction of another library's objects, by falling score."""
        order_N = np.argsort(-detections_N6[:, 4], kind="stable")
        ordered_N6 = detections_N6[order_N]
        return cls(
            boxes_N4=ordered_N6[:, :4],
            scores_N=ordered_N6[:, 4],
            labels_N=ordered_N6[:, 5].astype(np.int64),
            size=size,
            class_names=tuple(class_names),
            thresholds=(0.5,) * len(class_names),
            palette=palette or line_palette(len(class_names)),
            tracks_N=None,
            **{name: tuple(given[place] for place in order_N.tolist()) for name, given in masks.items()},
        )
