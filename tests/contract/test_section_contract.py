"""Every section of a report tells a stored finding, shows its picture, and names its grounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest

import sim.report.page
from sim.analysis.attribution.attribute import attribute
from sim.analysis.billboards import stored_billboards
from sim.analysis.compare import compare
from sim.analysis.frontier.frontier import axis_of, frontier
from sim.analysis.frontier.hysteresis import hysteresis
from sim.analysis.games.tournament import tournament
from sim.analysis.uncertainty.analyse import Sizes, analyse
from sim.analysis.uncertainty.exploring import Budget
from sim.analysis.uncertainty.unknowns import unknowns_of
from sim.api import open_result
from sim.cli import main
from sim.errors import SimError
from sim.plot.save import save
from sim.report.page import page
from sim.report.registry import Section, section, sections
from sim.report.verdicts import finding_line
from sim.runs.ensemble import run_ensemble, run_study
from sim.runs.files import json_bytes, read_json
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.study.reader import load_study
from tests.unit.market.tiny import changed
from tests.unit.runs.fake_market import FakeMarket
from tests.unit.study.conftest import PLAIN

SMALL = {"population.clients": 60}
APPEAL = "vendors.volcano.appeal.api"
NAMES = tuple(sections())


def small() -> Any:
    return changed(SMALL, months=4)


def compared(out: Path) -> Result:
    other = small().replace({"vendors.third.pricing.markup": 0.2, "name": "cheap"})
    return compare(
        [small(), other],
        settings=RunSettings(workers=1, out=out),
        measures=["profit"],
        replicates=3,
    )[0]


def played(out: Path) -> Result:
    sides = (["cost_plus"], ["match"])
    return tournament(small(), *sides, settings=RunSettings(out, 1), replicates=2)[0]


def bounded(out: Path) -> Result:
    axes = (axis_of(small(), path, (-1.0, 2.0)) for path in (APPEAL, "vendors.dam.appeal.api"))
    options: dict[str, Any] = {"runs_a_point": 2, "depth": 0, "settings": RunSettings(out, 1)}
    return frontier(small(), *axes, outcomes=["incumbent_rollback"], **options)[0]


def swept_both_ways(out: Path) -> Result:
    axis = axis_of(small(), APPEAL, (-1.0, 2.0))
    return hysteresis(small(), axis, RunSettings(out, 1), steps=2, replicates=2)[0]


def attributed(out: Path) -> Result:
    (pair,) = attribute(small(), ["rules"], replicates=2, settings=RunSettings(out, 1))
    return pair[0]


def analysed(out: Path) -> Result:
    ranges = ["demand.community_weight=0:2", f"{APPEAL}=0:1.5"]
    unknowns = unknowns_of(small(), ranges)
    budget = Budget(replicates=2, workers=1, out=out)
    (pair,) = analyse(unknowns, budget, ["morris"], sizes=Sizes(trajectories=2))
    return pair[0].first


def swept(out: Path) -> Result:
    path = out / "appeal.toml"
    path.write_text(PLAIN)
    made = run_study(load_study(path), RunSettings(workers=1, out=out), model=FakeMarket)
    result = open_result(made.path)
    assert result.findings["outcomes"]
    assert result.claims["claims"]
    return result


def advertised(out: Path) -> Result:
    result = open_result(run_ensemble(small(), RunSettings(workers=1, out=out), replicates=2).path)
    stored_billboards(result)
    return result


CASES: dict[str, Callable[[Path], Result]] = {
    "attribution": attributed,
    "billboards": advertised,
    "claims": swept,
    "compare": compared,
    "frontier": bounded,
    "hysteresis": swept_both_ways,
    "sensitivity": analysed,
    "sweep": swept,
    "tournament": played,
}
WORDS = {
    "billboards": "a rival could answer",
    "attribution": "money kept, hosting as it is",
    "claims": "the new cloud stays below 60 % of tokens",
    "compare": "cheap (",
    "frontier": "incumbent_rollback is the rule where vendors.dam.appeal.api is",
    "hysteresis": "Mean gap of the challenger",
    "sensitivity": "demand.community_weight",
    "sweep": "Effects on platform tokens",
    "tournament": "Regret of the historical profile",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Result]:
    made: dict[Callable[[Path], Result], Result] = {}

    def of(name: str) -> Result:
        make = CASES[name]
        if make not in made:
            made[make] = open_result(make(tmp_path_factory.mktemp(name)).path)
        return made[make]

    return of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    settings = RunSettings(workers=1, out=tmp_path_factory.mktemp("run"))
    return open_result(run_ensemble(small(), settings, replicates=2).path)


@pytest.fixture(autouse=True, scope="module")
def _few_figures() -> Iterator[None]:
    def few(result: Any, names: Any = None, **options: Any) -> list[Path]:
        return [] if names is None else save(result, names, **options, missing=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sim.report.page, "save", few)
        yield


@pytest.fixture(scope="module")
def bare(run: Result, _few_figures: None) -> str:
    """The page of the run alone."""
    return page(run)


def assert_sound(text: str) -> None:
    """A strict reader takes the page, every id is there once, and every link of it leads to one."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    ids = [node.attrib["id"] for node in tree.iter() if "id" in node.attrib]
    assert len(ids) == len(set(ids))
    links = [node.attrib["href"] for node in tree.iter("a")]
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_texts_are_escaped(run: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(run.manifest, "title", "<script>x</script> & so on")
    text = page(run)
    assert "<script" not in text
    assert "&lt;script&gt;x&lt;/script&gt; &amp; so on" in text


def told_by(name: str, result: Result) -> tuple[Section, dict[str, Any]]:
    kind = sections()[name]
    return kind, read_json(result.path / kind.file)


def test_every_section_has_its_case() -> None:
    assert set(CASES) == set(WORDS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEverySection:
    @pytest.mark.slow
    def test_the_page_holds_tables_picture_and_grounds(
        self, name: str, found: Callable[[str], Result], run: Result, bare: str
    ) -> None:
        kind, told = told_by(name, found(name))
        text = page(run, [found(name)])
        assert text.count("<table") > bare.count("<table")
        assert text.count("<svg") - bare.count("<svg") >= bool(kind.pictures)
        assert_sound(text)
        assert_sound(page(found(name)))
        assert WORDS[name] in text
        assert WORDS[name] not in bare
        grounds = kind.grounds(told)
        line = finding_line(grounds)
        assert line in text
        for part in (f"n = {grounds['n']}", grounds["scenario_hash"][:8], "root seed"):
            assert part in line
        assert "95 %" in line or "0.95" in line

    @pytest.mark.parametrize(
        "lost", [{"n": 0}, {"seeds": []}, {"interval_types": []}, {"scenario_hash": ""}]
    )
    def test_nothing_is_told_without_its_grounds(
        self, name: str, lost: dict[str, Any], found: Callable[[str], Result]
    ) -> None:
        kind, told = told_by(name, found(name))
        with pytest.raises(SimError, match=f"no conclusion without {next(iter(lost))}"):
            finding_line({**kind.grounds(told), **lost})

    def test_it_only_reads(self, name: str, found: Callable[[str], Result]) -> None:
        kind, told = told_by(name, found(name))
        before = json_bytes(told)
        assert list(kind.content(told)) == list(kind.content(told))
        assert json_bytes(told) == before


def test_a_page_is_not_made_of_a_bare_finding(
    found: Callable[[str], Result], run: Result, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = found("compare").path / "comparison.json"
    whole = path.read_bytes()
    told = read_json(path)
    path.write_bytes(json_bytes({**told, "seeds": []}))
    try:
        with pytest.raises(SystemExit) as end:
            main(
                ["report", str(run.path), "--with", str(path.parent), "--out", str(tmp_path / "x")]
            )
    finally:
        path.write_bytes(whole)
    assert end.value.code == 2
    assert "no conclusion without seeds" in capsys.readouterr().err


@pytest.mark.slow
def test_a_sweep_without_claims_tells_its_effects(tmp_path: Path, run: Result) -> None:
    path = tmp_path / "appeal.toml"
    path.write_text(PLAIN[: PLAIN.index("[claims")])
    result = run_study(load_study(path), RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    text = page(run, [open_result(result.path)])
    assert "Outcomes by factor" in text
    assert "Claims of a study" not in text


def test_two_sections_cannot_share_a_name_or_a_file() -> None:
    def compare(found: Any) -> Any:
        return iter(())

    for file in ("another.json", "comparison.json"):
        with pytest.raises(ValueError, match="two of one name: section"):
            section(file)(compare)
