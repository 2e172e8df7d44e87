"""The page under attack: refused with a clear word, or survived; nothing is written elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

pytest.importorskip("nicegui", reason="the page needs the extra: pip install 'sim[web]'")

from sim.errors import SimError
from sim.web.charts import Table
from sim.web.server import BODY_BYTES, SOCKETS
from sim.web.state import LARGEST_UPLOAD, Shelf, State, state_of
from tests.web.loops import in_a_loop

ROOT = Path(__file__).parents[2]
SECRET = "outside the folders"


class Served(NamedTuple):
    """A page that is served, and who may open it."""

    address: str
    token: str
    folder: Path
    process: subprocess.Popen[str]

    @contextmanager
    def client(self, known: bool = True) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=30.0) as client:
            if known:
                assert client.get(f"/?token={self.token}").status_code == 303
            yield client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "scenarios").mkdir()
    shutil.copy(ROOT / "scenarios" / "tiny.toml", folder / "scenarios")
    result = folder / "results" / "stored-00000000"
    result.mkdir(parents=True)
    (result / "manifest.json").write_text('{"name": "<b>bold</b>", "status": "done"}')
    (folder / "secret.toml").write_text(SECRET)
    (result / "link.toml").symlink_to(folder / "secret.toml")
    code = "from sim.cli import main; main(['serve', '--no-browser'])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", process.stdout.readline())
    assert found is not None
    yield Served(found[1], found[2], folder, process)
    process.send_signal(signal.SIGINT)
    process.wait(30)


def test_the_token_opens_the_page_and_nothing_else_does(served: Served) -> None:
    with served.client(known=False) as stranger:
        for path in ("/", "/?token=", "/?token=guessed", "/result/stored-00000000/manifest.json"):
            answer = stranger.get(path)
            assert answer.status_code == 403
            assert "needs the link" in answer.text
        assert stranger.get("/_nicegui_ws/socket.io/?EIO=4&transport=polling").status_code == 403
        assert stranger.get(f"/result/x/y?token={served.token}").status_code == 403
    with served.client() as known:
        cookie = known.get("/").headers
        assert "frame-ancestors 'none'" in cookie["content-security-policy"]
        assert known.get("/").status_code == 200
    with served.client(known=False) as fresh:
        given = fresh.get(f"/?token={served.token}").headers["set-cookie"]
        assert "HttpOnly" in given
        assert "SameSite=Strict" in given


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),  # a name that was pointed at this machine
        ({"Host": "127.0.0.1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_other_sites_are_refused_even_with_the_cookie(
    served: Served, headers: dict[str, str], status: int
) -> None:
    with served.client() as known:
        assert known.get("/", headers=headers).status_code == status


def test_no_path_leads_out_of_the_result_folders(served: Served) -> None:
    tries = [
        "/result/stored-00000000/../../secret.toml",
        "/result/stored-00000000/..%2f..%2fsecret.toml",
        "/result/stored-00000000/%2e%2e/%2e%2e/secret.toml",
        "/result/stored-00000000/link.toml",
        "/result/../secret.toml",
        "/result/..%2f/secret.toml",
        "/result/%2e%2e/secret.toml",
        f"/result/stored-00000000/{served.folder}/secret.toml",
        "/result/stored-00000000//etc/passwd",
        "/_nicegui/3/static/../../../../../../etc/passwd",
        "/?s=../secret",
        "/?s=/etc/passwd",
        "/?s=..%2f..%2fsecret",
    ]
    with served.client() as known:
        assert known.get("/result/stored-00000000/manifest.json").status_code == 200
        for path in tries:
            answer = known.get(path)
            assert answer.status_code in (404, 422, 403), path
            assert SECRET not in answer.text
            assert "root:" not in answer.text


def test_large_bodies_are_refused(served: Served) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x" * 1_000_000

    with served.client() as known:
        whole = known.post("/", content=b"x" * 50_000_000)
        assert whole.status_code == 413
        assert f"{BODY_BYTES:,}" in whole.text
        with suppress(httpx.TransportError):  # the server may hang up before the end
            assert known.post("/_nicegui/x", content=slowly()).status_code in (404, 405, 413)
        assert known.get("/").status_code == 200


def test_a_hundred_sockets_are_too_many_and_strangers_get_none(served: Served) -> None:
    websockets = pytest.importorskip("websockets")
    with served.client() as known:
        (cookie,) = known.cookies.jar
    address = served.address.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport="

    async def one(headers: dict[str, str], origin: str | None) -> int:
        try:
            await websockets.connect(
                f"{address}websocket", additional_headers=headers, origin=origin
            )
        except websockets.InvalidStatus as error:
            return int(error.response.status_code)
        return 101

    async def all_of_them() -> list[int]:
        own = {"Cookie": f"{cookie.name}={cookie.value}"}
        assert await one({}, served.address) == 403
        assert await one({"Cookie": f"{cookie.name}=guessed"}, served.address) == 403
        assert await one(own, "http://evil.example") == 403
        assert await one(own, None) == 403
        assert await one({**own, "Host": "evil.example"}, served.address) in (400, 403, 421)
        return await asyncio.gather(*(one(own, served.address) for _ in range(100)))

    found = in_a_loop(all_of_them())
    assert found.count(101) == SOCKETS
    assert set(found) == {101, 503}
    deadline = time.monotonic() + 30.0
    while in_a_loop(one({"Cookie": f"{cookie.name}={cookie.value}"}, served.address)) != 101:
        assert time.monotonic() < deadline, "sockets that are gone still count"
        time.sleep(0.5)


def test_a_thousand_raw_messages_are_survived(served: Served) -> None:
    websockets = pytest.importorskip("websockets")
    with served.client() as known:
        (cookie,) = known.cookies.jar
        text = known.get("/").text
    own = {"Cookie": f"{cookie.name}={cookie.value}"}
    client = re.search(r"client_id\W+([0-9a-f-]{36})", text)
    listeners = list(dict.fromkeys(re.findall(r"listener_id\W+([0-9a-f-]{36})", text)))
    assert client is not None
    query = f"&implicit_handshake=true&client_id={client[1]}&tab_id=a&document_id=b"
    address = f"{served.address.replace('http', 'ws')}/_nicegui_ws/socket.io/"
    address += f"?EIO=4&transport=websocket{query}&next_message_id=0"
    wrong = ("log", "ack", "javascript_response", "handshake", "event", "no_such_word")

    async def flood() -> str:
        async with websockets.connect(
            address, additional_headers=own, origin=served.address, max_size=None
        ) as socket:
            await socket.recv()
            await socket.send("40")
            answer = str(await socket.recv())
            for k in range(1000):
                message = {"client_id": client[1], "id": k % 400, "args": [k, "x" * 1000]}
                message["listener_id"] = (listeners or ["none"])[k % max(len(listeners), 1)]
                await socket.send(f"42{json.dumps(['event', message])}")
                if k % 50 == 0:
                    await socket.send(f"42{json.dumps([wrong[k // 50 % len(wrong)], {'x': k}])}")
            with suppress(websockets.ConnectionClosed):
                await socket.send(f"42{json.dumps(['event', 'x' * 5_000_000])}")
                await asyncio.wait_for(socket.wait_closed(), 10.0)
        return answer

    assert in_a_loop(flood()).startswith("40{")
    with served.client() as known:
        assert known.get("/").status_code == 200
    assert served.process.poll() is None


def test_nothing_was_written_and_memory_is_bounded(served: Served) -> None:
    names = {path.relative_to(served.folder).as_posix() for path in served.folder.rglob("*")}
    assert names == {
        "scenarios",
        "scenarios/tiny.toml",
        "results",
        "results/stored-00000000",
        "results/stored-00000000/manifest.json",
        "results/stored-00000000/link.toml",
        "secret.toml",
    }
    status = Path(f"/proc/{served.process.pid}/status")
    if status.exists():
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert peak is not None
        assert int(peak[1]) < 1_500_000


def test_names_are_text_in_tables_and_no_formula_in_csv() -> None:
    name = '=HYPERLINK("http://evil.example")<script>alert(1)</script>'
    table = Table(name, ("vendor", "points"), [(name, 1.5), ("@a", None), ("-a,b", 2)])
    assert "<script>" not in table.html()
    assert "&lt;script&gt;" in table.html()
    lines = table.csv().splitlines()
    assert lines[1].startswith("\"'=HYPERLINK")
    assert lines[2] == "'@a,"
    assert lines[3] == '"\'-a,b",2'


def test_uploads_are_parsed_and_read_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    shelf = Shelf(tmp_path)
    text = (ROOT / "scenarios" / "tiny.toml").read_text(encoding="utf-8")
    name = shelf.take(text)
    assert shelf.scenario(name).name == "tiny"
    for harm in (
        f'extends = "{ROOT / "scenarios" / "tiny.toml"}"\nname = "x"',
        'extends = "../../../etc/passwd"\nname = "x"',
        f'posterior = "/etc/passwd"\n{text}',
        "x" * (LARGEST_UPLOAD + 1),
        "a = [" * 5_000,
    ):
        with pytest.raises(SimError) as refused:
            shelf.take(harm)
        assert "root:" not in str(refused.value)
    assert list(tmp_path.rglob("*")) == [tmp_path / "scenarios"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("s=tiny&c=population.clients=60000", "at most 50,000"),
        ("s=tiny&c=calendar.months=500", "at most 240"),
        ("s=tiny&r=1000", "at most 100"),
        ("s=tiny&n=no_such_number=1", "no_such_number"),
        ("s=tiny&c=levers.none.intensity=1", "no such path"),
        ("s=tinny", "nearest: tiny"),
        ("s=tiny&r=one", "no whole number"),
        ("s=" + "x" * 10_000, "longer than"),
    ],
)
def test_a_link_that_asks_too_much_is_refused_with_a_word(query: str, word: str) -> None:
    shelf = Shelf(ROOT)
    with pytest.raises(SimError, match=re.escape(word)):
        shelf.asked(state_of(query, "tiny"))


def test_a_link_brings_a_state_back() -> None:
    state = State("volcano-dam", {"levers.scale.intensity": 0.35}, {"review_api": 0.4}, True, 12, 7)
    state = state.with_change("events.3.pricing", {"strategy": "nash"})
    assert state_of(state.link, "tiny") == state
    assert json.dumps(state.link)
