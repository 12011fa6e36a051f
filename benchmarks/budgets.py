"""Does a run keep to its time, and what does that cost? ``visionft train DATA`` with several budgets.

python -m benchmarks.budgets [--data clothing-small sign-digits-subset] [--budgets auto 60s] [--seeds 0 1 2]
                             [--recipe] [--set KEY=VALUE ...] [--smoke]

Each run is the real command line in a process of its own: the time is that from command to exported file. ``--recipe``
adds the recipe that says no more than the data and their task, without a budget: what accuracy is compared with.
``cpu_seconds`` are those of the process, for machines that do other work too.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks import measure
from visionft.tasks import TASKS

_SMOKE = ("input.size=32", "backbone.name=test_resnet", "backbone.weights=none", "evaluate.bootstrap=0")
_RECIPE = "recipe"


def main() -> None:
    """Run all and write the result."""
    parser = measure.parser(__doc__)
    parser.add_argument("--data", nargs="+", default=["clothing-small"], help="folders of VISIONFT_DATA, or paths")
    parser.add_argument("--budgets", nargs="+", default=["auto", "60s"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--recipe", action="store_true", help="compare with the recipe of the task, without a budget")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    budgets = [*asked.budgets, *([_RECIPE] if asked.recipe else [])]
    overrides = [*asked.overrides, *(_SMOKE if asked.smoke else ())]
    if asked.smoke:
        overrides += ["stages.top.unfreeze=2", "export.min_agreement=0"]
    rows = []
    for seed in asked.seeds:  # in turn, so that what else the machine does meets all alike
        for name in asked.data:
            for budget in budgets:
                rows.append(_run(_place(name), budget, [f"seed={seed}", *overrides]) | {"data": name, "seed": seed})
                measure.show(f"{name}, {budget}, seed {seed}", [_row(rows[-1])])
    settings = {"data": asked.data, "budgets": budgets, "overrides": overrides}
    measure.record("budgets", rows, settings=settings, seeds=asked.seeds, smoke=asked.smoke)


def _place(name: str) -> Path:
    folder = Path(name) if Path(name).exists() else measure.data_folder() / name
    images = folder / "images"
    return images if images.is_dir() and not list(folder.glob("*annot*")) else folder


def _run(data: Path, budget: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Train, evaluate, report and export once; return what was planned, and what came out and when."""
    with tempfile.TemporaryDirectory() as temporary:
        out, what = Path(temporary) / "run", str(data)
        if budget == _RECIPE:
            file = Path(temporary) / "recipe.yaml"
            file.write_text(json.dumps({"name": "recipe", "data": {"path": str(data)}, "task": {"kind": _task(data)}}))
            what = str(file)
        else:
            overrides = [*overrides, f"budget={budget}"]
        settings = chain.from_iterable(("--set", text) for text in overrides)
        before, started = _cpu_seconds(), time.time()
        command = [sys.executable, "-m", "visionft", "train", what, *settings, "--out", str(out), "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=measure.ROOT)
        seconds = time.time() - started
        if done.returncode:
            raise SystemExit(f"{what}, {budget}: {done.stdout}")
        summary, info = json.loads(done.stdout), json.loads((out / "run.json").read_text())
        names = [score.name for score in TASKS[summary["task"]].scores if score.name in summary["metrics"]]
        return {
            "budget": budget,
            "seconds": seconds,
            "cpu_seconds": _cpu_seconds() - before,
            "seconds_to_model": Path(summary["model"]).stat().st_mtime - started,
            "planned": _planned(info),
            "true": {
                "start": round(info["seconds"] - sum(stage["seconds"] for stage in summary["stages"]), 1),
                "stages": {stage["name"]: stage["seconds"] for stage in summary["stages"]},
                "finish": round(seconds - info["seconds"], 1),
            },
            "scores": {name: summary["metrics"][name] for name in names},
            "test_images": summary["metrics"]["n"],
            "stages": summary["stages"],
            "lengths": info.get("lengths", {}),
            "weights": info["weights"],
            "data_sha256": info["data"]["sha256"],
        }


def _planned(info: dict[str, Any]) -> dict[str, Any] | None:
    plan = info.get("plan")
    if plan is None:
        return None
    parts = [plan["start_seconds"], *plan["stage_seconds"], plan["finish_seconds"]]
    return {
        "seconds": round(sum(parts), 1),
        "start": parts[0],
        "stages": dict(zip((stage["name"] for stage in info["recipe"]["stages"]), plan["stage_seconds"], strict=True)),
        "finish": parts[-1],
        "why": plan["why"],
    }


def _task(data: Path) -> str:
    from visionft.recipe import recipe_from_data

    return str(recipe_from_data(data).task.kind)


def _row(run: dict[str, Any]) -> dict[str, object]:
    planned, first = run["planned"], next(iter(run["scores"].items()))
    return {
        "budget": run["budget"],
        "planned s": "-" if planned is None else planned["seconds"],
        "true s": run["seconds"],
        "to model s": run["seconds_to_model"],
        "CPU s": run["cpu_seconds"],
        first[0]: first[1],
    }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
