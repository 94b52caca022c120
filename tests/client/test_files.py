"""Files of any size: sent as they are read, and written as they come."""

import asyncio
import hashlib
import tracemalloc
from contextlib import closing, suppress

import httpx
import pytest

from campaigns.client import AsyncClient, Client
from campaigns.client.calls import lists, reports
from campaigns.client.files import written
from campaigns.errors import InputError
from tests import factories

URL = "http://127.0.0.1:9"
LARGE = 200 * 1024**2
META = {"request_id": "req_1", "timestamp": ""}
CHECKED = {"id": "lst_1", "name": "", "size": LARGE, "rows": 0, "usable": 0, "rejected": 0, "duplicates": 0}
KEPT = {"data": CHECKED | {"columns": [], "mapping": {}, "warnings": []}, "meta": META}


class Wire(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Takes what is sent part by part, and keeps none of it."""

    def __init__(self):
        self.request, self.sizes = None, []

    def handle_request(self, request):
        self.request = request
        self.sizes = [len(part) for part in request.stream]
        return httpx.Response(201, json=KEPT)

    async def handle_async_request(self, request):
        self.request = request
        self.sizes = [len(part) async for part in request.stream]
        return httpx.Response(201, json=KEPT)


class Refusing(Wire):
    """Looks at the first part, and answers."""

    def handle_request(self, request):
        self.sizes.append(len(next(iter(request.stream))))
        fault = {"code": "payload_too_large", "message": "Too large.", "status": 413}
        return httpx.Response(413, json={"error": fault, "meta": META})


@pytest.fixture
def large(tmp_path, monkeypatch):
    monkeypatch.setattr("campaigns.client.pieces.ONE_GO", LARGE)
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(LARGE)
    return path


@pytest.fixture
def peak():
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


async def _upload(wire, path):
    async with AsyncClient(URL, "pc_1", transport=wire) as client:
        return await client.upload(path)


@pytest.mark.parametrize(
    "upload", [lambda wire, path: Client(URL, "pc_1", transport=wire).upload(path), lambda *a: asyncio.run(_upload(*a))]
)
def test_a_large_list_is_sent_as_it_is_read(upload, large, peak):
    wire = Wire()
    assert upload(wire, large).id == "lst_1"
    assert (sum(wire.sizes), max(wire.sizes)) == (LARGE, 1024**2)
    assert wire.request.headers["Content-Length"] == str(LARGE)
    assert "Transfer-Encoding" not in wire.request.headers
    assert dict(wire.request.url.params) == {"name": "large.csv"}
    assert peak() < 8 * 1024**2


def test_no_more_of_a_list_is_read_than_is_taken(large):
    wire = Refusing()
    with pytest.raises(InputError, match=r"^Too large\.$"):
        Client(URL, "pc_1", transport=wire).upload(large)
    assert wire.sizes == [1024**2]


def test_headers_that_differ_go_along(large):
    call = lists.upload(large, name="people", columns={"recipient_id": "ig_id", "page": "p"}, zone="Europe/Paris")
    assert call.params == {"name": "people", "column": ["recipient_id=ig_id", "page=p"], "zone": "Europe/Paris"}
    assert call.file == large


class Tired(httpx.HTTPTransport):
    """Breaks off after half of the first piece, and again after half of what was left."""

    def __init__(self):
        super().__init__()
        self.pieces = []

    def handle_request(self, request):
        if request.method != "PATCH" or len(self.pieces) == 2:
            return super().handle_request(request)
        half = b"".join(request.stream)[: int(request.headers["Content-Length"]) // 2]
        self.pieces.append((int(request.headers["Upload-Offset"]), len(half)))
        headers = {**request.headers, "content-length": str(len(half))}
        with closing(
            super().handle_request(httpx.Request("PATCH", request.url, headers=headers, content=half))
        ) as sent:
            sent.read()
        raise httpx.ReadError("The wire was cut.")


def test_a_large_list_goes_on_where_it_broke_off(served, key, tmp_path, monkeypatch):
    monkeypatch.setattr("campaigns.client.pieces.ONE_GO", 0)
    path = tmp_path / "people.csv"
    factories.write_list(path, factories.people(200))
    size = path.stat().st_size
    tired = Tired()
    with Client(served.url, key, transport=tired) as client:
        read = client.upload(path)
        first, second = tired.pieces
        assert (first, second) == ((0, size // 2), (size // 2, (size - size // 2) // 2))
        assert client.upload(path) == read == served.do(lists.checked(read.id))
        assert client.upload(path, columns={"recipient_id": "recipient_id"}).usable == read.usable == 200
    assert len(tired.pieces) == 2
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert served.do(lists.known(digest)) == [read]


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*gone\.csv: No such file or directory"):
        lists.upload(tmp_path / "gone.csv")


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("before")
    with suppress(ZeroDivisionError), written(path) as file:
        file.write(b"%d" % (1 / 0))
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("results.csv", "before")]
    with written(path) as file:
        file.write(b"after")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("results.csv", "after")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there(tmp_path):
    wire = httpx.MockTransport(lambda _: httpx.Response(200, content=b"line"))
    with pytest.raises(InputError, match=r"^Cannot write .*gone.results\.csv: No such file"):
        Client(URL, "pc_1", transport=wire).download(reports.results("k7"), tmp_path / "gone" / "results.csv")
