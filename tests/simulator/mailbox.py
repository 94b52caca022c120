"""A server that takes webhooks: it keeps every request as it came, and answers what it was told to."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Letter:
    """One POST; `at` is in seconds on the monotonic clock."""

    headers: Message
    body: bytes
    at: float

    def read(self) -> object:
        return json.loads(self.body)

    def items(self) -> list[dict]:
        """Return the items of all `messaging` lists of a body of Meta's."""
        document = self.read()
        entries = document[0]["entry"] if isinstance(document, list) else document["entry"]
        return [item for entry in entries for item in entry["messaging"]]


@dataclass
class Mailbox:
    """What came, in order, and the statuses that the next posts get; 200 when none is left.

    Whoever clears `answering` keeps every post waiting; `came` is set by each.
    """

    url: str
    letters: list[Letter] = field(default_factory=list)
    statuses: deque[int] = field(default_factory=deque)
    came: threading.Event = field(default_factory=threading.Event)
    answering: threading.Event = field(default_factory=threading.Event)

    def empty(self) -> None:
        """Throw everything away and answer at once."""
        self.letters.clear()
        self.statuses.clear()
        self.came.clear()
        self.answering.set()

    def items(self, *kinds: str) -> list[dict]:
        """Return Meta's items of some kinds, of all bodies, in order of arrival."""
        found = [item for letter in self.letters for item in letter.items()]
        return [item for item in found if not kinds or any(kind in item for kind in kinds)]

    def envelopes(self) -> list[dict]:
        """Return Orbit's bodies."""
        return [letter.read() for letter in self.letters]


@contextmanager
def opened() -> Iterator[Mailbox]:
    """Serve on a free port of this machine."""

    class Slot(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = mailbox.statuses.popleft() if mailbox.statuses else 200
            mailbox.letters.append(Letter(self.headers, body, time.monotonic()))
            mailbox.came.set()
            mailbox.answering.wait(5)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slot) as server:
        server.daemon_threads = True
        mailbox = Mailbox(f"http://127.0.0.1:{server.server_port}/hook")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield mailbox
        server.shutdown()
        thread.join()
