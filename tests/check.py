"""Everything CI checks, in one command: ``python -m tests.check [--fix] [pytest arguments]``."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = ["visionft", "tests", "benchmarks", "docs"]
# A file's tests stay together, for what they share; more processes than cores would only wait for each other.
IN_PARALLEL = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile"]


def tool(name: str) -> str:
    """Return the tool that is installed beside this interpreter, or the one on PATH."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise SystemExit(f"{name} is not installed; pip install -e '.[test]'")
    return found


def main(arguments: list[str]) -> int:
    fix = "--fix" in arguments
    rest = [argument for argument in arguments if argument != "--fix"]
    steps = [
        [tool("ruff"), "format", *([] if fix else ["--check"]), *CODE],
        [tool("ruff"), "check", *(["--fix"] if fix else []), *CODE],
        [tool("mypy")],
        [tool("codespell"), *CODE, "recipes", *sorted(map(str, ROOT.glob("*.md")))],
        [tool("lint-imports"), "--config", "setup.cfg"],
        [sys.executable, "-m", "pytest", *IN_PARALLEL, *rest],
    ]
    failed = []
    for step in steps:
        name = " ".join([Path(step[0]).name, *step[1:3]])
        print(f"── {name}", flush=True)
        if subprocess.run(step, cwd=ROOT).returncode != 0:
            failed.append(name)
    for name in failed:
        print(f"failed: {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
