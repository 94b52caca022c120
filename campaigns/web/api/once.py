"""A request that comes again under its Idempotency-Key gets the answer of the first time, and nothing is done twice.

Whatever answers below 500 is kept for a day, refusals too; only what could not be understood (404, 422) is not, so that
it may be corrected under its word. Another request under the same word is refused, and so is the same one while the
first is still worked on. A list needs none of this, for its content is its id; nor do opt-outs
that come as a file: said twice, they change nothing.
"""

import hashlib
import json

import structlog
from anyio.to_thread import run_sync
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns import answers
from campaigns.answers import Earlier
from campaigns.runtime import Runtime, now_of
from campaigns.web.api.envelope import failed

LARGEST = 1024 * 1024
"""Bytes of a body that is no list."""
_LONGEST = 255
_STREAMED = frozenset({"/lists", "/suppressions/import"})
_ACCEPTED, _BROKEN = 202, 500
_TO_CORRECT = frozenset({404, 422})
_INSTEAD = "answer_to_keep"

logger = structlog.get_logger(__name__)


class _TooLargeError(Exception):
    """More than LARGEST."""


class Once:
    """Stands behind the door: it needs to know whose word it is."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is no POST; read every other body, of a bounded length, and do it once."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or scope["method"] != "POST" or path in _STREAMED:
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except _TooLargeError:
            said = (
                f"The body is larger than {LARGEST:,} bytes. A list goes to /api/v1/lists, without a limit like that."
            )
            await failed(413, "payload_too_large", said)(scope, receive, send)
            return
        word = Headers(scope=scope).get("idempotency-key")
        if word is None:
            await self._app(scope, _again(body), send)
        elif not (0 < len(word) <= _LONGEST and word.isprintable()):
            said = f"header.Idempotency-Key has 1 to {_LONGEST} printable characters. A random UUID will do."
            await failed(422, "invalid_input", said)(scope, receive, send)
        else:
            await self._once(word, body, scope, receive, send)

    async def _once(self, word: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        key_id = scope["state"]["key"].id
        earlier = await run_sync(self._claim, key_id, word, _digest(scope, body))
        if earlier:
            await _told(earlier)(scope, receive, send)
            return
        kept = _Kept()
        try:
            await self._app(scope, _again(body), kept)
        finally:
            # Where it broke, too: whoever says it again is not to wait for an answer that never comes.
            await run_sync(self._settle, key_id, word, kept, scope["state"].get(_INSTEAD))
        for message in kept.messages:
            await send(message)

    def _claim(self, key_id: int, word: str, digest: str) -> Earlier | None:
        with self._runtime.writing() as conn:
            return answers.claim(conn, key_id, word, digest, now_of(conn))

    def _settle(self, key_id: int, word: str, kept: "_Kept", instead: str | None) -> None:
        try:
            with self._runtime.writing() as conn:
                if kept.status < _BROKEN and kept.status not in _TO_CORRECT:
                    answers.settle(conn, key_id, word, kept.status, instead or kept.body.decode())
                else:
                    answers.forget(conn, key_id, word)
        except SQLAlchemyError as error:
            # It is done, and that is what is to be said.
            logger.warning("api.answer_not_kept", error=type(error).__name__)


def keep_instead(request: Request, answer: BaseModel) -> None:
    """Let another answer than the one that is given now be kept: nothing that is shown once is."""
    request.scope["state"][_INSTEAD] = answer.model_dump_json()


class _Kept:
    """Takes an answer in place of the wire; 500 where there is none."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = _BROKEN
        self.body = b""

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def _read(receive: Receive) -> bytes:
    held = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Half a request is none.
            raise ClientDisconnect
        held += message.get("body", b"")
        if len(held) > LARGEST:
            raise _TooLargeError
        more = message.get("more_body", False)
    return bytes(held)


def _again(body: bytes) -> Receive:
    """Return what hands out a body that was read already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _digest(scope: Scope, body: bytes) -> str:
    asked = f"{scope['path']}?{scope['query_string'].decode('latin-1')}\n"
    return hashlib.sha256(asked.encode() + body).hexdigest()


def _told(earlier: Earlier) -> Response:
    if not earlier.same:
        said = "Another request came under this Idempotency-Key. Give every request a word of its own."
        return failed(422, "idempotency_key_reused", said)
    if earlier.status is None:
        said = (
            "The same request is still worked on. Send it again in a few seconds: the answer will be the first one's."
        )
        return failed(409, "request_in_progress", said, headers={"Retry-After": "2"})
    headers = {"Idempotent-Replayed": "true"}
    if earlier.status == _ACCEPTED:
        headers["Location"] = f"/api/v1/jobs/{json.loads(earlier.body)['data']['id']}"
    return Response(earlier.body, status_code=earlier.status, media_type="application/json", headers=headers)
