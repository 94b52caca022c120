"""Every screen, as it is to be seen: legible in light and dark, no wider than a phone, and worked by the keyboard."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Locator, Page, expect

from schemas.api_key import Role
from tests import factories
from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.scenes import illegible, prepared
from tests.waiting import wait_until

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
    f"/people/{factories.person(1)}",
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
        if path == "/settings":
            expect(page.get_by_text("No chunk is stopped.")).to_be_visible(timeout=60_000)
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


def focused(page: Page) -> str:
    """Return the accessible name of what has the focus, as far as it says one itself."""
    name = "e => e.getAttribute('aria-label') || e.querySelector('.block')?.textContent || e.textContent"
    return str(page.locator(":focus").evaluate(name)).strip()


def test_the_wizard_and_its_questions_are_worked_by_the_keyboard(admin: Visitor, site: Site) -> None:
    refs = prepared(site)
    page = admin.open(f"/new?from={refs['Autumn']}")
    name = page.get_by_label("Name of the campaign")
    expect(name).to_have_value("Autumn")
    name.focus()
    passed = []
    for _ in range(30):
        page.keyboard.press("Tab")
        passed.append(focused(page))
        if passed[-1] == "Next: message":
            break
    assert passed[-1] == "Next: message", passed
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message", exact=True)).to_be_visible()


def is_kept_in(question: Locator) -> bool:
    """Move the focus away; return whether it comes back: it does once the question has come to rest."""
    away = "document.activeElement.blur(); document.querySelector('a').focus();"
    return bool(question.evaluate(f"dialog => {{ {away} return dialog.contains(document.activeElement) }}"))


def stays_in(question: Locator) -> bool:
    """Press the tabulator; return whether the focus is in the question, or on its way round with the browser."""
    question.page.keyboard.press("Tab")
    inside = "dialog.contains(document.activeElement) || document.activeElement === document.body"
    return bool(question.evaluate(f"dialog => {inside}"))


def test_a_question_keeps_the_focus_and_gives_it_back(admin: Visitor, site: Site) -> None:
    refs = prepared(site)
    page = admin.open(f"/campaigns/{refs['Loyalty']}")
    for opener, title in (("Correct the text", "Correct the text of Loyalty"), ("Resume", "Resume Loyalty?")):
        button = page.get_by_role("main").get_by_role("button", name=opener, exact=True)
        button.focus()
        page.keyboard.press("Enter")
        question = page.get_by_role("dialog", name=title)
        expect(question).to_be_visible()
        wait_until(partial(is_kept_in, question), "the question keeps the focus")
        assert all(stays_in(question) for _ in range(6))
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        expect(button).to_be_focused()
