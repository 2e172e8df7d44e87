"""Verbs about stored results: status, export, plot, report, explain."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import complain, printable
from sim.cli.options import RESULTS, ResultFolder, print_json, result_folders, table_lines

if TYPE_CHECKING:
    from sim.runs.folders import Folder
    from sim.runs.result import Result

DISAGREEMENT = 1
SHOWN = 20
LISTED = 20  # folders of `sim results`
PATHS_SHOWN = 5  # changed settings of a folder
COLUMNS = 80
CELL = 24
FINISHED = ("done", "failed")


def status(
    folder: ResultFolder,
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say how many runs are pending, done, failed and aborted; nothing is changed."""
    from sim.runs.stored import status_of

    found = status_of(folder)
    if json_:
        print_json(found)
        return
    runs, blocks, state = found["runs"], found["blocks"], found["status"]
    if found["in_use_by"]:
        state = f"in use by {found['in_use_by']}"
    elif state == "running":
        state = "stopped; the command that began it goes on"
    print(f"{found['name']}: {state}")
    for name in ("done", "failed", "aborted", "pending"):
        print(f"{name:<9}{runs[name]:>10,} of {runs['all']:,} runs")
    print(f"blocks   {blocks['all'] - blocks['left']:>10,} of {blocks['all']:,}")


def export(
    result: ResultFolder,
    csv: Annotated[bool, typer.Option("--csv", help="CSV, the one format there is.")] = True,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this measure; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the tables [default: tables/].")
    ] = None,
) -> None:
    """Write one row a run, and one row a number for every curve, with the factor values."""
    from sim.api import open_result
    from sim.runs.result import export_csv

    for path in export_csv(open_result(result), out, measure):
        print(path)


def plot(
    result: ResultFolder,
    kinds: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND]...", help="Plots by name (see `sim list`) [default: all that can be]."
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="Measure for the plots that take one, repeatable."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="FACTOR", help="Of a sweep: draw by this factor, repeatable."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FACTOR=VALUE", help="Of a sweep: only these points, repeatable."),
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Write SVG beside PNG.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files [default: figures in the result].")
    ] = None,
) -> None:
    """Draw figures of a stored result, each with its numbers as CSV beside it."""
    from sim.api import open_result
    from sim.errors import SimError
    from sim.plot.save import save
    from sim.runs.executors import default_workers
    from sim.runs.settings import figures_on_stderr

    if folders := [kind for kind in kinds or () if Path(kind).is_dir()]:
        raise SimError(
            f"sim plot draws one result: {result} and {', '.join(folders)} are folders; the result "
            "comes first, then kinds of plots, as in: sim plot latest curves"
        )
    with figures_on_stderr() as progress:
        paths = save(
            open_result(result),
            kinds or None,
            out,
            measures=measure or None,
            by=by or (),
            where=_chosen(where or ()),
            svg=svg,
            skipped=lambda name, reason: complain(f"left out {name}: {reason}"),
            workers=default_workers(),
            progress=progress,
        )
    for path in paths:
        print(path)


def _chosen(texts: Sequence[str]) -> dict[str, list[str]]:
    """Values by factor. SimError if one is not written FACTOR=VALUE."""
    from sim.errors import SimError

    found: dict[str, list[str]] = {}
    for text in texts:
        factor, is_there, value = text.partition("=")
        if not (factor and is_there and value):
            raise SimError(f"--where {text}: is written FACTOR=VALUE")
        found.setdefault(factor, []).append(value)
    return found


def report(
    result: ResultFolder,
    with_: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="FOLDER",
            callback=result_folders,
            help="Further findings, repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page [default: RESULT/report.html].")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print where the page is.")] = False,
) -> None:
    """Write question, verdict, figures, thresholds, parameters and provenance on one page."""
    from sim.analysis.billboards import stored_billboards
    from sim.analysis.verdict.grounds import refuse_altered
    from sim.api import open_result
    from sim.files import refuse_irregular
    from sim.report.page import page
    from sim.runs.files import write_own
    from sim.runs.worlds import ON

    target = out or result / "report.html"
    refuse_irregular(target)
    stored = open_result(result)
    refuse_altered(stored)
    if not stored.is_sweep and ON in stored.points and stored.sound_replicates(ON):
        stored_billboards(stored)
    content = page(stored, [open_result(folder) for folder in with_ or ()])
    write_own(target, content.encode(), keep_old=True)
    print(json.dumps({"page": str(target)}) if json_ else target)


