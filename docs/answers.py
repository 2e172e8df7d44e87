"""Makes docs/explanation/answers.md: the main scenario on one page, a command for each question.

`python docs/answers.py` runs the commands of `QUESTIONS` one after the other, about half an hour on
two cores with nothing stored. Runs stay in `results/`, so the same line goes on where it was
interrupted. `--out FOLDER` keeps them elsewhere; `--page FILE` writes another page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGE = DOCS / "explanation" / "answers.md"
PICTURES = DOCS / "pictures"
SCENARIO = "scenarios/volcano-dam.toml"
POINTS = 100.0
MINUTE = 60.0
ATTRIBUTED = ("rules", "shapley", "rivals", "unidentified")
PATIENCE_SECONDS = 3_600
SHOWN_PART = "shapley"  # of an attribution
COLOURS = 64  # of a picture, so that it stays small
SECONDS = "answers-seconds.json"

Rows = Iterator[tuple[str, str]]


class Question(NamedTuple):
    """What is asked, the command that answers, and which of its numbers go into the table."""

    asked: str
    command: str
    rows: Callable[[dict[str, Any]], Rows]
    pictures: dict[str, str]
    """Picture in docs/pictures -> file in a folder `figures`."""


def verdict_rows(told: dict[str, Any]) -> Rows:
    """Definitions, outcome classes and the four effects of a run."""
    verdicts = told["verdict"]["verdicts"]
    first = verdicts[told["verdict"]["primary"]]
    for name, found in first["definitions"].items():
        yield (
            f"{name} {found['title']}",
            f"{found['verdict']}, {_number(found['statistic'])} {_span(found['interval'])} "
            f"{found['unit']}",
        )
    classes = first["classes"]["frequencies"]
    seen = {name: found for name, found in classes.items() if found["count"]}
    yield (
        "outcome of the runs",
        ", ".join(
            f"{name.replace('_', ' ')} {found['count']} of {first['n']}"
            for name, found in sorted(seen.items(), key=lambda pair: -pair[1]["count"])
        ),
    )
    yield "all definitions together", f"{first['overall']}; runs alone: {first['contained']}"


def attribution_rows(told: dict[str, Any]) -> Rows:
    """Effects under each rule, and the shares of the levers."""
    for finding in told["findings"]:
        if finding["part"] in ATTRIBUTED:
            head = "share" if finding["part"] == "shapley" else "tau"
            for row in finding["rows"]:
                if not row["label"].startswith("interaction"):
                    yield f"{head}, {row['label']}", _points(row)
            yield from ((f"{head}s", note) for note in finding["notes"] if "add up" in note)


def tournament_rows(told: dict[str, Any]) -> Rows:
    """Equilibria of the empirical game and what the historical profile gives away."""
    unit = told["payoff"]["unit"]
    for found in told["equilibria"]:
        profile = "; ".join(_mixture(found[side]) for side in ("incumbent", "challenger"))
        pays = ", ".join(f"{pay:.0f}" for pay in found["payoffs"])
        kind = f"in {found['frequency']:.0%} of bootstrapped games" if found["pure"] else "mixed"
        yield f"equilibrium ({profile})", f"pays {pays} {unit}, {kind}"
    past = told["historical"]
    yield (
        "regret of the historical profile",
        f"{past['regret']:.1f} [{past['low']:.1f}, {past['high']:.1f}] {unit}; best replies "
        f"{past['best_incumbent']} (+{past['gain_incumbent']:.1f}), "
        f"{past['best_challenger']} (+{past['gain_challenger']:.1f})",
    )


def frontier_rows(told: dict[str, Any]) -> Rows:
    """Where containment is the rule."""
    low, high = told["area_interval"]
    x, y = told["x"], told["y"]
    yield (
        f"containment is the rule in the plane of {x['path']} and {y['path']}",
        f"{told['area']:.0%} [{low:.0%}, {high:.0%}] of it; uncertain in {told['band_area']:.0%}; "
        f"{len(told['points'])} points, {told['runs']} runs",
    )
    for value, column in zip(x["values"][::4], told["probability"][::4], strict=True):
        yield f"P at {x['path']} = {value:.3g}", _along(column, y)


def sensitivity_rows(told: dict[str, Any]) -> Rows:
    """Unknowns with a total index above 0.1, and the box in which containment fails."""
    for finding in told["findings"]:
        if finding["method"] == "sobol":
            for outcome, rows in finding["tables"].items():
                large = [row for row in rows if row["mean"] > finding["facts"]["named_from"]]
                yield (
                    f"total Sobol index above 0.1, {outcome.replace('_', ' ')}",
                    ", ".join(
                        f"{row['label']} {row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
                        for row in large
                    ),
                )
        if finding["method"] == "prim":
            yield from _box_rows(finding)


def _box_rows(finding: dict[str, Any]) -> Rows:
    facts = finding["facts"]
    everywhere = finding["tables"]["failure"][0]
    yield (
        "containment fails",
        f"in {facts['fails_in']} of {facts['draws']} draws "
        f"[{everywhere['low']:.0%}, {everywhere['high']:.0%}]",
    )
    for name, side in facts["box"].items():
        ends = [
            *([f"from {side['low']:.3g}"] if side["low"] is not None else []),
            *([f"up to {side['high']:.3g}"] if side["high"] is not None else []),
        ]
        yield (
            f"box of failure: {name}",
            f"{' '.join(ends)}; quasi-p {side['quasi_p']:.2g}, restricted in "
            f"{side['restricted_in']:.0%} of resamples",
        )
    if facts["box"]:
        yield (
            "box of failure, quality",
            f"coverage {facts['coverage']:.0%}, density {facts['density']:.0%}",
        )
    yield from (("box of failure", note) for note in finding["notes"])


QUESTIONS = (
    Question(
        "Does it hold, by each definition?",
        f"sim run {SCENARIO} --point --horizon --verbose --definitions",
        verdict_rows,
        {},
    ),
    Question(
        "Because of which move, and under which rules?",
        f"sim attribute {SCENARIO} --point --clients 5000 "
        "--parts rules,shapley,rivals,unidentified",
        attribution_rows,
        {"volcano-dam-attribution": "attribution.png"},
    ),
    Question(
        "Would it be played?",
        f"sim tournament {SCENARIO} --point --clients 2000 --replicates 20",
        tournament_rows,
        {"volcano-dam-tournament": "tournament.png"},
    ),
    Question(
        "Where does it end, in switching cost and openness?",
        f"sim frontier {SCENARIO} --point --clients 2000 --x-range 0 4 --runs-a-point 20",
        frontier_rows,
        {"volcano-dam-frontier": "frontier.png"},
    ),
    Question(
        "Which unknown numbers decide, and where does containment fail?",
        f"sim sensitivity {SCENARIO} --clients 2000 --within 1.5 --points 64 --draws 200 "
        "--replicates 4",
        sensitivity_rows,
        {"volcano-dam-tornado": "tornado.png"},
    ),
)


class Answer(NamedTuple):
    """What a command printed, what it found, and how long it took."""

    question: Question
    text: str
    found: dict[str, Any]
    seconds: float


def answer(question: Question, out: Path) -> Answer:
    """Run the command, once for people and once, from the stored runs, for the table."""
    began = time.perf_counter()
    text = _ran(question.command, out)
    seconds = _longest(question.command, time.perf_counter() - began, out / SECONDS)
    return Answer(question, text, json.loads(_ran(f"{question.command} --json", out)), seconds)


def _longest(command: str, seconds: float, book: Path) -> float:
    """The longest that a command took in this folder: with its runs stored it takes no time."""
    known = json.loads(book.read_text(encoding="utf-8")) if book.exists() else {}
    known[command] = max(seconds, known.get(command, 0.0))
    book.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return float(known[command])


def _ran(command: str, out: Path) -> str:
    program = Path(sys.executable).parent / "sim"
    ran = subprocess.run(
        [str(program), *command.split()[1:], "--out", str(out)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
    )
    return ran.stdout.replace(str(out), "results")


def page(answers: list[Answer]) -> str:
    """The page: the table first, then what each command printed."""
    minutes = sum(found.seconds for found in answers) / MINUTE
    lines = [
        "# The dam in numbers",
        "",
        f"What `{SCENARIO}` says, on one page, made by `python docs/answers.py`. Each",
        "question is one command; all of them store their runs, and the same command goes on",
        f"where an interrupted one stopped. Together they took {minutes:.0f} minutes on two cores.",
        "",
        "How to read a verdict: [what containment means](../reference/containment.md). What the",
        "model leaves out: [limits](limits.md). Open weights are a choice, made at any intensity",
        "of their lever above 0, so openness acts as a step. Unknowns are varied about the",
        "scenario's own numbers: most worlds drawn from the priors do not look like the record.",
        "",
        "All of it holds at the point, the scenario's own numbers: bands are seeds alone. What the",
        "record leaves possible is far wider: [the headline over the posterior](headline.md).",
        "",
        "```text",
        *(found.question.command for found in answers),
        "```",
    ]
    for found in answers:
        lines += ["", f"## {found.question.asked}", "", f"`{found.question.command}`", ""]
        lines += [f"({found.seconds:.0f} s with nothing stored)", ""]
        lines += ["| number | value |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in found.question.rows(found.found)]
        for name in found.question.pictures:
            lines += ["", f"![{found.question.asked}](../pictures/{name}.png)"]
        lines += ["", "```text", found.text.strip("\n"), "```"]
    return "\n".join(lines) + "\n"


def take_pictures(answers: list[Answer], out: Path) -> None:
    """Take each question's pictures, made smaller, out of the result folder that has them."""
    for found in answers:
        for name, file in found.question.pictures.items():
            there = [ROOT / folder / "figures" / file for folder in _folders(found.found)]
            drawn = [path for path in there if path.exists()]
            if not drawn:
                raise FileNotFoundError(f"{found.question.command}: no {file}")
            with Image.open(drawn[-1]) as picture:
                small = picture.convert("RGB").quantize(COLOURS)
            small.save(PICTURES / f"{name}.png", optimize=True)


