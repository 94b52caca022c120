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
from campaigns.errors import InputError, StateError
from campaigns.web.dashboard import bounds
from campaigns.web.dashboard.bounds import Bound, Bounded
from campaigns.web.dashboard.wizard import arrival

UPLOAD = "/_nicegui/client/1/upload/2"


async def count(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def sent(path, content):
    app = Bounded(Starlette(routes=[Route("/{path:path}", count, methods=["POST"])]), most=10)

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
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


def test_a_list_that_is_too_long_is_not_copied(monkeypatch):
    monkeypatch.setattr(arrival, "LIST", Bound(3, "Split it."))
    visit = SimpleNamespace(session=SimpleNamespace(need=lambda _right: None, runtime=None))
    with pytest.raises(InputError, match="Split it"):
        asyncio.run(arrival._take(visit, SimpleNamespace(size=lambda: 4), lambda _said: None))


def test_a_full_disk_takes_no_list(tmp_path, monkeypatch):
    uploads.folder(tmp_path).mkdir(parents=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _at: SimpleNamespace(free=1024**3 + 9))
    uploads.Incoming(tmp_path, "people.csv", 9).close()
    with pytest.raises(StateError, match="no room for 10 bytes"):
        uploads.Incoming(tmp_path, "people.csv", 10)
    uploads.refuse_full(tmp_path, 1024**3, spare=0)
    with pytest.raises(StateError, match="no room"):
        uploads.refuse_full(tmp_path, 1024**3 + 10, spare=0)


def test_what_is_said_names_the_bound():
    assert f"{bounds.LIST.bytes // 1024**3} GB" in bounds.LIST.sentence
    assert f"{bounds.OPT_OUTS.bytes // 1024**2} MB" in bounds.OPT_OUTS.sentence