def explain(
    result: ResultFolder,
    run: Annotated[
        str | None,
        typer.Option(metavar="POINT/REPLICATE", help="Compare the run, such as on/3 or p017/0."),
    ] = None,
    client: Annotated[
        int | None, typer.Option(metavar="N", help="Tell the story of this client.")
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Tell the decisions of this vendor.")
    ] = None,
    phases: Annotated[
        bool, typer.Option("--phases", help="List the phases of a month in order.")
    ] = False,
    billboards: Annotated[
        bool, typer.Option("--billboards", help="Advertisements that are true, and their answers.")
    ] = False,
    point: Annotated[
        str | None, typer.Option(help="Point of the story [default: on, else the first].")
    ] = None,
    replicate: Annotated[int, typer.Option(min=0, help="Replicate of the story.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the scenario of --run here.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The story as JSON.")] = False,
) -> int:
    """Make exactly one run again: compare it with its row, or tell what happened in it.

    With --billboards nothing is run: what each vendor could truthfully advertise, and who could
    answer with what.
    """
    from sim.analysis.verdict.grounds import refuse_altered
    from sim.api import open_result
    from sim.errors import SimError

    asked = (run is not None, client is not None, vendor is not None, phases, billboards)
    if sum(asked) != 1:
        raise SimError("say one of --run, --client, --vendor, --phases and --billboards")
    stored = open_result(result)
    refuse_altered(stored)
    if billboards:
        return _billboards(stored, json_)
    if run is not None:
        return _compared(stored, run, out)
    if phases:
        from sim.analysis.explain.watching import phase_lines

        print("\n".join(phase_lines()))
        return 0
    lines, story = _story(stored, client, vendor, point, replicate)
    if json_:
        print(json.dumps(story, ensure_ascii=False, indent=2, default=str))
    else:
        print(stored.scenario.currency.words("\n".join(lines)))
    return 0


def _billboards(stored: Result, json_: bool) -> int:
    from sim.analysis.billboards import billboard_lines, stored_billboards
    from sim.cli.screen import columns, say, wrapped

    found = stored_billboards(stored)
    if json_:
        print_json(found)
        return 0
    for line in billboard_lines(found, 2):
        say(wrapped(line, columns(), "", "  "))
    return 0


def _story(
    stored: Result, client: int | None, vendor: str | None, point: str | None, replicate: int
) -> tuple[list[str], dict[str, Any]]:
    from sim.analysis.explain.client import client_lines, tell_client
    from sim.analysis.explain.vendor import tell_vendor, vendor_lines
    from sim.analysis.explain.watching import model_of, scenario_of
    from sim.analysis.verdict.grounds import plain
    from sim.runs.files import code_fingerprint

    name, scenario = scenario_of(stored, point, replicate)
    model = model_of(stored, scenario, replicate)
    head = {
        "point": name,
        "replicate": replicate,
        "root_seed": stored.seed,
        "scenario_hash": stored.scenario_hash,
    }
    run = (
        f"run {name}/{replicate}, root seed {stored.seed}, scenario {stored.scenario_hash[:8]}, "
        f"{stored.path}"
    )
    if stored.manifest["code"]["fingerprint"] != code_fingerprint():
        run += "\nthe result was made by other code than this: sim explain --run compares the two"
    if client is not None:
        of_client = tell_client(model, client)
        lines, story = client_lines(of_client), dataclasses.asdict(of_client)
    else:
        of_vendor = tell_vendor(model, str(vendor))
        lines, story = vendor_lines(of_vendor), dataclasses.asdict(of_vendor)
    return [run, *lines], plain(head | story)


def _compared(stored: Result, run: str, out: Path | None) -> int:
    from sim.runs.files import write_own
    from sim.runs.rebuild import rebuild
    from sim.scenario.patches import to_toml

    made = rebuild(stored, run)
    print(f"run       {made.point}/{made.replicate}, root seed {made.seed}, {made.status}")
    for path, value in made.factors.items():
        print(f"factor    {path} = {value}")
    if out is not None:
        text = to_toml(made.scenario).encode()
        write_own(out, text, head=len(text))
        print(f"scenario  {out}")
    for line in made.different[:SHOWN]:
        print(f"DIFFERS   {line}")
    if made.different:
        if not made.same_code:
            print("code      the result was made by other code than this")
        return DISAGREEMENT
    print(f"compared  {made.compared:,} numbers: all equal to the last bit")
    return 0


