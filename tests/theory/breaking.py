"""What notices a broken law: small golden runs, and known answers.

Run ``python -m tests.theory.breaking`` for the table of all laws. A law is a public function of
`sim.economics` that a market runs. It is broken in a process of its own: there, before anything
imports it, it is replaced by one whose results are off by a little. Kernels run as plain Python
(numba's documented NUMBA_DISABLE_JIT), which gives the same bits, so no law is compiled anew.
These processes are copies of one that has loaded what the package imports, and nothing of it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ContextDecorator, redirect_stdout
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ECONOMICS = ROOT / "sim" / "economics"
OFF = 1.02  # what a broken law multiplies its results by
SLIP = 0.003  # and what it adds
CLIENTS = 30
CHECKS = ("arrays",)  # modules without laws
LIBRARIES = (  # what a market and the known answers import
    "hypothesis",
    "matplotlib.figure",  # of tests/conftest.py
    "mesa",
    "numba",
    "pandas",
    "pydantic",
    "pytest",
    "scipy.optimize",
    "scipy.stats",
    "xarray",
)
NOT_IN_MARKETS = {  # of analyses: their known answers alone can tell
    "games.bases",
    "games.nash_equilibria",
    "q_learning.exploration_rate",
    "q_learning.price_grid",
    "q_learning.profit_gain",
    "q_learning.train_duopoly",
    "q_learning.initial_values",
    "q_learning.updated_value",
}
Changes = dict[str, Any]
BIDS = {"strategy": "bid_all", "budget": 900.0, "largest_discount": 0.3, "largest_credit": 0.1}
AUCTIONS: Changes = {
    "population.key_account_share": 0.5,
    "vendors.dam.accounts": BIDS,
    "vendors.volcano.accounts": BIDS,
    "vendors.third.accounts": BIDS,
}
SMALL_PANEL: Changes = {"decisions.panel": 8}
SHORTAGE: Changes = {
    "supply.premium_response": 0.2,
    "demand.cross_channel.weight": 0.5,
    "vendors.dam.capacity.initial": 0.4,
    "vendors.dam.allocation": {"strategy": "by_margin"},
}
FORWARD: Changes = {
    "vendors.dam.pricing": {"strategy": "forward"},
    "vendors.third.pricing": {"strategy": "forward", "inertia": True},
}
LADDER = {"effectiveness": 0.05, "step": 0.02}
RESEARCH: Changes = {  # a chance of one in two, drawn every month
    "vendors.dam.research": {"strategy": "fixed", "spend": 20.0} | LADDER,
    "vendors.volcano.research": {"strategy": "fixed", "spend": 20.0} | LADDER,
    "vendors.third.research": {"strategy": "best_reply"} | LADDER,
}


def small_runs() -> dict[str, tuple[str, int, int, Changes]]:
    """File, clients, months and changes of each run."""
    from tests.contract.mock import policy_table  # imports laws: not before one is broken

    policy = policy_table(vendor="dam", rival="volcano")
    learnt = {"strategy": "q_learning", "policy": policy}
    return {  # the quick ones first: a law is felt by the first run that it changes
        "q_learning": ("tiny.toml", CLIENTS, 4, {"vendors.dam.pricing": learnt}),
        "auctions": ("tiny.toml", CLIENTS, 4, AUCTIONS),
        "shortage": ("tiny.toml", CLIENTS, 4, SHORTAGE),
        "agent-war": ("agent-war.toml", CLIENTS, 8, {}),
        "calvano": ("theory/calvano.toml", CLIENTS, 4, {}),
        "research": ("tiny.toml", CLIENTS, 36, RESEARCH),
        "forward": ("tiny.toml", CLIENTS, 4, FORWARD | SMALL_PANEL),
        "gpu-drought": ("gpu-drought.toml", CLIENTS, 6, {"supply.shocks.sd": 0.1}),
        "volcano-dam": ("volcano-dam.toml", CLIENTS, 24, {}),
        "open-flood": ("open-flood.toml", CLIENTS, 24, SMALL_PANEL),
    }


def laws() -> list[str]:
    """All laws that markets run, as `module.function`."""
    found = []
    for path in sorted(ECONOMICS.glob("*.py")):
        if path.stem in (*CHECKS, "__init__"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found.append(f"{path.stem}.{node.name}")
    return [name for name in found if name not in NOT_IN_MARKETS]


def off(value: Any) -> Any:
    """A result of a law, a little off."""
    import numpy as np

    if isinstance(value, tuple):
        parts = [off(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, np.ndarray | float | np.floating):
        return value * OFF + SLIP
    return value


def break_law(name: str) -> None:
    """Replace a law, in this process, before anybody else imports it."""
    module_name, _, function = name.partition(".")
    module = import_module(f"sim.economics.{module_name}")
    law: Callable[..., Any] = getattr(module, function)

    @wraps(law)
    def broken(*args: Any, **kwargs: Any) -> Any:
        return off(law(*args, **kwargs))

    setattr(module, function, broken)


class _Quiet(ContextDecorator):
    """Stands in for `numpy.errstate`: whole numbers of plain Python kernels overflow on purpose."""

    def __init__(self, **_: Any) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def digest(run: tuple[str, int, int, Changes]) -> str:
    """Hash of all curves of a small run, or what stopped it."""
    from sim.errors import SimError
    from sim.market.model import MarketModel
    from sim.scenario.patches import replace
    from sim.scenario.reader import load

    file, clients, months, changes = run
    size = {
        "population.clients": clients,
        "calendar.months": months,
        "containment.window_months": 2,
    }
    try:
        model = MarketModel(replace(load(ROOT / "scenarios" / file), size | changes), 3).run()
    except (SimError, ArithmeticError, ValueError) as error:
        return str(error)
    curves = (curve.tobytes() for _, curve in sorted(model.curves.items()))
    return hashlib.sha256(b"".join(curves)).hexdigest()


class _Failures:
    """Collects the tests that fail."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Called by pytest after each test."""
        if report.failed:
            self.names.append(report.nodeid.rpartition("/")[2])


