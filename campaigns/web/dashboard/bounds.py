"""How much a browser may send: what a field takes, and what is not even read.

NiceGUI's fields look at sizes in the browser alone, and its route writes whatever comes to the disk before a field
hears of it. So a body is refused by what it says of its length, and cut off where it says nothing and goes on.
"""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns.errors import InputError
from campaigns.web.room import TooLargeError

_GB, _MB = 1024**3, 1024**2
_ENVELOPE = _MB
"""Bytes that a form may add around a file."""
_PAGES = "/_nicegui/client/"


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that one field takes, and what is said of more."""

    bytes: int
    sentence: str

    def check(self, size: int) -> None:
        """Raise InputError for a longer file."""
        if size > self.bytes:
            raise InputError(self.sentence)


LIST = Bound(8 * _GB, "A list has at most 8 GB. Split it, or send it by command.")
OPT_OUTS = Bound(512 * _MB, "A file has at most 512 MB. Split it, or send it by command.")
_MOST = LIST.bytes + _ENVELOPE


class Bounded:
    """Passes requests on, and answers 413 to an upload that is longer than `most` bytes."""

    def __init__(self, app: ASGIApp, most: int = _MOST) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if not _uploads(scope):
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and int(said) > self._most:
            await PlainTextResponse("That is too long.", 413, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _counted(receive, self._most), send)


def _uploads(scope: Scope) -> bool:
    path = scope.get("path", "")
    return scope["type"] == "http" and path.startswith(_PAGES) and "/upload/" in path


def _counted(receive: Receive, most: int) -> Receive:
    """Return a `receive` that ends a body which says nothing of its length and goes on for too long."""
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLargeError
        return message

    return counted
