"""The server of the page: who may speak to it, and how it starts and stops."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from sim.errors import SimError
from sim.scenario.shipped import located
from sim.web.state import MAIN, Shelf

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
PORT = 8642
FURTHER_PORTS = 20
"""Ports that are tried after one that is taken and was not asked for."""
BODY_BYTES = 1_000_000
SOCKET_BYTES = 1_000_000
SOCKETS = 16
TOKEN = "token"
OPEN_THE_LINK = "This page needs the link that `sim serve` printed when it started.\n"
OWN_SITES = {"same-origin", "none"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' "
    "'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' ws://{host}; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class TooLarge(Exception):
    """A request sent more than it may."""


class Guard:
    """Lets through what comes from the page itself, on this machine, with its cookie.

    The link that opens the page carries a token. It is exchanged for a cookie that scripts cannot
    read and that no other site's request carries. Every request and every socket must name this
    server as its host (so a name that is pointed at this machine reaches nothing) and, where it
    says where it comes from, the page itself.
    """

    def __init__(self, app: App, port: int, token: str) -> None:
        self.app = app
        self.token = token
        self.ticket = secrets.token_urlsafe(32)
        self.cookie = f"sim_page_{port}"  # cookies do not know ports
        self.hosts = {f"{name}:{port}" for name in NAMES}
        self.sockets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, exchange the token, or hand on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        if (refused := self._refusal(scope, headers)) is not None:
            await _refuse(scope, receive, send, *refused)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send, headers)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            return 421, "This server answers to its own address alone.\n"
        is_socket = scope["type"] == "websocket"
        if (origin is None and is_socket) or (origin is not None and origin != f"http://{host}"):
            return 403, "Requests of other sites are refused.\n"
        if headers.get("sec-fetch-site", "none") not in OWN_SITES:
            return 403, "Requests of other sites are refused.\n"
        if not is_socket and scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "Only GET, HEAD and POST.\n"
        if self._is_known(headers) or (not is_socket and self._has_token(scope)):
            return None
        return 403, OPEN_THE_LINK

    def _is_known(self, headers: dict[str, str]) -> bool:
        try:
            held = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return False
        return held is not None and _same(held.value, self.ticket)

    def _has_token(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get(TOKEN, [""])[0]
        return scope["path"] == "/" and scope["method"] == "GET" and _same(given, self.token)

    async def _request(
        self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        if self._has_token(scope):
            await self._exchange(scope, send)
            return
        started, read = False, 0
        length = headers.get("content-length", "0")

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > BODY_BYTES:
                raise TooLarge
            return message

        async def marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {k.lower() for k, _ in message["headers"]}
                more = [(k.lower().encode(), v.encode()) for k, v in _headers(headers["host"])]
                message["headers"] = [*message["headers"], *(p for p in more if p[0] not in own)]
            await send(message)

        too_large = 413, f"At most {BODY_BYTES:,} bytes.\n"
        if not length.isdecimal() or int(length) > BODY_BYTES:
            await _refuse(scope, receive, send, *too_large)
            return
        try:
            await self.app(scope, counted, marked)
        except TooLarge:
            if not started:
                await _refuse(scope, receive, send, *too_large)

    async def _exchange(self, scope: Scope, send: Send) -> None:
        """The cookie for the token; the address keeps the rest of the link."""
        query = scope["query_string"].decode("latin-1").split("&")
        kept = "&".join(part for part in query if not part.startswith(f"{TOKEN}="))
        cookie = f"{self.cookie}={self.ticket}; Path=/; HttpOnly; SameSite=Strict"
        headers = [
            (b"location", f"/{'?' if kept else ''}{kept}".encode("latin-1")),
            (b"set-cookie", cookie.encode()),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.sockets >= SOCKETS:
            await _refuse(scope, receive, send, 503, f"At most {SOCKETS} windows at a time.\n")
            return
        self.sockets += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.sockets -= 1


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def _headers(host: str) -> list[tuple[str, str]]:
    return [(name, value.replace("{host}", host)) for name, value in HEADERS.items()]


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": text.strip()})
            return
        kind = "websocket.http.response"
    else:
        kind = "http.response"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": text.encode()})


def free_socket(port: int | None) -> socket.socket:
    """A listening socket of this machine alone: at that port, else the first free one.

    SimError if the port is taken, or none of the usual ones is free.
    """
    tried = [port] if port is not None else [*range(PORT, PORT + FURTHER_PORTS), 0]
    for number in tried:
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, number))
        except (OSError, OverflowError):
            found.close()
            continue
        return found
    raise SimError(f"port {port} is taken or not allowed; choose another --port")


def serve(
    scenario: Path | None, port: int | None, browser: bool, say: Callable[[str], None] = print
) -> None:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    scenario
        File or name of the first view; None = the main scenario.
    port
        None = the first free one from 8642.
    browser
        Whether to open the link in the user's browser.
    say
        Is given the link.

    Raises
    ------
    SimError
        The extra `web` is not installed, there is no such scenario, or the port is taken.
    """
    try:
        import uvicorn

        from sim.web.page import application
    except ImportError as error:
        raise SimError("the page needs the extra: pip install 'sim[web]'") from error
    named = None if scenario is None else Path(located(scenario))
    shelf = Shelf(Path.cwd(), named)
    known = shelf.scenarios()
    usual = next((name for name, path in known.items() if path == named), MAIN)
    shelf.scenario(usual)
    listening = free_socket(port)
    number = listening.getsockname()[1]
    token = secrets.token_urlsafe(32)
    link = f"http://{HOST}:{number}/?{TOKEN}={token}"
    app, close = application(shelf, usual)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            say(link)
            if browser:
                webbrowser.open(link)

    config = uvicorn.Config(
        Guard(app, number, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=SOCKET_BYTES,
        timeout_graceful_shutdown=2,
    )
    try:
        Server(config).run([listening])
    except KeyboardInterrupt:
        pass  # how it is ended
    finally:
        listening.close()
        close()
