"""Runs over a posterior: draws paired over the worlds, stored, resumed; the variance split."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

import sim
from sim.analysis.compare import compare
from sim.analysis.headline import Headline, headline
from sim.analysis.posterior import Posterior, read_posterior, write_posterior
from sim.analysis.predictive import (
    TAU,
    draws_beside,
    draws_of,
    posterior_of,
    refuse_drawn,
    run_split,
    split_variance,
)
from sim.analysis.verdict.specification import run_longer
from sim.cli import main
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble, run_study
from sim.runs.plan import plan_ensemble
from sim.runs.rebuild import rebuild
from sim.runs.result import Result
from sim.runs.run import run_world
from sim.runs.settings import RunSettings
from sim.runs.study.reader import load_study
from sim.runs.worlds import OFF_MONEY_KEPT, ON, worlds_of
from sim.scenario.patches import scenario_hash, to_toml
from sim.scenario.reader import load
from tests.unit.analysis.posteriors import TINY_POSTERIOR, tiny_posterior
from tests.unit.market.tiny import TINY
from tests.unit.runs.conftest import light_workers
from tests.unit.runs.fake_market import DUEL, FakeMarket
from tests.unit.runs.helpers import stored_bytes

__all__ = ["light_workers"]
FITS = [
    {"name": "pull", "paths": ["vendors.new.appeal.api"], "low": -3.0, "high": 3.0},
    {"name": "charm", "paths": ["vendors.old.appeal.api"], "low": -3.0, "high": 3.0},
]
SHARES = "platform_token_share"


@pytest.fixture(scope="module")
def duel() -> Any:
    return load(DUEL).replace({"fit": FITS})


def posterior(pull: Sequence[float], charm: Sequence[float], **others: Any) -> Posterior:
    count = len(pull)
    frame = pd.DataFrame({"pull": pull, "charm": charm} | others)
    return replace(tiny_posterior(), draws=frame, weights=np.full(count, 1.0 / count))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    path = tmp_path / "duel.posterior.parquet"
    write_posterior(path, posterior(rng.normal(0.5, 0.4, 40), rng.normal(0.8, 0.2, 40)))
    return path


def ran(duel: Any, out: Path, file: Path | None, count: int = 6, **options: Any) -> Result:
    workers = options.pop("workers", 1)
    draws = None if file is None else draws_of(file, duel, count, 7, options.pop("first", None))
    return run_ensemble(
        duel,
        RunSettings(out, workers, progress=options.pop("progress", None)),
        replicates=count,
        model=FakeMarket,
        draws=draws,
        **options,
    )


def test_each_replicate_is_one_draw_in_all_its_worlds_and_one_child_of_the_seed(
    duel: Any, file: Path, tmp_path: Path
) -> None:
    result = ran(duel, tmp_path / "out", file)
    draws = draws_of(file, duel, 6, 7)
    assert result.draws == draws
    assert len(set(draws.of)) == 6
    for replicate in range(6):
        market = duel.replace(draws.changes[draws.of[replicate]])
        for world in worlds_of(market):
            record = run_world(world.scenario, 7, replicate, model=FakeMarket)
            stored = result.curves[SHARES].sel(point=world.name, replicate=replicate)
            np.testing.assert_array_equal(stored, record.curves[SHARES])
    by_world = result.runs.pivot(index="replicate", columns="point", values="draw")
    assert (by_world.nunique(axis=1) == 1).all()
    np.testing.assert_array_equal(by_world[ON], draws.of)


def test_a_posterior_of_one_draw_at_the_point_gives_the_curves_of_the_point(
    duel: Any, tmp_path: Path
) -> None:
    file = tmp_path / "point.posterior.parquet"
    write_posterior(file, posterior([0.5], [0.2]))
    over, point = ran(duel, tmp_path / "over", file), ran(duel, tmp_path / "point", None)
    same = [stored_bytes(result.path) for result in (over, point)]
    for found in same:
        del found["runs.parquet"]
    assert same[0] == same[1]
    assert over.path.name != point.path.name
    pd.testing.assert_frame_equal(over.runs.drop(columns="draw"), point.runs)


def test_without_a_posterior_nothing_of_a_plan_changes(duel: Any, file: Path) -> None:
    named = duel.replace({"posterior": str(file)})
    assert named.posterior == str(file)
    assert named.replace({"calendar.months": 20}).posterior == str(file)
    assert scenario_hash(named) == scenario_hash(duel)
    assert to_toml(named) == to_toml(duel)
    plans = [plan_ensemble(scenario) for scenario in (duel, named)]
    assert plans[0].key == plans[1].key
    assert "posterior" not in plans[0].inputs
    assert not plans[0].files
    assert not plans[0].recipe.kinds
    over = plan_ensemble(named, 6, 7, draws=draws_of(file, named, 6, 7))
    assert over.key not in {plan_ensemble(named, 6, 7).key}
    assert over.inputs["posterior"]["sha256"]
    assert over.inputs["posterior"]["draws"] == 6


def test_the_posterior_decides_the_key(duel: Any, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.posterior.parquet"
    rng = np.random.default_rng(3)
    write_posterior(other, posterior(rng.normal(0.5, 0.4, 40), rng.normal(0.8, 0.2, 40) + 1e-9))
    keys = {plan_ensemble(duel, 6, 7, draws=draws_of(f, duel, 6, 7)).key for f in (file, other)}
    assert len(keys) == 2


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_do_not_depend_on_workers_or_on_an_interruption(
    duel: Any, file: Path, tmp_path: Path, workers: int, light_workers: None
) -> None:
    def stop(done: int, total: int, failed: int, left: float | None) -> None:
        if done == 14:
            os.kill(os.getpid(), signal.SIGINT)

    straight = ran(duel, tmp_path / "straight", file)
    with pytest.raises(KeyboardInterrupt):
        ran(duel, tmp_path / "out", file, workers=workers, progress=stop)
    again = ran(duel, tmp_path / "out", file)
    assert stored_bytes(again.path) == stored_bytes(straight.path)
    names = ("draws.json", "scenario.toml")
    for name in names:
        assert (again.path / name).read_bytes() == (straight.path / name).read_bytes()


@pytest.mark.slow
def test_more_replicates_keep_the_draws_and_take_the_runs_over(
    duel: Any, file: Path, tmp_path: Path
) -> None:
    few = ran(duel, tmp_path / "out", file, 4, first=4)
    many = ran(duel, tmp_path / "out", file, 8, first=4, earlier=few)
    assert few.draws is not None
    assert many.draws is not None
    assert many.draws.of[:4] == few.draws.of
    assert many.manifest["sessions"][-1]["reused"] == 4
    alone = ran(duel, tmp_path / "alone", file, 8, first=4)
    assert stored_bytes(many.path) == stored_bytes(alone.path)
    # other draws of the first replicates: nothing is taken over
    others = ran(duel, tmp_path / "out", file, 16, earlier=many)
    assert others.manifest["sessions"][-1]["reused"] == 0


def test_levels_are_systematic_again_at_each_doubling() -> None:
    weights = np.random.default_rng(1).gamma(1.0, size=50)
    over = posterior(np.zeros(50), np.zeros(50))
    over = replace(over, weights=weights / weights.sum())
    for count in (10, 20, 40, 80):
        found = over.resampled(count, 5, 10)
        np.testing.assert_array_equal(found[:10], over.resampled(10, 5))
        counts = np.bincount(found, minlength=50)
        assert (np.abs(counts - count * over.weights) < 1.0 + 1e-9).all()


def test_the_longer_run_has_the_same_draws(duel: Any, file: Path, tmp_path: Path) -> None:
    result = ran(duel, tmp_path, file)
    further = run_longer(result, RunSettings(tmp_path, 1), model=FakeMarket)
    assert further.draws == result.draws
    market = further.draws.scenario(further.scenario, 2)  # type: ignore[union-attr]
    record = run_world(market, 7, 2, model=FakeMarket)
    stored = further.curves[SHARES].sel(point=ON, replicate=2)
    np.testing.assert_array_equal(stored, record.curves[SHARES])


def test_a_run_is_made_again_from_what_is_stored(duel: Any, file: Path, tmp_path: Path) -> None:
    result = ran(duel, tmp_path, file)
    file.unlink()
    made = rebuild(result, f"{OFF_MONEY_KEPT}/3", FakeMarket)
    assert not made.different
    assert result.draws is not None
    draw = result.draws.of[3]
    assert made.factors == {"draw": draw}
    pulled = result.draws.changes[draw]["vendors.new.appeal.api"]
    assert made.scenario.vendors["new"].appeal.api == pulled
    assert made.scenario.vendors["old"].appeal.api == 0.0  # its lever is off
    (result.path / "draws.json").write_text("{}")
    with pytest.raises(SimError, match=r"draws\.json is damaged"):
        rebuild(Result(result.path), "on/3", FakeMarket)


def test_worlds_alike_at_the_point_are_run_apart_where_a_draw_parts_them(
    tmp_path: Path,
) -> None:
    # the lever's patch writes what stands there: on and off are alike but for the cost
    alike = {"levers.charm.off": {"vendors.old.appeal.api": 0.2}, "fit": FITS}
    duel = load(DUEL).replace(alike)
    file = tmp_path / "a.posterior.parquet"
    write_posterior(file, posterior([0.5, 0.5], [1.0, 0.2]))
    result = ran(duel, tmp_path, file, 2)
    assert result.draws is not None
    for replicate, draw in enumerate(result.draws.of):
        gap = result.curves[SHARES].sel(replicate=replicate)
        moved = bool((gap.sel(point=ON) != gap.sel(point=OFF_MONEY_KEPT)).any())
        assert moved is (draw == 0)


def test_a_sweep_over_a_posterior_keeps_its_factor_and_draws_the_rest(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "duel.toml").write_text(to_toml(load(DUEL).replace({"fit": FITS})))
    study = tmp_path / "study.toml"
    study.write_text(
        'scenario = "duel.toml"\nreplicates = 3\n[design]\nkind = "grid"\n'
        '[uncertainties]\n"vendors.new.appeal.api" = { values = [0.0, 1.0] }\n'
        '[outcomes]\nmeasures = ["platform_token_share"]\n'
    )
    with pytest.raises(SimError, match=r"vendors\.old\.appeal\.api is drawn from the posterior"):
        sim.sweep(study, posterior=file, changes={"vendors.old.appeal.api": 0.1}, out=tmp_path)
    loaded = load_study(study)
    draws = draws_of(file, loaded.scenario, 3, 7)
    result = run_study(loaded, RunSettings(tmp_path, 1), model=FakeMarket, draws=draws)
    assert result.draws == draws
    drawn = draws.scenario(loaded.scenario, 1).replace({"vendors.new.appeal.api": 1.0})
    record = run_world(drawn, 7, 1, model=FakeMarket)
    stored = result.curves[SHARES].sel(point=result.points[1], replicate=1)
    np.testing.assert_array_equal(stored, record.curves[SHARES])
    assert not rebuild(result, f"{result.points[1]}/1", FakeMarket).different


def test_scenarios_are_compared_under_the_same_draw_each_with_its_own_numbers(
    duel: Any, file: Path, tmp_path: Path
) -> None:
    other = duel.replace({"vendors.old.home_share": 0.5, "families.oak.price": 5.0})
    options: dict[str, Any] = {"replicates": 4, "seed": 7, "model": FakeMarket}
    settings = RunSettings(tmp_path, 1)
    result, found = compare([duel, other], ["a", "b"], settings, posterior=file, **options)
    draws = draws_beside(file, {"a": duel, "b": other}, 4, 7)
    assert result.draws is not None
    assert result.draws.document() == draws.document()
    for name, base in (("a", duel), ("b", other)):
        world = base.replace(draws.beside[name][draws.of[2]])
        record = run_world(world, 7, 2, model=FakeMarket)
        stored = result.curves[SHARES].sel(point=name, replicate=2)
        np.testing.assert_array_equal(stored, record.curves[SHARES])
    assert found.differences[0].n == 4
    nicer = duel.replace({"vendors.new.appeal.api": 0.7})
    with pytest.raises(SimError, match=r"vendors\.new\.appeal\.api differs between a and b"):
        compare([duel, nicer], ["a", "b"], settings, posterior=file, **options)
    unlike = load(DUEL)
    with pytest.raises(
        SimError, match=r"no free number 'pull'.*; to compare at the point: --point"
    ):
        compare([duel, unlike], ["a", "b"], settings, posterior=file, **options)


def test_what_cannot_be_run_over_is_refused(duel: Any, file: Path, tmp_path: Path) -> None:
    with pytest.raises(SimError, match="of another scenario: duel has no free number 'pull'"):
        draws_of(file, load(DUEL), 4, 7)
    with pytest.raises(SimError, match="cannot read"):
        draws_of(tmp_path / "missing.parquet", duel, 4, 7)
    with pytest.raises(SimError, match="not both"):
        posterior_of(duel, file, point=True)
    draws = draws_of(file, duel, 4, 7)
    with pytest.raises(SimError, match=r"vendors\.new\.appeal\.api is drawn from the posterior"):
        refuse_drawn(draws, ["population.clients", "vendors.new.appeal.api"])
    refuse_drawn(draws, ["population.clients"])
    with pytest.raises(SimError, match="4 draws for 5 replicates"):
        plan_ensemble(duel, 5, 7, draws=draws)
    with pytest.raises(SimError, match="at least 1"):
        draws_of(file, duel, 0, 7)


def test_a_scenario_names_its_posterior_beside_it_and_nowhere_else(tmp_path: Path) -> None:
    home = tmp_path / "scenarios"
    (home / "below").mkdir(parents=True)
    base = to_toml(load(TINY))
    (home / "tiny.toml").write_text('posterior = "tiny.posterior.parquet"\n' + base)
    with pytest.raises(SimError, match=r"posterior = \"tiny\.posterior\.parquet\": no such file"):
        load(home / "tiny.toml")
    place = home / "tiny.posterior.parquet"
    write_posterior(place, tiny_posterior())
    market = load(home / "tiny.toml")
    assert posterior_of(market) == place
    assert posterior_of(market, point=True) is None
    assert posterior_of(market, TINY_POSTERIOR) == TINY_POSTERIOR
    (home / "below" / "more.toml").write_text('extends = "../tiny.toml"\nname = "more"\n')
    assert posterior_of(load(home / "below" / "more.toml")) == place
    write_posterior(tmp_path / "out.parquet", tiny_posterior())
    for name, rule in (("../out.parquet", "leads out of"), (str(place), "must be relative")):
        (home / "tiny.toml").write_text(f'posterior = "{name}"\n' + base)
        with pytest.raises(SimError, match=rule):
            load(home / "tiny.toml")
    named = load(TINY, {}).replace({"posterior": "a.parquet"})
    assert to_toml(named, posterior="a.parquet").startswith('name = "tiny"')
    assert 'posterior = "a.parquet"' in to_toml(named, posterior="a.parquet")


def test_the_split_of_a_result_repeats_its_draws_under_further_seeds(
    duel: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.runs import run as running

    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)
    result = ran(duel, tmp_path, file)
    found = run_split(result, file, 3, RunSettings(tmp_path, 1))
    assert found == json.loads((result.path / "split.json").read_text())
    assert (found["draws"], found["seeds_of_each"], found["n"]) == (6, 3, 18)
    further = Result(Path(found["folder"]))
    assert result.draws is not None
    assert further.draws is not None
    assert further.draws.of == result.draws.of * 3
    for point in (ON, OFF_MONEY_KEPT):
        np.testing.assert_array_equal(
            further.curves[SHARES].sel(point=point, replicate=range(6)),
            result.curves[SHARES].sel(point=point),
        )
    column = "challenger_platform_token_share"
    by_run = further.runs.pivot(index="replicate", columns="point", values=column)
    tau = (by_run[OFF_MONEY_KEPT] - by_run[ON]).to_numpy().reshape(3, 6).T
    expected = split_variance(tau)
    for name in ("seed", "parameters", "strategies"):
        assert found["outcomes"][TAU][name] == getattr(expected, name)
    with pytest.raises(SimError, match="at least 2"):
        run_split(result, file, 1, RunSettings(tmp_path, 1))
    with pytest.raises(SimError, match="needs a posterior"):
        run_split(ran(duel, tmp_path, None), file, 2, RunSettings(tmp_path, 1))


@pytest.mark.slow
def test_the_headline_is_asked_at_the_prior_the_point_and_the_ends_of_flat_directions_too(
    duel: Any, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    facts = {"flat": [{"variance": 1.0, "loadings": {"pull": 0.8, "charm": -0.6}}]}
    over = posterior(rng.normal(0.5, 0.4, 200), rng.normal(0.8, 0.2, 200))
    write_posterior(
        tmp_path / "duel.posterior.parquet",
        replace(over, provenance=over.provenance | facts),
    )

    def asked() -> list[Headline]:
        options: dict[str, Any] = {"draws": 10, "seeds": 2, "model": FakeMarket}
        settings = RunSettings(tmp_path, 1)
        return list(headline(duel, tmp_path / "duel.posterior.parquet", settings, **options))

    found = asked()
    names = ["posterior", "prior", "point", "flat-1-low", "flat-1-high"]
    assert [one.view for one in found] == names
    assert [one.n for one in found] == [20] * 5
    over_posterior, prior, point, low, high = found
    assert point.draws == 0
    assert point.parts == {"seed": 1.0}
    assert sum(over_posterior.parts.values()) == pytest.approx(1.0)
    assert sum(share for share, _, _ in prior.classes.values()) == pytest.approx(1.0)
    assert sorted(prior.definitions) == ["D1", "D2", "D3", "D4", "D5", "D6"]
    # charm is what the levers take away: tau is less at the end where charm is low
    assert high.tau[0] < low.tau[0]
    assert prior.tau[2] - prior.tau[1] > over_posterior.tau[2] - over_posterior.tau[1]
    (folder,) = tmp_path.glob("headline-*")
    ends = [read_posterior(folder / f"flat-1-{end}.posterior.parquet") for end in ("low", "high")]
    place = [0.8 * one.draws["pull"] - 0.6 * one.draws["charm"] for one in ends]
    assert place[0].max() < place[1].min()
    assert [len(one.draws) for one in ends] == [40, 40]
    wide = read_posterior(folder / "prior.posterior.parquet").draws["pull"]
    assert np.histogram(wide, 10, (-3.0, 3.0))[0].tolist() == [1] * 10
    assert asked() == found


@pytest.mark.slow
def test_sim_run_takes_the_posterior_that_the_scenario_names(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.runs import run as running

    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)
    path = tmp_path / "duel.toml"
    text = to_toml(load(DUEL).replace({"fit": FITS}), posterior=file.name)
    path.write_text(text)
    run: Callable[..., Any] = lambda **options: sim.run(path, workers=1, out=tmp_path, **options)  # noqa: E731
    over, point, given = run(), run(point=True), run(posterior=file)
    assert over.path == given.path
    assert over.verdict["posterior"]["draws"] == 4
    assert point.posterior is None
    assert "posterior" not in point.verdict
    assert over.scenario_hash == point.scenario_hash
    assert load(over.path / "scenario.toml") == load(point.path / "scenario.toml")
    more = run(until_halfwidth=0.3)
    assert more.draws.of[:4] == over.draws.of
    with pytest.raises(SimError, match="needs a posterior"):
        run(point=True, split_variance=2)
    assert run(split_variance=2).path == over.path
    assert (over.path / "split.json").is_file()


class MarketWithSurplus(FakeMarket):
    dims: ClassVar[dict[str, tuple[str, ...]]] = {**FakeMarket.dims, "consumer_surplus": ()}

    def run(self) -> None:
        super().run()
        self.curves["consumer_surplus"] = self.curves["hhi"]


def stored_again(result: Result, draws: Any, name: str, replicate: int, world: Any) -> None:
    """The stored run is that of a world in the replicate's draw."""
    assert result.draws == draws
    record = run_world(world, 7, replicate, model=FakeMarket)
    stored = result.curves[SHARES].sel(point=name, replicate=replicate)
    np.testing.assert_array_equal(stored, record.curves[SHARES])


