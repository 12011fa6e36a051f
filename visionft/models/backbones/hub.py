"""Weights files that timm and torchvision publish: looked up in the local cache, or downloaded into it."""

import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import huggingface_hub
import torch
from huggingface_hub import constants
from huggingface_hub.errors import EntryNotFoundError

from visionft.models.backbones.family import HubFile

FILES = ("model.safetensors", "pytorch_model.bin")
_ANSWER_WITHIN = 10.0  # seconds
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.")


def cached(published: HubFile) -> Path | None:
    """Return the file if an earlier run has downloaded it."""
    if not published.repo:
        path = _torch_cache(published.url)
        return path if path.is_file() else None
    repo, _, revision = published.repo.partition("@")
    for name in FILES:
        found = huggingface_hub.try_to_load_from_cache(repo, name, revision=revision or None)
        if isinstance(found, str):
            return Path(found)
    return None


def download(published: HubFile) -> Path:
    """Download the file into the cache of its hub.

    Raises:
        OSError: when it cannot be reached or is not there.
    """
    if not published.repo:
        _knock(published.url)
        path = _torch_cache(published.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        expected = _HASH_IN_NAME.search(path.name)
        torch.hub.download_url_to_file(published.url, str(path), expected and expected[1], progress=False)
        return path
    repo, _, revision = published.repo.partition("@")
    if not constants.HF_HUB_OFFLINE:
        _knock(huggingface_hub.hf_hub_url(repo, FILES[0], revision=revision or None))
    for name in FILES:
        try:
            return Path(huggingface_hub.hf_hub_download(repo, name, revision=revision or None))
        except EntryNotFoundError as error:
            if isinstance(error, FileNotFoundError):  # it is the network that failed, not the name
                raise
    raise FileNotFoundError(f"the repository has none of {', '.join(FILES)}")


def _knock(url: str) -> None:
    """Ask once whether the host answers: the hub clients retry for half a minute, or wait without a limit."""
    try:
        urlopen(Request(url, method="HEAD"), timeout=_ANSWER_WITHIN).close()  # noqa: S310  https URLs of two libraries
    except HTTPError as error:
        error.close()  # any answer will do


def _torch_cache(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
