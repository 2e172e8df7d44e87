"""The documentation does what it says: blocks run, outputs, links, generated pages, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.docs.preloaded import preloaded_commands
from tests.docs.scripts import ROOT, script

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
LARGEST_PICTURE = 260_000
AT_A_TIME = 2
TOLERATED = 0.15
"""Part of the words that may differ: a class or a note of a small ensemble can go either way."""
KNOWN_BLOCKS = {"python", "bash", "toml", "text", "text output"}


build = script("build")
PAGES = {path.relative_to(ROOT).as_posix(): path for path in build.pages()}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
RUN = [
    name
    for name, text in TEXTS.items()
    if any(build.commands(b).strip() for b in build.blocks(text) if build.is_run(b))
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[list[str]]]]:
    """All pages at work, two at a time."""
    with preloaded_commands() as scripts, ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            name: pool.submit(build.run_page, TEXTS[name], tmp_path_factory.mktemp("page"), scripts)
            for name in reversed(RUN)  # the tutorials take longest
        }


def words(text: str) -> set[str]:
    """Words of an output: numbers, hashes and line breaks may differ between machines."""
    found = re.findall(r"[A-Za-z][\w-]*", re.sub(r"-[0-9a-f]{8}\b", "", text))
    return {word for word in found if not re.search(r"\d", word)}


@pytest.mark.parametrize("name", RUN)
def test_blocks_run_and_shown_outputs_are_theirs(
    name: str, ran: dict[str, Future[list[str]]]
) -> None:
    outputs = ran[name].result()
    for place, block in build.shown(TEXTS[name]):
        now = words(outputs[place])
        other = words(block.text) ^ now
        assert len(other) <= TOLERATED * len(now), f"{other}: run python docs/build.py outputs"


@pytest.mark.parametrize("name", list(PAGES))
def test_every_block_says_what_it_is(name: str) -> None:
    assert {block.info for block in build.blocks(TEXTS[name])} <= KNOWN_BLOCKS
    assert TEXTS[name].count("\n```") % 2 == 0


@pytest.mark.parametrize("name", list(build.REFERENCES))
def test_generated_pages_are_up_to_date(name: str) -> None:
    made = build.REFERENCES[name]()
    assert TEXTS[f"docs/reference/{name}"] == made, "run: python docs/build.py reference"


@pytest.mark.parametrize("name", list(PAGES))
def test_relative_links_resolve(name: str) -> None:
    text = build.FENCE.sub("", TEXTS[name])
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (PAGES[name].parent / path).resolve() if path else PAGES[name]
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, target


def test_index_names_every_page() -> None:
    linked = set(LINK.findall(TEXTS["docs/README.md"]))
    wanted = {n.removeprefix("docs/") for n in PAGES if n.startswith("docs/")} - {"README.md"}
    assert wanted <= linked


def test_every_picture_is_made_here_small_and_shown() -> None:
    there = {path.name: path for path in build.PICTURES.iterdir()}
    assert set(there) == build.picture_names()
    assert all(path.stat().st_size < LARGEST_PICTURE for path in there.values())
    targets = {link.rpartition("/")[2] for text in TEXTS.values() for link in LINK.findall(text)}
    assert set(there) <= targets


def test_phases_stand_in_the_protocol_in_their_order() -> None:
    from sim.market.month import PHASES

    rows = re.findall(
        r"^\| \d+ \| `(\w+)` \| (.*?) \|", TEXTS["docs/explanation/odd.md"], re.MULTILINE
    )
    assert rows == [(phase.name, phase.does) for phase in PHASES]


def test_verbs_stand_in_the_reference() -> None:
    from sim.cli.app import VERBS

    headings = re.findall(r"^## `sim (\w+)", TEXTS["docs/reference/verbs.md"], re.MULTILINE)
    assert headings == list(VERBS)


def test_thresholds_stand_in_the_reference_with_their_defaults() -> None:
    from sim.scenario.schema.scenario import Containment

    rows = dict(
        re.findall(
            r"^\| `(\w+)` \|[^|]*\| ([\d.]+) \|",
            TEXTS["docs/reference/containment.md"],
            re.MULTILINE,
        )
    )
    assert {name: float(value) for name, value in rows.items()} == Containment().model_dump()
