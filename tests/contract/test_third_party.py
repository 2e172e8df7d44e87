"""A package of somebody else adds one of each kind by entry points; nothing of this one changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "plugin_example"
PROGRAM = """
import json, sys
import sim
import sim.report.page as report
from sim.runs.files import json_bytes
from sim.scenario.patches import without_levers

tiny, folder = sys.argv[1:]
months = {"calendar.months": 6, "containment.window_months": 3, "population.clients": 60}
market = sim.load(tiny, {
    "vendors.third.pricing": {"strategy": "follow_leader", "below": 0.1},
    "levers.long": {"kind": "long_context", "vendor": "dam", "limit_tokens": 16_000},
    **months,
})
outage = {"month": "2024-04", "what": "outage", "vendor": "volcano", "lost": 0.6}
market = market.replace({"events": [*market.model_dump()["events"], outage]})
result = sim.run(market, replicates=2, workers=1, out=folder)
on = result.curves.sel(point="on")
leads = on["token_lead"].mean(("month", "replicate")).to_series().to_dict()
figure, _ = result.plot.conversion()
report.save = lambda *_, **options: []  # without figures
finding = {"leads": leads, "n": 2, "seeds": [1], "root_seed": 1, "interval_types": ["none, 95 %"],
           "scenario_hash": result.manifest["scenario_hash"], "scenario": market.name}
(result.path / "leaders.json").write_bytes(json_bytes(finding))
print(json.dumps({
    "price": on["price_index"].sel(vendor="third").mean("replicate").values.tolist(),
    "reliability": on["reliability"].sel(vendor="volcano").mean("replicate").values.tolist(),
    "cost": market.levers["long"].cost,
    "limits": [f.context_limit_tokens for f in without_levers(market, ["long"]).families.values()],
    "lead": sum(value > 0 for value in leads.values()),
    "label": figure.axes[0].get_xlabel(),
    "section": "lead in token share" in report.page(result, [result]),
}))
"""


def in_new_python(program: str, folder: Path | None, *arguments: str) -> Any:
    """Run a program in a Python of its own, with the example package or without."""
    path = os.pathsep.join([str(ROOT), *([str(folder)] if folder else [])])
    return subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "scenarios" / "tiny.toml"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=300,
        check=False,
    )


def installed_in(target: Path, entry_points: dict[str, dict[str, str]]) -> Path:
    """The example as an installer lays it out: its modules beside a dist-info.

    No build tool is asked: without a network there may be none.
    """
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(EXAMPLE / "market_extras", target / "market_extras")
    stem = f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    (target / stem).mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (target / stem / "METADATA").write_text(metadata, encoding="utf-8")
    entries = [
        line
        for group, names in {**project["entry-points"], **entry_points}.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in names.items()))
    ]
    (target / stem / "entry_points.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
    return target


@pytest.mark.slow
def test_one_of_each_kind_from_another_package_is_used(tmp_path: Path) -> None:
    site = installed_in(tmp_path, {})
    done = in_new_python(PROGRAM, site, str(tmp_path / "results"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["price"]) == 6
    assert len(set(told["price"])) > 1
    assert told["reliability"][2] > told["reliability"][3]
    assert told["cost"] == 3.0
    assert told["limits"].count(16_000) == 2
    assert told["lead"] >= 1
    assert "platform token share" in told["label"]
    assert told["section"]


@pytest.mark.slow
def test_without_the_package_all_wrong_names_are_told_at_once() -> None:
    done = in_new_python(PROGRAM, None, "unused")
    assert done.returncode != 0
    assert "no such pricing strategy" in done.stderr
    assert "no such kind of lever" in done.stderr


@pytest.mark.slow
def test_entry_points_that_fail_are_named_and_the_rest_works(tmp_path: Path) -> None:
    broken = {"lost": "market_extras.nowhere:nothing", "gone": "quitter:measure"}
    site = installed_in(tmp_path, {"sim.measures": broken})
    (site / "quitter.py").write_text("import sys\nsys.exit(5)\n", encoding="utf-8")
    program = """if True:
        from sim.cli import main
        from sim.errors import SimError
        from sim.registry import Registry
        try:
            Registry("measure", "sim.measures", "sim.measures").get("gone")
        except SimError as error:
            print("REFUSED", error)
        main(["list", "measures"])
    """
    done = in_new_python(program, site)
    assert done.returncode == 0
    for words in ("lost = market_extras.nowhere:nothing of sim.measures", "ModuleNotFoundError"):
        assert words in done.stderr
    assert "gone = quitter:measure of sim.measures cannot be loaded: SystemExit: 5" in done.stderr
    assert "REFUSED entry point gone" in done.stdout
    assert "platform_token_share" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="it calls the system's C library")
def test_an_entry_point_that_hangs_ends_the_command_in_one_line(tmp_path: Path) -> None:
    site = installed_in(tmp_path, {"sim.measures": {"stuck": "sleeper:measure"}})
    deaf = "import ctypes, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
    (site / "sleeper.py").write_text(f"{deaf}ctypes.CDLL(None).sleep(600)\n", encoding="utf-8")
    program = """if True:
        from sim import registry
        from sim.cli import main
        registry.LOADING_SECONDS = 1.0
        main(["list", "measures"])
    """
    done = in_new_python(program, site)
    assert done.returncode == 2
    (told,) = done.stderr.splitlines()
    named = "entry point stuck = sleeper:measure of sim.measures is not loaded in 1 s"
    assert told.startswith(f"{named}, at line 3 of {site / 'sleeper.py'}; without its package")
