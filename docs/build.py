"""Makes what is made in docs/: reference pages, outputs shown in pages, pictures.

`python docs/build.py` makes all of it; `python docs/build.py reference` (or `outputs`, `pictures`,
`volcano`, `episodes`, `notebooks`) makes a part. The tests compare what is committed with what this
file makes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
REFERENCE = DOCS / "reference"
PICTURES = DOCS / "pictures"
SCRIPTS = Path(sys.executable).parent
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = "text output"
BETWEEN = "\x1e"
PATIENCE_SECONDS = 300
DOTS_PER_INCH = 120
QUOTE_BEGINS = "<!-- made by docs/build.py volcano -->"
QUOTE_ENDS = "<!-- end -->"


class Block(NamedTuple):
    """A fenced block of a page: its info string, its text, and where the text lies."""

    info: str
    text: str
    start: int
    end: int


def pages() -> list[Path]:
    """The README and every page of the documentation."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(found["info"].strip(), found["text"], found.start("text"), found.end("text"))
        for found in FENCE.finditer(page)
    ]


def is_run(block: Block) -> bool:
    """Whether a block is executed."""
    return block.info in ("python", "bash")


def commands(block: Block) -> str:
    """A block as it is executed: without the lines that install the package."""
    return "".join(line for line in block.text.splitlines(True) if "pip install" not in line)


def _groups(found: list[Block]) -> Iterator[list[Block]]:
    """Python blocks that follow each other share their names; a bash block stands alone."""
    group: list[Block] = []
    for block in found:
        if group and block.info == "python":
            group.append(block)
            continue
        if group:
            yield group
            group = []
        if block.info == "python":
            group = [block]
        else:
            yield [block]
    if group:
        yield group


def run_page(page: str, folder: Path, scripts: Path = SCRIPTS) -> list[str]:
    """Execute the blocks of a page in a folder with a copy of the scenarios.

    A toml block whose first line names a file is written there first. `scripts` is the folder that
    holds the commands `sim` and `python`.

    Returns
    -------
    The standard output of each executed block.

    Raises
    ------
    RuntimeError
        A block fails; the message holds its output.
    """
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    found = blocks(page)
    for block in found:
        first = block.text.split("\n")[0]
        if block.info == "toml" and first.startswith("# scenarios/"):
            (folder / first[2:]).write_text(block.text, encoding="utf-8")
    outputs: list[str] = []
    for group in _groups([block for block in found if is_run(block)]):
        outputs += _run(group, folder, scripts)
    return outputs


