"""Who comes in: every request gets an id and needs a key, whatever it asks for.

A wrong key costs one look at an index. Who tries more than ten in a minute is told to wait, and is not let in by
guessing faster: a key has 256 random bits. A right key is let in all the same, so that a stranger behind the same proxy
locks nobody out.
"""

import re
import secrets
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable

import structlog
from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns import keys
from campaigns.runtime import Runtime, now_of
from campaigns.web.api.envelope import REQUEST_ID, failed
from schemas.api_key import ApiKey

ATTEMPTS = 10
"""Wrong keys that one address may try in a minute."""
_MINUTE = 60.0
_ADDRESSES = 10_000
"""How many are remembered; strangers can come from any number."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

logger = structlog.get_logger(__name__)


class Attempts:
    """Counts wrong keys by address, in memory; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wrong(self, address: str) -> int:
        """Count one; return how many seconds to wait, 0 while there are not too many."""
        now = self._clock()
        times = self._times.setdefault(address, deque(maxlen=ATTEMPTS))
        self._times.move_to_end(address)
        while len(self._times) > _ADDRESSES:
            self._times.popitem(last=False)
        while times and times[0] <= now - _MINUTE:
            times.popleft()
        if len(times) == ATTEMPTS:
            return int(times[0] + _MINUTE - now) + 1
        times.append(now)
        return 0


class Door:
    """Stands around the API. Routes find the key in `request.state.key`."""

    def __init__(self, app: ASGIApp, runtime: Runtime, attempts: Attempts | None = None) -> None:
        self._app = app
        self._runtime = runtime
        self._attempts = attempts or Attempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        token = REQUEST_ID.set(given if _REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(8)}")
        try:
            await self._answer(scope, receive, send)
        finally:
            REQUEST_ID.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = REQUEST_ID.get()
        begun = False

        async def marked(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update({"X-Request-Id": request_id, **_HEADERS})
            await send(message)

        try:
            await self._admit(scope, receive, marked)
        except ClientDisconnect:
            logger.info("api.gone", request_id=request_id)
        except Exception as error:
            _tell(error, request_id)
            if begun:
                raise
            said = f"Something of ours broke. Report it with the request id {request_id}."
            await failed(500, "internal_error", said)(scope, receive, marked)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        presented = _presented(Headers(scope=scope))
        if presented is None:
            said = "No key was given. Send it in the header X-API-Key; `pagecast keys create` makes one."
            await failed(401, "unauthorized", said)(scope, receive, send)
            return
        key = await run_sync(self._verified, presented)
        if key is None:
            await self._refuse(scope, receive, send)
            return
        scope.setdefault("state", {})["key"] = key
        await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        wait = self._attempts.wrong(client[0] if client else "")
        if wait:
            said = f"Too many wrong keys came from this address. Try again in {wait} s."
            answer = failed(429, "too_many_attempts", said, headers={"Retry-After": str(wait)})
        else:
            said = "This key is not known, has expired or was revoked. `pagecast keys list` shows those there are."
            answer = failed(401, "unauthorized", said)
        await answer(scope, receive, send)

    def _verified(self, presented: str) -> ApiKey | None:
        with self._runtime.reading() as conn:
            now = now_of(conn)
            key = keys.verify(conn, presented, now)
        if key and keys.is_used_anew(key, now):
            with self._runtime.writing() as conn:
                keys.used(conn, key, now)
        return key


def _presented(headers: Headers) -> str | None:
    if (key := headers.get("x-api-key")) is not None:
        return key
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _tell(error: Exception, request_id: str) -> None:
    # Without its message: a driver's sentence may quote the row.
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("api.failed", request_id=request_id, error=type(error).__name__, trace=trace)
