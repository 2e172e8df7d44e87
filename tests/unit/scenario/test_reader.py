"""Reading files: extends, overrides, limits, and refusal of everything else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario.reader import LARGEST_FILE, LONGEST_CHAIN, load, parse_override

Write = Callable[..., Path]


def refused(path: Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path, overrides)
    return str(caught.value)


def test_loads_typed_values(write: Write) -> None:
    scenario = load(write())
    assert scenario.calendar.start == date(2024, 1, 1)
    assert scenario.segments["state"].rules == ("data_residency",)
    assert scenario.events[0].what == "price_cut"
    assert scenario.population.clients == 20_000  # default


def test_child_merges_tables_and_appends_lists_of_tables(write: Write) -> None:
    write()
    child = write(
        "child.toml",
        'extends = "market.toml"\nname = "child"\ncalendar.months = 24\n'
        'segments.state.rules = ["open_weights_only"]\n'
        '[[events]]\nmonth = 2024-09-01\nwhat = "attention"\nawareness_gain = 1.0\n',
    )
    scenario = load(child)
    assert (scenario.name, scenario.calendar.months) == ("child", 24)
    assert scenario.calendar.start == date(2024, 1, 1)
    assert [event.what for event in scenario.events] == ["price_cut", "price_list", "attention"]
    assert scenario.segments["state"].rules == ("open_weights_only",)


def test_another_strategy_drops_the_parameters_of_the_old(write: Write) -> None:
    write()
    child = write(
        "child.toml",
        'extends = "market.toml"\nvendors.new_cloud.pricing.strategy = "cost_plus"\n',
    )
    assert load(child).vendors["new_cloud"].pricing == {"strategy": "cost_plus"}
    same = write(
        "same.toml",
        'extends = "market.toml"\nvendors.new_cloud.pricing.depth = 0.1\n',
    )
    assert load(same).vendors["new_cloud"].pricing == {
        "strategy": "penetration",
        "target_share": 0.6,
        "depth": 0.1,
    }


def test_chain_of_extends_and_folders(write: Write) -> None:
    write()
    write("deep/b.toml", 'extends = "../market.toml"\ncalendar.months = 20\n')
    last = write("deep/c.toml", 'extends = "b.toml"\nname = "c"\n')
    assert load(last).calendar.months == 20


def test_extends_stays_in_the_scenarios_folder(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text("name = 'x'")
    assert "leads out of scenarios/" in refused(write("a.toml", 'extends = "../secret.toml"'))
    assert "must be relative" in refused(write("b.toml", f'extends = "{tmp_path}/secret.toml"'))
    link = tmp_path / "scenarios" / "link.toml"
    link.symlink_to(tmp_path / "secret.toml")
    assert "leads out of scenarios/" in refused(write("c.toml", 'extends = "link.toml"'))
    assert "must be the path" in refused(write("d.toml", "extends = 3"))


def test_without_a_scenarios_folder_extends_stays_in_the_own(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("name = 'x'")
    (tmp_path / "sub").mkdir()
    child = tmp_path / "sub" / "child.toml"
    child.write_text('extends = "../base.toml"')
    assert "leads out of sub/" in refused(child)


def test_circles_of_links_and_long_chains_are_refused(write: Write, tmp_path: Path) -> None:
    loop = tmp_path / "scenarios" / "loop.toml"
    child = write("a.toml", 'extends = "loop.toml"')
    loop.symlink_to(loop)
    assert "extends" in refused(child)
    write("0.toml", "")
    for number in range(1, LONGEST_CHAIN + 2):
        last = write(f"{number}.toml", f'extends = "{number - 1}.toml"')
    assert f"more than {LONGEST_CHAIN} files deep" in refused(last)


def test_problem_names_the_file_of_the_value(write: Write) -> None:
    base = write()
    child = write("child.toml", 'extends = "market.toml"\ndemand.box_cox = 2.0\n')
    assert refused(child).startswith(f"{child}: demand.box_cox = 2.0")
    base.write_text(base.read_text().replace("price = 8.0", "price = -8.0"))
    child.write_text('extends = "market.toml"\n')
    assert refused(child).startswith(f"{base}: families.new_closed.price = -8.0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=3", ("a.b", 3)),
        ("a = 0.5", ("a", 0.5)),
        ("a=nash", ("a", "nash")),
        ('a="1"', ("a", "1")),
        ("a=true", ("a", True)),
        ("a=2024-05-01", ("a", date(2024, 5, 1))),
        ("a=[1, 2]", ("a", [1, 2])),
        ("a=x=y", ("a", "x=y")),
        ("a=1\nb=2", ("a", "1\nb=2")),
        ("a=", ("a", "")),
    ],
)
def test_override_values(text: str, expected: tuple[str, Any]) -> None:
    assert parse_override(text) == expected


def test_overrides_from_text_and_mapping(write: Write) -> None:
    path = write()
    wanted = {
        "vendors.new_cloud.pricing.strategy": "cost_plus",
        "vendors.new_cloud.pricing.markup": 0.1,
    }
    for overrides in (wanted, [f"{key}={value}" for key, value in reversed(wanted.items())]):
        scenario = load(path, overrides)  # type: ignore[arg-type]
        assert scenario.vendors["new_cloud"].pricing == {"strategy": "cost_plus", "markup": 0.1}


def test_override_begins_tables_and_reaches_lists(write: Write) -> None:
    scenario = load(write(), ["demand.review.api=0.2", "hosts.0.price=3.0", "events.0.source=x"])
    assert scenario.demand.review.api == 0.2
    assert scenario.hosts[0].price == 3.0
    assert scenario.events[0].source == "x"


def test_wrong_overrides_come_together(write: Write) -> None:
    text = refused(
        write(),
        "demand.revew.api=1",
        "vendors.new_clod.home_share=0.1",
        "x",
        "hosts.4.price=1",
        "name.first=x",
        "demand.box_cox=9",
    )
    assert "demand.revew.api = 1: no such path (nearest: review)" in text
    assert "vendors.new_clod.home_share = 0.1: no such path (nearest: new_cloud)" in text
    assert "must be dotted.path=value" in text
    assert "hosts.4.price = 1: no such entry of the list (entries: 0 to 0)" in text
    assert "name.first" in text
    assert "--set: demand.box_cox = 9: must be less than or equal to 1" in text
    assert text.count("\n") == 5


def test_limits(write: Write) -> None:
    assert "is larger than" in refused(write("a.toml", "#" * (LARGEST_FILE + 1)))
    assert "nested too deep" in refused(write("b.toml", "a = " + "[" * 100_000))
    assert "nested too deep" in refused(write("c.toml", "a" + ".a" * 200 + " = 1"))
    assert "nested deeper than" in refused(write("c.toml", "a" + ".a" * 20 + " = 1"))
    assert "integer" in refused(write("d.toml", "a = " + "9" * 5_000))
    assert "shorter than" in refused(write("e.toml", f'name = "{"x" * 30_000}"'))
    assert "too large" in refused(write("f.toml", f"a = [{'1,' * 300_000}]"))


def test_no_text_no_file(write: Write, tmp_path: Path) -> None:
    path = write("a.toml")
    path.write_bytes(b'name = "a"\nb = "\xff"')
    assert "line 2 is no UTF-8 text" in refused(path)
    assert "(file)" in refused(Path("a\0b"))
    assert "is no regular file" in refused(tmp_path)
    assert "no such file" in refused(tmp_path / "x.toml")


def test_syntax_error_names_line_and_column(write: Write) -> None:
    assert "line 2, column 5 = (text): no TOML" in refused(write("a.toml", "a = 1\nb = = 1\n"))
    assert "line 1, column" in refused(write("b.toml", 'a = "x'))


def test_byte_order_mark_and_windows_lines_are_read(write: Write) -> None:
    path = write()
    text = path.read_text().replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(path).name == "market"


def test_error_survives_pickling(write: Write) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(write("a.toml", "x = 1"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=200))
def test_no_text_gives_a_traceback(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage.toml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    with pytest.raises(ScenarioError):
        load(path)


@settings(max_examples=80, deadline=None)
@given(overrides=st.lists(st.text(max_size=40), max_size=4))
def test_no_override_gives_a_traceback(
    overrides: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "empty.toml"
    path.write_text("")
    with pytest.raises(ScenarioError):
        load(path, overrides)
