"""Ends every long verb at random moments, again and again; the end must be as if undisturbed.

    python -m benchmarks.kills --signals 20

Each verb works on a small market: once undisturbed; then again under SIGKILL, SIGTERM and SIGINT
in turn, to the parent alone or with its workers, and goes on with the same command. A signal comes
after the first block that the process has finished itself, and before the last; one that did not
end it is not counted. Whenever a verb comes to its end, all files of its result folders must hold
the same bytes, no finished block may have been computed again, and the next round begins in a new
folder. Exits 1 if not. 20 signals take some 40 minutes on two idle cores (an estimate).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
STUDY = """scenario = "tiny.toml"
design = { kind = "latin_hypercube", points = 40, seed = 5 }
replicates = 2
[set]
"population.clients" = 200
[levers]
"vendors.third.pricing.markup" = { low = 0.2, high = 1.0 }
"vendors.dam.openness.strategy" = ["closed", "open_weights"]
[uncertainties]
"supply.availability" = { low = 0.4, high = 1.0 }
"""
OTHER = """extends = "tiny.toml"
name = "other"
[supply]
availability = 0.5
"""
SCENARIOS = ("tiny", "price-war-2024", "volcano-dam")
GAMES = "--incumbent list --incumbent nash --challenger nash --challenger penetration"
VERBS = {
    "run": "tiny.toml --replicates 40 --clients 200",
    "sweep": "study.toml",
    "compare": "tiny.toml other.toml --replicates 24 --clients 200",
    "attribute": "tiny.toml --parts shapley --replicates 24 --clients 60",
    "sensitivity": "tiny.toml --method morris,prim --trajectories 2 --draws 12 --replicates 1 "
    "--clients 60 --factor supply.availability=0.4:1.0 --factor demand.switching_cost.family=0:1",
    "tournament": f"tiny.toml --replicates 24 --clients 60 {GAMES}",
    "frontier": "tiny.toml --runs-a-point 24 --depth 1 --clients 60",
    "calibrate": "price-war-2024.toml --simulations 200 --clients 200",
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PATIENCE = 900.0
STEP = 8
"""A signal comes after at most this part of all blocks: so there are several on the way."""
GLANCE = 0.02
TRIES = 10


@dataclass
class Tally:
    """What a verb went through."""

    sent: dict[str, int] = field(default_factory=dict)
    stood: list[int] = field(default_factory=list)
    blocks: int = 0
    ends: int = 0
    again: int = 0
    slowest_interrupt: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def between(self) -> str:
        """How many signals found the verb at work, and how many blocks stood when they came."""
        inside = sum(0 < stood < self.blocks for stood in self.stood)
        stood = " ".join(map(str, sorted(self.stood)))
        return f"{inside} of {len(self.stood)} between first and last of {self.blocks}: {stood}"


def write_inputs(folder: Path) -> None:
    """The scenarios and the study that the verbs read."""
    for name in SCENARIOS:
        text = (ROOT / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "other.toml").write_text(OTHER)
    (folder / "study.toml").write_text(STUDY)


def begun(verb: str, home: Path) -> subprocess.Popen[bytes]:
    """The command of a verb in a folder, in a process group of its own."""
    code = "from sim.cli import main; main()"
    words = [sys.executable, "-c", code, verb, *VERBS[verb].split(), "--workers", "2"]
    with (home / "told.txt").open("wb") as told:
        return subprocess.Popen(
            [*words, "--out", "results"],
            cwd=home,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=told,
            start_new_session=True,
        )


def kept(home: Path) -> dict[str, str]:
    """Hash of every file below the result folders; of a manifest without its sessions."""
    found = {}
    for path in sorted((home / "results").rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.name == "manifest.json":
                manifest = json.loads(content)
                content = json.dumps({**manifest, "sessions": None}, sort_keys=True).encode()
            name = path.relative_to(home / "results").as_posix()
            found[name] = hashlib.sha256(content).hexdigest()
    return found


def finished(home: Path) -> dict[str, str]:
    """When the receipt of each finished block was written, and the lines of a calibration."""
    found = {}
    for path in (home / "results").glob("*/blocks/*.json"):
        with suppress(FileNotFoundError):  # half written by one that was ended, and taken away
            found[path.as_posix()] = str(path.stat().st_mtime_ns)
    for path in (home / "results").glob("*/simulations.jsonl"):
        whole = [line for line in path.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]
        found |= {f"{path.as_posix()}:{n}": line.hex() for n, line in enumerate(whole)}
    return found


def differences(whole: dict[str, str], found: dict[str, str]) -> str:
    """The files that are not the same, or that one of two folders lacks."""
    names = sorted(name for name in whole.keys() | found if whole.get(name) != found.get(name))
    return f"{len(names)} files differ: {', '.join(names[:4])}" if names else ""


def ended(
    process: subprocess.Popen[bytes], how: signal.Signals, alone: bool, stood: int, tally: Tally
) -> bool:
    """Send a signal and wait for the end; False if it ended nothing.

    Nobody may see a traceback of an interrupt.
    """
    began = time.monotonic()
    if alone:
        process.send_signal(how)
    else:
        os.killpg(process.pid, how)
    code = process.wait(PATIENCE)
    if code == 0:
        return False
    tally.sent[how.name] = tally.sent.get(how.name, 0) + 1
    tally.stood.append(stood)
    if how is signal.SIGINT:
        tally.slowest_interrupt = max(tally.slowest_interrupt, time.monotonic() - began)
        if code not in (130, -signal.SIGINT):
            tally.wrong.append(f"exit code {code} after an interrupt")
    return True


class Rounds:
    """The folders in which a verb is begun, disturbed and ended, one after the other."""

    def __init__(self, verb: str, folder: Path) -> None:
        self.verb, self.folder, self.tally = verb, folder, Tally()
        self.home, self.before = folder, dict[str, str]()
        self.whole: dict[str, str] = {}

    def move(self) -> None:
        """A new folder with the same inputs."""
        self.home, self.before = Path(tempfile.mkdtemp(dir=self.folder)), {}
        write_inputs(self.home)

    def undisturbed(self) -> None:
        """The bytes that every other round must end with, and how many blocks they take."""
        self.move()
        process, most = begun(self.verb, self.home), 0
        while process.poll() is None:
            most = max(most, len(finished(self.home)))
            time.sleep(GLANCE)
        self.finish(process)
        self.whole, self.tally.blocks = kept(self.home), most
        self.tally.ends -= 1
        self.move()

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end and compare."""
        code = process.wait(PATIENCE)
        self.count_again()
        self.tally.ends += 1
        if code != 0:
            told = (self.home / "told.txt").read_text(encoding="utf-8", errors="replace")
            self.tally.wrong.append(f"exit code {code}: {told[-300:]}")
        if self.whole:
            self.tally.wrong += filter(None, [differences(self.whole, kept(self.home))])

    def disturb(self, how: signal.Signals, rng: np.random.Generator) -> bool:
        """Begin or go on, and send a signal at work; False if the work was over before."""
        process = begun(self.verb, self.home)
        stood, blocks = len(self.before), self.tally.blocks
        until = stood + int(rng.integers(1, max(blocks // STEP, 1) + 1))
        moment, alone = rng.uniform(0.0, GLANCE), bool(rng.random() < 0.5)
        while process.poll() is None and stood < until < blocks:
            time.sleep(GLANCE)
            stood = len(finished(self.home))
        if until <= stood < blocks:
            time.sleep(moment)
            stood = len(finished(self.home))
            at_work = process.poll() is None and stood < blocks
            if at_work and ended(process, how, alone, stood, self.tally):
                self.count_again()
                return True
        self.finish(process)
        self.move()
        return False

    def count_again(self) -> None:
        """Finished blocks that were written once more, and simulations that stand twice."""
        after = finished(self.home)
        receipts = {name: when for name, when in self.before.items() if ".jsonl" not in name}
        again = sum(after.get(name) != when for name, when in receipts.items())
        lines = [line for name, line in after.items() if ".jsonl" in name]
        self.tally.again += again + len(lines) - len(set(lines))
        self.before = after


def disturbed(verb: str, folder: Path, signals: int, rng: np.random.Generator) -> Tally:
    """So many signals at random moments of a verb; what it went through."""
    rounds = Rounds(verb, folder)
    rounds.undisturbed()
    if rounds.tally.wrong:
        return rounds.tally
    for number, how in enumerate(islice(cycle(SIGNALS), signals), 1):
        if not any(rounds.disturb(how, rng) for _ in range(TRIES)):
            rounds.tally.wrong.append(f"no moment at work in {TRIES} rounds")
            return rounds.tally
        told = f"{verb}: {number} of {signals} signals, {rounds.tally.ends} ends"
        print(told, *rounds.tally.wrong[:2], file=sys.stderr, flush=True)
    rounds.finish(begun(verb, rounds.home))
    return rounds.tally


def main() -> int:
    """All verbs, a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--signals", type=int, default=20, help="of each verb")
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for verb in options.verbs:
            tally = disturbed(verb, Path(folder), options.signals, rng)
            told = ", ".join(f"{count} {name}" for name, count in sorted(tally.sent.items()))
            slowest = f"an interrupt takes {tally.slowest_interrupt:.1f} s at most"
            print(
                f"{verb}: {told or 'no signal'}; {tally.between}; {tally.ends} ends, "
                f"{tally.again} finished blocks computed again, {slowest}; "
                f"{'all bytes the same' if not tally.wrong else '; '.join(tally.wrong[:3])}",
                flush=True,
            )
            bad += len(tally.wrong) + tally.again
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
