"""`sim check` refuses wrong files with path, value and rule, and never with a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli import main

WRONG = Path(__file__).parent / "wrong"
Run = Callable[..., tuple[int, str, str]]

CASES = {
    "unknown_key": ("calender", "{months}", "unknown key (nearest: calendar)"),
    "unknown_nested_key": ("demand.box_coxx", "0.5", "unknown key (nearest: box_cox)"),
    "wrong_type": ("population.clients", '"many"', "must be a valid integer"),
    "out_of_range": ("demand.box_cox", "2.0", "must be less than or equal to 1"),
    "not_a_number": ("vendors.old_cloud.home_share", "nan", "must be a finite number"),
    "infinite": ("supply.rent", "inf", "must be a finite number"),
    "huge_integer": ("population.represents", "99999999999999999999999", "must be between"),
    "duplicate_key": ("line 3, column 21", "(text)", "a key or table stands twice"),
    "broken_syntax": ("line 2, column 19", "(text)", "no TOML"),
    "missing_value": ("segments.trade.share", "(absent)", "is required"),
    "table_expected": ("vendors.third", "3", "must be a table"),
    "segments_do_not_add_up": ("segments.*.share", "1.5 in all", "must add up to 1"),
    "regions_do_not_add_up": ("regions.*.share", "0.4 in all", "must add up to 1"),
    "too_many_homes": ("vendors.*.home_share", "1.1 in all", "must not pass 1"),
    "unknown_contestant": ("contest.incumbent", '"old_clod"', "nearest: old_cloud"),
    "contest_with_itself": ("contest.challenger", "old_cloud", "must be another vendor"),
    "unknown_owner": ("families.new_closed.owner", '"nobody"', "no such vendor"),
    "closed_family_hosted": ("hosts.0.family", "old_open", "only an open family can be hosted"),
    "unknown_strategy": ("vendors.old_cloud.pricing.strategy", '"penetratio"', "penetration"),
    "unknown_parameter": ("vendors.new_cloud.pricing.target_shar", "0.4", "nearest: target_share"),
    "parameter_out_of_range": ("vendors.new_cloud.pricing.target_share", "4", "less than or equal"),
    "unknown_openness": ("vendors.new_cloud.openness.strategy", '"ajar"', "no such openness"),
    "unknown_event": ("events.0.what", '"no_such_event"', "no such kind of event"),
    "lever_off_path": ("levers.open_source.off", "families.old_opn.weights", "nearest: old_open"),
    "lever_off_value": ("levers.open_source.off", "demand.box_cox = 7.0", "less than or equal"),
    "reserved_name": ("vendors.own_machines", '"own_machines"', "reserved"),
    "bad_name": ("vendors.a.b", '"a.b"', "a name is a letter"),
    "unknown_segment_in_roots": ("vendors.old_cloud.roots.finance", '"finance"', "no such segment"),
    "unknown_kind_in_strengths": ("families.old_open.strengths.coding", '"coding"', "no such kind"),
    "free_stack": ("vendors.old_cloud.capacity.initial", "0.0", "without accelerators"),
    "nobody_rents": ("kinds.training.unit", "accelerator_hours", "no vendor rents"),
    "window_too_long": ("containment.window_months", "13", "must not pass calendar.months = 12"),
    "price_under_floor": ("families.new_closed.price", "8.0", "below decisions.lowest_price"),
    "source_of_nothing": ("sources.0.path", '"demand.box_coxx"', "nearest: demand.box_cox"),
    "event_before_start": ("events.0.month", "2023-12-01", "before the first month 2024-01-01"),
    "event_of_stranger": ("events.0.vendor", '"nobody"', "no such vendor"),
    "event_key": ("events.0.pric", "0.8", "unknown key"),
    "event_without_price": ("events.0", "price_list", "state either"),
    "cut_that_raises": ("events.1", "7.0", "a price_cut must not raise 6"),
    "list_of_no_offer": ("events.0.vendor", '"old_cloud"', "cannot serve new_closed"),
    "event_of_no_lever": ("events.0.lever", '"warr"', "no such lever"),
    "host_of_own_family": ("hosts.1.vendor", "old_cloud", "serves its own family"),
    "no_month": ("calendar.start", '"2024-13"', "month must be in 1..12"),
    "out_of_folder": ("extends", '"../base.toml"', "leads out of wrong/"),
    "far_future": ("calendar.start", "9999-06-01", "must lie in the years 1900 to 2200"),
    "too_many_vendors": ("vendors", "61 vendors", "must be at most 60"),
    "negative_money": ("budget.freed.old_cloud", "-1.0", "must not be negative"),
    "no_colour": ("vendors.old_cloud.colour", '"red"', "must match pattern"),
    "lever_off_calendar": ("levers.open_source.off", "calendar.months", "is no move of a vendor"),
    "lever_adds_vendor": ("levers.open_source.off", "vendors.fourth", "must not add or remove"),
    "broken_name": ("vendors.a\\nb", '"a\\nb"', "a name is a letter"),
    "circle": ("extends", '"circle.toml"', "goes round in a circle"),
    "no_base": ("extends", '"nowhere.toml"', "no such file"),
}

MANY = {
    "many_events": "events.0.what events.1.month events.2 events.3.vendor events.4.capability",
    "many_hosts": "families.third.owner hosts.1.vendor hosts.2.vendor "
    "vendors.new_cloud.capacity.initial levers.open_source.off",
    "many_levers": "levers.price.cost levers.theirs.vendor levers.open_source.off "
    "levers.years.off levers.price.off",
    "many_missing": "segments.industry.share segments.industry.size_factor "
    "kinds.assistant.presence vendors.old_cloud.home_share families.reed.owner "
    "families.reed.price contest.challenger",
    "many_names": "vendors.own_machines vendors.a_b calendar.start contest.challenger "
    "families.third.strengths.coding",
    "many_numbers": "supply.rent population.represents budget.freed.old_cloud "
    "containment.window_months sources.0.flag",
    "many_strategies": "vendors.old_cloud.pricing.strategy vendors.old_cloud.marketing.budget "
    "vendors.old_cloud.openness.strategy vendors.new_cloud.pricing.target_share "
    "vendors.*.home_share",
    "many_study_claims": "claims.small.measure claims.small.probability "
    "claims.small.window_months claims.small.where claims.large.of claims.large "
    "outcomes.measures outcomes.stride_months",
    "many_study_factors": 'levers."calendar.months" '
    'uncertainties."families.new_closed.price".low '
    'uncertainties."families.old_open.price".when '
    'levers."vendors.old_cloud.pricing.strategy" uncertainties."demand.box_coxx" '
    'uncertainties."demand.box_cox"',
    "many_study_list": "replicates.until_halfwidth design.file "
    'levers."demand.box_cox" outcomes.measures',
    "many_study_scenario": 'replicates sed set."demand.box_coxx" vendors.*.home_share '
    'set."containment.window_months" levers."vendors.old_cloud.pricing.strategy" design.points',
    "many_sums": "segments.*.share regions.*.share vendors.*.home_share "
    "families.old_open.strengths.coding vendors.old_cloud.roots.finance",
    "many_syntax": "line_2,_column_9 line_5,_column_19 demand.box_cox "
    "vendors.new_cloud.rents containment.window_months",
    "many_types": "families.old_open.price population.clients demand.box_cox demand.box_coxx "
    "vendors.*.home_share containment.window_months",
    "many_without_base": "extends vendors.new_cloud.pricing.strategy calendar.months "
    "demand.box_cox nam",
}
"""Files with several independent errors and the places of all of them."""


@pytest.fixture
def sim(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        seen = capsys.readouterr()
        return int(stop.value.code or 0), seen.out, seen.err

    return run


def test_base_is_fine(sim: Run) -> None:
    code, out, err = sim("check", WRONG / "base.toml")
    assert (code, err) == (0, "")
    assert "base.toml: fine; 12 months from 2024-01-01, 2 vendors, 2 families" in out


def test_every_wrong_file_has_a_case() -> None:
    files = {path.stem for path in WRONG.glob("*.toml")}
    assert files == {*CASES, *MANY, "base", "several"}


@pytest.mark.parametrize("name", CASES)
def test_wrong_file_is_refused(name: str, sim: Run) -> None:
    code, out, err = sim("check", WRONG / f"{name}.toml")
    path, value, rule = CASES[name]
    hits = [line for line in err.splitlines() if f": {path} = {value}" in line]
    assert code == 2
    assert out == ""
    assert len(hits) == 1, err
    assert rule in hits[0]
    assert hits[0].startswith(str(WRONG))
    assert "Traceback" not in err


def test_one_problem_gives_one_line(sim: Run) -> None:
    _, _, err = sim("check", WRONG / "out_of_range.toml")
    assert err.count("\n") == 1


def test_problem_names_the_file_that_holds_it(sim: Run) -> None:
    _, _, err = sim("check", WRONG / "price_under_floor.toml")
    assert f"{WRONG / 'base.toml'}: families.new_closed.price" in err


def test_several_problems_come_together(sim: Run) -> None:
    code, _, err = sim("check", WRONG / "several.toml")
    assert code == 2
    for path in (
        "nam =",
        "demand.box_cox =",
        "vendors.old_cloud.rents =",
        "vendors.old_cloud.pricing.strategy =",
        "containment.window_months =",
        "vendors.*.home_share = 1.1 in all",
    ):
        assert f": {path}" in err
    assert err.count("\n") == 6


@pytest.mark.parametrize("name", MANY)
def test_all_that_is_wrong_comes_in_one_round(name: str, sim: Run) -> None:
    code, out, err = sim("check", WRONG / f"{name}.toml")
    places = [line.split(".toml: ", 1)[1].split(" = ")[0] for line in err.splitlines()]
    assert (code, out) == (2, "")
    assert sorted(place.replace(" ", "_") for place in places) == sorted(MANY[name].split())


def test_wrong_overrides_come_with_what_is_wrong_in_the_file(sim: Run) -> None:
    changes = ("demand.box_coxx=1", "no_value", "vendors.old_cloud.home_share=0.9")
    options = [item for change in changes for item in ("--set", change)]
    _, _, err = sim("check", WRONG / "window_too_long.toml", *options)
    assert [line.split(" = ")[0].split(": ", 1)[1] for line in err.splitlines()] == [
        "no_value",
        "demand.box_coxx",
        "vendors.*.home_share",
        "containment.window_months",
    ]


def test_a_study_is_checked_without_a_run(sim: Run) -> None:
    code, out, err = sim("check", "open-weights", "tiny")
    assert (code, err) == (0, "")
    assert "a study of tiny: 2 levers, 1 uncertainties, grid, 12 points x 4" in out
    assert "tiny: fine; 18 months" in out


def test_a_study_is_no_scenario_and_says_so(sim: Run, tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text('scenario = "tiny"\n[levers]\n"demand.box_cox" = [0.1, 0.2]\n')
    code, _, err = sim("run", study)
    assert code == 2
    assert f"sim sweep {study} runs it" in err


def test_several_files_come_together(sim: Run) -> None:
    code, out, err = sim(
        "check", WRONG / "circle.toml", WRONG / "base.toml", WRONG / "out_of_range.toml"
    )
    assert code == 2
    assert "base.toml: fine" in out
    assert "circle.toml" in err
    assert "out_of_range.toml" in err


def test_missing_file_and_folder(sim: Run, tmp_path: Path) -> None:
    code, _, err = sim("check", tmp_path / "none.toml", tmp_path)
    assert code == 2
    assert "no such file" in err
    assert "is no regular file" in err
    assert err.count("\n") == 2


def test_override_reaches_the_check(sim: Run) -> None:
    code, _, err = sim("check", WRONG / "base.toml", "--set", "demand.box_cox=3")
    assert code == 2
    assert err.startswith("--set: demand.box_cox = 3: must be less than or equal to 1")


def test_sources_lists_unsourced_numbers(sim: Run) -> None:
    code, out, _ = sim("check", WRONG / "base.toml", "--sources")
    assert code == 0
    assert "  families.old_open.price\n" in out
    assert "vendors.new_cloud.pricing.target_share" not in out  # equals its default


def test_control_characters_are_escaped(sim: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('"\\u001b[2J" = 1\n')
    code, _, err = sim("check", file)
    assert code == 2
    assert "\x1b" not in err
    assert "\\x1b[2J = 1: unknown key" in err