def _run(group: list[Block], folder: Path, scripts: Path) -> list[str]:
    text = f"\nprint({BETWEEN!r}, end='')\n".join(commands(block) for block in group)
    if group[0].info == "python":
        script = folder / "page.py"
        script.write_text(text, encoding="utf-8")
        command = [str(scripts / "python"), str(script)]
    else:
        command = ["bash", "-euo", "pipefail", "-c", text]
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
    )
    if ran.returncode:
        raise RuntimeError(f"exit {ran.returncode} of\n{text}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout.split(BETWEEN) if group[0].info == "python" else [ran.stdout]


def shown(page: str) -> list[tuple[int, Block]]:
    """Blocks that show an output, each with the place of the executed block before it."""
    found, ran = [], -1
    for block in blocks(page):
        if is_run(block):
            ran += 1
        elif block.info == SHOWN:
            found.append((ran, block))
    return found


def with_outputs(page: str) -> str:
    """The page with every shown output as its commands give it now."""
    wanted = shown(page)
    if not wanted:
        return page
    with tempfile.TemporaryDirectory() as folder:
        outputs = run_page(page, Path(folder))
    for ran, block in reversed(wanted):
        page = page[: block.start] + outputs[ran].strip("\n") + "\n" + page[block.end :]
    return page


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("<", "&lt;") or "-"


def _row(*cells: object) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _paragraphs(cls: type) -> str:
    """A docstring of its own, as paragraphs."""
    return re.sub(r"\n\s*\n", "\n\n", re.sub(r"\n[ \t]+", "\n", (cls.__doc__ or "").strip()))


def measures_page() -> str:
    """The reference of all measures."""
    from sim.market.recorder import measures

    lines = [
        "# Measures",
        "",
        "Made by `docs/build.py` from the code. Every measure is read at the end of each month and "
        "stored as an array over point, replicate, month and the dimensions named here.",
        "",
        "| measure | dimensions | unit | meaning |",
        "|---|---|---|---|",
    ]
    for name, measure in measures().items():
        dims = ", ".join(measure.dims) or "whole market"
        lines.append(_row(f"`{name}`", dims, measure.unit, measure.doc))
    return "\n".join(lines) + "\n"


def strategies_page() -> str:
    """The reference of all strategies and their parameters."""
    from sim.strategies.registry import KINDS, strategies

    lines = [
        "# Strategies",
        "",
        "Made by `docs/build.py` from the code. Pricing is named in `[vendors.<name>.pricing]`, "
        "its parameters beside the name; other kinds likewise, but openness has its parameters in "
        "a table `parameters`.",
    ]
    for kind in KINDS:
        lines += ["", f"## {kind}"]
        for name, cls in strategies(kind).items():
            lines += ["", f"### {name}", "", _paragraphs(cls), ""]
            observes = ", ".join(cls.observes) or "nothing"
            drawn = "draws nothing" if cls.deterministic else "draws from a stream of its own"
            lines.append(f"Observes {observes}; {drawn}. Source: {cls.source}.")
            lines += _parameters(cls.Parameters)
    return "\n".join(lines) + "\n"


def _parameters(model: Any) -> list[str]:
    from sim.scenario.describe import default_text, parameters

    rows = [
        _row(f"`{p.path}`", p.doc, p.unit, p.range, f"`{default_text(p)}`", p.source)
        for p in parameters(model)
    ]
    head = [
        "",
        "| parameter | meaning | unit | range | default | source |",
        "|---|---|---|---|---|---|",
    ]
    return [*head, *rows] if rows else []


def parameters_page() -> str:
    """The reference of all parameters, as `sim describe` prints it."""
    from sim.scenario.describe import markdown

    return markdown()


REFERENCES: dict[str, Callable[[], str]] = {
    "measures.md": measures_page,
    "parameters.md": parameters_page,
    "strategies.md": strategies_page,
}
"""Pages that the code writes, by name in docs/reference."""

FIGURES = {
    "tiny": {"curves": "platform_token_share", "worlds": "", "classes": ""},
    "volcano-dam": {"belts": "", "worlds": ""},
}
"""Plots of the scenarios that the pages show, with their measure."""


EPISODES = (
    "price-war-2024",
    "open-flood",
    "long-context",
    "gpu-drought",
    "agent-war",
    "gala-2026",
    "li-auto-deal",
    "overseas",
)
"""Small scenarios of one move each, in the order of their page."""


ANSWERS = ("attribution", "tournament", "frontier", "tornado")
"""Pictures of the page that docs/answers.py makes."""


PAGE_VIEWS = tuple(
    f"{view}-{width}-{scheme}"
    for view in ("market", "sweep", "stories", "stored", "take-away")
    for width in (1280, 390)
    for scheme in ("light", "dark")
)
"""Pictures of `sim serve` that docs/tour.py takes."""


def picture_names() -> set[str]:
    """File names of all pictures."""
    drawn = {f"{scenario}-{name}.png" for scenario, names in FIGURES.items() for name in names}
    answers = {f"volcano-dam-{name}.png" for name in ANSWERS}
    episodes = {f"{name}-episode.png" for name in EPISODES}
    views = {f"page-{name}.png" for name in PAGE_VIEWS}
    return drawn | answers | episodes | views | {"architecture.png", "scarcity.png", "start.png"}


def draw(scenario: str, folder: str, workers: int) -> Any:
    """Run a scenario and draw its figures, small enough for a page; returns the result."""
    import sim
    from sim.plot.registry import plots

    PICTURES.mkdir(exist_ok=True)
    result = sim.run(ROOT / "scenarios" / f"{scenario}.toml", workers=workers, out=folder)
    for name, measure in FIGURES[scenario].items():
        fig, _ = plots()[name].draw(result, *([measure] if measure else []))
        target = PICTURES / f"{scenario}-{name}.png"
        fig.savefig(target, dpi=DOTS_PER_INCH, metadata={"Software": None})
    return result


def make_pictures() -> None:
    """The pictures of the tiny scenario, the house, scarcity and the start, in a minute."""
    for script in ("house.py", "scarcity.py", "artefacts.py"):
        subprocess.run([sys.executable, str(DOCS / script)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        draw("tiny", folder, workers=1)


def make_volcano() -> None:
    """The pictures of the main scenario and what the README quotes of it, in a minute."""
    from sim.analysis.verdict.words import answer_of
    from sim.cli.screen import COLUMNS, answer_lines

    with tempfile.TemporaryDirectory() as folder:
        result = draw("volcano-dam", folder, workers=2)
        shown = answer_lines(answer_of(result), COLUMNS)
        said = "\n".join(line.plain for line in shown).replace(folder, "results")
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(QUOTE_BEGINS)
    after = rest.split(QUOTE_ENDS)[1]
    page = f"{before}{QUOTE_BEGINS}\n```text\n{said}\n```\n{QUOTE_ENDS}{after}"
    readme.write_text(page, encoding="utf-8", newline="\n")


def make_episodes() -> None:
    """The page of the episodes: a picture and two sentences of each, in minutes."""
    import sim
    from sim.analysis.episode import episode_findings
    from sim.plot.registry import plots

    lines = [
        "# Episodes",
        "",
        "One move of the article each, in a market small enough to run in seconds. Pictures and",
        "sentences are made from stored runs by `python docs/build.py episodes`;",
        "`sim run scenarios/NAME.toml` prints the same two sentences.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name in EPISODES:
            path = ROOT / "scenarios" / f"{name}.toml"
            result = sim.run(path, workers=1, out=folder)
            fig, _ = plots()["episode"].draw(result)
            target = PICTURES / f"{name}-episode.png"
            fig.savefig(target, dpi=DOTS_PER_INCH, metadata={"Software": None})
            title = result.scenario.title
            lines += ["", f"## {name}", "", f"*{title}*", ""]
            lines += [f"![{title}](../pictures/{name}-episode.png)", ""]
            for sentence in episode_findings(result).sentences:
                lines += [textwrap.fill(sentence, 100), ""]
            lines.pop()
    page = "\n".join(lines) + "\n"
    (DOCS / "explanation" / "episodes.md").write_text(page, encoding="utf-8", newline="\n")


def make_reference() -> None:
    """Write the generated pages."""
    for name, text in REFERENCES.items():
        (REFERENCE / name).write_text(text(), encoding="utf-8", newline="\n")


def make_outputs() -> None:
    """Write the shown outputs into their pages."""
    for path in pages():
        page = path.read_text(encoding="utf-8")
        made = with_outputs(page)
        if made != page:
            path.write_text(made, encoding="utf-8", newline="\n")


NOTEBOOKS = DOCS / "notebooks"


def executed(path: Path) -> Any:
    """A notebook with its cells run anew, in a folder with a copy of the scenarios."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "scenarios", Path(folder) / "scenarios")
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook,
            timeout=PATIENCE_SECONDS,
            kernel_name="python3",
            resources=resources,
            record_timing=False,
        )
        client.execute(env=os.environ | {"PYTHONPATH": str(ROOT)})
    for cell in notebook.cells:
        if cell.cell_type == "code":  # what the error stream says differs between machines
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    return notebook


def make_notebooks() -> None:
    """Run the notebooks of docs/notebooks, and keep what they show."""
    import nbformat

    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        nbformat.write(executed(path), path)


PARTS: dict[str, Callable[[], None]] = {
    "reference": make_reference,
    "pictures": make_pictures,
    "volcano": make_volcano,
    "episodes": make_episodes,
    "outputs": make_outputs,
    "notebooks": make_notebooks,
}


def main(wanted: list[str]) -> None:
    """Make the parts named, or all."""
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        sys.exit(f"no part {', '.join(unknown)} (known: {', '.join(PARTS)})")
    for name in wanted or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
