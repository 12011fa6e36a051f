"""What a notebook shows of results: little, and what counts."""

import html
import shutil

import visionft as vft


def test_a_run_says_what_it_is_and_how_good(finished, tmp_path):
    run = vft.open_run(finished)
    text = repr(run)
    assert "\n" not in text
    assert str(finished) in text
    assert "classification of bar, disc, ring; 3 epochs; test: accuracy" in text
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "run/metrics.json").unlink()
    bare = vft.open_run(tmp_path / "run")
    assert "not evaluated yet" in repr(bare)
    assert "<table>" not in bare._repr_html_()


def test_a_run_as_a_table(finished):
    page = vft.open_run(finished)._repr_html_()
    assert page.count("<tr>") == 1 + len(vft.open_run(finished).evaluate().scores)
    assert "test images" in page


def test_names_are_escaped(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "a<b>")
    assert html.escape(str(tmp_path / "a<b>")) in vft.open_run(tmp_path / "a<b>")._repr_html_()


def test_history_has_plain_cells(finished):
    run = vft.open_run(finished)
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert [row["stage_name"] for row in run.history] == ["head", "all", "all"]
    assert run.history[2]["val_accuracy"] == run.info["history"][2]["val"]["accuracy"]
    assert all(isinstance(cell, int | float | str) for row in run.history for cell in row.values())


def test_metrics_files_and_checks_in_a_line(finished, tmp_path, tiny):
    metrics = vft.open_run(finished).evaluate()
    assert repr(metrics).startswith(f"ClassificationMetrics({metrics.n} images: accuracy {metrics.accuracy:.4f} [")
    assert len(repr(metrics)) < 300
    artifact = vft.open_run(finished).export(path=tmp_path / "model.onnx")
    assert repr(artifact).startswith(f"Artifact({tmp_path / 'model.onnx'}: same answer for 100")
    found = vft.check(tiny())
    first, *problems = repr(found).splitlines()
    assert "training can start" in first
    assert " train, " in first
    assert len(problems) == len(found.warnings)
    wrong = repr(vft.check(tiny(data={"path": "gone"})))
    assert "training cannot start; no data" in wrong
    assert "error: " in wrong