def results(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[diff A B]", help="What differs between two results."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder that holds the results.")] = RESULTS,
    all_: Annotated[bool, typer.Option("--all", help=f"All of them, not {LISTED}.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List result folders, the newest first, or say what differs between two."""
    from sim.errors import SimError
    from sim.runs.folders import folders, result_folder

    match words or []:
        case []:
            known = folders(out)
        case ["diff", one, other]:
            first, second = result_folder(one, out), result_folder(other, out)
            print("\n".join(_difference(first, second)))
            return
        case _:
            raise SimError("write: sim results, or sim results diff A B")
    shown = known if all_ or json_ else known[:LISTED]
    if json_:
        print_json({"results": [_facts(folder) for folder in shown]})
        return
    lines = [line for folder in shown for line in _folder_lines(folder)]
    if not known:
        lines = [f"{out} holds no result"]
    elif len(known) > len(shown):
        lines.append(f"{len(known) - len(shown)} older ones: sim results --all")
    print(printable("\n".join(lines)))


def _facts(folder: Folder) -> dict[str, Any]:
    return {
        "folder": str(folder.path),
        "title": folder.title,
        "kind": folder.kind,
        "when": folder.when,
        "status": folder.status,
        "verdict": _verdict_words(folder.path) or None,
        "bytes": folder.bytes,
        "changed": folder.changed,
    }


def _folder_lines(folder: Folder) -> list[str]:
    head = f"{folder.path.name:<32} {folder.kind:<11} {folder.when_here:>16} {folder.size:>9}"
    verdict = _verdict_words(folder.path) if folder.status in FINISHED else folder.status
    lines = [head.rstrip(), f"  {verdict}: {folder.title}" if verdict else f"  {folder.title}"]
    return [*(_cut(line) for line in lines), *_change_lines(folder)]


def _change_lines(folder: Folder) -> list[str]:
    from sim.runs.folders import value_in_words

    changed = [f"{path} = {value_in_words(value)}" for path, value in folder.changed.items()]
    if not changed:
        return []
    more = len(changed) - PATHS_SHOWN
    text = ", ".join(changed[:PATHS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    lines = textwrap.wrap(text, COLUMNS - 2, initial_indent="  ", subsequent_indent="  ")
    return [_cut(line) for line in lines]


def _cut(line: str) -> str:
    return line if len(line) <= COLUMNS else f"{line[: COLUMNS - 3]}..."


def _verdict_words(path: Path) -> str:
    """What a result says, in three words at most."""
    from sim.analysis.verdict.flips import holds_of
    from sim.errors import SimError
    from sim.runs.files import read_json
    from sim.runs.result import CLAIMS, VERDICT

    with suppress(SimError, KeyError, TypeError):
        if (path / CLAIMS).exists():
            claims = read_json(path / CLAIMS)["claims"]
            hits = sum(claim["verdict"] == "supported" for claim in claims.values())
            return f"{hits}/{len(claims)} claims supported" if claims else ""
        if (path / VERDICT).exists():
            verdict = read_json(path / VERDICT)
            if verdict["contest"]:
                entry = verdict["verdicts"].get(verdict["primary"])
                return holds_of(entry) if entry else "not known"
    return ""


def _difference(one: Path, other: Path) -> list[str]:
    """What differs between two results: settings, answer, effect, shares."""
    from sim.runs.folders import settings_apart, value_in_words

    apart = settings_apart(one, other)
    rows: list[tuple[str, ...]] = [("setting", "A", "B")]
    rows += [
        (path, *(_cell(value_in_words(value)) for value in pair)) for path, pair in apart.items()
    ]
    lines = [f"A  {one.name}", f"B  {other.name}", ""]
    lines += table_lines(rows) if apart else ["The settings are the same."]
    told_by = [_outcomes(path) for path in (one, other)]
    names = list(dict.fromkeys(name for table in told_by for name in table))
    outcomes = [(name, *(table.get(name, "-") for table in told_by)) for name in names]
    different = [row for row in outcomes if row[1] != row[2]]
    lines.append("")
    if not outcomes:
        return [*lines, "Neither has an outcome to compare."]
    if not different:
        return [*lines, "The outcomes are the same."]
    return [*lines, *table_lines([("outcome", "A", "B"), *different])]


def _cell(text: str) -> str:
    return text if len(text) <= CELL else f"{text[: CELL - 3]}..."


def _outcomes(path: Path) -> dict[str, str]:
    """What a result says, by name: its answer, the effect, the shares; or its claims."""
    from sim.analysis.rounding import percent
    from sim.analysis.verdict.words import answer_of
    from sim.api import open_result

    result = open_result(path)
    if result.is_sweep:
        return {
            name: f"{claim['verdict']} ({percent(claim['share_of_runs'])} % of runs)"
            for name, claim in result.claims["claims"].items()
            if claim.get("share_of_runs") is not None
        }
    answer = answer_of(result)
    rows = {"answer": answer.holds} if answer.holds else {}
    entry = result.verdict["verdicts"].get(result.verdict["primary"])
    if entry is not None and entry["definitions"]["D2"]["statistic"] is not None:
        effect = entry["definitions"]["D2"]
        low, high = effect["interval"] or (None, None)
        rows["effect of the moves, points"] = percent(effect["statistic"], low, high)
        share, (lower, upper) = entry["emergence"]["share"], entry["emergence"]["interval"]
        rows["runs contained, %"] = percent(share, lower, upper)
    if answer.belts is not None:
        for vendor, *cells in answer.belts.rows:
            for head, cell in zip(answer.belts.head[1:], cells, strict=True):
                rows[f"{vendor}, {head}"] = cell
    return rows
