"""Graph and Orbit as a suspicious person would run them.

It shares no code with the product or its simulator: what it takes and answers is written anew from the platforms'
pages, and whatever is not exactly so is a fault that a test can ask for. It runs in a thread, so that tests read its
books as plain lists; times are `time.monotonic()` seconds.
"""

import asyncio
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import takewhile
from typing import Any, Self

from aiohttp import web

_LATENCY = 0.04
_KEY_WINDOW = 60.0
_CHANNELS = frozenset({"instagram", "messenger"})
_META_FIELDS = {"recipient", "messaging_type", "message"}
_ORBIT_FIELDS = {"to", "from", "type", "text"}


@dataclass(frozen=True)
class Account:
    """Who may send with which token; `cap` in messages per second."""

    id: str
    token: str
    channel: str = "instagram"
    cap: float = 40.0


@dataclass(frozen=True)
class Arrival:
    """One call as it came in, and how it was answered: `accepted`, or the code of the refusal."""

    at: float
    account: str
    recipient: str
    text: str
    answer: str
    idempotency_key: str = ""


@dataclass
class Spell:
    """A time in which an account (or everybody, "") is refused as too fast; `said` is when the first refusal left.

    It begins once `after` messages of the account were accepted. `how`: seconds | date | 613 | 4 | orbit.
    """

    account: str
    after: int
    seconds: float
    how: str
    began: float | None = None
    said: float | None = None

    def holds(self, account: str, accepted: int, now: float) -> bool:
        if self.account not in {"", account}:
            return False
        if self.began is None and accepted >= self.after:
            self.began = now
        return self.began is not None and now < self.began + self.seconds


@dataclass(frozen=True)
class Answer:
    """What goes back: the name of it for the books, HTTP status, JSON, headers; `drop` as in `Strict.drops`."""

    name: str
    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    drop: str = ""


class FaultError(Exception):
    """Something that the platform's pages do not allow."""


