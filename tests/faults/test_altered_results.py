"""A scenario that was changed by hand after its runs is named in one line, never a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.analysis.verdict.grounds import refuse_altered
from sim.api import open_result
from sim.cli import main
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, read_json
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from tests.unit.market.tiny import changed


def made(out: Path) -> Result:
    market = changed({"population.clients": 60}, months=3)
    return run_ensemble(market, RunSettings(workers=1, out=out), replicates=2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole")).path


@pytest.fixture
def altered(whole: Path, tmp_path: Path) -> Callable[..., Path]:
    def write(*changes: tuple[str, str]) -> Path:
        folder = tmp_path / whole.name
        shutil.copytree(whole, folder)
        path = folder / "scenario.toml"
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return folder

    return write


RENAMED = (("[vendors.third", "[vendors.fourth"), ('"third"', '"fourth"'))
SHORTER = (("months = 3\n", "months = 2\n"),)
DEARER = (("markup = 0.6", "markup = 0.7"),)


@pytest.mark.parametrize("verb", [["plot"], ["report"], ["explain", "--vendor", "volcano"]])
@pytest.mark.parametrize(("changes", "told"), [(RENAMED, "vendor"), (DEARER, "hash is")])
def test_plot_report_and_explain_refuse_it(
    altered: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    verb: list[str],
    changes: tuple[tuple[str, str], ...],
    told: str,
) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb[0], str(altered(*changes)), *verb[1:]])
    said = capsys.readouterr().err.strip()
    assert end.value.code == 2
    assert "scenario.toml was altered after the runs" in said
    assert told in said
    assert "\n" not in said


def test_what_is_as_it_was_is_taken(whole: Path) -> None:
    refuse_altered(open_result(whole))


def test_a_vendor_is_missed_whatever_code_made_the_runs(altered: Callable[..., Path]) -> None:
    folder = altered(*RENAMED)
    manifest = read_json(folder / "manifest.json")
    manifest["code"]["fingerprint"] = "other"
    (folder / "manifest.json").write_bytes(json_bytes(manifest))
    with pytest.raises(SimError, match="vendor fourth, third"):
        refuse_altered(open_result(folder))


def test_other_code_may_hash_the_same_scenario_otherwise(altered: Callable[..., Path]) -> None:
    folder = altered(*DEARER)
    with pytest.raises(SimError, match="its hash is"):
        refuse_altered(open_result(folder))
    manifest = read_json(folder / "manifest.json")
    manifest["code"]["fingerprint"] = "other"
    (folder / "manifest.json").write_bytes(json_bytes(manifest))
    refuse_altered(open_result(folder))


def test_the_command_that_made_it_mends_it(altered: Callable[..., Path]) -> None:
    folder = altered(*SHORTER)
    assert made(folder.parent).path == folder
    refuse_altered(open_result(folder))
    assert list(folder.glob("scenario.toml.old*"))


def test_findings_are_keyed_by_name_and_speak_in_labels(whole: Path) -> None:
    result = open_result(whole)
    document, vendors = result.verdict, result.scenario.vendors
    entry = document["verdicts"][document["primary"]]
    for measure in ("token_share", "revenue_share"):
        assert set(entry[measure]) == {*vendors}
    assert {entry["incumbent"], entry["challenger"]} <= {*vendors}
    assert {one["vendor"] for one in entry["diversion"]} <= {*vendors, None}
    labels = {name: vendor.label or name for name, vendor in vendors.items()}
    assert entry["labels"] == labels
    assert labels[entry["challenger"]] in " ".join(document["sentences"])
