"""Heads of a program's own, handed over as they are rather than named.

Shape suffixes: B batch, D embedding channels, K classes; h, w cells of a map.
"""

from collections.abc import Callable, Sequence
from inspect import isclass
from typing import Any

from torch import Tensor, nn

from visionft.errors import RecipeError
from visionft.models.heads.base import Head, LossTerms
from visionft.models.heads.linear import LinearHead
from visionft.models.own import copied, described, name_of
from visionft.options import options_of

_IMAGES, _PIXELS = "image_logits", "pixel_logits"
_HEAD = "a class or an instance of visionft.models.heads.base.Head"
_TAKEN = {
    _IMAGES: f"an nn.Module from embeddings to logits, a function (embedding_dim, classes) that makes it, or {_HEAD}",
    _PIXELS: "an nn.Module from a list of maps to logits, or a function (channels, strides, classes) that makes it",
}


class ModuleHead(LinearHead):
    """Any module that makes logits_BK of embedding_BD, behind dropout, learned by the task's loss.

    Args:
        module: it.
        embedding_dim: as of ``LinearHead``; so are the others.
        classes: number of classes K.
        dropout: fraction of the embedding dropped in training, 0..1.
        loss: what logits_BK are learned by.
        activation: makes results of logits_BK.
    """

    kind = "module"

    def __init__(
        self,
        module: nn.Module,
        embedding_dim: int,
        classes: int,
        dropout: float = 0.0,
        *,
        loss: LossTerms,
        activation: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__(embedding_dim, classes, dropout, loss=loss, activation=activation)
        self.linear = module  # type: ignore[assignment]  # in its place


def handed_head(given: Any, predicts: str) -> Callable[..., nn.Module]:
    """Return what makes a head of what a program hands over, called as the classes in ``HEADS`` are.

    Args:
        given: a class or an instance of ``Head``; or, for logits of images or pixels, a module or what makes one:
            of the embedding's length and the number of classes, or as the decoders in ``HEADS`` are made. An instance
            is copied.
        predicts: what the task takes.

    Raises:
        RecipeError: when no head for this task can be made of it.
    """
    kind: type = given if isclass(given) else type(given)
    if issubclass(kind, Head) and predicts != _PIXELS:
        if (found := getattr(kind, "predicts", "nothing")) != predicts:
            raise RecipeError(
                f"head {kind.__name__}: predicts {found}, and the task takes {predicts}; see Head.predicts"
            )
        makes: Callable[..., nn.Module] = given
        return _Copy(given) if isinstance(given, nn.Module) else makes
    if predicts == _IMAGES and callable(given):
        return _OfImages(given)
    if predicts == _PIXELS and callable(given) and not issubclass(kind, Head):
        return _Copy(given) if isinstance(given, nn.Module) else _Decoder(given)
    raise RecipeError(
        f"head: {described(given)} is no head for this task, which takes {predicts}; give {_TAKEN.get(predicts, _HEAD)}"
    )


class _Copy:
    """Makes a copy of a module, whatever it is asked for."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def __call__(self, *_: Any, **__: Any) -> nn.Module:
        return copied(self._module, "head")


class _OfImages:
    """Makes a head of a module, or of what makes one."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def __call__(self, embedding_dim: int, classes: int, dropout: float = 0.0, **others: Any) -> nn.Module:
        given = self._given
        module = copied(given, "head") if isinstance(given, nn.Module) else _made(given, embedding_dim, classes)
        return ModuleHead(module, embedding_dim, classes, dropout, **others)


class _Decoder:
    """Makes a decoder by what a program hands over; dropout is given to those that take it."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def __call__(self, channels: Sequence[int], strides: Sequence[int], classes: int, **others: Any) -> nn.Module:
        known = options_of(self._given)
        return _made(
            self._given, channels, strides, classes, **{name: others[name] for name in others if name in known}
        )


def _made(make: Callable[..., Any], *arguments: Any, **named: Any) -> nn.Module:
    try:
        module = make(*arguments, **named)
    except TypeError as error:
        raise RecipeError(f"head {name_of(make)}: {name_of(make)}{arguments} fails: {error}") from error
    if not isinstance(module, nn.Module):
        raise RecipeError(f"head {name_of(make)}: makes a {type(module).__name__}; an nn.Module is needed")
    return copied(module, "head")
