"""The dashboard in a real Chromium, served by a process of its own; whatever a page asks of other hosts is a failure.

PAGECAST_SHOTS names a folder that screenshots are kept in.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from campaigns import keys
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.api_key import Role
from tests import factories
from tests.installation import web

CHROMIUM = next(
    (path for path in (Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser")) if path.exists()), None
)
# Read before the environment of each test is scrubbed.
SHOTS = os.environ.get("PAGECAST_SHOTS")
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
_SHOWS = 10_000
expect.set_options(timeout=_SHOWS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session; each visitor gets a profile of its own."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium in /usr/bin")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@dataclass
class Site:
    """A running web process, and its database from this side."""

    url: str
    runtime: Runtime
    folder: Path

    def key(self, role: Role = Role.ADMIN, name: str = "") -> str:
        """Make a key and return it."""
        with self.runtime.writing() as conn:
            return keys.create(conn, name or str(role), role, now=now_of(conn), actor="test").secret


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve an empty, migrated database."""
    runtime = factories.opened(Settings().home)
    with web(Settings().home) as url:
        yield Site(url, runtime, tmp_path)
    runtime.close()


@dataclass
class Visitor:
    """Somebody's browser: `open` a path. At the test's end nothing foreign was asked for, and no error was logged.

    Put what a test expects to go wrong into `forgiven`, as a part of the console's line.
    """

    site: Site
    context: BrowserContext
    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", self._asked)
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.site.url, self.site.url.replace("http", "ws", 1), "data:", "blob:")):
            self.foreign.append(request.url)

    def login(self, key: str) -> "Visitor":
        """Log in without looking at the form."""
        headers = {"Origin": self.site.url}
        answer = self.context.request.post(f"{self.site.url}/login", form={"key": key}, headers=headers)
        assert answer.ok, answer.text()
        return self

    def open(self, path: str = "/") -> Page:
        """Open a path of the site, and wait until its screen is alive."""
        self.page.goto(self.site.url + path)
        expect(self.page.locator("main")).to_be_visible()
        return self.page

    def check(self) -> None:
        """Fail where another host was asked, or the console has an error."""
        assert self.foreign == []
        assert [line for line in self.errors if not any(part in line for part in self.forgiven)] == []


@pytest.fixture
def visitor(site: Site, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return what makes a visitor: logged in with a new key of a role, or a stranger for None."""
    made: list[Visitor] = []

    def new(role: Role | None = Role.ADMIN, **options: Any) -> Visitor:
        context = chromium.new_context(**({"viewport": WIDE} | options))
        who = Visitor(site, context, context.new_page())
        made.append(who)
        return who.login(site.key(role, f"{role}-{len(made)}")) if role else who

    yield new
    for each in made:
        each.context.close()
    for each in made:
        each.check()


@pytest.fixture
def admin(visitor: Callable[..., Visitor]) -> Visitor:
    """An admin on a wide screen."""
    return visitor(Role.ADMIN)


@pytest.fixture
def shot(tmp_path: Path) -> Callable[..., None]:
    """Return what keeps a page as `name-light.png`, `name-dark.png` and `name-phone.png`."""
    folder = Path(SHOTS) if SHOTS else tmp_path / "shots"
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str, *, full: bool = True) -> None:
        for look, scheme, size in (("light", "light", WIDE), ("dark", "dark", WIDE), ("phone", "light", PHONE)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            page.wait_for_timeout(250)  # what moves comes to rest
            page.screenshot(path=folder / f"{name}-{look}.png", full_page=full)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)

    return take
