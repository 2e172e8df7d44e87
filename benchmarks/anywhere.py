"""The package without its checkout: a wheel in a new environment, used in an empty folder.

`python -m benchmarks.anywhere` builds, installs and runs; it ends with 1 if a command fails or the
package is read from elsewhere. The first command compiles the kernels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "list scenarios",
    "check tiny volcano-dam",
    "new mine",
    "run tiny",
    "run volcano-dam --clients 2000 --replicates 4",
    "run mine --replicates 4",
    "sweep open-weights",
    "verify",
)


def main() -> int:
    """Build, install, run every command in an empty folder; 0 if all of them worked."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        _timed([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place], ROOT)
        venv.create(home / "venv", with_pip=True)
        python = home / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        wheel = next(home.glob("*.whl"))
        pip = [str(python), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
        _timed([*pip, str(wheel)], home)
        (work := home / "work").mkdir()
        inside = subprocess.run(
            [str(python), "-c", "import sim; print(sim.__file__)"],
            cwd=work,
            env=_bare(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        codes = [_timed([str(python.with_name("sim")), *c.split()], work) for c in COMMANDS]
        print(f"package  {inside}")
        print(f"results  {', '.join(sorted(path.name for path in (work / 'results').iterdir()))}")
    return int(any(codes) or not Path(inside).is_relative_to(home))


def _bare() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def _timed(command: list[str], folder: Path) -> int:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=_bare(), capture_output=True, text=True)
    seconds = time.perf_counter() - began
    print(f"{seconds:6.1f} s  exit {done.returncode}  {' '.join(command[-6:])}", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
