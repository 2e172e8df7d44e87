from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.runs.plan import plan_sweep
from sim.runs.study.reader import load_study
from tests.unit.runs.fake_market import DUEL
from tests.unit.study.conftest import TEXT

Write = Callable[..., Path]
CASES = {
    "misspelt factor": (("new.appeal.api", "new.appeal.app"), "appeal.app", "nearest: api"),
    "misspelt vendor": (("vendors.new.appeal", "vendors.neww.appeal"), "neww", "nearest: new"),
    "outside its range": (("high = 1.0", "high = 1e9"), "new.appeal.api", "less than or equal"),
    "unknown strategy": (('"nash"', '"nahs"'), '"nahs"', "nearest: nash"),
    "range upside down": (("low = 0.0", "low = 2.0"), "2.0", "below high = 1"),
    "no ends": (("low = 0.0, high = 1.0", ""), "new.appeal.api", "needs low and high"),
    "shared by all": (("vendors.new.appeal.api", "calendar.months"), "calendar", "share it"),
    "key of the study": (("replicates", "replicate"), "replicate", "nearest: replicates"),
    "key of a factor": (("low = 0.0", "lowest = 0.0"), "lowest", "nearest: low"),
    "unknown measure": (('"platform_token_share"', '"token_share"'), "token_share", "nearest: "),
    "unknown party": (('of = "new"', 'of = "newer"'), "newer", "nearest: new"),
    "cannot fail": (("below = 0.6", "below = 1.0"), "1.0", "cannot fail"),
    "cannot fail above": (("below = 0.6", "above = 0.0"), "0.0", "cannot fail"),
    "cannot hold": (("below = 0.6", "above = 1.0"), "1.0", "cannot hold"),
    "no limit": (("below = 0.6", ""), "claims.new_stays_small", "exactly one"),
    "sure": (("below = 0.6", "below = 0.6\nprobability = 1.0"), "1.0", "between 0 and 1"),
    "window": (("below = 0.6", "below = 0.6\nwindow_months = 99"), "99", "between 1 and 14"),
    "sobol": (("latin_hypercube", "sobol"), "design.points", "nearest: 4, 8"),
    "where": (("below = 0.6", 'below = 0.6\nwhere = { "a.b" = 1 }'), '"a.b"', "no such factor"),
    "no csv": (('kind = "latin_hypercube"', 'kind = "list"'), "design.file", "needs a CSV"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_told_in_one_line_with_the_nearest_name(
    study_file: Write, case: str
) -> None:
    change, place, told = CASES[case]
    with pytest.raises(ScenarioError if case != "sobol" else Exception) as refused:
        load_study(study_file(change))
    (line,) = str(refused.value).splitlines()
    assert "appeal.toml" in line
    assert place in line
    assert told in line


def test_everything_wrong_is_told_at_once(study_file: Write) -> None:
    path = study_file(
        ('"nash"', '"nahs"'), ("high = 1.0", "high = 1e9"), ("below = 0.6", "below = 2")
    )
    with pytest.raises(ScenarioError) as refused:
        load_study(path)
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("case", ["misspelt factor", "outside its range", "unknown strategy"])
def test_the_verb_refuses_before_the_first_run(
    study_file: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sweep", str(study_file(CASES[case][0])), "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    told = capsys.readouterr()
    assert CASES[case][2] in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "out").exists()


def test_conditions_name_what_can_occur(study_file: Write) -> None:
    with pytest.raises(ScenarioError) as refused:
        load_study(study_file(text=TEXT))
    assert "never occurs" in str(refused.value)
    fine = study_file(('["list", "nash"]', '["list", "cost_plus"]'), text=TEXT)
    points = load_study(fine).points
    markup, strategy = "vendors.new.pricing.markup", "vendors.new.pricing.strategy"
    assert {point[strategy] for point in points} == {"list", "cost_plus"}
    assert all((markup in point) == (point[strategy] == "cost_plus") for point in points)


def test_worlds_are_a_factor(study_file: Write) -> None:
    old = '"vendors.new.pricing.strategy" = ["list", "nash"]'
    points = load_study(study_file((old, 'world = ["on", "off_money_kept"]'))).points
    assert {point["world"] for point in points} == {"on", "off_money_kept"}
    with pytest.raises(ScenarioError, match="nearest: off_money_kept"):
        load_study(study_file((old, 'world = ["on", "off_money_keep"]')))


LIST = f"""
scenario = "{DUEL}"
design = {{ kind = "list", file = "points.csv" }}
[uncertainties]
"vendors.new.appeal.api" = {{ low = 0.0, high = 1.0 }}
"""


def test_points_come_from_a_csv(study_file: Write, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(
        "vendors.new.appeal.api,vendors.new.pricing.strategy\n0.25,nash\n0.75,\n"
    )
    loaded = load_study(study_file(text=LIST))
    api, strategy = "vendors.new.appeal.api", "vendors.new.pricing.strategy"
    assert loaded.points == ({api: 0.25, strategy: "nash"}, {api: 0.75})
    assert {f.path: f.role for f in loaded.factors} == {api: "uncertainties", strategy: "levers"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("vendors.new.appeal.api\n7.0\n", "must lie between 0 and 1"),
        ("vendors.new.appeal.apy\n0.5\n", "no such column"),
        ("vendors.new.appeal.api,vendors.new.pricing.strategy\n0.5,nahs\n", "nearest: nash"),
        ("vendors.new.appeal.api\n", "has no point"),
    ],
)
def test_a_csv_is_checked_before_the_first_run(
    study_file: Write, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(ScenarioError, match=told):
        load_study(study_file(text=LIST))


def test_other_inputs_other_folder(study_file: Write) -> None:
    plans = [
        plan_sweep(load_study(study_file())),
        plan_sweep(load_study(study_file()), replicates=6),
        plan_sweep(load_study(study_file()), seed=8),
        plan_sweep(load_study(study_file(("seed = 3", "seed = 4")))),
        plan_sweep(load_study(study_file(("below = 0.6", "below = 0.5")))),
        plan_sweep(load_study(study_file(), ["population.clients=50"])),
    ]
    assert len({plan.folder_name for plan in plans}) == len(plans)
    assert plan_sweep(load_study(study_file())).folder_name == plans[0].folder_name


def test_blocks_are_about_a_second_of_work_and_follow_from_the_study(study_file: Write) -> None:
    sized = study_file(("runs_per_block = 4\n", ""), ("points = 7", "points = 1000"))
    small = plan_sweep(load_study(sized)).grid
    large = plan_sweep(load_study(sized, ["population.clients=1_000_000"])).grid
    assert 10 <= small.points_a_block * small.replicates_a_block <= 512
    assert large.points_a_block * large.replicates_a_block == 1
    assert small.replicates_a_block == 5
