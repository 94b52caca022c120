"""Who comes into the dashboard and how, and what everybody else gets of the whole application: nothing."""

import asyncio
import re
import time
from importlib.metadata import version

import httpx
import pytest
from nicegui import app as nicegui
from starlette.routing import Mount

from campaigns import keys, links
from campaigns.runtime import now_of
from campaigns.settings import Settings
from campaigns.web.api.door import ATTEMPTS
from campaigns.web.app import application, first_link
from campaigns.web.dashboard.guard import Guard, Watched
from campaigns.web.login import inside
from campaigns.web.passes import COOKIE, Passes
from schemas.api_key import Role
from tests import factories

HOST = "http://pagecast"
OWN = {"Origin": HOST}
INSIDE = f"/_nicegui/{version('nicegui')}/static/nicegui.css"
"""A part of the dashboard that needs no running loop."""
OPEN = {"/healthz", "/readyz", "/login", "/login.css"}
"""What strangers get an answer from; webhooks ask for a signature, the API and the metrics for a key."""


@pytest.fixture
def app(runtime):
    return application(runtime, factories.ENVIRONMENT)


class Browser:
    """Keeps cookies, and follows no redirect."""

    def __init__(self, app, host=HOST) -> None:
        self.app, self.host, self.cookies = app, host, httpx.Cookies()

    def __call__(self, method, path, **rest) -> httpx.Response:
        return asyncio.run(self._send(method, path, rest))

    async def _send(self, method, path, rest):
        transport = httpx.ASGITransport(app=self.app, client=("10.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=self.host, cookies=self.cookies) as http:
            answer = await http.request(method, path, **rest)
            self.cookies = http.cookies
            return answer

    def login(self, key):
        return self("POST", "/login", data={"key": key.secret}, headers={"Origin": self.host})

    def is_in(self):
        return self("GET", INSIDE).status_code == 200


@pytest.fixture
def browser(app):
    return Browser(app)


def routes(router, prefix=""):
    """Yield (methods, path) of every route, mounts and NiceGUI's own included; parameters are filled with something."""
    for route in router.routes:
        path = prefix + getattr(route, "path", "")
        inner = getattr(route, "app", None)
        included = getattr(route, "original_router", None)
        if included:
            yield from routes(included, prefix)
        elif isinstance(route, Mount) and getattr(inner, "routes", None):
            yield from routes(inner, path)
        elif isinstance(route, Mount):
            yield ("GET", "POST"), f"{path.rstrip('/')}/x"
        else:
            yield getattr(route, "methods", None) or ("GET",), re.sub(r"{[^}]+}", "x", path)


def everything(app):
    found = [(method, path) for methods, path in [*routes(app), *routes(nicegui)] for method in methods]
    return sorted({(method, path or "/") for method, path in found})


def test_a_stranger_gets_nothing_of_the_whole_application(app, browser):
    walked = everything(app)
    paths = {path for _, path in walked}
    assert {"/healthz", "/login", "/webhooks/meta", "/campaigns", "/metrics"} <= paths
    assert any(path.startswith("/api/v1/campaigns") for path in paths)
    assert any(path.startswith("/_nicegui/") for path in paths)
    assert any(path.startswith("/_nicegui_ws") for path in paths)
    for method, path in walked:
        answer = browser(method, path)
        if path in OPEN and method in {"GET", "HEAD"}:
            assert answer.status_code == 200, (method, path)
        elif answer.status_code == 303:
            assert answer.headers["location"].startswith("/login"), (method, path)
            assert answer.content == b"", (method, path)
        else:
            assert answer.status_code in {401, 403}, (method, path, answer.status_code)
            assert len(answer.content) < 400, (method, path)
        assert answer.headers["x-content-type-options"] == "nosniff", (method, path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], (method, path)


def test_no_operation_of_the_api_takes_a_session_for_a_key(app, browser, key):
    browser.login(key)
    assert browser.is_in()
    for method, path in everything(app):
        if path.startswith(("/api/v1/", "/metrics")):
            assert browser(method, path).status_code == 401, (method, path)


def test_the_api_takes_a_bearer(browser, key):
    answer = browser("GET", "/api/v1/me", headers={"Authorization": f"Bearer {key.secret}"})
    assert answer.json()["data"]["name"] == "maria"
    assert browser("GET", "/api/v1/me", headers={"Authorization": f"Basic {key.secret}"}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "nonsense", "eyJrZXlfaWQiOjF9.aaaa.bbbb"])
def test_a_socket_is_for_those_who_are_in(app, cookie):
    told = dialled(app, {"cookie": f"{COOKIE}={cookie}", "origin": HOST}, says="40")
    assert [message["type"] for message in told] == ["websocket.accept", *["websocket.send"] * 2, "websocket.close"]
    assert [message.get("text", "")[:2] for message in told[1:3]] == ["0{", "44"]
    assert "handshake failed" in told[2]["text"]


def test_a_socket_is_for_our_own_pages(app, browser, key):
    browser.login(key)
    cookie = f"{COOKIE}={browser.cookies[COOKIE]}"
    for headers in ({"origin": "https://evil.example"}, {}, {"origin": HOST, "sec-fetch-site": "same-site"}):
        assert [message["type"] for message in dialled(app, {"cookie": cookie} | headers)] == ["websocket.close"]
    reached = []

    async def inside_it(scope, _receive, _send):
        reached.append(scope["state"]["session"].key.name)

    house = app.routes[-1].app.house
    assert dialled(Guard(inside_it, house), {"cookie": cookie, "origin": HOST}) == []
    assert reached == ["maria"]


def test_an_open_socket_ends_with_its_key(runtime, key):
    passes = Passes(runtime)
    admitted = passes.admit(passes.issue(key.key, int(time.time() * 1000)))
    heard, told = [], []

    async def ask():
        return {"type": "websocket.receive", "text": "42"}

    async def tell(message):
        told.append(message["type"])

    watched = Watched(passes, admitted.shown, ask, tell)

    async def talk():
        heard.append((await watched.receive())["type"])
        await watched.send({"type": "websocket.send", "text": "before"})
        await asyncio.to_thread(revoke, runtime)
        heard.append((await watched.receive())["type"])
        await watched.send({"type": "websocket.send", "text": "after"})

    asyncio.run(talk())
    assert heard == ["websocket.receive", "websocket.disconnect"]
    assert told == ["websocket.send", "websocket.close"]


def revoke(runtime):
    with runtime.writing() as conn:
        keys.revoke(conn, "maria", now=now_of(conn), actor="test")


def dialled(app, headers, says=None):
    """Return what a socket to NiceGUI's endpoint is told, where it says this and goes."""
    told = []
    words = [{"type": "websocket.receive", "text": says}] * 2 if says else []
    asked = iter([{"type": "websocket.connect"}, *words, {"type": "websocket.disconnect", "code": 1000}])

    async def receive():
        return next(asked)

    async def send(message):
        told.append(message)

    pairs = [
        (name.encode(), value.encode())
        for name, value in ({"host": "pagecast", "upgrade": "websocket"} | headers).items()
    ]
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "path": "/_nicegui_ws/socket.io/",
        "raw_path": b"/_nicegui_ws/socket.io/",
        "root_path": "",
        "query_string": b"EIO=4&transport=websocket&client_id=x",
        "headers": pairs,
        "client": ("10.0.0.1", 1),
        "server": ("pagecast", 80),
        "subprotocols": [],
    }
    asyncio.run(app(scope, receive, send))
    return told


