"""What the page of a run shows of counting."""

from pathlib import Path
from typing import NamedTuple

from counting.definition import CountMetrics, objects_in
from visionft.report.headline import headlines
from visionft.tasks.view import TaskView


class CountingSection(NamedTuple):
    template = Path(__file__).parent / "page.html.j2"

    metrics: CountMetrics
    class_names: tuple[str, ...]
    worst: list

    def headlines(self):
        return headlines(self.metrics, self.metrics.scores)


class CountingView(TaskView):
    @classmethod
    def section(cls, evaluation, dataset, split):
        samples, found = dataset.split(split), evaluation.found_N
        rows = [(sample.id, float(value), objects_in(sample)) for sample, value in zip(samples, found, strict=True)]
        rows.sort(key=lambda row: -abs(row[1] - row[2]))
        return CountingSection(evaluation.metrics, dataset.class_names, rows[:10])

    @classmethod
    def caption(cls, sample, class_names):
        return f"{objects_in(sample)} objects"