class Strict:
    """The platform; use it as a context manager."""

    def __init__(self, *accounts: Account, latency: float = _LATENCY, key_cap: int = 80) -> None:
        self.accounts = {account.token: account for account in accounts}
        self.latency = latency
        self.key_cap = key_cap
        self.arrivals: list[Arrival] = []
        self.faults: list[str] = []
        self.bursts: list[str] = []
        self.spells: list[Spell] = []
        self.codes: dict[str, tuple[int, int | None]] = {}
        """Recipient → Graph code and subcode, or for Orbit's accounts the HTTP status of an `IG_` code."""
        self.drops: dict[str, str] = {}
        """Recipient → where the connection ends: `reset` before the message is taken; `mute`, `head`, `half` after."""
        self.revoked: set[str] = set()
        self._taken: Counter[str] = Counter()
        self._lately: dict[str, deque[float]] = defaultdict(deque)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="strict", daemon=True)
        self._origin = ""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)

    @property
    def meta_url(self) -> str:
        return f"{self._origin}/v26.0"

    @property
    def orbit_url(self) -> str:
        return f"{self._origin}/api/v1"

    @property
    def accepted(self) -> Counter[tuple[str, str]]:
        """(account, recipient) → how often their message was taken."""
        return Counter((each.account, each.recipient) for each in list(self.arrivals) if each.answer == "accepted")

    @property
    def people(self) -> set[str]:
        """Everybody who got a message."""
        return {recipient for _, recipient in self.accepted}

    @property
    def doubles(self) -> dict[tuple[str, str], int]:
        return {who: n for who, n in self.accepted.items() if n > 1}

    def during(self, spell: Spell, grace: float) -> list[Arrival]:
        """Calls in a spell that nobody can have sent before they knew: `grace` seconds after it was first said."""
        assert spell.began is not None
        assert spell.said is not None
        end = spell.began + spell.seconds
        theirs = [each for each in self.arrivals if spell.account in {"", each.account}]
        return [each for each in theirs if spell.said + grace < each.at < end]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._ending = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self._origin = f"http://127.0.0.1:{port}"
        self._ready.set()
        await self._ending.wait()
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        raw = await request.read()
        reader = self._reader(request.path)
        try:
            _refuse_leaks(request, raw, self.accounts)
            answer = await reader(request, json.loads(raw), at)
        except (FaultError, ValueError, KeyError, TypeError) as fault:
            self.faults.append(f"{request.method} {request.path}: {fault}")
            answer = Answer(
                "fault", 400, {"error": {"message": str(fault), "type": "GraphMethodException", "code": 100}}
            )
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(self.latency)
        if answer.drop:
            _hang_up(request, answer)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    def _reader(self, path: str) -> Callable[[web.Request, Any, float], Awaitable[Answer]]:
        if path == "/v26.0/me/messages":
            return self._graph
        if path in {f"/api/v1/messages/{channel}" for channel in _CHANNELS}:
            return self._orbit

        async def nowhere(*_: object) -> Answer:
            raise FaultError("no such address")

        return nowhere

    async def _graph(self, request: web.Request, body: Any, at: float) -> Answer:
        account = self.accounts.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if account is None:
            raise FaultError("no known token in the Authorization header")
        recipient, text = _graph_message(body, account)
        answer = self._judge(account, recipient, at, orbit=False)
        self.arrivals.append(Arrival(at, account.id, recipient, text, answer.name))
        return answer

    async def _orbit(self, request: web.Request, body: Any, at: float) -> Answer:
        account = self.accounts.get(request.headers.get("X-API-Key", ""))
        if account is None:
            raise FaultError("no known key in X-API-Key")
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise FaultError("no Idempotency-Key")
        recipient, text = _orbit_message(body, account, request.path.rpartition("/")[2])
        answer = self._judge(account, recipient, at, orbit=True)
        self.arrivals.append(Arrival(at, account.id, recipient, text, answer.name, key))
        return answer

    def _judge(self, account: Account, recipient: str, at: float, *, orbit: bool) -> Answer:
        if account.id in self.revoked:
            return _refusal(190, None, orbit=orbit)
        for spell in self.spells:
            if spell.holds(account.id, self._taken[account.id], at):
                spell.said = spell.said or at + self.latency
                return _slow_down(spell, at)
        if burst := self._too_fast(account, at, orbit=orbit):
            self.bursts.append(burst)
            return _slow_down(Spell(account.id, 0, 1.0, "orbit" if orbit else "613", began=at), at)
        if recipient in self.codes:
            return _refusal(*self.codes[recipient], orbit=orbit)
        drop = self.drops.get(recipient, "")
        if drop == "reset":
            return Answer("reset", 500, {}, drop=drop)
        self._taken[account.id] += 1
        return replace(_taken(recipient, len(self.arrivals), account, orbit=orbit), drop=drop)

    def _too_fast(self, account: Account, at: float, *, orbit: bool) -> str:
        mine = self._lately[account.id]
        while mine and mine[0] <= at - _KEY_WINDOW:
            mine.popleft()
        mine.append(at)
        second = sum(1 for _ in takewhile(lambda moment: moment > at - 1, reversed(mine)))
        if second > account.cap * 1.01 + 1:
            return f"{account.id}: {second} within a second, {account.cap:g} are allowed"
        too_many = orbit and len(mine) > self.key_cap
        return f"{account.id}: {len(mine)} within a minute, {self.key_cap} are allowed" if too_many else ""


def _refuse_leaks(request: web.Request, raw: bytes, tokens: dict[str, Account]) -> None:
    if request.method != "POST":
        raise FaultError("not a POST")
    if request.query_string:
        raise FaultError(f"a query string: {request.query_string}")
    if request.headers.get("Content-Type") != "application/json":
        raise FaultError("not application/json")
    for token in tokens:
        if token.encode() in raw:
            raise FaultError("a token in the body")


