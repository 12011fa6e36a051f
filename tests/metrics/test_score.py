from visionft.metrics.score import LOSS, Score, find_scores
from visionft.tasks import TASKS

AREA = Score("auroc", "AUROC", percent=False)


def test_scores_are_found_by_name_and_unknown_ones_are_called_after_it():
    assert find_scores(["loss", "top_5", "auroc"], [AREA]) == (LOSS, Score("top_5", "top 5"), AREA)


def test_titles_begin_a_line():
    assert Score("macro_f1", "macro F1").capitalized == "Macro F1"
    assert AREA.capitalized == "AUROC"


def test_what_selects_weights_is_named_by_every_task():
    for task in TASKS.values():
        names = [score.name for score in task.scores]
        assert len(names) == len(set(names))
        assert {*task.selections} <= {*names, "loss", "last"}
        assert all(score.meaning for score in task.scores)
