"""What open browsers cost the web process: 50 of them on a campaign of a million rows that changes every second.

    uv run python tests/benchmarks/browsers.py [--browsers 50] [--rows 1000000] [--seconds 20]

They are no Chromium, whose own work would take all processors: each loads the screen over HTTP as a browser does, opens
the socket that its page asks for, and confirms what has come every three seconds. The same web process is measured
first with one of them: what the looks at the database cost is in both.
"""

import asyncio
import json
import re
import resource
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import crowd
import rig
import socketio  # type: ignore[import-untyped]  # it has no types
from dashboard import key, next_chunk, through
from streams import Stage, settle
from webhooks import web

from campaigns.runtime import Runtime

AIM_CPU, AIM_MEMORY, AIM_LATE = 0.50, 200.0, 2.0
"""Of a core; MB for all of the browsers; seconds from a change to its message."""
_CONFIRMED = 3.0
_WARM = 5.0
_PATIENCE = 20.0
_CLIENT = re.compile(r"""["']client_id["']: ["']([0-9a-f-]+)["']""")
_MESSAGE = re.compile(r"""["']next_message_id["']: (\d+)""")
_NUMBER = re.compile(r'"(\d{1,3}(?:,\d{3})+)"')


@dataclass
class Browser:
    """One open screen: when it first heard of which number, by the monotonic clock."""

    client_id: str = ""
    next_message: int = 0
    heard: dict[int, float] = field(default_factory=dict)
    received: int = 0
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, stage: Stage, cookie: str) -> None:
        """Load the screen, and listen until cancelled."""
        url, headers = _url(stage), {"Cookie": cookie, "Origin": _url(stage)}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.get(f"{url}/campaigns/{stage.campaign.ref}") as answer:
                assert answer.status == 200, answer.status
                query = self._query(await answer.text())
            # As the page does it, see createApp in nicegui.js 3.18.
            wire = socketio.AsyncClient(reconnection=False, http_session=session)
            wire.on("*", self._take)
            path = "/_nicegui_ws/socket.io"
            await wire.connect(f"{url}?{query}", headers=headers, socketio_path=path, transports=["websocket"])
            self.is_open.set()
            try:
                while True:
                    await asyncio.sleep(_CONFIRMED)
                    await wire.emit("ack", {"client_id": self.client_id, "next_message_id": self.next_message})
            finally:
                await wire.disconnect()

    def late(self, at: float, accepted: int) -> float:
        """Return how long after `at` it heard of so many people; two changes within a second may be told as one."""
        return min((moment for told, moment in self.heard.items() if told >= accepted), default=float("inf")) - at

    def _query(self, page: str) -> str:
        client_id, message = _CLIENT.search(page), _MESSAGE.search(page)
        assert client_id, "the page asks for a socket"
        assert message, "the page says what it has"
        self.client_id, self.next_message = client_id[1], int(message[1])
        own = {"client_id": self.client_id, "next_message_id": self.next_message, "implicit_handshake": "true"}
        return urlencode(own | {"document_id": uuid.uuid4(), "tab_id": uuid.uuid4()})

    async def _take(self, _event: str, content: dict[str, Any]) -> None:
        self.next_message = content.pop("_id") + 1
        said = json.dumps(content)
        self.received += len(said)
        for number in _NUMBER.findall(said):
            self.heard.setdefault(int(number.replace(",", "")), time.monotonic())


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds a second, memory in MB, bytes to each browser a second, and how late each heard of a change."""

    cpu: float
    memory: float
    received: float
    late: Sequence[float]


async def cost(stage: Stage, cookie: str, browsers: int, seconds: int) -> Cost:
    """Measure so many browsers over some seconds."""
    open_ones = [Browser() for _ in range(browsers)]
    tasks = []
    for each in open_ones:
        tasks.append(asyncio.create_task(each.look(stage, cookie)))
        await asyncio.wait_for(each.is_open.wait(), _PATIENCE)
    chunk_id = await asyncio.to_thread(next_chunk, stage)
    await asyncio.sleep(_WARM)
    async with asyncio.timeout(60):
        while not all(each.received for each in open_ones):
            assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
            await asyncio.to_thread(settle, stage, chunk_id)
            await asyncio.sleep(1)
    before, began, changed = stage.site.cpu(), time.monotonic(), {}
    bytes_before = sum(each.received for each in open_ones)
    for n in range(seconds):
        await asyncio.to_thread(settle, stage, chunk_id)
        changed[await asyncio.to_thread(through, stage)] = time.monotonic()
        await asyncio.sleep(max(0.0, began + n + 1 - time.monotonic()))
    took = time.monotonic() - began
    cpu, memory = (stage.site.cpu() - before) / took, _memory(stage.site.pid)
    received = (sum(each.received for each in open_ones) - bytes_before) / browsers / took
    await asyncio.sleep(AIM_LATE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Cost(cpu, memory, received, [each.late(at, n) for each in open_ones for n, at in changed.items()])


async def logged_in(stage: Stage) -> str:
    """Return the cookie of a session."""
    form, headers = {"key": stage.secret}, {"Origin": _url(stage)}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{_url(stage)}/login", data=form, headers=headers, allow_redirects=False) as answer,
    ):
        name, morsel = next(iter(answer.cookies.items()))
        return f"{name}={morsel.value}"


def _url(stage: Stage) -> str:
    return f"http://127.0.0.1:{stage.site.port}"


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def figures(browsers: int, rows: int, seconds: int) -> list[rig.Figure]:
    """Measure one browser, then many."""
    with rig.home() as settings:
        runtime = Runtime.open(settings)
        campaign = crowd.made(runtime, 1, rows)[0]
        with web(settings) as site:
            stage = Stage(site, runtime, campaign, key(runtime))
            cookie = asyncio.run(logged_in(stage))
            one, many = (asyncio.run(cost(stage, cookie, n, seconds)) for n in (1, browsers))
        runtime.close()
    late, more = sorted(many.late)[int(len(many.late) * 0.99)], many.memory - one.memory
    value = f"{many.cpu:.1%} of a core, {many.cpu / one.cpu:.1f} times that of one"
    return [
        rig.Figure("1 browser: web process", f"{one.cpu:.1%} of a core, {one.memory:.0f} MB"),
        rig.Figure(f"{browsers} browsers: web process", value, f"< {AIM_CPU:.0%}", many.cpu < AIM_CPU),
        rig.Figure(f"{browsers} browsers: memory", f"{more:.0f} MB more", f"< {AIM_MEMORY:.0f} MB", more < AIM_MEMORY),
        rig.Figure(f"{browsers} browsers: to each of them", f"{many.received / 1000:.1f} kB a second"),
        rig.Figure(
            f"{browsers} browsers: change to message, p99", f"{late:.2f} s", f"< {AIM_LATE:g} s", late < AIM_LATE
        ),
    ]


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--browsers", type=int, default=50)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=20)
    chosen = parser.parse_args()
    rig.show(figures(chosen.browsers, chosen.rows, chosen.seconds), as_json=chosen.json)


if __name__ == "__main__":
    main()
