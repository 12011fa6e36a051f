"""What is measured of data that a model meets after its training: which of their images, in the model's classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from shlex import quote

from visionft.data.naming import some
from visionft.data.records import Dataset, Sample
from visionft.data.splits import SPLITS, Part
from visionft.errors import DataError, UnknownName
from visionft.spec import ModelSpec

Tell = Callable[[str], None]


def in_classes_of(
    spec: ModelSpec, dataset: Dataset, same_as: Mapping[str, str], tell: Tell, *, may_leave_out: bool
) -> Dataset:
    """Return data with the classes of a model, matched by name.

    Args:
        spec: the model's.
        dataset: has classes of its own, in their own order; those of the model that it lacks are no mistake.
        same_as: class of the data -> the model's class that it is; nothing where what is of it is left out.
        tell: told of classes that are left out.
        may_leave_out: whether classes are left out that nobody speaks of, as it was done in training.

    Raises:
        DataError: when a class is none of the model's.
        UnknownName: when ``same_as`` names a class that is not there.
    """
    for names, known in ((same_as, dataset.class_names), (filter(None, same_as.values()), spec.class_names)):
        for name in names:
            if name not in known:
                raise UnknownName("class", name, known, where="--classes (classes)")
    mapped = [same_as.get(name, name) for name in dataset.class_names]
    occurring = {label for sample in dataset.samples for label in sample.target.classes}
    unknown = [
        name
        for label, name in enumerate(dataset.class_names)
        if name not in same_as and name not in spec.class_names and label in occurring
    ]
    one, several = dataset.target.named
    if (unknown and not may_leave_out) or not any(name in spec.class_names for name in mapped):
        others = unknown or dataset.class_names
        example = quote(f"{others[0]}={spec.class_names[0]}")
        raise DataError(
            f"{dataset.name}: its {several} are {', '.join(dataset.class_names)}; the model's are "
            f"{', '.join(spec.class_names)}; say which {one} of the model {some(others)} "
            f"{'is' if len(others) == 1 else 'are'}: --classes {example} (classes), with nothing behind = to leave out "
            "what is of it"
        )
    index_of = [spec.class_names.index(name) if name in spec.class_names else None for name in mapped]
    left_out = [
        name for label, name in enumerate(dataset.class_names) if index_of[label] is None and label in occurring
    ]
    if left_out:
        tell(f"{dataset.name}: {several} that the model does not know are left out: {some(left_out)}")
    if dataset.class_names == spec.class_names and not same_as:
        return dataset
    samples: list[Sample] = []
    for sample in dataset.samples:
        target = sample.target.renumbered(index_of, len(spec.class_names))
        if target is not None:
            samples.append(replace(sample, target=target))
    return replace(dataset, samples=tuple(samples), class_names=spec.class_names)


def measured_samples(
    dataset: Dataset, part: Part | None, tell: Tell, *, as_trained: bool
) -> tuple[str, tuple[Sample, ...]]:
    """Return what is measured, and what that is called.

    Args:
        dataset: what there is.
        part: which of it; None takes ``test``, else ``val``, else everything.
        tell: told what is measured where nobody said it.
        as_trained: whether these are the data of the training, so that the splits cut for it count; else only splits
            that the data state do.

    Raises:
        DataError: when there is nothing.
    """
    if not as_trained and part != "all":
        if "test" in dataset.cut and part is not None:
            raise DataError(
                f"{dataset.name}: the data state no splits, so there is no {part} part; leave --split away (split) to "
                "measure all of it"
            )
        dataset = _uncut(dataset)
    chosen = part or _usual(dataset, as_trained=as_trained)
    samples = dataset.samples if chosen == "all" else dataset.split(chosen)
    if not samples:
        raise DataError(f"{dataset.name}: no images in the {chosen} part")
    if part is None and not as_trained:
        counts = {split: len(dataset.split(split)) for split in SPLITS}
        stated = ", ".join(f"{number} {split}" for split, number in counts.items() if number)
        why = "they state no splits" if "test" in dataset.cut else f"of {stated}"
        what = f"all {len(samples)} images" if chosen == "all" else f"the {chosen} part, {len(samples)} images"
        tell(f"measured on {what} of {dataset.name} ({why})")
    return chosen, samples


def _uncut(dataset: Dataset) -> Dataset:
    """Return data without the splits that were cut off for training."""
    cut: Sequence[str] = dataset.cut
    whole = (replace(sample, split="train") if sample.split in cut else sample for sample in dataset.samples)
    return replace(dataset, samples=tuple(whole))


def _usual(dataset: Dataset, *, as_trained: bool) -> Part:
    if as_trained:
        return dataset.measured
    for split in ("test", "val"):
        if any(sample.target.measurable for sample in dataset.split(split)):
            return split
    return "all"
