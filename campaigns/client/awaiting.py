"""The client for asyncio: what `blocking` does, awaited."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import anyio
import httpx
from anyio.to_thread import run_sync
from pydantic import SecretStr

from campaigns.client import faults, flow
from campaigns.client.call import Call, Data, Listing, Shown
from campaigns.client.faults import UnreachableError
from campaigns.client.files import parts_in_turn, written
from campaigns.client.flow import Came, Flow, Step, Wait, Work
from campaigns.client.pieces import Sending, uploaded
from campaigns.client.progress import AGAIN_S, Progress
from campaigns.client.wire import asked, connection, is_to_be_read
from campaigns.errors import NotFoundError
from schemas.api.campaigns import Standing
from schemas.api.lists import Checked

Value = TypeVar("Value")


class AsyncClient:
    """Does calls at one server with one key, for one event loop.

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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, **connection(url, key, insecure=insecure, timeout=timeout))
        self.url = str(self._http.base_url).rstrip("/")

    def __repr__(self) -> str:
        return f"AsyncClient({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def do(self, call: Call[Data]) -> Data:
        """Carry out a call and return what it is for.

        What the server takes up as a job (202) is waited for, however long it takes; its result is returned as if it
        had come at once, its fault raised. Whoever stops waiting leaves it going: the same call, done again, finds it.
        """
        return await self._run(flow.done(call, self.url))

    async def pages(self, call: Listing[Shown]) -> AsyncIterator[list[Shown]]:
        """Yield a list page by page, each asked for when it is its turn."""
        asking: Listing[Shown] | None = call
        while asking:
            found, cursor = await self._run(flow.page(asking, self.url))
            yield found
            asking = asking.after(cursor) if cursor else None

    async def each(self, call: Listing[Shown]) -> AsyncIterator[Shown]:
        """Yield everything of a list, over all its pages."""
        async for found in self.pages(call):
            for each in found:
                yield each

    async def upload(
        self, path: Path, *, name: str | None = None, columns: Mapping[str, str] | None = None, zone: str | None = None
    ) -> Checked:
        """Send a list from a file of any size, read as it goes; see `calls.lists`.

        A large one goes on where the connection broke off; done again, it is not sent again.
        """
        return await self._run(uploaded(Sending(path, name, columns, zone), self.url))

    async def download(self, call: Call[bytes], path: Path) -> Path:
        """Write the file that a call asks for to `path` as it comes; it is there whole or not at all."""
        async with aclosing(await self._run(flow.opened(call, self.url))) as response:
            with written(path) as file:
                try:
                    async for part in response.aiter_bytes():
                        await run_sync(file.write, part)
                except httpx.TransportError as error:
                    raise faults.unreachable(self.url, error) from error
        return path

    async def watch(self, ref: str) -> AsyncIterator[Standing]:
        """Yield how a campaign stands, now and whenever that changes, until it is finished or cancelled.

        It comes as a stream, which is taken up again where it breaks off; a server that has none is asked once a
        second.
        """
        progress = Progress(ref)
        while not progress.over:
            try:
                response = await self._run(flow.opened(progress.call(), self.url))
            except (NotFoundError, UnreachableError):
                async for standing in self._looked(progress):
                    yield standing
                return
            async with aclosing(response):
                if response.status_code != httpx.codes.OK:
                    return
                with suppress(httpx.TransportError):
                    async for part in response.aiter_bytes():
                        for standing in progress.read(part):
                            yield standing
            if not progress.over:
                await anyio.sleep(AGAIN_S)

    async def _looked(self, progress: Progress) -> AsyncIterator[Standing]:
        while True:
            for standing in progress.seen(await self.do(progress.look())):
                yield standing
            if progress.over:
                return
            await anyio.sleep(AGAIN_S)

    async def _run(self, steps: Flow[Value]) -> Value:
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                value: Value = end.value
                return value
            came = await self._taken(step)

    async def _taken(self, step: Step) -> Came:
        if isinstance(step, Wait):
            await anyio.sleep(step.seconds)
            return None
        if isinstance(step, Work):
            return await run_sync(step.do)
        try:
            response = await self._http.send(self._http.build_request(**asked(step, parts_in_turn)), stream=True)
            if is_to_be_read(step, response):
                async with aclosing(response):
                    await response.aread()
        except httpx.TransportError as error:
            return error
        return response
