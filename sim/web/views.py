"""The views beside the market: a sweep, stories, stored results, and what is taken away."""

from __future__ import annotations

import asyncio
import io
import re
import threading
import zipfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from nicegui import Client, background_tasks, ui

from sim.analysis.posterior import read_posterior
from sim.analysis.rounding import MORE, POINTS, difference
from sim.analysis.verdict.judge import MEASURES
from sim.analysis.verdict.words import answer_of
from sim.api import run
from sim.errors import SimError
from sim.files import read_bytes
from sim.runs.files import read_json
from sim.runs.result import Result
from sim.scenario.patches import to_toml
from sim.web import charts
from sim.web.charts import Chart, Ink
from sim.web.controls import button, choice, el, levers, numbers, write
from sim.web.session import (
    QUICK_PAIRS,
    Session,
    Worker,
    drawn_figures,
    heavy_clients,
    made_report,
    market_of,
    quick_step,
    story,
)
from sim.web.state import Asked, Shelf, State, command_of, python_of

TOKENS = MEASURES["token_share"]
CELLS = 5
"""Values of each of the two parameters of a sweep."""
SWEEP_PAIRS = 4
OUTCOMES = {
    "effect": "points that the moves hold the challenger back",
    "tokens": "% of tokens of the challenger",
}
SHOWN_RESULTS = 40


class Picture:
    """A chart with its title, and its numbers as a table behind it."""

    def __init__(self, title: str, size: str = "") -> None:
        with el("figure", classes="panel") as self.box:
            el("h2", title)
            self.chart = ui.echart({}).classes(f"chart {size}")
            with el("div", classes="row"):
                button("PNG", self._save, aria_label=f"save the picture: {title}")
            with el("details") as details:
                el("summary", f"numbers: {title}")
                self.table = scrolled("", title)
        details.on(
            "toggle", lambda e: self._opened(bool(e.args)), js_handler="(e) => emit(e.target.open)"
        )
        self.name = "-".join(re.findall(r"\w+", title.lower()))
        self.is_open = False
        self.found: Chart | None = None

    def show(self, found: Chart | None) -> None:
        """Draw it; without anything to show it is hidden."""
        self.found = found
        hide(self.box, found is None)
        if found is None:
            return
        options = self.chart.options
        options.clear()
        options.update(found.options)
        self.chart.update()
        self._fill()

    def _opened(self, is_open: bool) -> None:
        self.is_open = is_open
        self._fill()

    def _fill(self) -> None:
        if self.is_open and self.found is not None:
            self.table.set_content(self.found.table.html())

    def _save(self) -> None:
        self.chart.client.run_javascript(
            f"simPage.picture(getElement({self.chart.id}).chart, 'sim-{self.name}.png')"
        )


def scrolled(html: str, name: str) -> ui.html:
    """HTML in a box that scrolls, by keyboard too."""
    box = ui.html(html, sanitize=False).classes("scroll")
    box.props.update({"tabindex": 0, "role": "region", "aria-label": name})
    return box


def hide(element: ui.element, hidden: bool) -> None:
    """Hide an element from everybody, or show it."""
    if bool(element.props.get("hidden")) != hidden:
        if hidden:
            element.props["hidden"] = True
        else:
            del element.props["hidden"]


class Shows(Protocol):
    """What the views need of the window they are part of."""

    shelf: Shelf
    worker: Worker
    session: Session
    state: State
    asked: Asked
    ink: Ink
    client: Client
    tokens: Picture
    revenue: Picture
    holders: Picture

    def stop(self) -> None:
        """Stop the work on the answer."""

    def go_on(self) -> None:
        """Work on the answer again."""


