"""Labelled images as a user hands them over in Python: ``visionft.Dataset``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visionft.catalog import IN_MEMORY
from visionft.data.labelled_images import (
    LabelledImage,
    class_names_of,
    labelled,
    paired,
    pairs_of,
    split_named,
    splits_of,
)
from visionft.data.listing import Entry, LabelOptions, Listing
from visionft.data.naming import SPLIT_NAMES, counted, some
from visionft.data.records import Problem
from visionft.data.splits import SPLITS, Split
from visionft.data.targets.base import Target
from visionft.data.targets.python_values import described
from visionft.errors import DataError
from visionft.imaging.pixels import Pixels
from visionft.spec import Reading


class DataSource:
    """Labelled images, from memory or files, that go wherever the path of a data set goes.

        data = vft.Dataset.from_arrays(images, labels)
        run = vft.train(data)                               # or vft.train(recipe, data=data)
        run.evaluate()
        vft.check(data), vft.convert(data, "coco", "out"), vft.evaluate("model.onnx", data=data)

    What is to be learned follows from the labels, unless a recipe says it (``task.kind``):

    =====================================================================  =================
    a name (``"cat"``) or a whole number                                   a class
    a list of names (``["cracked", "dirty"]``, ``[]``), an array of 0/1    several classes
    a float, a list or an array of them, a dict ``{"weight [g]": 3.4}``    numbers
    an array or tensor (H, W) of whole numbers, a PIL image, a file        a mask
    a dict of ``boxes`` (N, 4), ``labels`` (N)                             boxes
    the same with ``masks`` (N, H, W) or ``polygons``                      outlined objects
    =====================================================================  =================

    Numbers are class indices; ``classes`` gives them names. What a label may be is told by the modules of
    ``visionft.data.targets``, and for boxes and masks by ``visionft.data.formats.objects_in_memory``.

    Nothing is opened or split before the data are used; that happens as for files, by the recipe's section ``data``,
    whose keys may be given here as well. Pickles.

    Attributes:
        name: what it is called.
        settings: keys of a recipe's section ``data``, laid over those of the recipe.
        images: what it holds; empty for a folder, which is read when it is used.
    """

    def __init__(
        self, images: Sequence[LabelledImage], settings: Mapping[str, Any], name: str, problems: Sequence[Problem] = ()
    ) -> None:
        self.images = tuple(images)
        self.settings = {key: value for key, value in settings.items() if value is not None}
        self.name = name
        self._problems = tuple(problems)

    @classmethod
    def from_arrays(
        cls,
        images: Any,
        labels: Any,
        *,
        classes: Sequence[str] | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        split: str | Sequence[str] | None = None,
        name: str = IN_MEMORY,
        **settings: Any,
    ) -> "DataSource":
        """Take images in memory and a label of each.

        Args:
            images: N of them: an array (N, H, W, 3) or (N, H, W), a tensor (N, 3, H, W), or a list of images of any
                sizes. Arrays are uint8 in RGB order (what OpenCV reads is BGR, which nothing can tell), tensors have
                channels first, floats are 0 to 1 or in the setting ``range``, which counts for uint16 as it does for
                files, like ``alpha`` for a fourth channel; see ``visionft.imaging.python_images``. Arrays are not
                copied, and must not be changed as long as the data are in use. Or a dict: split -> such images.
            labels: of each, see above; or a dict: split -> such labels.
            classes: the names of class 0, 1, ... in label order, or name -> number; of numbers, what they are called.
            ids: a name for each image, on which with the seed its augmentation depends; none counts them.
            split: ``train``, ``val`` or ``test``, of all images or of each; none splits by content.
            name: of the data, for messages and the run folder.
            settings: more keys of a recipe's section ``data``, such as ``val_fraction=0.2``.

        Raises:
            DataError: when images are none, there are no images, or there are more or less of them than labels.
        """
        if isinstance(images, Mapping) or isinstance(labels, Mapping):
            if not (isinstance(images, Mapping) and isinstance(labels, Mapping)) or images.keys() != labels.keys():
                raise DataError("images and labels: both are to be dicts of the same splits, or neither")
            samples: Any = {part: paired(images[part], labels[part], f"{part}: ") for part in images}
        else:
            samples = paired(images, labels, "")
        return cls.from_samples(samples, classes=classes, ids=ids, split=split, name=name, **settings)

    @classmethod
    def from_samples(
        cls,
        samples: Any,
        *,
        classes: Sequence[str] | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        split: str | Sequence[str] | None = None,
        name: str = IN_MEMORY,
        **settings: Any,
    ) -> "DataSource":
        """Take pairs of an image and its label.

        Args:
            samples: pairs, in a list or any other iterable, or a torch ``Dataset`` of them, all of which is read into
                memory; its attribute ``classes`` gives numbers their names where there is one. Images are paths, or as
                for ``from_arrays``; a torch data set gives images of PIL or uint8 tensors, without random changes and
                not normalised. Or a dict: split -> such samples.
            classes: as of ``from_arrays``.
            ids: as of ``from_arrays``; none takes a file's path below the folder that all files have in common.
            split: as of ``from_arrays``.
            name: as of ``from_arrays``.
            settings: as of ``from_arrays``.

        Raises:
            DataError: when something is no pair, images are none, or there are no samples.
        """
        parts: dict[Split | None, Any] = {None: samples}
        if isinstance(samples, Mapping):
            if split is not None:
                raise DataError("split: the samples are a dict of splits already; leave split out")
            parts = {split_named(part): of_part for part, of_part in samples.items()}
        pairs = [(*pair, part) for part, of_part in parts.items() for pair in pairs_of(of_part)]
        if not pairs:
            raise DataError("samples: there are none; give pairs of an image and its label")
        if classes is None:
            classes = next((found for of_part in parts.values() if (found := class_names_of(of_part))), None)
        splits = [part for *_, part in pairs] if split is None else splits_of(split, len(pairs))
        problems: list[Problem] = []
        images = labelled(
            [image for image, *_ in pairs], [label for _, label, _ in pairs], ids, splits, problems, _stated(settings)
        )
        return cls(images, {**settings, "classes": _plain_classes(classes), "format": IN_MEMORY}, name, problems)

    @classmethod
    def from_classes(
        cls,
        images: Mapping[str, Any],
        *,
        name: str = IN_MEMORY,
        **settings: Any,
    ) -> "DataSource":
        """Take the images of each class.

        Args:
            images: class name -> paths, or images as for ``from_arrays``; or a dict: split -> such a dict.
            name: as of ``from_arrays``.
            settings: as of ``from_arrays``.

        Raises:
            DataError: when images are none, or there are none at all.
        """
        in_splits = images and all(part in SPLIT_NAMES and isinstance(of, Mapping) for part, of in images.items())
        samples = {part: _of_classes(of) for part, of in images.items()} if in_splits else _of_classes(images)
        return cls.from_samples(samples, name=name, **settings)

    @classmethod
    def from_folder(cls, path: str | Path, *, name: str | None = None, **settings: Any) -> "DataSource":
        """Take what lies at a path, in any of the data formats.

        Args:
            path: a folder, CSV, COCO JSON or YOLO's YAML, as of the recipe's ``data.path``.
            name: of the run folder; none takes the path's.
            settings: more keys of a recipe's section ``data``, such as ``format="voc"`` or ``classes=["cat", "dog"]``.
        """
        return cls((), {**settings, "path": str(Path(path).expanduser())}, name or Path(path).resolve().stem)

    @property
    def in_memory(self) -> bool:
        """Whether a recipe alone could not find the images and labels again."""
        return bool(self.images)

    def __len__(self) -> int:
        return len(self.images)

    def __bool__(self) -> bool:
        return True  # a folder holds no images yet

    def __repr__(self) -> str:
        if not self.images:
            return f"Dataset({self.settings['path']})"
        values = [image.value for image in self.images]
        splits = {split: sum(image.split == split for image in self.images) for split in SPLITS}
        parts = ", ".join(f"{number} {split}" for split, number in splits.items() if number)
        images = counted(len(self), "image", "images")
        held = sum(isinstance(image.image, Pixels) for image in self.images)
        where = "in memory" if held == len(self) else "in files" if not held else f"of which {held} in memory"
        labels = "labels " + some(dict.fromkeys(map(described, values)), 3)
        return f"Dataset({self.name}: {images} {where}{f' ({parts})' if parts else ''}; {labels})"

    def is_stated_by(self, target: type[Target]) -> bool:
        """Say whether every label looks like such a target."""
        return self.in_memory and all(target.is_stated_by(image.value) for image in self.images)

    def read(self, target: type[Target], options: LabelOptions) -> Listing:
        """Return images and labels as a data format lists them.

        Args:
            target: what is to be made of the labels.
            options: what is said about labels.

        Raises:
            DataError: when no such target can be made of them.
        """
        found = target.from_values({image.id: image.value for image in self.images}, options)
        entries = [
            Entry(image.id, image.image, found.of_image[image.id], image.split)
            for image in self.images
            if image.id in found.of_image
        ]
        problems = (*self._problems, *found.problems)
        return Listing(
            self.name,
            tuple(entries),
            found.class_names,
            target,
            problems,
            source="handed over in Python",
            palette=found.palette,
        )


def _of_classes(images: Mapping[str, Any]) -> list[tuple[Any, str]]:
    for label, several in images.items():
        if isinstance(several, str | bytes | Path | Mapping):
            raise DataError(f"{label}: {described(several)}; a list of images of the class is needed")
    return [(one, label) for label, several in images.items() for one in several]


def _stated(settings: Mapping[str, Any]) -> Reading:
    """Return how values are read as far as the settings say it; what is wrong with them is told with the recipe."""
    said = settings.get("range")
    if isinstance(said, list | tuple) and len(said) == 2:
        return Reading((float(said[0]), float(said[1])))
    return Reading()


def _plain_classes(classes: Sequence[str] | Mapping[str, Any] | None) -> Any:
    return classes if classes is None or isinstance(classes, Mapping) else list(classes)
