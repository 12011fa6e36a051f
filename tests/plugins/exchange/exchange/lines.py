"""The curves of a run as JSON lines, ``history.jsonl`` in its folder."""

import json

from visionft.atomic import write_text


class Lines:
    kind = "lines"

    def __init__(self, folder, config):
        self._path = folder / "history.jsonl"
        text = self._path.read_text() if self._path.is_file() else ""
        self._rows = [json.loads(line) for line in text.splitlines()]

    def log(self, values, step):
        kept = [row for row in self._rows if row["step"] < step]  # later ones were written before a resume
        self._rows = [*kept, {"step": step, **values}]
        write_text(self._path, "".join(json.dumps(row) + "\n" for row in self._rows))

    def image(self, name, picture_HW3, step):
        pass

    def close(self):
        pass
