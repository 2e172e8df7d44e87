"""What is shipped is found by name, from any folder, and comes along in the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sim
from sim.analysis.predictive import posterior_of
from sim.errors import ScenarioError
from sim.scenario.shipped import POSTERIOR, STUDY, located, shipped, shipped_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_shipped_files_have_names(empty: Path) -> None:
    assert sim.load("tiny") == sim.load(ROOT / "scenarios" / "tiny.toml")
    assert sim.load("scenarios/theory/bertrand.toml") == sim.load("theory/bertrand")
    study = sim.load_study("open-weights")
    assert study == sim.load_study(ROOT / "scenarios" / "studies" / "open-weights.toml")
    drawn = posterior_of(sim.load("volcano-dam"), "volcano-dam")
    assert drawn == shipped(POSTERIOR)["volcano-dam"]
    assert [f"{name}.toml" for name in shipped(STUDY)] == ["open-weights.toml"]


def test_own_files_come_first_and_build_on_the_shipped_ones(empty: Path) -> None:
    (empty / "scenarios" / "studies").mkdir(parents=True)
    own = empty / "scenarios" / "tiny.toml"
    own.write_text('extends = "volcano-dam"\nname = "mine"\n[population]\nclients = 700\n')
    (empty / "scenarios" / "studies" / "s.toml").write_text(
        'scenario = "null"\ndesign = { kind = "grid", levels = 2 }\n'
        '[uncertainties]\n"demand.switching_cost.api" = { low = 0.0, high = 1.0 }\n'
    )
    assert sim.load("tiny").population.clients == 700
    assert sim.load("tiny").vendors == sim.load("volcano-dam").vendors
    assert sim.load_study("s").scenario.name == sim.load("null").name


@pytest.mark.parametrize(
    ("given", "kind", "nearest"),
    [
        ("volcano-damn", "scenario", "nearest: volcano-dam"),
        ("scenarios/tinny.toml", "scenario", "nearest: tiny"),
        ("open-wights", "study", "nearest: open-weights"),
        ("volcano", "posterior", "nearest: volcano-dam"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(
    given: str, kind: str, nearest: str, empty: Path
) -> None:
    with pytest.raises(ScenarioError, match=f"no such file, and no shipped {kind}.*{nearest}"):
        located(given, kind)


@pytest.mark.slow
def test_the_wheel_carries_what_is_shipped(empty: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(empty)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = empty.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(empty / "site")
        for path in shipped_folder().rglob("*.[tp]*"):
            name = f"sim/scenarios/{path.relative_to(shipped_folder()).as_posix()}"
            assert packed.read(name) == path.read_bytes()
    (work := empty / "work").mkdir()
    names = ["tiny", "volcano-dam", "theory/calvano"]
    code = (
        "import sys, sim; print(sim.__file__);"
        "from sim.cli import main; main(['check', *sys.argv[1:]])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=work,
        env=os.environ | {"PYTHONPATH": str(empty / "site")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert Path(told[0]).is_relative_to(empty / "site")
    assert [line.partition(":")[0] for line in told[1:]] == [
        "tiny",
        "volcano-dam",
        "theory/calvano",
    ]


def test_results_go_where_sim_results_says(empty: Path) -> None:
    code = (
        "from sim.runs.settings import RunSettings; from sim.cli.options import RESULTS;"
        "print(RunSettings().out, RESULTS)"
    )
    for place in ("", "elsewhere"):
        environment = {"PYTHONPATH": str(ROOT), "SIM_RESULTS": place}
        told = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert told == [place or "results"] * 2
