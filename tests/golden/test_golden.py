"""Markets still give the numbers of the baselines: the tiny one to ten digits, two to the bit."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.market.clients.threads import VARIABLE
from tests.golden import bits
from tests.golden.baseline import CURVES, FILE, MONTHS, curves, written

HINT = "numbers moved: if that is meant, run `python -m tests.golden.refresh`"


@cache
def now() -> dict[str, Any]:
    return curves()


@cache
def then() -> dict[str, Any]:
    held: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return held


def test_baseline_holds_the_curves() -> None:
    assert tuple(then()) == CURVES
    assert {len(series) for series in then().values()} == {MONTHS}
    assert json.loads(written(now())) == now()


@pytest.mark.parametrize("name", CURVES)
def test_curve(name: str) -> None:
    # the tenth digit may round the other way where a library's last bit differs
    np.testing.assert_allclose(now()[name], then()[name], rtol=1e-9, err_msg=HINT)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("scenario", bits.SCENARIOS)
def test_bits_are_those_of_the_baseline_for_any_number_of_threads(
    scenario: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(threads))
    held = json.loads(bits.FILE.read_text(encoding="utf-8"))[scenario]
    found = bits.bits(scenario)
    assert found.keys() == held.keys()
    assert [name for name in held if found[name] != held[name]] == [], HINT
