"""How a campaign stands, as it changes: server-sent events, for whoever would ask again every second."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import ClientDisconnect
from starlette.types import Message, Send

from campaigns.web.api.campaigns import Ref
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.pulse import Pulse, Watch
from schemas.api.campaigns import Standing
from schemas.campaign_state import OVER
from schemas.right import Right

router = APIRouter(prefix="/campaigns/{ref}", tags=["progress"])

MOST = 500
"""Open streams of a process, half of its connections: platforms must find room for what they send."""
_QUIET = 14.0
"""Seconds after which a line that says nothing keeps proxies from closing the stream."""
_LOOK = 2.0
"""Seconds after which a stream looks whether its key still holds."""
_FIRST = 10.0
_STUCK = 30.0
"""Seconds for a reader to take what is there; who takes longer is gone."""
_RETRY_MS = 2_000
_EVENT = {
    "type": "object",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"enum": ["status", "end"]},
        "id": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Standing"},
        },
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"itemSchema": _EVENT}},
        "description": "`event: status` and `event: end`, each with the data of `GET /campaigns/{ref}`.",
    },
    204: {"description": "`Last-Event-ID` is that of the last event: nothing more comes."},
}


@dataclass(frozen=True, slots=True)
class Watching:
    """What a stream listens to: its campaign, and which keys let nobody in any more."""

    campaign: Watch[Standing]
    ended_keys: Watch[frozenset[int]]


class Stream(EventSourceResponse):
    """A stream whose reader may be slow, but not for ever."""

    async def stream_response(self, send: Send) -> None:
        """Send what comes; raises ClientDisconnect where nobody takes it."""

        async def patiently(message: Message) -> None:
            try:
                async with asyncio.timeout(_STUCK):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        await super().stream_response(patiently)


async def _watching(request: Request, desk: Here, ref: Ref) -> AsyncIterator[Watching]:
    pulse: Pulse = request.app.state.pulse
    found = await run_sync(desk.campaign, ref)
    async with pulse.ended_keys() as ended:
        if ended.watchers > MOST:
            raise HTTPException(503, "Too many streams are open here. Try again later.", headers={"Retry-After": "10"})
        async with pulse.of(found.id or 0) as campaign:
            yield Watching(campaign, ended)


@router.get("/progress", response_class=StreamingResponse, responses=_STREAM, **may(Right.READ))
async def progress(
    desk: Here,
    watching: Annotated[Watching, Depends(_watching)],
    last_event_id: Annotated[str, Header(description="The `id` of the last event that was read.")] = "",
) -> Response:
    """Say how a campaign stands at once and whenever that changes, until it is finished or cancelled.

    Events come at most once a second, and some line every 15 s. After `end`, coming again gets 204: `EventSource` then
    stops by itself. The stream ends too when the key does.
    """
    first = await watching.campaign.changed(_FIRST)
    if first is None:
        raise HTTPException(503, "The database does not answer now. Try again.", headers={"Retry-After": "2"})
    if _is_last(first) and _id(first) == last_event_id:
        return Response(status_code=204)
    headers = {"X-Accel-Buffering": "no"}
    return Stream(_lines(desk, watching, first, last_event_id), headers=headers)


async def _lines(desk: Desk, watching: Watching, first: Standing, last_id: str) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=_RETRY_MS)
    now: Standing | None = first if _id(first) != last_id else None
    said = time.monotonic()
    while _may_go_on(desk, watching):
        if now:
            yield _event(now)
            said = time.monotonic()
            if _is_last(now):
                return
        elif time.monotonic() > said + _QUIET - _LOOK:
            yield format_sse_event(comment="nothing new")
            said = time.monotonic()
        now = await watching.campaign.changed(_LOOK)


def _may_go_on(desk: Desk, watching: Watching) -> bool:
    # A key newer than the last look is not among those that ended.
    return not watching.campaign.over and desk.key.id not in (watching.ended_keys.latest or ())


def _is_last(now: Standing) -> bool:
    # Of a cancelled one, what is in flight is still being settled.
    return now.state in OVER and not now.in_flight


def _event(now: Standing) -> bytes:
    name = "end" if _is_last(now) else "status"
    return format_sse_event(event=name, data_str=now.model_dump_json(), id=_id(now))


def _id(now: Standing) -> str:
    """Return a word for what is said: whoever comes again to any process is told only what differs."""
    return hashlib.sha256(now.model_dump_json().encode()).hexdigest()[:16]
