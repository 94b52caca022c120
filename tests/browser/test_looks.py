"""Every screen, as it is to be seen: legible in light and dark, no wider than a phone, and worked by the keyboard."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from schemas.api_key import Role
from tests import factories
from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.test_campaigns import illegible
from tests.browser.test_roles import prepared

pytestmark = pytest.mark.browser

TABS = ("overview", "people", "pages", "over-time", "replies", "report", "history")
SCREENS = (
    "/campaigns",
    "/campaigns/{Autumn}",
    *(f"/campaigns/{{Spring}}?tab={tab}" for tab in TABS),
    "/new",
    "/new?from={Autumn}",
    "/pages",
    "/pages/acme",
    "/people",
    f"/people/{factories.person(7)}",
    "/contacts",
    "/suppressions",
    "/audit",
    "/events",
    "/settings",
    "/keys",
    "/webhooks",
    "/help",
)


def screens(who: Visitor, refs: dict[str, str]) -> Iterator[tuple[str, Page]]:
    for path in SCREENS:
        page = who.open(path.format(**refs))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        yield path, page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_legible(visitor: Callable[..., Visitor], site: Site, scheme: str) -> None:
    who: Visitor = visitor(Role.ADMIN, color_scheme=scheme)
    found = {path: illegible(page) for path, page in screens(who, prepared(site))}
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_no_screen_is_wider_than_a_phone(visitor: Callable[..., Visitor], site: Site) -> None:
    who: Visitor = visitor(Role.ADMIN, viewport=PHONE)
    wide = {path: page.evaluate("document.documentElement.scrollWidth") for path, page in screens(who, prepared(site))}
    assert {path: width for path, width in wide.items() if width > PHONE["width"]} == {}