def _folders(found: dict[str, Any]) -> Iterator[str]:
    yield from [found["folder"]] if "folder" in found else []
    for finding in found.get("findings", ()):
        if finding.get("part", SHOWN_PART) != SHOWN_PART:
            continue
        yield from [finding["folder"]] if "folder" in finding else finding["folders"].values()


def _points(row: dict[str, Any]) -> str:
    return f"{row['mean']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}] points, n = {row['n']}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _span(ends: list[float | None] | None) -> str:
    if ends is None:
        return ""
    return f"[{_number(ends[0])}, {_number(ends[1])}]"


def _mixture(weights: dict[str, float]) -> str:
    if len(weights) == 1:
        return next(iter(weights))
    return " + ".join(f"{weight:.2f} {name}" for name, weight in weights.items())


def _along(column: list[float], y: dict[str, Any]) -> str:
    places = range(0, len(column), max(1, (len(column) - 1) // 4))
    return ", ".join(f"{column[i]:.0%} at {y['values'][i]:.2g}" for i in places)


def main() -> None:
    """Ask all questions and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    answers = []
    for question in QUESTIONS:
        print(question.command, file=sys.stderr, flush=True)
        answers.append(answer(question, options.out))
        print(f"  {answers[-1].seconds:.0f} s", file=sys.stderr, flush=True)
    take_pictures(answers, options.out)
    options.page.write_text(page(answers), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
