"""Behind a window: the numbers of `sim run`, steps, cancelling, windows, a dead worker."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nicegui", reason="the page needs the extra: pip install 'sim[web]'")

from sim.api import open_result, run
from sim.cli import main
from sim.runs.worlds import OFF_MONEY_KEPT, ON
from sim.web.session import DIED, KEPT, Memory, Session, Shown, Step, Worker, steps_of
from sim.web.state import Asked, Shelf, State, command_of, python_of
from tests.web.loops import in_a_loop

ROOT = Path(__file__).parents[2]
STATE = State("tiny").with_size("replicates", 4)
ALL = Step(600, 4, True)

pytestmark = pytest.mark.slow


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    (tmp_path / "scenarios").mkdir()
    text = (ROOT / "scenarios" / "tiny.toml").read_text(encoding="utf-8")
    small = text.replace("\nclients = 600\n", "\nclients = 100\n")
    assert small != text
    (tmp_path / "scenarios" / "tiny.toml").write_text(small, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return Shelf(tmp_path)


def moved(shelf: Shelf) -> State:
    """A lever at half, another strategy."""
    scenario = shelf.scenario("tiny")
    lever, vendor = next(iter(scenario.levers)), next(iter(scenario.vendors))
    state = STATE.with_change(f"levers.{lever}.intensity", 0.5)
    return state.with_change(f"vendors.{vendor}.pricing", {"strategy": "nash"})


async def last(session: Session, asked: Asked, **more: object) -> Shown:
    looks = [look async for look in session.looks(asked, **more)]  # type: ignore[arg-type]
    assert looks[-1].last
    return looks[-1]


def test_stored_and_shown_numbers_are_those_of_the_copied_command(shelf: Shelf) -> None:
    asked = shelf.asked(moved(shelf))
    words = shlex.split(command_of(shelf, asked))
    assert words[:3] == ["sim", "run", "scenarios/tiny.toml"]
    with pytest.raises(SystemExit) as ended:
        main([*words[1:], "--workers", "1", "--figures", "none", "--out", "typed"])
    assert ended.value.code == 0
    (typed,) = Path("typed").iterdir()

    async def both() -> tuple[Shown, Path]:
        worker = Worker(2)
        try:
            look = await last(Session(worker, Memory()), asked)
            pool = await worker.pool(False)
            result = await asyncio.to_thread(
                run, asked.scenario, replicates=4, seed=asked.seed, out="page", executor=pool
            )
            return look, result.path
        finally:
            worker.close()

    look, page = in_a_loop(both())
    assert page.name == typed.name
    files = [p.relative_to(page) for p in sorted((page / "curves.zarr").rglob("*")) if p.is_file()]
    for file in [Path("runs.parquet"), Path("scenario.toml"), Path("verdict.json"), *files]:
        assert (page / file).read_bytes() == (typed / file).read_bytes(), file
    stored = open_result(typed)
    for world in (ON, OFF_MONEY_KEPT):
        for measure in KEPT:
            curve = stored.curves[measure].sel(point=world)
            assert np.array_equal(look.curves[world][measure], curve.to_numpy()), measure
    assert look.verdict is not None
    own = stored.verdict["verdicts"]["money_kept"]
    assert look.verdict["definitions"] == own["definitions"]
    assert look.verdict["classes"] == own["classes"]
    space: dict[str, object] = {}
    exec(python_of(shelf, asked).rpartition("\n")[0], space)  # all but the run
    assert space["scenario"] == asked.scenario


def test_windows_cancel_and_a_dead_worker(shelf: Shelf) -> None:
    first, second = shelf.asked(STATE), shelf.asked(moved(shelf))

    async def story() -> None:
        worker, told = Worker(2), list[tuple[int, int]]()

        def note(done: int, of: int, step: Step) -> None:
            told.append((done, of))

        try:
            alone = await last(Session(worker, Memory()), second)
            one, two = Session(worker, Memory()), Session(worker, Memory())

            # an older question is dropped; the window and its neighbour go on
            dropped = asyncio.create_task(last(one, first))
            beside = asyncio.create_task(last(two, second))
            await asyncio.sleep(0.05)
            dropped.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dropped
            again = await last(one, second, progress=note)
            for found in (again, await beside):
                assert np.array_equal(found.on(KEPT[0]), alone.on(KEPT[0]))
            assert told[-1] == (8, 8)

            # what was run is not run again; A beside B is paired by seed
            pair = await last(
                one, second, pinned=second, progress=lambda d, of, step: told.append((d, of))
            )
            assert told[-1] == (0, 0)
            assert pair.against is not None
            assert {mean for mean, _ in pair.against[KEPT[0]].values()} == {0.0}
            other = await last(one, second, pinned=first)
            assert other.against is not None
            assert any(mean != 0.0 for mean, _ in other.against[KEPT[0]].values())

            # a worker that is killed is told and survived
            pool = await worker.pool(False)
            for pid in list(pool._processes):  # type: ignore[attr-defined]
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.2)
            survived = await last(Session(worker, Memory()), second)
            assert survived.notes == (DIED,)
            assert np.array_equal(survived.on(KEPT[0]), alone.on(KEPT[0]))
        finally:
            worker.close()

    in_a_loop(story())


def test_first_a_few_quick_pairs_then_all_clients() -> None:
    shelf = Shelf(ROOT)
    labels = [step.label for step in steps_of(shelf.asked(State("volcano-dam", point=True)))]
    assert labels == ["8 quick runs", "30 quick runs", "8 full runs", "30 full runs"]
    assert [step.label for step in steps_of(shelf.asked(STATE))] == ["4 full runs"]
