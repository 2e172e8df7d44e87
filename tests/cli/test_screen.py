"""One screen: 24 lines of 80 columns for every kind of stored result, and narrower terminals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import sim
from sim.analysis.rounding import decimals, money, more_or_less, percent
from sim.analysis.verdict.details import definitions_of, details_of
from sim.analysis.verdict.words import Answer, Belts, answer_of
from sim.api import JudgedResult
from sim.cli.screen import answer_lines, definition_lines, detail_lines, say
from tests.unit.analysis.posteriors import tiny_posterior

SCENARIOS = Path("scenarios")
SMALL = {"population.clients": 60, "calendar.months": 8, "containment.window_months": 4}
JARGON = ("kappa", "kish", "tau", "e+09", "delta", "list ")


def stored(kind: str, folder: Path) -> JudgedResult:
    """A small real result of a kind."""
    name, changes, further = kind, dict[str, Any](SMALL), dict[str, Any]()
    if kind == "posterior":
        from sim.analysis.posterior import write_posterior

        name = "tiny"
        write_posterior(folder / "draws.parquet", tiny_posterior())
        further["posterior"] = folder / "draws.parquet"
    if kind == "one run":
        name, further["replicates"] = "tiny", 1
    if kind == "theory/bertrand":
        changes = {"population.clients": 60}
    if kind == "price-war-2024":
        changes |= {"calendar.months": 12}
    scenario = sim.load(SCENARIOS / f"{name}.toml").replace(changes)
    return sim.run(scenario, workers=1, out=folder / "r", **({"replicates": 4} | further))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["tiny", "null", "price-war-2024", "posterior", "theory/bertrand", "one run"]
)
def test_every_kind_of_result_fits_one_screen(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = stored(kind, tmp_path)
    answer = answer_of(result)
    lines = [line.plain for line in answer_lines(answer, 80)]
    assert len(lines) <= 24
    assert max(cell_len(line) for line in lines if "/" not in line) <= 80
    text = "\n".join(lines)
    assert not any(word in text.lower() for word in JARGON)
    assert lines[0].split()[0] in answer.question
    foot = f"seed {result.seed}, scenario {result.scenario_hash[:8]}"
    assert foot in lines[-1]
    assert all(cell_len(line.plain) <= 40 for line in answer_lines(answer, 40) if "/" not in line)
    entry = result.verdict["verdicts"].get(result.verdict["primary"])
    assert (answer.holds == "") == (kind in ("price-war-2024", "theory/bertrand"))
    if entry is not None:
        further = [*definition_lines(definitions_of(entry), 80)]
        further += detail_lines(details_of(result, result.verdict), 80)
        assert all(cell_len(line.plain) <= 80 for line in further)
        assert "below 60 % of the tokens" in " ".join(" ".join(map(str, further)).split())
    if kind == "posterior":
        assert "runs a world over" in lines[-1]
        assert "nine in ten draws" in answer.effect
    if kind == "tiny":
        assert answer.belts is not None
        exact = ("Volcano Engine", "53.0 (51.0 to 54.3)", "15.8 (13.6 to 18.2)")
        wide = replace(answer, belts=replace(answer.belts, rows=(exact,)))
        assert any(line.plain.endswith(exact[-1]) for line in answer_lines(wide, 80))
        old = json.loads(json.dumps(result.verdict))
        for name in ("awarded", "by_incumbent", "diversion", "stability", "longer_run"):
            old["verdicts"][old["primary"]].pop(name, None)
        for name in ("hosting", "events", "final_states", "reverse_test"):
            old.pop(name)
        assert answer_of(result, old).effect == answer.effect


LONG = Answer(
    "甲云的战略能否遏制乙云？" * 6,
    "not known",
    "Not known: " + "a reason that goes on and on " * 20,
    effect="effect " * 60,
    share="share " * 60,
    holders="holders " * 60,
    flips="flips " * 90,
    more_runs="more " * 30,
    beware="beware " * 30,
    belts=Belts(
        "Last 12 months, %",
        ("", "tokens", "revenue"),
        tuple(
            (f"一家名字很长很长很长很长的云服务公司{n}", "53 (51 to 59)", "9 (8 to 10)")
            for n in range(9)
        ),
    ),
    next=("sim plot r", "sim report r", "sim run s --replicates 60"),
    foot="n = 30 runs a world, seed 1, scenario 12345678",
)


def test_long_words_and_wide_letters_are_cut_to_the_screen() -> None:
    for width in (80, 60, 40):
        lines = answer_lines(LONG, width)
        assert max(cell_len(line.plain) for line in lines) <= width
        assert lines[-1].plain.endswith("12345678")
    lines = [line.plain for line in answer_lines(LONG, 80)]
    assert len(lines) <= 24
    assert any(line.startswith("一家") and "53 (51 to 59)" in line for line in lines)


def test_colour_is_for_terminals_that_have_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(LONG, answer="Not known: a reason.")
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    say(answer_lines(short, 80))
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    say(answer_lines(short, 80))
    assert "\x1b[1;33mNot known" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    say(answer_lines(short, 80))
    assert "33m" not in capsys.readouterr().out


def test_numbers_carry_what_their_interval_carries() -> None:
    assert decimals(11.9, 13.5) == 1
    assert percent(0.127, 0.1186, 0.1354) == "12.7 (11.9 to 13.5)"
    assert percent(0.531, 0.45, 0.59) == "53 (45 to 59)"
    assert money(-2.879e9, -9.1e9, 3.3e9) == "-3 billion yuan (-9 to 3)"
    assert money(99.8e6, -10.5e6, 210.2e6) == "100 million yuan (-10 to 210)"
    assert more_or_less(-0.003, -0.032, 0.026) == ("0.3 points less", "3.2 less to 2.6 more")
    assert more_or_less(0.0141, -0.0213, 0.0495) == ("1 point more", "2 less to 5 more")
    assert more_or_less(-0.044, -0.046, -0.042) == ("4.4 points less", "4.2 to 4.6")
    assert more_or_less(0.04, -0.003, 0.083) == ("4 points more", "0 to 8")
    assert more_or_less(0.002, -0.04, 0.045) == ("about as much", "4 less to 4 more")
    assert more_or_less(0.0, 0.0, 0.0) == ("just as much", "")
