"""Whether another checkout trains, exports, predicts and reports the same as this one, to the bit.

python -m benchmarks.pinned_runs --against CHECKOUT [--only detection ...] [--keep FOLDER] [--python PYTHON]

The proof for a refactor. Each run of ``pinned_recipes`` is done by both, through the terminal alone, so that nothing
depends on the names inside; then what they left behind is compared. Hashes are not kept: another machine or library
would contradict them. With --keep, what a checkout did is not done again until its commit or its files change.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks import pinned_compare
from benchmarks.pinned_recipes import RUNS, make_data

HERE = Path(__file__).resolve().parent.parent
COMPARED: Mapping[str, Callable[[Path, Path], str | None]] = MappingProxyType(
    {
        "weights": pinned_compare.weights,
        "history": pinned_compare.history,
        "metrics": pinned_compare.metrics,
        "export": pinned_compare.export,
        "predict": pinned_compare.predict,
        "page": pinned_compare.page,
    }
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two checkouts.

    Attributes:
        root: the checkout.
        python: what runs it.
        state: its commit and the changes since.
    """

    root: Path
    python: str
    state: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this checkout's Python, on one thread, with this checkout's package."""
        settings = {"PYTHONPATH": str(self.root), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        command = [self.python, *arguments]
        return subprocess.run(
            command, cwd=self.root, env=os.environ | settings, capture_output=True, text=True, check=False
        )


def side(root: Path, python: str | None) -> Side:
    """Return a checkout that is proven to run its own package.

    Raises:
        SystemExit: when it is no checkout, or its Python imports the package from somewhere else.
    """
    root = root.resolve()
    own = root / ".venv" / "bin" / "python"
    made = Side(root, python or (str(own) if own.is_file() else sys.executable), _state(root))
    done = made.run("-c", "import sys, visionft; print(visionft.__file__); print(sys.prefix)")
    if done.returncode:
        raise SystemExit(f"{root}: {made.python} cannot import visionft:\n{done.stderr}")
    file, prefix = (Path(line).resolve() for line in done.stdout.split("\n")[:2])
    if not file.is_relative_to(root) or file.is_relative_to(prefix):
        raise SystemExit(f"{root}: {made.python} imports visionft from {file}, which is not this checkout's")
    return made


def _state(root: Path) -> str:
    """Return the commit of a checkout, and what its files hold that the commit does not."""
    if _git(root, "rev-parse", "--show-toplevel").strip() != str(root).encode():
        raise SystemExit(f"{root}: not the root of a git checkout")
    changed = hashlib.sha256(_git(root, "diff", "HEAD", "--binary"))
    for name in _git(root, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0")[:-1]:
        changed.update(name + b"\0" + (root / os.fsdecode(name)).read_bytes())
    return f"{_git(root, 'rev-parse', 'HEAD').decode().strip()} {changed.hexdigest()}"


def _git(root: Path, *words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{root}: git {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def digest(*parts: str | bytes) -> str:
    """Return a short name for texts and bytes."""
    found = hashlib.sha256()
    for part in parts:
        held = part.encode() if isinstance(part, str) else part
        found.update(len(held).to_bytes(8, "big") + held)
    return found.hexdigest()[:16]


def data_digest(data: Path) -> str:
    """Return a short name for all files of a folder."""
    files = sorted(path for path in data.rglob("*") if path.is_file())
    return digest(str(data), *(part for path in files for part in (str(path.relative_to(data)), path.read_bytes())))


def finished(which: Side, name: str, keep: Path, data: str) -> tuple[Path, str | None]:
    """Train and predict, unless that has been done.

    Args:
        which: the checkout.
        name: of the run.
        keep: folder that holds the data and the runs.
        data: what ``data_digest`` returned.

    Returns:
        The run folder, and what went wrong if anything did.
    """
    pinned = RUNS[name]
    # a recipe may be JSON, which is YAML
    recipe = json.dumps({"name": name, **pinned.recipe, "data": {"path": str(keep / "data" / pinned.data)}}, indent=1)
    call = json.dumps([pinned.draws, pinned.options])
    key = digest(str(which.root), which.python, which.state, recipe, call, data)
    folder = keep / "runs" / key
    run, done = folder / name, folder / "done"
    if done.is_file():
        return run, None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "checkout.txt").write_text(f"{which.root}\n{which.python}\n{which.state}\n")
    (folder / f"{name}.yaml").write_text(recipe)
    trained = which.run("-m", "visionft", "train", str(folder / f"{name}.yaml"), "--out", str(run))
    (folder / "train.txt").write_text(f"{trained.stdout}\n{trained.stderr}")
    if trained.returncode:
        return run, f"train: {_last_line(trained.stderr)}"
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    images = sorted((keep / "data" / pinned.data).rglob("*.png"))
    images = [path for path in images if "masks" not in path.parts][-3:]
    asked = [str(run / "model.onnx"), *map(str, images), str(keep / "data" / "others"), "--json", *pinned.options]
    saved = ["--save", str(run / "saved")] if pinned.draws else []
    said = which.run("-m", "visionft", "predict", *asked, *saved)
    if said.returncode:
        return run, f"predict: {_last_line(said.stderr)}"
    (run / "predict.json").write_text(said.stdout)
    done.touch()
    return run, None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def compared(ours: Path, theirs: Path) -> dict[str, str | None]:
    """Return the first difference of each thing that is compared."""
    found: dict[str, str | None] = {}
    for what, compare in COMPARED.items():
        try:
            found[what] = compare(ours, theirs)
        except (OSError, ValueError) as error:  # a file that is missing or cannot be read
            found[what] = f"{type(error).__name__}: {error}"
    return found


def report(name: str, sides: tuple[Side, Side], keep: Path, data: str) -> bool:
    """Run both sides, print the run's row, and return whether all is the same."""
    started = time.perf_counter()
    outcomes = [finished(which, name, keep, data) for which in sides]
    seconds = time.perf_counter() - started
    failures = [f"{which.root}: {failed}" for which, (_, failed) in zip(sides, outcomes, strict=True) if failed]
    (ours, _), (theirs, _) = outcomes
    found = dict.fromkeys(COMPARED, "") if failures else compared(ours, theirs)
    words = ("failed" if failures else "same" if found[what] is None else "DIFFERENT" for what in COMPARED)
    print(f"{name:<22} {seconds:>7.0f}  {'  '.join(f'{word:<9}' for word in words)}".rstrip(), flush=True)
    notes = failures or [f"{what}: {difference}" for what, difference in found.items() if difference is not None]
    if not failures and (names := pinned_compare.renamed(ours, theirs)):
        old, new = next(iter(names.items()))
        notes.append(f"weights: {len(names)} tensors have other names and the same bytes, {old} is now {new}")
    for note in notes:
        print(f"    {note}", flush=True)
    return not failures and all(difference is None for difference in found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, required=True, help="root of the other checkout")
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS), metavar="RUN", help=", ".join(RUNS))
    parser.add_argument("--keep", type=Path, help="folder for data and runs, which are then not repeated")
    parser.add_argument("--python", help="runs both; by default each checkout's .venv/bin/python, else this one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        keep = (args.keep or Path(scratch)).resolve()
        sides = (side(HERE, args.python), side(args.against, args.python))
        make_data(keep / "data")
        data = data_digest(keep / "data")
        print(f"here   {sides[0].root} {sides[0].state[:12]}\nthere  {sides[1].root} {sides[1].state[:12]}\n")
        print(f"{'run':<22} seconds  {'  '.join(f'{what:<9}' for what in COMPARED)}".rstrip(), flush=True)
        same = [report(name, sides, keep, data) for name in args.only]
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = f"{spent.ru_utime + spent.ru_stime:.0f} s of CPU time"
    print(f"\n{'all the same' if all(same) else 'NOT the same'}: {sum(same)} of {len(same)} runs; {cpu}")
    raise SystemExit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
