import pytest

from visionft.probing import network


@pytest.fixture(scope="session", autouse=True)
def no_export():
    """Let networks take a millisecond: to export each takes seconds, and test_latency does it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "latency", lambda *_, **kinds: 1.0)
        yield
