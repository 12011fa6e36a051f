"""A backbone in two parts: what is frozen in front, and what follows.

Shape suffixes: B batch, C channels, H height, W width.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_leaves, tree_unflatten

from visionft.errors import TrainingError
from visionft.models.backbones.backbone import Backbone
from visionft.models.backbones.groups import module_groups
from visionft.models.backbones.placeholder import AllKept, CannotCut, Number, Pass, Placeholder
from visionft.models.backbones.tape import Tape

_WITHOUT_VALUES = (RuntimeError, TypeError, ValueError, AttributeError, AssertionError, IndexError)

Run = Callable[[Tensor], Any]


@dataclass(frozen=True, slots=True)
class _Crossing:
    """A tensor that leaves the frozen part.

    Attributes:
        order: its dimensions as they are kept: images first, then by falling stride, so that the memory format lasts;
            none for one that is the same for all images.
        dtype: its type.
        shape: of one image, in that order; the first is 1, or how many windows or the like an image has.
    """

    order: tuple[int, ...] | None
    dtype: torch.dtype
    shape: tuple[int, ...]

    def rows(self, tensor: Tensor, images: int) -> Tensor:
        """Return a tensor as it is kept, with the images on axis 0."""
        return tensor.permute(self.order or ()).reshape(images, *self.shape).contiguous()


class Cut:
    """Divides a backbone where its frozen part ends: ``suffix(prefix(x))`` is ``run(x)``, bit for bit.

        backbone.set_trainable(last=2)
        cut = Cut(backbone, backbone.embed, images_BCHW[:2])
        kept = cut.prefix(images_BCHW)                # as often as there are images
        embedding_BD = cut.suffix(kept)               # as often as there are steps

    What is in front follows from what trains, so a change of it needs another cut. Feature maps that leave the network
    before the cut are part of what is kept.

    Args:
        backbone: as it is to be trained: ``set_trainable`` and ``train`` have been called.
        run: what is wanted of it, such as the backbone itself or its ``embed``; it may be called any number of times.
        images_BCHW: two or more normalised images of the canvas, not alike, on the backbone's device and in the memory
            format of those to come; the cut is tried on the first two.

    Raises:
        CannotCut: with the reason, when the network does not come out the same.
    """

    def __init__(self, backbone: Backbone, run: Run, images_BCHW: Tensor) -> None:
        self._run = run
        self._device = images_BCHW.device
        self._format = images_BCHW[:2].clone()  # its shape and memory format are those of all
        own = (*backbone.parameters(), *backbone.buffers())
        self._meta = {id(tensor): tensor.detach().to("meta") for tensor in own}
        self._entries = trained_entries(backbone)
        self._results: tuple[list[Number], TreeSpec] | None = None  # where nothing behind the frozen part is left
        with _left_alone(backbone):
            self._crossings, self._constants = self._look(self._format)

    @property
    def operations(self) -> int:
        """How many operations the frozen part is."""
        return max(count for count, _ in self._crossings)

    @property
    def bytes_per_image(self) -> int:
        """Bytes that are kept of an image, in the types that the network computes in."""
        return sum(torch.Size(shape).numel() * dtype.itemsize for shape, dtype in self.forms)

    @property
    def forms(self) -> tuple[tuple[tuple[int, ...], torch.dtype], ...]:
        """Shape of one image's rows, and type, of each tensor that ``prefix`` returns."""
        return tuple((each.shape, each.dtype) for each in self._crossings.values() if each.order is not None)

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Which results of which operations are kept, counted as the network runs: those of another cut differ."""
        return tuple(self._crossings)

    def prefix(self, images_BCHW: Tensor) -> tuple[Tensor, ...]:
        """Compute what the frozen part hands on.

        Args:
            images_BCHW: as those of the constructor; any B >= 1.

        Returns:
            Tensors with the images on axis 0, contiguous; how many and which is the network's affair.
        """
        found = self._record(images_BCHW, self._crossings).found
        return tuple(each.rows(found[number], len(images_BCHW)) for number, each in self._kept())

    def tape(self, images_BCHW: Tensor) -> Tape:
        """Return ``prefix`` as a module without Python of the network's own, for batches of one size.

        Args:
            images_BCHW: a batch of that size; their values do not matter.
        """
        operations = self._record(images_BCHW, self._crossings).operations
        return Tape(operations, {number: each.rows for number, each in self._kept()})

    def suffix(self, kept: Sequence[Tensor]) -> Any:
        """Compute the rest.

        Args:
            kept: what ``prefix`` returned, or its rows for any images in any order; of any float type.

        Returns:
            What ``run`` returns for these images, with gradients of what trains.

        Raises:
            TrainingError: when the network goes another way with these images than with those it was tried on.
        """
        try:
            return self._suffix(kept)
        except CannotCut as error:
            raise TrainingError(
                f"the network {error}: what its frozen layers made of the images does not serve it; leave "
                "stages.NAME.views out, in a new run"
            ) from error

    def _suffix(self, kept: Sequence[Tensor]) -> Any:
        given, rows = {}, iter(kept)
        for number, each in self._crossings.items():
            if each.order is None:
                given[number] = self._constants[number]
                continue
            tensor = next(rows)
            images = len(tensor)
            inverse = [each.order.index(dimension) for dimension in range(len(each.order))]
            given[number] = _joined(tensor, each).permute(inverse).to(each.dtype)
        if self._results is not None:  # nothing is left to do
            numbers, structure = self._results
            return tree_unflatten([given[number] for number in numbers], structure)
        return self._replay(given, images)

    def _look(self, images_BCHW: Tensor) -> tuple[dict[Number, _Crossing], dict[Number, Tensor]]:
        """Find what crosses, and make sure that nothing is lost."""
        expected = _seeded(self._run, images_BCHW)
        recording = Pass(self._meta, self._device)
        leaves, structure = tree_flatten(self._called(recording, images_BCHW))
        if all(isinstance(leaf, Placeholder) for leaf in leaves):
            self._results = [leaf.number for leaf in leaves], structure
        recording.crossing(leaves)
        alone = [self._record(images_BCHW[n : n + 1], recording.crossed).found for n in range(2)]
        crossings, constants = {}, {}
        for number, both in recording.crossed.items():
            crossings[number] = _crossing(both, *(each[number] for each in alone))
            if crossings[number].order is None:
                constants[number] = both
        if crossings.keys() <= {(0, 0)}:
            raise CannotCut("nothing in front of what trains is frozen")
        self._crossings, self._constants = crossings, constants
        kept = self.prefix(images_BCHW)
        try:
            found = _seeded(lambda _: self._suffix(kept), images_BCHW)
            with torch.inference_mode():  # as when it is validated
                measured = _seeded(lambda _: self._suffix(kept), images_BCHW)
        except _WITHOUT_VALUES as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise CannotCut(f"does not run on shapes without values: {reason}") from error
        if not _same(expected, found) or not _same(expected, measured):
            raise CannotCut("its two parts do not give what it gives as a whole")
        return crossings, constants

    def _kept(self) -> list[tuple[Number, _Crossing]]:
        return [(number, each) for number, each in self._crossings.items() if each.order is not None]

    def _record(self, images_BCHW: Tensor, wanted: Collection[Number]) -> Pass:
        recording = Pass(self._meta, self._device, wanted=wanted)
        try:
            with torch.no_grad():
                recording.crossing(self._called(recording, images_BCHW))
        except AllKept:
            return recording
        raise CannotCut("does not run alike twice")

    def _replay(self, kept: dict[Number, Tensor], images: int) -> Any:
        like = self._format
        last = like.is_contiguous(memory_format=torch.channels_last)
        shapes_BCHW = torch.empty(
            (images, *like.shape[1:]),
            dtype=like.dtype,
            device="meta",
            memory_format=torch.channels_last if last else torch.contiguous_format,
        )
        current = Pass(self._meta, self._device, kept=kept)
        return current.crossing(self._called(current, shapes_BCHW))

    def _called(self, current: Pass, images_BCHW: Tensor) -> Any:
        def enter(_: nn.Module, args: Any, kwargs: Any) -> Any:
            return current.crossing(args), current.crossing(kwargs)

        hooks = [module.register_forward_pre_hook(enter, with_kwargs=True) for module in self._entries]
        try:
            return self._run(current.images(images_BCHW))
        finally:
            for hook in hooks:
                hook.remove()


def trained_entries(backbone: Backbone) -> list[nn.Module]:
    """Return the outermost modules in which everything trains: nothing in them belongs to the frozen part.

    Modules without parameters count where they drop something at random; others may be shared with the frozen part.
    """
    trains = {name for name, parameter in backbone.named_parameters() if parameter.requires_grad}
    chosen = {group.name for group in backbone.groups if not trains.isdisjoint(group.parameters)}
    served = module_groups(backbone, backbone.groups)
    whole = {
        name
        for name, module in backbone.named_modules(remove_duplicate=False)
        if name in served and served[name] <= chosen and (any(True for _ in module.parameters()) or _drops(module))
    }
    return [backbone.get_submodule(name) for name in sorted(whole) if name.rpartition(".")[0] not in whole]


def _drops(module: nn.Module) -> bool:
    """Return whether a module leaves something out at random: the libraries have many, all called something like it."""
    name = type(module).__name__
    return module.training and ("Drop" in name or "Stochastic" in name)


def _crossing(both: Tensor, first: Tensor, second: Tensor) -> _Crossing:
    """Find which dimension of a tensor holds the images, by what it is for two and for one.

    Raises:
        CannotCut: when none does alone.
    """
    if both.shape == first.shape:
        if not torch.equal(first, second):
            raise CannotCut("images meet each other in what is frozen")
        return _Crossing(None, both.dtype, tuple(both.shape))
    longer = [n for n, (two, one) in enumerate(zip(both.shape, first.shape, strict=True)) if two != one]
    if len(longer) != 1 or both.shape[longer[0]] != 2 * first.shape[longer[0]]:
        raise CannotCut(f"tensors of shape {tuple(first.shape)} for one image, {tuple(both.shape)} for two")
    if not _same([first, second], both.chunk(2, longer[0])):
        raise CannotCut("images meet each other in what is frozen")
    strides = both.stride()
    order = sorted(range(both.ndim), key=lambda n: (n != longer[0], -strides[n]))
    return _Crossing(tuple(order), both.dtype, tuple(first.shape[n] for n in order))


def _joined(kept: Tensor, crossing: _Crossing) -> Tensor:
    """Join axis 0, the images, with axis 1, what an image has of windows or the like."""
    return kept.reshape(len(kept) * crossing.shape[0], *crossing.shape[1:])


def _seeded(run: Run, images_BCHW: Tensor) -> list[Tensor]:
    torch.manual_seed(0)
    return [leaf.detach() for leaf in tree_leaves(run(images_BCHW)) if isinstance(leaf, Tensor)]


def _same(expected: Sequence[Tensor], found: Sequence[Tensor]) -> bool:
    """Return whether two lists of tensors agree, as far as a device computes alike in batches of any size."""
    return len(expected) == len(found) and all(map(_close, expected, found))


def _close(one: Tensor, two: Tensor) -> bool:
    if one.shape != two.shape:
        return False
    halves = one.dtype.itemsize < 4 or torch.is_autocast_enabled(one.device.type)
    tolerance = 3e-2 if halves else 1e-4
    largest = one.float().abs().amax() if one.numel() else torch.zeros(())
    return bool(torch.allclose(one.float(), two.float(), rtol=0, atol=tolerance * float(largest)))


@contextmanager
def _left_alone(backbone: nn.Module) -> Iterator[None]:
    """Put buffers and random generators back: a network in training changes both when it is run."""
    buffers = {name: buffer.clone() for name, buffer in backbone.named_buffers()}
    with torch.random.fork_rng():
        try:
            yield
        finally:
            for name, buffer in backbone.named_buffers():
                buffer.copy_(buffers[name])
