"""The caches are real folders made here; downloads stop at the first request."""

from urllib.error import HTTPError, URLError

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from visionft.models.backbones import hub
from visionft.models.backbones.family import HubFile

URL = HubFile(url="https://example.org/models/net-0123abcd.pth", repo="", licence="unknown")
REPO = HubFile(url="", repo="timm/net@v2", licence="unknown")


@pytest.fixture
def torch_home(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path


def test_a_url_is_looked_up_in_the_torch_cache(torch_home):
    assert hub.cached(URL) is None

    path = torch_home / "checkpoints" / "net-0123abcd.pth"
    path.parent.mkdir()
    path.touch()

    assert hub.cached(URL) == path


def test_a_repository_is_looked_up_with_its_revision(monkeypatch, tmp_path):
    asked = []

    def look_up(repo, name, revision):
        asked.append((repo, name, revision))
        return str(tmp_path / name) if name.endswith(".bin") else None

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", look_up)

    assert hub.cached(REPO) == tmp_path / "pytorch_model.bin"
    assert asked == [("timm/net", "model.safetensors", "v2"), ("timm/net", "pytorch_model.bin", "v2")]


@pytest.mark.parametrize("published", [URL, REPO])
def test_an_unreachable_host_is_asked_once(monkeypatch, torch_home, published):
    asked = []

    def fail(request, timeout):
        asked.append(timeout)
        raise URLError("no route")

    monkeypatch.setattr(hub, "urlopen", fail)
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)

    with pytest.raises(OSError, match="no route"):
        hub.download(published)
    assert len(asked) == 1
    assert asked[0] <= 10


def test_a_download_goes_into_the_cache_and_is_checked(monkeypatch, torch_home):
    def answer(request, timeout):
        raise HTTPError(request.full_url, 405, "HEAD is not allowed", {}, None)

    def fetch(url, path, hash_prefix, progress):
        assert hash_prefix == "0123abcd"
        assert not progress

    monkeypatch.setattr(hub, "urlopen", answer)
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)

    assert hub.download(URL) == torch_home / "checkpoints" / "net-0123abcd.pth"


def test_a_failing_network_is_not_taken_for_a_missing_name(monkeypatch):
    def fail(repo, name, revision):
        raise LocalEntryNotFoundError(f"cannot reach the hub for {name}")

    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)

    with pytest.raises(OSError, match=r"model\.safetensors"):
        hub.download(REPO)
