"""A script without a main guard, as the processes that it spawns see it."""

import os
import runpy
import subprocess
import sys
from textwrap import indent

import pytest

from visionft.loading.main_guard import stop_second_run

SCRIPT = """
import visionft as vft
run = vft.train(
    "PHOTOS",
    overrides=["backbone.name=test_resnet", "backbone.weights=none", "input.size=32", "runtime.workers=2",
               "runtime.precision=fp32", "evaluate.bootstrap=0", "stages=[{name: a, unfreeze: all, epochs: 1}]"],
    out="run", progress=False)
print("finished", run.path)
"""
SPAWNED = "import multiprocessing\nmultiprocessing.set_start_method('spawn')\n"


@pytest.mark.parametrize("name", ["__main__", "script"])
def test_a_script_that_is_run_goes_on(tmp_path, name):
    (tmp_path / "script.py").write_text("import visionft.loading.main_guard as g\ng.stop_second_run()\nwent_on = True")

    assert runpy.run_path(str(tmp_path / "script.py"), run_name=name)["went_on"]


def test_a_script_that_a_spawned_process_imports_is_left_with_the_advice(tmp_path):
    (tmp_path / "script.py").write_text(
        "import visionft.loading.main_guard as g\ndef deep():\n    g.stop_second_run()\ndeep()"
    )

    with pytest.raises(SystemExit, match='if __name__ == "__main__":'):
        runpy.run_path(str(tmp_path / "script.py"), run_name="__mp_main__")


def test_a_function_of_that_script_may_be_called_later():
    function = {"__name__": "__mp_main__", "stop": stop_second_run}
    exec("def work():\n    stop()", function)

    function["work"]()


@pytest.mark.slow
def test_spawned_workers_without_a_guard_are_told_and_with_it_they_work(image_folder, tmp_path):
    script = SCRIPT.replace("PHOTOS", str(image_folder))
    (tmp_path / "bare.py").write_text(SPAWNED + script)
    (tmp_path / "guarded.py").write_text(
        "import multiprocessing\nif __name__ == '__main__':\n    multiprocessing.set_start_method('spawn')\n"
        + indent(script.replace('out="run"', 'out="run2"'), "    ")
    )

    bare, guarded = (
        subprocess.run(
            [sys.executable, name], cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ)
        )
        for name in ("bare.py", "guarded.py")
    )

    assert bare.returncode != 0
    assert 'if __name__ == "__main__":' in bare.stderr.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["run", "run2"]
    assert "finished run2" in guarded.stdout
