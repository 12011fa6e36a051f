"""Depth groups: the parameters of a network cut into consecutive blocks, stem first.

One rule serves every network. Containers are opened until their elements are blocks (of two or more weight
matrices, such as a residual or transformer block); the pieces are put in the order in which the network runs
them; pieces before the first block are the ``stem``, those after the last the ``head``, and a norm between two
blocks belongs with the one before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True, slots=True)
class DepthGroup:
    """Parameters that are frozen and trained together.

    Attributes:
        name: readable and stable, such as ``stem``, ``blocks.3.1``, ``layer4.2``, ``head``.
        parameters: names as in ``Backbone.named_parameters()``.
    """

    name: str
    parameters: tuple[str, ...]


def depth_groups(network: nn.Module, first_calls: Mapping[str, int], prefix: str) -> tuple[DepthGroup, ...]:
    """Cut a network into depth groups.

    Args:
        network: without its classifier.
        first_calls: module name -> position among the calls of one forward pass, for every module that has
            parameters of its own and was called.
        prefix: put before every parameter name.

    Returns:
        Disjoint groups that cover every parameter, in the order in which the network first runs them.
    """
    spans = _spans(_pieces(network, "", in_stage=False), first_calls)
    pieces = sorted(spans, key=lambda piece: spans[piece][0])
    matrices = [_matrices(network.get_submodule(piece)) for piece in pieces]
    blocks = [index for index, count in enumerate(matrices) if count >= 2 and index > 0]
    if 2 * len(blocks) < sum(map(bool, matrices[1:])):
        blocks = []  # a plain chain of layers, such as VGG's: each is its own group
    groups: dict[str, list[str]] = {"stem": []}
    group_of: dict[str, str] = {}
    current, end = "stem", -1
    for index, piece in enumerate(pieces):
        start, stop = spans[piece]
        if start > end:  # else it is shared, and first runs inside the piece before
            if blocks and index > blocks[-1]:
                current = "head"
            elif index > 0 and matrices[index] and not (blocks and index < blocks[0]):
                current = piece
        end = max(end, stop)
        groups.setdefault(current, [])
        group_of[piece] = current
    for name, _ in network.named_parameters():
        groups[_group_of_parameter(name, group_of)].append(prefix + name)
    return tuple(DepthGroup(name, tuple(parameters)) for name, parameters in groups.items())


def module_groups(root: nn.Module, groups: Sequence[DepthGroup]) -> dict[str, frozenset[str]]:
    """Return the groups that each module serves: those of its parameters.

    A module without parameters, such as dropout, serves the group of the parameters registered before it.
    """
    owner = {name: group.name for group in groups for name in group.parameters}
    # a shared module has one set of names in `named_parameters`, and is reached under several
    by_identity = {id(parameter): owner[name] for name, parameter in root.named_parameters()}
    served: dict[str, frozenset[str]] = {}
    before = groups[0].name
    for name, module in root.named_modules():
        owners = [by_identity[id(parameter)] for parameter in module.parameters()]
        served[name] = frozenset(owners or [before])
        if next(module.children(), None) is None and owners:
            before = owners[-1]
    return served


def _pieces(module: nn.Module, path: str, in_stage: bool) -> Iterator[str]:
    """Yield the paths of blocks, and of what lies between them."""
    for name, child in module.named_children():
        child_path = f"{path}.{name}" if path else name
        if not _has_parameters(child):
            continue
        is_bare = isinstance(child, _CONTAINERS)
        if "stem" not in name and (
            _is_chain(child, at_root=not path) if is_bare else not in_stage and _is_stage(child)
        ):
            yield from _pieces(child, child_path, in_stage or not is_bare)
        else:
            yield child_path


def _is_chain(container: nn.Module, at_root: bool) -> bool:
    """Return whether a bare container strings blocks together, rather than the layers of one."""
    return at_root or any(_matrices(child) >= 2 for child in container.children())


def _is_stage(module: nn.Module) -> bool:
    """Return whether a module is made of blocks: its own children, or the elements of one of its containers."""
    children = [child for child in module.children() if _has_parameters(child)]
    repeats = len({type(child) for child in children}) == 1 < len(children)
    if repeats and not isinstance(children[0], _CONTAINERS):
        return all(map(_mixes_twice, children))
    return any(isinstance(child, nn.Sequential | nn.ModuleList) and _holds_blocks(child) for child in children)


def _holds_blocks(container: nn.Module) -> bool:
    elements = [child for child in container.children() if _has_parameters(child)]
    if isinstance(container, nn.ModuleList) and isinstance(elements[0], _CONTAINERS):
        return False  # branches that run side by side
    return 2 * sum(map(_mixes_twice, elements)) >= len(elements)


def _mixes_twice(module: nn.Module) -> bool:
    """Return whether a module mixes channels twice or more; a convolution, even a separable one, does so once."""
    return sum(parameter.ndim >= 2 and parameter.shape[1] > 1 for parameter in module.parameters()) >= 2


def _matrices(module: nn.Module) -> int:
    """Count linear and convolutional weights; scales of one number per channel are none, whatever their rank."""
    return sum(parameter.ndim >= 2 and parameter.numel() > parameter.shape[0] for parameter in module.parameters())


def _has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _spans(pieces: Iterable[str], first_calls: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return the calls between which each piece runs; one without a call goes with its neighbour."""
    spans: dict[str, tuple[int, int]] = {}
    latest = -1
    for piece in pieces:
        calls = [at for name, at in first_calls.items() if f"{name}.".startswith(f"{piece}.")]
        spans[piece] = (min(calls, default=latest), max(calls, default=latest))
        latest = spans[piece][1]
    return spans


def _group_of_parameter(name: str, group_of: Mapping[str, str]) -> str:
    """Find the group of a parameter: its piece's, or for a tensor beside pieces that of the first among them."""
    for piece, group in group_of.items():
        if name.startswith(f"{piece}."):
            return group
    holder, dot, _ = name.rpartition(".")
    beside = [piece for piece in group_of if piece.startswith(holder + dot)]
    # tensors at the entrance of the first chain of blocks, such as a position table, are part of the stem
    is_entrance = all(group == "stem" for group in list(group_of.values())[: list(group_of).index(beside[0])])
    return "stem" if is_entrance else group_of[beside[0]]
