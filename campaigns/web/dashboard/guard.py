"""Stands around the dashboard: pages, their parts and their sockets are for those who have a session.

Each request asks whether the key still lives. An open socket asks with everything that comes in, and at most once a
second for what goes out, so that a key's end closes the screens that it has open.
"""

import asyncio
import time
from contextlib import suppress
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns.web import login
from campaigns.web.dashboard.session import House, Session
from campaigns.web.passes import COOKIE, Admitted, Pass, Passes
from campaigns.web.shield import is_same_origin

# Vue compiles templates in the browser and NiceGUI writes its start into the page: neither goes without `unsafe-…`.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSALS = {
    401: "Log in first.",
    403: "Another site asked for this. Open the dashboard's own address.",
}
_AGAIN = 1.0
_PATIENCE = 3.0
_OPENED = '0{"sid":"-","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}'
_FAILED = '44{"message":"Implicit handshake failed"}'
_ENDED = 4401
"""The close code of a socket whose session is over; above 4000 they are an application's own."""


class Guard:
    """Lets in who has a session, and shows everybody else the way to the login."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self.house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or a socket in, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            return
        admitted = await self._admitted(scope)
        if admitted is None:
            await self._turn_away(scope, receive, send)
            return
        if not self._is_ours(scope):
            await _refuse(scope, receive, send, 403)
            return
        session = Session(self.house, admitted.key, admitted.shown)
        scope.setdefault("state", {})["session"] = session
        # NiceGUI keeps what somebody chose (dark or light) under this id.
        scope["session"] = {"id": admitted.key.prefix}
        if scope["type"] == "http":
            await self._app(scope, receive, _marked(scope, send, admitted, self.house))
        else:
            watched = Watched(self.house.passes, admitted.shown, receive, send)
            await self._app(scope, watched.receive, watched.send)

    async def _admitted(self, scope: Scope) -> Admitted | None:
        cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
        return await run_sync(self.house.passes.admit, cookie) if cookie else None

    def _is_ours(self, scope: Scope) -> bool:
        """Whether one of our pages asks, where something could change by it."""
        if scope["type"] == "http" and scope["method"] in _SAFE and not scope["path"].startswith("/_nicegui_ws"):
            return True
        return is_same_origin(Headers(scope=scope), self.house.runtime.settings.url)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send whoever opens a page to the login; nothing else of the dashboard is there for them."""
        if scope["type"] == "http" and scope["method"] in _SAFE and not scope["path"].startswith("/_nicegui"):
            query = scope["query_string"].decode("latin-1")
            target = scope["path"] + (f"?{query}" if query else "")
            url = "/login" if target == login.HOME else f"/login?next={quote(target, safe='')}"
            await RedirectResponse(url, 303, {"Cache-Control": "no-store"})(scope, receive, send)
        elif scope["type"] == "websocket":
            await _send_home(receive, send)
        else:
            await _refuse(scope, receive, send, 401)


class Watched:
    """A socket that ends with its session."""

    def __init__(self, passes: Passes, shown: Pass, receive: Receive, send: Send) -> None:
        self._passes = passes
        self._shown = shown
        self._receive = receive
        self._send = send
        self._asked = time.monotonic()
        self._over = False

    async def receive(self) -> Message:
        """Return what came, as long as the session holds."""
        message = await self._receive()
        if message["type"] == "websocket.receive" and not await self._holds():
            await self._end()
            return {"type": "websocket.disconnect", "code": _ENDED}
        return message

    async def send(self, message: Message) -> None:
        """Pass on what goes out, as long as the session holds."""
        if self._over:
            return
        due = time.monotonic() - self._asked > _AGAIN
        if message["type"] == "websocket.send" and due and not await self._holds():
            await self._end()
            return
        await self._send(message)

    async def _holds(self) -> bool:
        self._asked = time.monotonic()
        return not self._over and await run_sync(self._passes.holds, self._shown)

    async def _end(self) -> None:
        if not self._over:
            self._over = True
            await self._send({"type": "websocket.close", "code": _ENDED, "reason": "The session has ended."})


def _marked(scope: Scope, send: Send, admitted: Admitted, house: House) -> Send:
    """Return a `send` that adds the policy of pages, and a fresh cookie where it is time for one."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            if admitted.cookie:
                carrier = Response()
                login.write(carrier, admitted.cookie, secure=login.is_secure(Request(scope), house.runtime))
                headers.append("Set-Cookie", carrier.headers["set-cookie"])
        await send(message)

    return marked


async def _send_home(receive: Receive, send: Send) -> None:
    """Make a page whose session is over load itself anew, which leads to the login.

    It would dial a socket that is refused for ever, and say that the connection is lost. These are the words, in
    Socket.IO's protocol, on which NiceGUI's page gives up; there is nothing else behind this socket.
    """
    await receive()
    await send({"type": "websocket.accept"})
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            for word in (_OPENED, _FAILED):
                await send({"type": "websocket.send", "text": word})
                if (await receive())["type"] == "websocket.disconnect":
                    return
    await send({"type": "websocket.close", "code": _ENDED})


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _ENDED})
        return
    await PlainTextResponse(_REFUSALS[status], status, {"Cache-Control": "no-store"})(scope, receive, send)
