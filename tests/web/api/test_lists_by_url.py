"""A list that is fetched from where it lies: over https, from the open internet, and never said where."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from campaigns import uploads
from tests import factories
from tests.factories import people
from tests.web.api.promises import promised
from tests.web.api.test_writing import written


@pytest.fixture
def host():
    """A host that has a list at /people.csv, and leads there from /moved; yields its address."""

    class Host(BaseHTTPRequestHandler):
        circles = 0

        def do_GET(self):
            Host.circles += self.path == "/circle"
            assert Host.circles <= 6, "it is followed five times"
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/people.csv?signed=secret-word")
                self.end_headers()
            elif self.path.startswith("/people.csv"):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(written(people(4)))
            else:
                self.send_response(302 if self.path == "/circle" else 404)
                self.send_header("Location", "/circle")
                self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def at_home(monkeypatch):
    """Private addresses are meant."""
    monkeypatch.setenv("PAGECAST_PRIVATE_RECEIVERS", "true")


@pytest.mark.usefixtures("at_home")
def test_a_list_is_fetched_from_where_it_lies(author, host, labour, runtime):
    job = promised(author, "POST", "/lists", json={"url": f"{host}/moved"}, headers={})
    assert labour() == 1
    done = author.get(f"/jobs/{job['id']}")
    assert (done["result"]["usable"], done["state"]) == (4, "done")
    assert uploads.find(runtime.storage, done["result"]["id"])
    assert host not in str(factories.select(runtime, "SELECT * FROM job")), "an address may be a secret"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(("path", "said"), [("/circle", "more than 5 times"), ("/nothing", "answered 404")])
def test_what_is_no_list_is_said_without_the_address(path, said, author, host, labour):
    job = promised(author, "POST", "/lists", json={"url": host + path})
    labour()
    error = author.get(f"/jobs/{job['id']}")["error"]
    assert (error["status"], said in error["message"], host in error["message"]) == (422, True, False)


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://example.com/x", "https://", "https://u:p@example.com", "https://xn--a/", "x"]
)
def test_what_is_no_address_of_a_list_is_refused_at_once(author, url):
    assert author("POST", "/lists", json={"url": url}).status_code == 422


@pytest.mark.parametrize("place", ["127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254"])
def test_a_private_address_is_refused(author, labour, place):
    job = promised(author, "POST", "/lists", json={"url": f"https://{place}:9/people.csv"})
    labour()
    assert "private network" in author.get(f"/jobs/{job['id']}")["error"]["message"]


def test_a_body_of_json_says_where_the_list_lies(author):
    for body in ({}, {"url": 1}, {"url": "https://example.com", "path": "/etc/passwd"}, [1]):
        answer = author("POST", "/lists", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