def _graph_message(body: Any, account: Account) -> tuple[str, str]:
    if set(body) != _META_FIELDS:
        raise FaultError(f"fields {sorted(body)}")
    if body["messaging_type"] not in {"UPDATE", "RESPONSE"}:
        raise FaultError(f"messaging_type {body['messaging_type']}")
    if set(body["recipient"]) != {"id"}:
        raise FaultError(f"recipient {body['recipient']}")
    message = body["message"]
    known = {"text", "quick_replies"} | ({"metadata"} if account.channel == "messenger" else set())
    if not set(message) <= known:
        raise FaultError(f"message fields {sorted(message)}")
    _check_replies(message.get("quick_replies", []))
    text = message["text"]
    size, most = (len(text), 2000) if account.channel == "messenger" else (len(text.encode()), 1000)
    if size > most:
        raise FaultError(f"a text of {size}")
    return _person(body["recipient"]["id"]), text


def _orbit_message(body: Any, account: Account, channel: str) -> tuple[str, str]:
    if set(body) - {"quick_replies"} != _ORBIT_FIELDS:
        raise FaultError(f"fields {sorted(body)}")
    if body["type"] != "text" or body["from"] != account.id or channel != account.channel:
        raise FaultError(f"type {body['type']}, from {body['from']} on {channel}")
    _check_replies(body.get("quick_replies", []))
    return _person(body["to"]), body["text"]


def _check_replies(replies: list[dict[str, str]]) -> None:
    if len(replies) > 13 or any(set(each) != {"content_type", "title", "payload"} for each in replies):
        raise FaultError(f"quick replies {replies}")


def _person(value: Any) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and 5 < len(value) < 21):
        raise FaultError(f"recipient {value!r}")
    return value


def _hang_up(request: web.Request, answer: Answer) -> None:
    """End the connection without an answer, or with a part of one."""
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    if answer.drop == "reset":
        transport.abort()
        return
    if answer.drop != "mute":
        body = json.dumps(answer.body).encode()
        part = body[: len(body) // 2] if answer.drop == "half" else b""
        head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + part)
    transport.close()


def _taken(recipient: str, number: int, account: Account, *, orbit: bool) -> Answer:
    if not orbit:
        return Answer("accepted", 200, {"recipient_id": recipient, "message_id": f"m_{number}_{recipient}"})
    said = {"message_id": f"msg_{number}", "status": "queued", "channel": account.channel}
    return Answer("accepted", 201, {"data": said, "meta": _meta(number)})


def _refusal(code: int, subcode: int | None, *, orbit: bool) -> Answer:
    if orbit:
        named = {190: (401, "IG_NOT_AUTHORIZED"), 551: (422, "IG_RECIPIENT_OPTED_OUT")}
        status, name = named.get(code, (code, "VALIDATION_ERROR"))
        return Answer(name, status, {"error": {"code": name, "message": "no", "status": status}, "meta": _meta(code)})
    error = {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "fbtrace_id": f"A{code}"}
    error |= {} if subcode is None else {"error_subcode": subcode}
    return Answer(str(code), 401 if code == 190 else 400, {"error": error})


def _slow_down(spell: Spell, at: float) -> Answer:
    assert spell.began is not None
    left = max(1, round(spell.began + spell.seconds - at + 0.499))
    if spell.how in {"613", "4"}:
        return _refusal(int(spell.how), None, orbit=False)
    if spell.how == "orbit":
        details = {"retry_after": left, "limit": 80, "window": "60s"}
        error = {"code": "IG_RATE_LIMITED", "message": "slow down", "status": 429, "details": details}
        return Answer("429", 429, {"error": error, "meta": _meta(429)})
    now = datetime.now(UTC)
    when = str(left) if spell.how == "seconds" else format_datetime(now + timedelta(seconds=left + 1), usegmt=True)
    error = {"message": "slow down", "type": "OAuthException", "code": 613, "fbtrace_id": "A613"}
    return Answer("429", 429, {"error": error}, {"Retry-After": when})


def _meta(number: int) -> dict[str, str]:
    return {"request_id": f"req_{number}", "timestamp": datetime.now(UTC).isoformat()}
