import pytest

from visionft.assemble import assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.training import fit


class Recorder:
    """A sink that keeps every event and may act on some."""

    def __init__(self, act=None):
        self.events = []
        self._act = act

    def __call__(self, event):
        self.events.append(event)
        if self._act:
            self._act(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def train(tmp_path):
    """Return a function that fits a recipe in a named folder, resuming when the folder is there already."""

    def run(recipe, name="run", act=None, change=None):
        path = tmp_path / name
        folder = RunFolder.open(path) if path.exists() else RunFolder.create(recipe, path)
        job = assemble(recipe, load_data(recipe))
        if change:
            change(job)
        recorder = Recorder(act)
        outcome = fit(job, folder, [recorder])
        return job, outcome, recorder

    return run
