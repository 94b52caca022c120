"""Both clients against the API itself: what is done once, what comes in pages, and what is watched."""

import asyncio
import subprocess
import sys

import httpx
import pytest

from campaigns.client import AsyncClient
from campaigns.client.calls import campaigns, lists, me, reports, suppressions
from campaigns.errors import NotFoundError
from campaigns.lifecycle import control
from schemas.campaign import CampaignState
from tests import factories
from tests.factories import launched, people, person


def test_a_double_click_makes_one_campaign(served, runtime, tmp_path):
    source = launched(runtime, tmp_path, people(1))
    call = campaigns.clone(source.ref, "Copy")
    assert served.do(call) == served.do(call)
    assert len(factories.select(runtime, "SELECT 1 FROM campaign WHERE name = 'Copy'")) == 1
    panic = campaigns.panic()
    assert [served.do(each).paused for each in (panic, panic, campaigns.panic())] == [1, 1, 0]


def test_pages_are_followed(served):
    for n in range(5):
        served.do(suppressions.add(person(n), note="a letter"))
    call = suppressions.listed(limit=2)
    assert [len(page) for page in served.pages(call)] == [2, 2, 1]
    assert [each.recipient_id for each in served.each(call)] == [person(n) for n in range(5)]
    assert len(served.do(call)) == 2


def test_what_is_watched_comes_as_it_changes(served, runtime, tmp_path):
    found = launched(runtime, tmp_path, people(3))
    states = []
    for status in served.watch(found.ref):
        states.append(status.state)
        if len(states) == 1:
            control.pause(runtime, found, "test")
        elif len(states) == 2:
            control.cancel(runtime, found, "test")
    assert states[0] in {CampaignState.SCHEDULED, CampaignState.SENDING}
    assert (states[1], states[-1]) == (CampaignState.PAUSED, CampaignState.CANCELLED)


def test_the_same_for_asyncio(transport, key, tmp_path):
    async def work():
        async with AsyncClient("http://localhost", key, transport=transport) as client:
            assert (await client.do(me.me())).name == "client"
            factories.write_list(tmp_path / "people.csv", people(3))
            listed = await client.upload(tmp_path / "people.csv")
            assert (await client.do(lists.checked(listed.id))) == listed
            draft = await client.do(campaigns.submit(factories.content(list=listed.id)))
            plan = await client.do(campaigns.plan(draft.id))
            await client.do(campaigns.launch(draft.id, plan.token))
            rows = [row.recipient_id async for row in client.each(campaigns.deliveries(draft.id, limit=2))]
            assert rows == [person(n) for n in range(3)]
            await client.do(campaigns.cancel(draft.id))
            *_, last = [status async for status in client.watch(draft.id)]
            assert (last.state, last.counts["cancelled"]) == (CampaignState.CANCELLED, 3)
            path = await client.download(reports.results(draft.id), tmp_path / "results.csv")
            assert path.read_text(encoding="utf-8-sig").count("cancelled") >= 3
            with pytest.raises(NotFoundError):
                await client.do(campaigns.status("nowhere"))
            assert repr(client) == "AsyncClient('http://localhost/api/v1')"

    asyncio.run(work())


class Older(httpx.AsyncBaseTransport):
    """A server that has no event stream; `looked` is told each time that it is asked how a campaign stands."""

    def __init__(self, transport, looked):
        self.transport, self.looked = transport, looked

    async def handle_async_request(self, request):
        if request.url.path.endswith("/progress"):
            fault = {"code": "not_found", "message": "There is nothing at this address.", "status": 404}
            meta = {"request_id": "req_1", "timestamp": ""}
            return httpx.Response(404, json={"error": fault, "meta": meta})
        answer = await self.transport.handle_async_request(request)
        self.looked()
        return answer


def test_a_server_without_a_stream_is_asked(transport, key, runtime, tmp_path, monkeypatch):
    monkeypatch.setattr("campaigns.client.awaiting.AGAIN_S", 0.01)
    found = launched(runtime, tmp_path, people(3))
    looks = []

    def looked():
        looks.append(1)
        if len(looks) == 3:
            control.cancel(runtime, found, "test")

    async def work():
        async with AsyncClient("http://localhost", key, transport=Older(transport, looked)) as client:
            return [status.state async for status in client.watch(found.ref)]

    assert asyncio.run(work())[-1] is CampaignState.CANCELLED
    assert len(looks) == 4


class Breaking(httpx.AsyncBaseTransport):
    """Breaks every stream off in the middle of its first event, once."""

    def __init__(self, transport):
        self.transport, self.asked = transport, []

    async def handle_async_request(self, request):
        answer = await self.transport.handle_async_request(request)
        self.asked.append(request.headers.get("Last-Event-ID"))
        if len(self.asked) > 1:
            return answer
        body = await answer.aread()
        return httpx.Response(200, content=body[: len(body) // 2])


def test_a_stream_that_breaks_off_is_taken_up(transport, key, runtime, tmp_path, monkeypatch):
    monkeypatch.setattr("campaigns.client.awaiting.AGAIN_S", 0.01)
    found = launched(runtime, tmp_path, people(3))
    control.cancel(runtime, found, "test")
    breaking = Breaking(transport)

    async def work():
        async with AsyncClient("http://localhost", key, transport=breaking) as client:
            return [status.state async for status in client.watch(found.ref)]

    assert asyncio.run(work()) == [CampaignState.CANCELLED]
    assert len(breaking.asked) == 2


def test_it_needs_neither_a_database_nor_a_web_framework():
    program = "import sys, campaigns.client; from campaigns.client.calls import *; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    unwanted = {"polars", "fastapi", "starlette", "redis", "dramatiq", "alembic", "sqlalchemy", "sqlmodel"}
    assert unwanted.isdisjoint(loaded)
