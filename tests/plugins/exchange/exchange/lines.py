"""The curves of a run as JSON lines, ``history.jsonl`` in its folder."""

import json

from visionft.atomic import write_text
from visionft.tracking.base import Tracker


class Lines(Tracker):
    kind = "lines"

    def __init__(self, run, options):
        self._path = run.folder / "history.jsonl"
        text = self._path.read_text() if self._path.is_file() else ""
        self._rows = [json.loads(line) for line in text.splitlines()]

    @property
    def place(self):
        return self._path.name

    def rewind(self, step):
        self._rows = [row for row in self._rows if row["step"] <= step]

    def log(self, values, step):
        if "epoch" in values:
            self._rows.append({"step": step, **values})
            write_text(self._path, "".join(json.dumps(row) + "\n" for row in self._rows))

    def close(self, *, finished):
        pass