@pytest.mark.databases("sqlite", "postgresql")
def test_a_key_becomes_a_session(browser, key):
    answer = browser.login(key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert key.secret.rpartition("_")[2] not in cookie
    assert browser.is_in()


def test_by_https_the_cookie_is_for_https(app, key):
    assert "Secure" in Browser(app, "https://pagecast").login(key).headers["set-cookie"]


def test_behind_a_proxy_the_public_address_counts(runtime, key, monkeypatch):
    monkeypatch.setenv("PAGECAST_PUBLIC_URL", "https://send.example.com/")
    with_proxy = type(runtime)(Settings(), runtime.engine)
    browser = Browser(application(with_proxy, {}))
    answer = browser("POST", "/login", data={"key": key.secret}, headers={"Origin": "https://send.example.com"})
    assert answer.status_code == 303
    assert "Secure" in answer.headers["set-cookie"]
    assert first_link(with_proxy) == ""


@pytest.mark.parametrize("word", ["", "pc_", "x" * 2_000, f"pc_{'0' * 10}_{'0' * 64}"])
def test_a_wrong_key_is_no_login(browser, word):
    answer = browser("POST", "/login", data={"key": word}, headers=OWN)
    assert answer.status_code == 401
    assert "not known" in answer.text
    assert COOKIE not in browser.cookies


def test_wrong_keys_are_limited_together_with_the_api(browser, key):
    for _ in range(ATTEMPTS - 1):
        assert browser("POST", "/login", data={"key": "wrong"}, headers=OWN).status_code == 401
    assert browser("GET", "/api/v1/me", headers={"X-API-Key": "wrong"}).status_code == 401
    answer = browser("POST", "/login", data={"key": "wrong"}, headers=OWN)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert browser.login(key).status_code == 303


def test_a_large_form_is_not_read(browser):
    assert browser("POST", "/login", data={"key": "x" * 10_000}, headers=OWN).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {**OWN, "Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
@pytest.mark.parametrize("path", ["/login", "/login/once", "/logout"])
def test_other_sites_change_nothing(browser, key, headers, path):
    browser.login(key)
    assert browser("POST", path, data={"key": key.secret}, headers=headers).status_code == 403
    assert browser.is_in()


def test_other_sites_cannot_post_to_pages(browser, key):
    browser.login(key)
    answer = browser("POST", "/_nicegui/client/x/upload/1", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_forged_session_is_none(app, browser, key):
    browser.login(key)
    for forged in (browser.cookies[COOKIE][:-1], "x" + browser.cookies[COOKIE][1:]):
        other = Browser(app)
        other.cookies.set(COOKIE, forged, domain="pagecast.local")
        assert not other.is_in()


def test_a_session_ends_with_its_key(browser, key, runtime):
    browser.login(key)
    revoke(runtime)
    assert not browser.is_in()


@pytest.mark.databases("sqlite", "postgresql")
def test_logging_out_ends_the_session_and_every_copy_of_its_cookie(browser, key, runtime):
    browser.login(key)
    passes, copied = Passes(runtime), browser.cookies[COOKIE]
    shown = passes.admit(copied).shown
    answer = browser("POST", "/logout", headers=OWN)
    assert answer.headers["location"] == "/login"
    assert not browser.is_in()
    assert passes.admit(copied) is None
    assert not passes.holds(shown)
    browser.login(key)
    assert browser.is_in()


@pytest.mark.databases("sqlite", "postgresql")
def test_a_link_works_once_and_makes_a_key(app, browser, runtime):
    url = linked(runtime, Role.SENDER)
    word = url.partition("once=")[2]
    assert "Open the dashboard" in browser("GET", url).text
    assert not browser.is_in()
    answer = browser("POST", "/login/once", data={"once": word}, headers=OWN)
    assert answer.headers["cache-control"] == "no-store"
    secret = re.search(r"pc_[0-9a-f]{10}_[0-9a-f]{64}", answer.text)[0]
    assert browser.is_in()
    me = browser("GET", "/api/v1/me", headers={"X-API-Key": secret}).json()["data"]
    assert (me["name"], me["role"]) == ("sender", "sender")
    again = Browser(app)("POST", "/login/once", data={"once": word}, headers=OWN)
    assert again.status_code == 401
    assert "used already" in again.text
    assert "used already" in browser("GET", url).text
    assert word not in str(factories.select(runtime, "SELECT * FROM login_link"))


def test_a_link_is_good_for_a_quarter_of_an_hour(runtime):
    with runtime.writing() as conn:
        now = now_of(conn)
        word = links.create(conn, Role.ADMIN, now=now - links.LASTS_MS, actor="test")
        assert links.find(conn, word, now) is None
        assert links.find(conn, word, now - 1)


def test_the_first_start_shows_a_link_and_later_ones_do_not(runtime, app):
    url = first_link(runtime)
    assert url.startswith("http://127.0.0.1:8321/login?once=")
    browser = Browser(app)
    browser("POST", "/login/once", data={"once": url.partition("once=")[2]}, headers=OWN)
    assert browser.is_in()
    assert first_link(runtime) == ""


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/login", "/login/once"]
)
def test_nobody_is_sent_elsewhere(target):
    assert inside(target) == "/"


def test_one_is_sent_where_one_wanted_to_go():
    assert inside("/campaigns/k7m2?state=paused") == "/campaigns/k7m2?state=paused"


def test_every_page_route_is_behind_the_guard(app):
    assert [route.path for route in nicegui.routes if getattr(route, "path", "") == "/campaigns"] == ["/campaigns"]
    assert isinstance(app.routes[-1].app, Guard)


def test_lists_and_plans_wait_for_the_same_places_wherever_they_come_from(app):
    [api] = [route.app for route in app.routes if getattr(route, "path", "") == "/api/v1"]
    assert app.routes[-1].app.house.heavy is api.state.heavy


def linked(runtime, role=Role.ADMIN):
    with runtime.writing() as conn:
        return f"/login?once={links.create(conn, role, now=now_of(conn), actor='test')}"