class PageView:
    """A part of the page that is shown alone."""

    is_heavy = False
    """Whether the work on the answer rests while this works."""

    def __init__(self, window: Shows) -> None:
        self.window = window
        self.task: asyncio.Task[None] | None = None
        with el("div", classes="alone") as self.box:
            self.build()

    def build(self) -> None:
        """Make the elements."""

    def opened(self) -> None:
        """It comes into view."""

    def close(self) -> None:
        """The window is closed."""
        if self.task is not None:
            self.task.cancel()

    def stopped(self, go: ui.element, said: ui.element, name: str) -> bool:
        """Stop what is under way and say so; False where nothing is."""
        is_working = self.task is not None and not self.task.done()
        if is_working:
            self.close()
            write(said, f"stopped; {name} goes on from here")
        write(go, name if is_working else "Stop")
        return is_working

    def work(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Do this instead of what is under way."""
        self.close()
        self.task = background_tasks.create(self._done(coroutine), name=type(self).__name__)

    async def _done(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if not self.is_heavy:
            await coroutine
            return
        self.window.stop()
        try:
            await coroutine
        finally:
            self.window.go_on()


class SweepMap(PageView):
    """Two levers or parameters, and a map of the outcome that fills in."""

    is_heavy = True

    def build(self) -> None:
        """Two lists, an outcome, and the map."""
        scenario = self.window.asked.scenario
        self.axes: dict[str, tuple[str, Callable[[State, float], State], list[float]]] = {}
        for lever in levers(scenario):
            path = f"levers.{lever.name}.intensity"
            values = np.linspace(0.0, 1.0, CELLS if lever.in_part else 2).tolist()
            self.axes[f"lever {lever.name}"] = (lever.title, partial(_lever, path), values)
        for number in numbers(scenario):
            values = np.linspace(number.low, number.high, CELLS).tolist()
            name = number.name.replace("_", " ")
            self.axes[f"number {number.name}"] = (name, partial(_number, number.name), values)
        names = {key: axis[0] for key, axis in self.axes.items()}
        keys = list(names) or [""]
        self.chosen = {"x": keys[0], "y": keys[min(1, len(keys) - 1)], "of": "effect"}
        with el("section", classes="panel", aria_label="Sweep"):
            el("h2", "Sweep: where does the answer change?")
            with el("div", classes="row"):
                lists = (("x", "across", names), ("y", "up", names), ("of", "show", OUTCOMES))
                for part, title, known in lists:
                    el("label", title, for_=f"sweep-{part}")
                    choice(title, known, self.chosen[part], partial(self._choose, part),
                           id=f"sweep-{part}")  # fmt: skip
                self.go = button("Start", self._toggle, "primary", id="sweep-go")
            with el("div", classes="row"):
                el("span", "or switch off one lever after the other:")
                button("Which lever matters most?", self._one_by_one, id="one-by-one")
            self.said = el("p", "", "faint", role="status", id="sweep-said")
        with el("div", classes="charts"):
            self.map = Picture("Outcome map", "high")
            self.ranks = Picture("Levers one by one", "high")
        hide(self.ranks.box, True)
        self.found: dict[tuple[str, str, str, int, int], dict[str, float]] = {}

    def _choose(self, name: str, value: str) -> None:
        self.chosen[name] = value
        self._draw()

    def _toggle(self) -> None:
        if not self.stopped(self.go, self.said, "Start"):
            self.work(self._fill())

    def _end(self, text: str) -> None:
        write(self.go, "Start")
        write(self.said, text)

    def _map(self) -> tuple[str, str, str]:
        """What the map that is shown depends on."""
        return self.window.state.link, self.chosen["x"], self.chosen["y"]

    async def _fill(self) -> None:
        if self.chosen["x"] == self.chosen["y"] or self.chosen["x"] not in self.axes:
            self._end("choose two different levers or parameters")
            return
        (_, set_x, xs), (_, set_y, ys) = (self.axes[self.chosen[a]] for a in "xy")
        base, shown = self.window.state, self._map()
        cells = [(i, j) for j in range(len(ys)) for i in range(len(xs))]
        # the corners first, so that the span of the map is known early
        cells.sort(key=lambda c: (c[0] % (len(xs) - 1 or 1) > 0) + (c[1] % (len(ys) - 1 or 1) > 0))
        for done, (i, j) in enumerate(cells):
            write(self.said, f"{done} of {len(cells)} points, {SWEEP_PAIRS} quick runs each")
            if (*shown, i, j) in self.found:
                continue
            try:
                state = set_y(set_x(base, xs[i]), ys[j])
                await self._cell((*shown, i, j), state)
            except SimError as error:
                self._end(f"{xs[i]:.3g}, {ys[j]:.3g}: {error}")
                return
            self._draw()
        self._end(f"all {len(cells)} points, {SWEEP_PAIRS} quick runs each")

    def _one_by_one(self) -> None:
        write(self.go, "Start")
        self.work(self._ranks())

    async def _ranks(self) -> None:
        """The challenger's share without each lever, against the state as it is."""
        window, rows = self.window, list[tuple[Any, ...]]()
        base, found = window.asked, list(levers(window.asked.scenario))
        contest = base.scenario.contest
        if contest is None or not found:
            write(self.said, "the scenario has no contest, or no lever")
            return
        step = quick_step(base, QUICK_PAIRS)
        label = base.scenario.vendors[contest.challenger].label or contest.challenger
        for done, lever in enumerate(found):
            write(self.said, f"{done} of {len(found)} levers, {step.label} each")
            state = base.state.with_change(f"levers.{lever.name}.intensity", 0.0)
            try:
                asked = await asyncio.to_thread(window.shelf.asked, state)
                async for look in window.session.looks(asked, base, steps=[step], behind=True):
                    assert look.against is not None
                    pair = look.against[TOKENS][contest.challenger]
                    rows.append(charts.in_points(lever.title, *pair))
            except SimError as error:
                write(self.said, f"{lever.title}: {error}")
                return
            self.ranks.show(charts.one_by_one(rows, window.ink, label))
        name, mean, low, high = max(rows, key=lambda row: abs(row[1]))
        text = f"{name} matters most"
        if low is None or low <= 0.0 <= high:
            text = f"no lever stands out of chance; {name} comes first"
        change = difference(mean, low, high, MORE, "points")
        write(
            self.said,
            f"{text}: without it {label} would hold {change[0]} of the tokens ({change[1]}; "
            f"{len(found)} levers, {step.label} each)",
        )

    async def _cell(self, key: tuple[str, str, str, int, int], state: State) -> None:
        window = self.window
        asked = await asyncio.to_thread(window.shelf.asked, state)
        step = quick_step(asked, SWEEP_PAIRS)
        async for look in window.session.looks(asked, steps=[step], behind=True):
            entry = look.verdict
            if entry is None:
                raise SimError("a map needs a scenario with a contest")
            self.found[key] = {
                "effect": POINTS * (entry["definitions"]["D2"]["statistic"] or 0.0),
                "tokens": POINTS * entry["token_share"][entry["challenger"]],
            }

    def _draw(self) -> None:
        if self.chosen["x"] not in self.axes:
            return
        axes = [self.axes[self.chosen[axis]] for axis in "xy"]
        found = {
            key[3:]: values[self.chosen["of"]]
            for key, values in self.found.items()
            if key[:3] == self._map()
        }
        x, y = ((axis[0], axis[2]) for axis in axes)
        title = OUTCOMES[self.chosen["of"]]
        shown = charts.outcome_map(x, y, found, self.window.ink, title) if found else None
        self.map.show(shown)

    def opened(self) -> None:
        """The map as far as it is known."""
        self._draw()


def _lever(path: str, state: State, value: float) -> State:
    return state.with_change(path, round(value, 3))


def _number(name: str, state: State, value: float) -> State:
    return replace(state.with_number(name, float(f"{value:.4g}")), point=True)


class Explain(PageView):
    """The story of one client or one vendor in one quick run."""

    def build(self) -> None:
        """A list of vendors, a list of heavy clients, and the story."""
        with el("section", classes="panel", aria_label="Stories"):
            el("h2", "Stories: why did it go so?")
            el("p", "One quick run of the market as it stands is made again and watched.", "faint")
            el("h3", "Vendors")
            with el("div", classes="row"):
                for name, vendor in self.window.asked.scenario.vendors.items():
                    button(vendor.label or name, partial(self.tell_vendor, name))
            el("h3", "Clients that use most")
            with el("div", classes="row") as self.clients:
                button("list them", lambda: self.work(self._list()))
            with el("div", classes="row"):
                el("label", "or client number", for_="client")
                el("input", type="text", inputmode="numeric", id="client", value="0").on(
                    "change", lambda e: self._tell_number(e.args),
                    js_handler="(e) => emit(e.target.value)",
                )  # fmt: skip
        with el("section", classes="panel", aria_label="The story"):
            self.said = el("p", "", "bad", role="alert")
            self.story = el("pre", "choose a vendor or a client", "story", tabindex=0)

    def _market(self) -> tuple[bytes, int]:
        asked = self.window.asked
        return market_of(asked, quick_step(asked, 1).clients).recipe, asked.seed

    async def _list(self) -> None:
        recipe, seed = await asyncio.to_thread(self._market)
        found = await self.window.worker.call(partial(heavy_clients, recipe, seed))
        self.clients.clear()
        with self.clients:
            for number, text in found:
                button(text, partial(self.tell_client, number))

    def _tell_number(self, text: str) -> None:
        if text.strip().isdecimal():
            self.tell_client(int(text))
        else:
            write(self.said, f"client = {text[:40]!r}: must be a whole number")

    def tell_vendor(self, name: str) -> None:
        """The story of a vendor."""
        self.work(self._tell(vendor=name))

    def tell_client(self, number: int) -> None:
        """The story of a client."""
        self.work(self._tell(client=number))

    async def _tell(self, **whom: Any) -> None:
        write(self.story, "one run is made again ...")
        write(self.said, "")
        try:
            recipe, seed = await asyncio.to_thread(self._market)
            lines = await self.window.worker.call(partial(story, recipe, seed, **whom))
        except SimError as error:
            write(self.story, "")
            write(self.said, str(error))
            return
        write(self.story, "\n".join(lines))


class Stored(PageView):
    """What lies in `results/`, and the posteriors."""

    def build(self) -> None:
        """A list, and what was opened."""
        with el("section", classes="panel", aria_label="Stored results"):
            el("h2", "Stored results")
            with el("ul") as self.list:
                pass
        self.said = el("p", "", "bad", role="alert")
        with el("div") as self.shown:
            pass

    def opened(self) -> None:
        """List what is there now."""
        results, posteriors = self.window.shelf.results(), self.window.shelf.posteriors()
        self.list.clear()
        with self.list:
            for name in list(results)[:SHOWN_RESULTS]:
                with el("li"):
                    button(name, partial(self.open, name))
            for name in posteriors:
                with el("li"):
                    button(f"posterior {name}", partial(self.open_posterior, name))
            if not results and not posteriors:
                el("li", "nothing is stored yet: save a run under Take away")

    def open(self, name: str) -> None:
        """Show a stored result."""
        write(self.said, "")
        self.shown.clear()
        try:
            with self.shown:
                self._result(name)
        except (SimError, OSError, KeyError, ValueError) as error:
            write(self.said, f"{name}: {error}")

    def _result(self, name: str) -> None:
        folder = self.window.shelf.results()[name]
        manifest = read_json(folder / "manifest.json")
        with el("section", classes="panel", aria_label="Stored result"):
            el("h2", str(manifest.get("title") or manifest.get("name") or name))
            el("p", f"{name}, {manifest.get('status', 'unknown')}", "faint")
            for kind, text in _words(folder):
                el("p", f"{kind}: {text}" if kind else text, "" if kind else "answer")
        self._files(folder)

    def _files(self, folder: Path) -> None:
        files = [
            path
            for pattern in ("*", "figures/*", "tables/*")
            for path in sorted(folder.glob(pattern))
            if path.is_file() and not path.name.startswith(".")
        ]
        pictures = [path for path in files if path.suffix == ".png"]
        with el("div", classes="charts"):
            for path in pictures:
                with el("figure", classes="panel"):
                    el("img", src=_address(folder, path), alt=path.stem.replace("_", " "))
                    el("figcaption", path.stem.replace("_", " "))
        with el("details", classes="panel"):
            el("summary", "files")
            with el("ul"):
                for path in files:
                    if path.suffix in (".csv", ".json", ".toml", ".parquet", ".html", ".png"):
                        with el("li"):
                            el("a", path.relative_to(folder).as_posix(),
                               href=_address(folder, path))  # fmt: skip

    def open_posterior(self, name: str) -> None:
        """Show what a posterior holds of each number."""
        write(self.said, "")
        self.shown.clear()
        try:
            found = read_posterior(self.window.shelf.posteriors()[name])
        except SimError as error:
            write(self.said, str(error))
            return
        rows: list[tuple[Any, ...]] = []
        for column in found.draws.columns:
            values = found.draws[column].to_numpy(dtype=np.float64)
            order = np.argsort(values)
            below = np.cumsum(found.weights[order])
            ends = [float(values[order][np.searchsorted(below, p)]) for p in (0.05, 0.5, 0.95)]
            rows.append((str(column).replace("_", " "), *ends))
        scenario = found.provenance.get("scenario", "")
        caption = f"posterior of {scenario}, {len(found.draws):,} draws"
        with self.shown, el("section", classes="panel", aria_label="Posterior"):
            el("h2", caption)
            table = charts.Table(caption, ("number", "5 %", "median", "95 %"), rows)
            scrolled(table.html(), caption)


def _address(folder: Path, path: Path) -> str:
    return f"/result/{folder.name}/{path.relative_to(folder).as_posix()}"


def _words(folder: Path) -> list[tuple[str, str]]:
    """What a stored result says, in the words of the command."""
    result = Result(folder)
    if result.is_sweep:
        claims = result.claims["claims"] if result.judgement_path.exists() else {}
        return [(claim["verdict"], claim["statement"]) for claim in claims.values()]
    if not result.judgement_path.exists():
        return [("", "not judged yet")]
    said = answer_of(result)
    return [("", said.answer), *said.rows]


class TakeAway(PageView):
    """The state as files, a command, lines of Python; and a stored result."""

    is_heavy = True

    def build(self) -> None:
        """Buttons, the command, and the place of a stored result."""
        with el("section", classes="panel", aria_label="Take away"):
            el("h2", "Take this state away")
            with el("div", classes="row"):
                button("Scenario (TOML)", self._scenario)
                button("Curves (CSV)", self._curves)
            el("h3", "The same on the command line")
            self.command = el("pre", "", tabindex=0, id="command")
            with el("div", classes="row"):
                button("Copy the command", lambda: self._copy(self.command))
            el("h3", "The same in Python")
            self.python = el("pre", "", tabindex=0, id="python")
            with el("div", classes="row"):
                button("Copy the lines", lambda: self._copy(self.python))
        with el("section", classes="panel", aria_label="Store"):
            el("h2", "Store it")
            el("p", "Runs all worlds of the verdict with all clients, as the command does, and "
               "stores the result in results/.", "faint")  # fmt: skip
            with el("div", classes="row"):
                self.go = button("Store", self._toggle, "primary", id="store")
                self.report = button("Report", lambda: self.work(self._report()), disabled=True)
                self.zip = button("Folder (zip)", self._folder, disabled=True)
            self.said = el("p", "", "note", role="status", id="stored")
        self.stored: Path | None = None
        self.cancelled = threading.Event()

    def opened(self) -> None:
        """The command of the state as it is now."""
        write(self.command, command_of(self.window.shelf, self.window.asked))
        write(self.python, python_of(self.window.shelf, self.window.asked))

    def close(self) -> None:
        """Stop storing: what is finished stays, and the same goes on from there."""
        self.cancelled.set()
        super().close()

    def _copy(self, element: ui.element) -> None:
        self.window.client.run_javascript(
            f"simPage.copy(document.getElementById({element.props['id']!r}).innerText)"
        )

    def _scenario(self) -> None:
        asked = self.window.asked
        ui.download(to_toml(asked.scenario).encode(), f"{_safe(asked.scenario.name)}.toml")

    def _curves(self) -> None:
        tables = [self.window.tokens.found, self.window.revenue.found, self.window.holders.found]
        text = "".join(f"{found.table.caption}\r\n{found.table.csv()}\r\n" for found in tables
                       if found)  # fmt: skip
        ui.download(text.encode(), f"{_safe(self.window.asked.scenario.name)}.csv")

    def _toggle(self) -> None:
        if not self.stopped(self.go, self.said, "Store"):
            self.work(self._store())

    async def _store(self) -> None:
        self.cancelled = cancelled = threading.Event()
        asked, worker = self.window.asked, self.window.worker
        done: dict[str, Any] = {}

        def report(made: int, of: int, failed: int, left: float | None) -> None:
            if cancelled.is_set():
                raise SimError("stopped")
            done.update(made=made, of=of)

        pool = await worker.pool(True)
        call = partial(
            run, asked.scenario, replicates=asked.replicates, seed=asked.seed,
            point=asked.state.point, out=self.window.shelf.stored, executor=pool,
            progress=report,
        )  # fmt: skip
        running = asyncio.ensure_future(asyncio.to_thread(call))
        try:
            while not running.done():
                await asyncio.wait([running], timeout=0.5)
                if done:
                    write(self.said, f"{done['made']:,} of {done['of']:,} runs")
            path = running.result().path
            stored = f"stored in {path.parent.name}/{path.name}"
            write(self.said, f"{stored}; its figures are being drawn ...")
            await worker.call(partial(drawn_figures, path))
        except SimError as error:
            write(self.said, str(error))
            write(self.go, "Store")
            return
        self.stored = path
        for one in (self.report, self.zip):
            one.props["disabled"] = False
        write(self.go, "Store")
        write(self.said, f"{stored}; open it under Stored results")

    async def _report(self) -> None:
        if self.stored is None:
            return
        write(self.said, "the report is being written ...")
        try:
            page = await self.window.worker.call(partial(made_report, self.stored))
        except SimError as error:
            write(self.said, str(error))
            return
        with self.box:
            ui.download(read_bytes(page), f"{self.stored.name}.html")
        write(self.said, f"report: {page.name} in {self.stored.parent.name}/{self.stored.name}")

    def _folder(self) -> None:
        if self.stored is None:
            return
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.stored.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(self.stored.parent).as_posix())
        ui.download(buffer.getvalue(), f"{self.stored.name}.zip")


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