def known_answers(law: str) -> list[str]:
    """Cases of `sim verify` that disagree; if none does, tests of hand-computed numbers."""
    from sim.analysis.verification.verify import load_cases, verify

    families: dict[str, list[Any]] = {}
    for case in load_cases():
        families.setdefault(case["family"], []).append(case)
    for cases in families.values():
        try:
            wrong = sorted({row.id for row in verify(cases).failures})
        except (ArithmeticError, ValueError) as error:
            wrong = [f"refused: {error}"]
        if wrong:
            return wrong
    tests = sorted((ROOT / "tests" / "unit" / "economics").glob("test_*.py"))
    function = law.rpartition(".")[2]
    naming = [path for path in tests if function in path.read_text(encoding="utf-8")]
    return failing(naming) or failing([path for path in tests if path not in naming])


def failing(files: list[Path]) -> list[str]:
    """The first test that fails, if one does."""
    import hypothesis
    import pytest

    if not files:
        return []
    hypothesis.settings.register_profile("few", max_examples=5)
    hypothesis.settings.load_profile("few")  # numbers by hand are what counts here
    seen = _Failures()
    flags = ["-q", "-x", "--disable-plugin-autoload", "-p", "no:cacheprovider"]
    flags += ["--override-ini", "addopts="]
    with redirect_stdout(sys.stderr):  # the standard output carries what was found, and that alone
        code = pytest.main([*flags, *map(str, files)], [seen])
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise RuntimeError(f"pytest could not run {', '.join(map(str, files))}: {code!r}")
    return seen.names


def sound_runs() -> dict[str, str]:
    """Hashes of the runs while no law is broken."""
    found = {name: digest(run) for name, run in small_runs().items()}
    stopped = {name: text for name, text in found.items() if " " in text}
    if stopped:
        raise RuntimeError(f"runs that end before their last month: {stopped}")
    return found


def noticed(law: str | None, sound: dict[str, str]) -> dict[str, Any]:
    """In this process: the first run that a broken law changes, and which known answers fail.

    Without a law: the first run that plain Python changes.
    """
    import numpy as np

    np.seterr(all="ignore")
    np.errstate = _Quiet  # type: ignore[misc, assignment]
    if law is not None:
        break_law(law)
    felt = (name for name, run in small_runs().items() if digest(run) != sound[name])
    changed = next(felt, None)
    return {"changed": changed, "answers": known_answers(law) if law is not None else []}


def noticed_each(laws: list[str | None], sound: dict[str, str]) -> list[dict[str, Any]]:
    """The same for some laws, each in a process of its own, kernels as plain Python."""
    # options of the tests around it, such as those of coverage, belong to plugins not loaded there
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "SIM_THREADS": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-W", "ignore", "-m", "tests.theory.breaking", "--noticed"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        input=json.dumps([laws, sound]),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def noticed_in_copies(laws: list[str | None], sound: dict[str, str]) -> list[dict[str, Any]]:
    """The same for some laws, each in a copy of this process."""
    for library in LIBRARIES:
        import_module(library)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        return pool.starmap(noticed, [(law, sound) for law in laws], chunksize=1)


def table(names: list[str]) -> None:
    """What notices each of some laws."""
    for name, found in zip(names, noticed_each([*names], sound_runs()), strict=True):
        print(f"{name:34s}{found['changed'] or 'NO RUN':14s}{found['answers'][:1] or 'NO CASE'}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--noticed"]:
        print(json.dumps(noticed_in_copies(*json.load(sys.stdin))))
    else:
        table(sys.argv[1:] or laws())
