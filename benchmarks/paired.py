"""How much smaller the standard error of a difference is when both worlds share their luck.

    python benchmarks/paired.py --replicates 30

A study of two worlds of one scenario; the difference of the challenger's share of platform tokens
over the judged months, replicate by replicate, against the same difference with other seeds for the
second world. Exits 1 if pairing gains less than a factor of three.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
WANTED = 3.0
STUDY = """
scenario = "{scenario}"
replicates = {replicates}
[set]
{settings}
[levers]
world = ["on", "{other}"]
[outcomes]
measures = ["{measure}"]
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default=str(ROOT / "scenarios" / "volcano-dam.toml"))
    parser.add_argument("--other", default="off_money_kept", help="the other world")
    parser.add_argument("--measure", default="platform_token_share")
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--clients", type=int, help="the scenario's unless given")
    parser.add_argument("--workers", type=int)
    return parser.parse_args()


def shares(options: argparse.Namespace, out: str, seed: int) -> npt.NDArray[np.float64]:
    """(2, replicates) mean of the challenger over the judged months, by world."""
    import sim

    study = Path(out) / "paired.toml"
    settings = f'"population.clients" = {options.clients}' if options.clients else ""
    study.write_text(STUDY.format(settings=settings, **vars(options)))
    result = sim.sweep(study, seed=seed, workers=options.workers, out=out)
    if len(result.failed):
        raise SystemExit(f"{len(result.failed)} runs failed")
    column = result.runs[f"challenger_{options.measure}"].to_numpy()
    return np.asarray(column, dtype=np.float64).reshape(2, -1)


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as out:
        one, other = shares(options, out, 1), shares(options, out, 2)
    n = options.replicates
    paired = (one[1] - one[0]).std(ddof=1) / np.sqrt(n)
    apart = np.sqrt(one[0].var(ddof=1) / n + other[1].var(ddof=1) / n)
    correlation = np.corrcoef(one[0], one[1])[0, 1]
    print(f"{Path(options.scenario).stem}: on against {options.other}, {n} replicates")
    print(f"difference         {(one[1] - one[0]).mean():+.5f}")
    print(f"paired             se {paired:.6f} (correlation of the worlds {correlation:.3f})")
    print(f"independent seeds  se {apart:.6f}")
    print(f"ratio              {apart / paired:.2f} (wanted: {WANTED})")
    return 0 if apart / paired >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
