"""The client for scripts, threads and the command line."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import SecretStr

from campaigns.client import faults, flow
from campaigns.client.call import Call, Data, Listing, Shown
from campaigns.client.faults import UnreachableError
from campaigns.client.files import parts, written
from campaigns.client.flow import Came, Flow, Step, Wait, Work
from campaigns.client.pieces import Sending, uploaded
from campaigns.client.progress import AGAIN_S, Progress
from campaigns.client.wire import asked, connection, is_to_be_read
from campaigns.errors import NotFoundError
from schemas.api.campaigns import Standing
from schemas.api.lists import Checked

Value = TypeVar("Value")


class Client:
    """Does calls at one server with one key; threads may share it.

    `url` is the server's (`https://pagecast.example`), `timeout` in seconds between two signs of life. Plain http://
    goes to this machine alone, unless `insecure`: the key would travel in the clear. Every method raises the errors of
    `campaigns.errors` with the server's sentence, UnreachableError where nobody answers, UsageError for a wrong key.
    """

    def __init__(
        self,
        url: str,
        key: str | SecretStr,
        *,
        insecure: bool = False,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(transport=transport, **connection(url, key, insecure=insecure, timeout=timeout))
        self.url = str(self._http.base_url).rstrip("/")

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def do(self, call: Call[Data]) -> Data:
        """Carry out a call and return what it is for.

        What the server takes up as a job (202) is waited for, however long it takes; its result is returned as if it
        had come at once, its fault raised. Ctrl-C leaves it going: the same call, done again, finds it.
        """
        return self._run(flow.done(call, self.url))

    def pages(self, call: Listing[Shown]) -> Iterator[list[Shown]]:
        """Yield a list page by page, each asked for when it is its turn."""
        asking: Listing[Shown] | None = call
        while asking:
            found, cursor = self._run(flow.page(asking, self.url))
            yield found
            asking = asking.after(cursor) if cursor else None

    def each(self, call: Listing[Shown]) -> Iterator[Shown]:
        """Yield everything of a list, over all its pages."""
        for found in self.pages(call):
            yield from found

    def upload(
        self, path: Path, *, name: str | None = None, columns: Mapping[str, str] | None = None, zone: str | None = None
    ) -> Checked:
        """Send a list from a file of any size, read as it goes; see `calls.lists`.

        A large one goes on where the connection broke off; done again, it is not sent again.
        """
        return self._run(uploaded(Sending(path, name, columns, zone), self.url))

    def download(self, call: Call[bytes], path: Path) -> Path:
        """Write the file that a call asks for to `path` as it comes; it is there whole or not at all."""
        with closing(self._run(flow.opened(call, self.url))) as response, written(path) as file:
            try:
                for part in response.iter_bytes():
                    file.write(part)
            except httpx.TransportError as error:
                raise faults.unreachable(self.url, error) from error
        return path

    def watch(self, ref: str) -> Iterator[Standing]:
        """Yield how a campaign stands, now and whenever that changes, until it is finished or cancelled.

        It comes as a stream, which is taken up again where it breaks off; a server that has none is asked once a
        second.
        """
        progress = Progress(ref)
        while not progress.over:
            try:
                response = self._run(flow.opened(progress.call(), self.url))
            except (NotFoundError, UnreachableError):
                yield from self._looked(progress)
                return
            with closing(response):
                if response.status_code != httpx.codes.OK:
                    return
                with suppress(httpx.TransportError):
                    for part in response.iter_bytes():
                        yield from progress.read(part)
            if not progress.over:
                time.sleep(AGAIN_S)

    def _looked(self, progress: Progress) -> Iterator[Standing]:
        while True:
            yield from progress.seen(self.do(progress.look()))
            if progress.over:
                return
            time.sleep(AGAIN_S)

    def _run(self, steps: Flow[Value]) -> Value:
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                value: Value = end.value
                return value
            came = self._taken(step)

    def _taken(self, step: Step) -> Came:
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            return None
        if isinstance(step, Work):
            return step.do()
        try:
            response = self._http.send(self._http.build_request(**asked(step, parts)), stream=True)
            if is_to_be_read(step, response):
                with closing(response):
                    response.read()
        except httpx.TransportError as error:
            return error
        return response
