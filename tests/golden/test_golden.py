"""The tiny market still gives the numbers of the baseline."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

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
