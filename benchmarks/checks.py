"""Processor time of `sim check` for files of many entries of one kind, each with its own fault.

    python -m benchmarks.checks [--entries 10000]

Every file is one that a program might write. What passes a limit is refused by its number; all else
is looked at in time that grows as the file.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sim.errors import ScenarioError
from sim.scenario.reader import load
from sim.scenario.shipped import shipped

LIMIT_SECONDS = 2.0
Entry = Callable[[int], str]

KINDS: dict[str, Entry] = {
    "equal hosts": lambda k: (
        '[[hosts]]\nvendor = "volcano"\nfamily = "dam_open"\nstart = "2024-01"'
    ),
    "hosts of nothing": lambda k: f'[[hosts]]\nvendor = "v{k}"\nfamily = "f"\nstart = "2024-01"',
    "events of strangers": lambda k: (
        f'[[events]]\nmonth = "2024-02"\nwhat = "attention"\nvendor = "v{k}"'
    ),
    "price lists": lambda k: (
        '[[events]]\nmonth = "2024-02"\nwhat = "price_list"\nvendor = "dam"\nfamily = "dam_open"\n'
        f"price_yuan_per_million_tokens = {k + 1}"
    ),
    "sources of nothing": lambda k: (
        f'[[sources]]\npath = "vendors.v{k}.x"\nflag = "assumed"\nsource = "s"'
    ),
    "sources of events": lambda k: (
        f'[[sources]]\npath = "events.{k}.x"\nflag = "assumed"\nsource = "s"'
    ),
    "levers": lambda k: f'[levers.l{k}]\nvendor = "dam"\noff = {{ "vendors.dam.awareness" = 1.0 }}',
    "levers of strangers": lambda k: f'[levers.l{k}]\nvendor = "v{k}"',
    "fits": lambda k: f'[[fit]]\nname = "f{k}"\npaths = ["demand.x{k}"]\nlow = 0.0\nhigh = 1.0',
    "equal fits": lambda k: (
        '[[fit]]\nname = "f"\npaths = ["demand.box_cox"]\nlow = 0.0\nhigh = 1.0'
    ),
    "families": lambda k: f'[families.q{k}]\nowner = "dam"',
    "families of strangers": lambda k: f'[families.q{k}]\nowner = "v{k}"',
    "vendors": lambda k: f"[vendors.v{k}]\nhome_share = 0.0",
    "segments": lambda k: f"[segments.s{k}]\nshare = 0.0001",
    "regions": lambda k: f"[regions.r{k}]\nshare = 0.0001",
    "kinds": lambda k: f'[kinds.k{k}]\nunit = "tokens"',
    "unknown keys": lambda k: f"[unknown{k}]\nx = 1",
    "unknown keys of a table": lambda k: f"[vendors.dam.x{k}]\ny = 1",
    "fits of agents": lambda k: f"[vendors.dam.agent_fit.x{k}]\ny = 1",
    "wrong values": lambda k: f"[families.q{k}]\nowner = 1" if k < 5_000 - 4 else "",
}


def seconds(text: str, overrides: list[str] | None = None) -> tuple[float, str]:
    """Time of a check, and what it says first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.toml"
        path.write_text(text)
        began = time.process_time()
        try:
            load(path, overrides or ())
            said = "fine"
        except ScenarioError as error:
            lines = str(error).splitlines()
            said = f"{len(lines)} lines, {lines[0].removeprefix(f'{path}: ')[:90]}"
        return time.process_time() - began, said


def main() -> None:
    """Print a line for each kind; exit 1 if one takes longer than the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--kind", default="")
    options = parser.parse_args()
    market = shipped()["tiny"].read_text()
    seconds(market)  # what is imported once
    slow = False
    for name, entry in {**KINDS, "overrides": None}.items():
        if options.kind not in name:
            continue
        if entry is None:
            overrides = [f"demand.x{k}={k}" for k in range(options.entries)]
            took, said = seconds(market, overrides)
        else:
            took, said = seconds("\n".join([market, *map(entry, range(options.entries))]))
        slow |= took > LIMIT_SECONDS
        print(f"{name:<24} {took:6.2f} s  {said}", flush=True)
    raise SystemExit(int(slow))


if __name__ == "__main__":
    main()