@pytest.mark.slow
def test_attribution_frontier_and_tournament_are_made_in_each_draw(
    duel: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.analysis.attribution.attribute import attribute
    from sim.analysis.frontier.frontier import Axis, frontier
    from sim.analysis.games.profiles import parse_named, play
    from sim.analysis.games.tournament import tournament
    from sim.analysis.verdict.grounds import grounds_line
    from sim.runs import run as running

    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)
    draws, settings = draws_of(file, duel, 3, 7), RunSettings(tmp_path, 1)
    market = draws.scenario(duel, 1)
    (result, found), (frozen, _) = attribute(
        duel, ["rules", "priors"], None, settings, replicates=3, seed=7, draws=draws
    )
    assert frozen.draws is None
    assert found.rows
    off = {world.name: world.scenario for world in worlds_of(market)}[OFF_MONEY_KEPT]
    stored_again(result, draws, OFF_MONEY_KEPT, 1, off)

    x = Axis("vendors.new.appeal.api", 0.0, 1.0, "-")
    y = Axis("levers.charm.intensity", 0.0, 1.0, "-")
    result, lines = frontier(
        duel, x, y, settings, runs_a_point=3, coarse=2, depth=0, seed=7, draws=draws
    )
    assert "over the posterior" in grounds_line(lines)
    here = market.replace({x.path: 1.0, y.path: 0.5})
    stored_again(result, draws, "x2y1_on", 1, here)

    monkeypatch.setattr(running, "_market_model", lambda: MarketWithSurplus)
    names = (["cost_plus"], ["match"])
    result, _ = tournament(duel, *names, settings, replicates=3, seed=7, draws=draws)
    played = play(market, "old", parse_named("without_levers"))
    played = play(played, "new", parse_named("match"))
    (name,) = [p for p in result.points if "without_levers" in p and "match" in p]
    stored_again(result, draws, name, 1, played)


def test_sim_check_refuses_a_posterior_of_another_scenario(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "duel.toml"
    told = []
    for fits in ([], FITS):
        path.write_text(to_toml(load(DUEL).replace({"fit": fits}), posterior=file.name))
        with pytest.raises(SystemExit) as stopped:
            main(["check", str(path)])
        told.append((stopped.value.code or 0, "".join(capsys.readouterr())))
    assert [code for code, _ in told] == [2, 0]
    assert "of another scenario: duel has no free number 'pull'" in told[0][1]
