"""The page itself: one window for each view, and the application that serves them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse
from nicegui import app as nicegui_app
from nicegui import background_tasks, core, ui

from sim.analysis.rounding import more_or_less
from sim.analysis.verdict.judge import MEASURES
from sim.analysis.verdict.words import answer_of_pair, question_of
from sim.errors import SimError
from sim.plot.style import vendor_styles
from sim.scenario.schema.scenario import Scenario
from sim.web import charts
from sim.web.charts import DARK, LIGHT
from sim.web.controls import Controls, button, choice, el, write
from sim.web.session import Memory, Session, Shown, Step, Worker
from sim.web.state import LARGEST_UPLOAD, Asked, Shelf, State, state_of
from sim.web.views import Explain, PageView, Picture, Stored, SweepMap, TakeAway, hide

WINDOWS = 12
"""Windows that are open at a time."""
PAUSE = 0.04
"""Seconds without a further move before a move is run."""
HISTORY = 100
TITLE = "sim: play the market"
OVER = "over the posterior: each run is one draw of what nobody knows"
ASIDE = "as they stand, with your changes; the posterior is set aside"
VIEWS = ("Market", "Sweep", "Stories", "Stored results", "Take away")


class Window:
    """One open view: its state, what was tried, and the work under way."""

    def __init__(self, shelf: Shelf, worker: Worker, memory: Memory, state: State) -> None:
        self.shelf, self.worker = shelf, worker
        self.session = Session(worker, memory)
        self.state = state
        self.asked: Asked = shelf.asked(state)
        self.history: list[tuple[State, str, str]] = [(state, "as the scenario stands", "")]
        self.pinned: tuple[Asked, Shown | None] | None = None
        self.looks: list[Shown] = []
        self.work: asyncio.Task[None] | None = None
        self.ink = LIGHT
        self.is_closed = False
        self.client = ui.context.client
        self._build()

    # --- what is seen -------------------------------------------------------------------------

    def _build(self) -> None:
        scenario = self.shelf.scenario(self.state.scenario)
        with el("div", classes="page"):
            el("a", "to the answer", "skip", href="#answer")
            with el("header"):
                with el("div", classes="title"):
                    el("h1", scenario.title or scenario.name)
                names = [*self.shelf.scenarios(), *self.shelf.uploads]
                choice("scenario", {n: n for n in names}, self.state.scenario, self._open_scenario,
                       id="scenario")  # fmt: skip
                self.undo_button = button("Undo", self.undo, disabled=True)
                self.pin_button = button("Pin as A", self.pin)
                button("Copy link", self._copy_link)
                button("Dark or light", self._other_theme)
            self.views: dict[str, ui.element] = {}
            with el("nav", aria_label="views"):
                self.tabs = {name: button(name, partial(self.view, name)) for name in VIEWS}
            with el("main", id="main"):
                with el("div", classes="columns") as self.views["Market"]:
                    with el("div", classes="controls"):
                        self._upload()
                        self.controls = Controls(scenario, self.state, self.move)
                    with el("div", classes="results"):
                        self._results()
                self.stories = Explain(self)
                self.further: dict[str, PageView] = {
                    "Sweep": SweepMap(self),
                    "Stories": self.stories,
                    "Stored results": Stored(self),
                    "Take away": TakeAway(self),
                }
                for name, view in self.further.items():
                    self.views[name] = view.box
            self.mini = el("div", "", "mini", aria_hidden="true")
        self.view("Market")

    def _upload(self) -> None:
        with el("section", classes="panel", aria_label="Own scenario"), el("details"):
            el("summary", "open a scenario of your own")
            el("label", "a TOML file", for_="upload")
            box = el("input", type="file", id="upload", accept=".toml", aria_describedby="error-up")
            self.upload_error = el("p", "", "bad", id="error-up", role="alert")
            box.on(
                "change",
                lambda e: self._take(e.args),
                js_handler=f"async (e) => emit(await simPage.read(e.target, {LARGEST_UPLOAD}))",
            )

    def _results(self) -> None:
        with el("section", classes="panel", id="answer", aria_label="Answer"):
            self.question = el("p", question_of(self.asked.scenario), "faint")
            with el("div", role="status", aria_live="polite", id="verdict"):
                self.answer = el("p", "the first runs are under way ...", "answer")
                with el("p"):
                    self.badge = el("span", "", "badge", id="badge")
                    self.effect = el("span", "", id="effect")
                self.paired = el("p", "", "note", id="paired")
            self.rest = ui.html("", sanitize=False)
            self.progress = el("p", "", "faint note", id="progress")
            self.note = el("p", "", "bad note", id="note", role="alert")
        with el("div", classes="charts"):
            self.tokens = Picture("Belt 1: tokens")
            self.revenue = Picture("Belt 2: revenue")
            self.against = Picture("B less A")
            self.effects = Picture("Effect of the moves", "low")
            self.holders = Picture("Who holds the points", "low")
            self.flows = Picture("Who switches to whom", "high")
            self.market = Picture("The market at the start")
            self.timeline = Picture("Events", "high")
            with el("section", classes="panel", aria_label="History"):
                el("h2", "What was tried")
                self.tried = el("ol")
        hide(self.against.box, True)
        self.timeline.chart.on_point_click(self._event_clicked)
        for picture in (self.tokens, self.revenue, self.market, self.holders, self.flows):
            picture.chart.on_point_click(self._vendor_clicked)
        self.timeline.show(charts.timeline(self.asked.scenario, self.ink))

    def view(self, name: str) -> None:
        """Show one of the views."""
        for other, tab in self.tabs.items():
            tab.props["aria-current"] = "true" if other == name else "false"
            hide(self.views[other], other != name)
        if name in self.further:
            self.further[name].opened()

    # --- what is asked ------------------------------------------------------------------------

    def start(self) -> None:
        """Answer the first state."""
        self._history()
        self._ask()

    def move(self, state: State, said: str, key: str) -> None:
        """Answer another state; what is wrong with it is said where it was moved."""
        self.state = state
        if key == self.history[-1][2]:
            self.history.pop()  # one slider that is moved on is one step
        self.history.append((state, said, key))
        del self.history[1:-HISTORY]
        self._ask()

    def undo(self) -> None:
        """Take the last move back."""
        if len(self.history) > 1:
            self.history.pop()
            self.restore(self.history[-1][0])

    def restore(self, state: State) -> None:
        """Go to a state that was tried before."""
        self.state = state
        self.controls.show(state)
        self._ask()

    def pin(self) -> None:
        """Hold this state as A, or let A go."""
        if self.pinned is not None:
            self.pinned = None
        else:
            self.pinned = self.asked, self.looks[-1] if self.looks else None
        write(self.pin_button, "Pin as A" if self.pinned is None else "Let A go")
        self._ask()

    def stop(self) -> None:
        """Stop the work under way."""
        if self.work is not None:
            self.work.cancel()
            self.work = None

    def go_on(self) -> None:
        """Work on the answer again; what was run is not run again."""
        if not self.is_closed:
            self._ask()

    def close(self) -> None:
        """The window is closed: all its work stops."""
        self.is_closed = True
        self.stop()
        for view in self.further.values():
            view.close()

    def _ask(self) -> None:
        self.stop()
        self.work = background_tasks.create(self._answer(self.state), name="answer")

    async def _answer(self, state: State) -> None:
        await asyncio.sleep(PAUSE)
        try:
            asked = await asyncio.to_thread(self.shelf.asked, state)
        except SimError as error:
            self.controls.complain(str(error))
            # the next move starts from what was answered last
            self.state = self.controls.state = self.asked.state
            if len(self.history) > 1:
                self.history.pop()
            return
        self.asked = asked
        self.client.run_javascript(f"simPage.address({state.link!r})")
        write(self.note, "")
        self._history()
        looks: list[Shown] = []
        pinned = self.pinned[0] if self.pinned else None
        try:
            async for look in self.session.looks(asked, pinned, self._report_progress):
                looks.append(look)
                self.looks = looks
                self._show(looks)
        except SimError as error:
            write(self.note, str(error))

    def _report_progress(self, done: int, of: int, step: Step) -> None:
        text = "" if done == of else f"next: {step.label}, {done} of {of} done"
        write(self.progress, text)

    def _show(self, looks: list[Shown]) -> None:
        look, ink = looks[-1], self.ink
        write(self.badge, look.step.label)
        write(self.note, "\n".join(look.notes))
        if look.verdict is not None:
            unit = "draws" if look.asked.draws is not None else "runs"
            said = answer_of_pair(look.verdict, unit=unit)
            write(self.answer, said.answer)
            write(self.effect, f" {said.effect}")
            rows = [row for row in said.rows if row[0] != "Effect"]
            if look.asked.scenario.posterior is not None:
                rows.insert(0, ("Numbers", OVER if unit == "draws" else ASIDE))
            table = charts.Table("what it rests on", ("", ""), rows)
            self.rest.set_content(table.text_html())
        else:
            write(self.answer, "No contest is stated: here is how the market goes.")
        write(self.mini, f"{look.step.label}: {self.answer._text}")
        write(self.paired, _paired(look))
        pinned = self.pinned[1] if self.pinned else None
        self.tokens.show(charts.belt(look, MEASURES["token_share"], ink, pinned))
        self.revenue.show(charts.belt(look, MEASURES["revenue_share"], ink, pinned))
        self.effects.show(charts.effect(looks, ink))
        self.holders.show(charts.holders(look, ink))
        self.against.show(charts.against(look, ink))
        self.flows.show(charts.flows(look, ink))
        self.market.show(charts.market(look, ink))
        if len(looks) == 1:
            self.timeline.show(charts.timeline(look.asked.scenario, ink))

    def _history(self) -> None:
        self.undo_button.props["disabled"] = len(self.history) < 2
        self.tried.clear()
        with self.tried:
            for state, said, _ in self.history[-12:]:
                with el("li"):
                    button(said, partial(self.restore, state))

    # --- what is clicked ----------------------------------------------------------------------

    def _event_clicked(self, event: Any) -> None:
        self.controls.choose_event(event.data["event"])
        self.client.run_javascript("document.getElementById('month')?.focus()")

    def _vendor_clicked(self, event: Any) -> None:
        labels = {v.label or name: name for name, v in self.asked.scenario.vendors.items()}
        named = str(event.name).removeprefix("from ").removeprefix("to ")
        vendor = labels.get(named) or labels.get(str(event.series_name))
        if vendor is not None:
            self.view("Stories")
            self.stories.tell_vendor(vendor)

    def _open_scenario(self, name: str) -> None:
        self.client.run_javascript(f"location.assign({f'/?{State(name).link}'!r})")

    def _take(self, found: Any) -> None:
        if found.get("error"):
            limit = f"a scenario for this page has at most {LARGEST_UPLOAD:,} bytes"
            write(self.upload_error, f"the file has {found['error']}: {limit}")
        elif found.get("text"):
            try:
                name = self.shelf.take(str(found["text"]))
                self.shelf.asked(State(name))
                self._open_scenario(name)
            except SimError as error:
                write(self.upload_error, str(error))

    def _copy_link(self) -> None:
        self.client.run_javascript("simPage.copy(location.href)")
        write(self.progress, "The link to this state is on the clipboard.")

    async def _other_theme(self) -> None:
        self.theme(await self.client.run_javascript("simPage.otherTheme()"))

    def theme(self, name: str) -> None:
        """Draw the charts for a light or a dark page."""
        self.ink = DARK if name == "dark" else LIGHT
        if self.looks:
            self._show(self.looks)
        self.timeline.show(charts.timeline(self.asked.scenario, self.ink))


def _paired(look: Shown) -> str:
    """B less A in one sentence; empty without an A."""
    contest = look.asked.scenario.contest
    if look.against is None or contest is None:
        return ""
    mean, interval = look.against[MEASURES["token_share"]][contest.challenger]
    label = look.labels[look.vendors.index(contest.challenger)]
    change, bounds = more_or_less(mean, *(interval or (None, None)))
    within = f" ({bounds})" if bounds else ""
    return f"B against A, the same seeds: {label} holds {change} of the tokens{within}."


def application(shelf: Shelf, usual: str) -> tuple[FastAPI, Callable[[], None]]:
    """The application behind the guard, and what ends its processes."""
    worker, memory = Worker(), Memory()
    windows: set[str] = set()

    @ui.page("/", title=TITLE, response_timeout=20.0)
    async def page(request: Request) -> Any:
        if len(windows) >= WINDOWS:
            text = f"At most {WINDOWS} windows at a time; close one and load this again.\n"
            return PlainTextResponse(text, 503)
        try:
            state = await asyncio.to_thread(_checked, shelf, request.url.query, usual)
        except SimError as error:
            return PlainTextResponse(f"This link does not open:\n{error}\n", 422)
        data = resources.files("sim") / "data"
        ui.add_css((data / "page.css").read_text(encoding="utf-8"))
        ui.add_head_html(f"<script>{(data / 'page.js').read_text(encoding='utf-8')}</script>")
        client = ui.context.client
        window = Window(shelf, worker, memory, state)
        windows.add(client.id)

        def closed() -> None:
            windows.discard(client.id)
            window.close()

        client.on_delete(closed)
        await client.connected(timeout=30.0)
        with suppress(TimeoutError):
            window.theme(await client.run_javascript("simPage.theme()", timeout=10.0) or "light")
        window.start()
        client.on_disconnect(window.stop)
        client.on_connect(window.go_on)
        return None

    @nicegui_app.get("/result/{name}/{path:path}")
    def file(name: str, path: str) -> Any:
        try:
            found = shelf.file(name, path)
        except SimError as error:
            return PlainTextResponse(f"{error}\n", 404)
        headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
        picture = found.suffix in (".png", ".svg")
        kind = "inline" if picture else "attachment"
        return FileResponse(
            found, filename=found.name, content_disposition_type=kind, headers=headers
        )

    @nicegui_app.on_startup
    async def warm() -> None:
        background_tasks.create(_warmed(worker, shelf.scenario(usual)), name="warm")

    served = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    core.app.config.socket_io_js_transports = ["websocket"]
    ui.run_with(
        served,
        title=TITLE,
        language="en-US",
        tailwind=False,
        gzip_middleware_factory=None,
        show_welcome_message=False,
        reconnect_timeout=12.0,  # a busy machine answers late; A and the history are not lost
    )
    return served, worker.close


async def _warmed(worker: Worker, scenario: Scenario) -> None:
    """Start the processes, and load what the first drawing needs."""
    await asyncio.gather(worker.pool(False), asyncio.to_thread(vendor_styles, scenario))


def _checked(shelf: Shelf, query: str, usual: str) -> State:
    """The state of a link, if the page can show it."""
    state = state_of(query, usual)
    if state.scenario not in shelf.uploads:
        shelf.path(state.scenario)
    shelf.asked(state)
    return state
