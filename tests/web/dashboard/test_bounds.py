"""What is too long is refused before it is on the disk, whoever sends it."""

import asyncio
import shutil
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from campaigns import uploads
from campaigns.errors import InputError, PagecastError, StateError
from campaigns.web.app import application
from campaigns.web.dashboard import bounds, optout_file
from campaigns.web.dashboard.bounds import Bound, Bounded
from campaigns.web.dashboard.wizard import arrival
from tests import factories

UPLOAD = "/_nicegui/client/1/upload/2"
HERE = "http://here"
SPARE = 1024**3
"""Bytes of the disk that a list leaves free."""


async def count(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def sent(path, content):
    app = Bounded(Starlette(routes=[Route("/{path:path}", count, methods=["POST"])]), most=10)

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE) as client:
            return await client.post(path, content=content)

    answer = asyncio.run(post())
    return answer.status_code, answer.text


@pytest.mark.parametrize(("path", "size", "status"), [(UPLOAD, 10, 200), (UPLOAD, 11, 413), ("/elsewhere", 11, 200)])
def test_an_upload_is_refused_by_what_it_says_of_its_length(path, size, status):
    assert sent(path, b"x" * size)[0] == status


def test_an_upload_that_says_nothing_is_cut_off():
    async def parts(*of):
        for each in of:
            yield each

    assert sent(UPLOAD, parts(b"12345", b"67890")) == (200, "10")
    assert sent(UPLOAD, parts(b"12345", b"67890", b"1"))[0] == 413


def test_the_dashboard_refuses_who_is_logged_in_too(runtime, key):
    app = application(runtime, factories.ENVIRONMENT)

    async def posted():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE) as client:
            own = {"Origin": HERE}
            assert (await client.post("/login", data={"key": key.secret}, headers=own)).status_code == 303
            said = [{"Content-Length": str(bounds.LIST.bytes * times)} for times in (2, 1)]
            return [(await client.post(UPLOAD, headers=own | each)).status_code for each in said]

    too_long, long = asyncio.run(posted())
    assert too_long == 413
    assert long != 413


def test_a_list_that_is_too_long_is_not_copied(monkeypatch):
    monkeypatch.setattr(arrival, "LIST", Bound(3, "Split it."))
    visit = SimpleNamespace(session=SimpleNamespace(need=lambda _right: None, runtime=None))
    with pytest.raises(InputError, match="Split it"):
        asyncio.run(arrival._take(visit, SimpleNamespace(size=lambda: 4), lambda _said: None))


def test_a_full_disk_takes_no_list(tmp_path, monkeypatch):
    uploads.folder(tmp_path).mkdir(parents=True)
    leave_free(monkeypatch, SPARE + 9)
    uploads.Incoming(tmp_path, "people.csv", 9).close()
    with pytest.raises(StateError, match="no room for 10 bytes"):
        uploads.Incoming(tmp_path, "people.csv", 10)
    uploads.refuse_full(tmp_path, SPARE, spare=0)
    with pytest.raises(StateError, match="no room"):
        uploads.refuse_full(tmp_path, SPARE + 10, spare=0)


def test_the_wizard_says_how_long_a_list_is_before_it_comes(runtime, monkeypatch):
    leave_free(monkeypatch, SPARE + 9)
    visit = SimpleNamespace(session=SimpleNamespace(need=lambda _right: None, runtime=runtime))
    with pytest.raises(StateError, match="no room for 10 bytes"):
        asyncio.run(arrival._take(visit, Arriving(10), lambda _said: None))


@pytest.mark.parametrize(("size", "free", "said"), [(4, 9, "Split it"), (3, 2, "no room for 3 bytes")])
def test_opt_outs_that_are_too_long_or_find_no_room_are_not_copied(tmp_path, monkeypatch, size, free, said):
    monkeypatch.setattr(optout_file, "OPT_OUTS", Bound(3, "Split it."))
    leave_free(monkeypatch, free)
    with pytest.raises(PagecastError, match=said):
        asyncio.run(optout_file.arrived(Arriving(size), tmp_path / "list"))
    assert list(tmp_path.iterdir()) == []


class Arriving:
    """A file of a browser, which says how long it is; none of it may be read."""

    def __init__(self, size):
        self.name, self.size = "people.csv", lambda: size


def leave_free(monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda _at: SimpleNamespace(free=free))


def test_what_is_said_names_the_bound():
    assert f"{bounds.LIST.bytes // 1024**3} GB" in bounds.LIST.sentence
    assert f"{bounds.OPT_OUTS.bytes // 1024**2} MB" in bounds.OPT_OUTS.sentence
