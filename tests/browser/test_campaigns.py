"""The list of campaigns, and what every screen has around it."""

import pytest
from playwright.sync_api import Page, expect

from campaigns.errors import NotFoundError
from campaigns.lifecycle import control, find
from schemas.api_key import Role
from tests import factories
from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.scenes import illegible

pytestmark = pytest.mark.browser


def several(site: Site) -> None:
    """Make a draft, a paused and a cancelled campaign, and one that sends to 40 people."""
    people = factories.people(40)

    def content(name: str) -> dict[str, object]:
        return factories.content(name=name, message={"text": f"{name}: hi {{{{ first_name }}}}"})

    factories.submitted(site.runtime, site.folder, people, content("Autumn preview"))
    for name, verb in (("Loyalty", control.pause), ("Brunch", control.cancel), ("Spring", None)):
        made = factories.launched(site.runtime, site.folder, people, content(name))
        if verb:
            verb(site.runtime, made, "key:maria")


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has_text=name)


def test_the_list_shows_acts_and_follows(admin: Visitor, site: Site, shot):
    page = admin.open("/campaigns")
    expect(page.get_by_role("heading", name="No campaigns yet")).to_be_visible()
    expect(page.get_by_text("24 hours after they last wrote to you")).to_be_visible()
    shot(page, "campaigns-empty")
    several(site)
    expect(row(page, "Spring")).to_contain_text("Sending")
    expect(row(page, "Loyalty")).to_contain_text("Paused")
    expect(row(page, "Brunch").get_by_role("button")).to_have_count(0)
    shot(page, "campaigns")
    row(page, "Spring").get_by_role("button", name="Pause").click()
    question = page.get_by_role("dialog", name="Pause Spring?")
    expect(question).to_contain_text("40 people wait until somebody resumes it")
    shot(page, "campaigns-ask", full=False)
    question.get_by_role("button", name="Not now").click()
    expect(question).to_be_hidden()
    expect(row(page, "Spring")).to_contain_text("Sending")
    row(page, "Spring").get_by_role("button", name="Pause").click()
    question.get_by_role("button", name="Pause").click()
    expect(row(page, "Spring")).to_contain_text("Paused by admin-1")
    expect(page.get_by_role("status").filter(has_text="Paused.")).to_be_visible()


def test_a_draft_is_discarded_from_its_row(admin: Visitor, site: Site):
    several(site)
    page = admin.open("/campaigns")
    row(page, "Autumn preview").get_by_role("button", name="Discard").click()
    question = page.get_by_role("dialog", name="Discard the draft Autumn preview?")
    expect(question).to_contain_text("nobody has got it")
    question.get_by_role("button", name="Discard the draft").click()
    expect(row(page, "Autumn preview")).to_have_count(0)
    expect(row(page, "Spring")).to_have_count(1)
    with site.runtime.reading() as conn, pytest.raises(NotFoundError):
        find.campaign(conn, "Autumn preview")


def test_filters_and_search(admin: Visitor, site: Site):
    several(site)
    page = admin.open("/campaigns")
    page.get_by_label("Name").fill("LOYAL")
    expect(row(page, "Spring")).to_have_count(0)
    expect(row(page, "Loyalty")).to_have_count(1)
    page.get_by_label("Name").fill("100%")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_label("Name").fill("")
    page.get_by_role("combobox", name="State").click()
    page.get_by_role("option", name="Draft").click()
    expect(row(page, "Autumn preview")).to_have_count(1)
    expect(row(page, "Spring")).to_have_count(0)


def test_what_somebody_else_did_first_is_told(admin: Visitor, site: Site, shot):
    several(site)
    page = admin.open("/campaigns")
    row(page, "Spring").get_by_role("button", name="Cancel").click()
    question = page.get_by_role("dialog", name="Cancel Spring?")
    expect(question).to_contain_text("40 people will not")
    with site.runtime.reading() as conn:
        spring = find.campaign(conn, "Spring")
    control.cancel(site.runtime, spring, "key:other")
    expect(row(page, "Spring")).to_contain_text("Cancelled")
    question.get_by_role("button", name="Cancel the campaign").click()
    alert = page.get_by_role("alert").filter(has_text="Spring is cancelled")
    expect(alert).to_be_visible()
    shot(page, "campaigns-failed", full=False)
    assert illegible(page) == []
    alert.get_by_role("button", name="Close").click()
    expect(alert).to_be_hidden()


def test_stop_everything_names_how_many(admin: Visitor, site: Site):
    several(site)
    page = admin.open("/campaigns")
    page.get_by_role("button", name="Stop everything").click()
    question = page.get_by_role("dialog", name="Stop everything?")
    expect(question).to_contain_text("1 campaign is sending or scheduled")
    question.get_by_role("button", name="Stop 1 campaign").click()
    expect(row(page, "Spring")).to_contain_text("Paused with all others")


def test_a_viewer_looks_and_does_nothing(visitor, site: Site):
    several(site)
    page = visitor(Role.VIEWER).open("/campaigns")
    expect(row(page, "Spring")).to_contain_text("Sending")
    for name in ("Pause", "Cancel", "Resume", "Stop everything"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_a_phone_has_a_menu_and_scrolls_one_way(visitor, site: Site):
    several(site)
    who = visitor(Role.ADMIN, viewport=PHONE)
    page = who.open("/campaigns")
    expect(row(page, "Spring")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Campaigns")).to_be_visible()


def test_the_keyboard_reaches_everything(admin: Visitor, site: Site):
    several(site)
    page = admin.open("/campaigns")
    expect(row(page, "Spring")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").get_by_role("button", name="New campaign")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="State")).to_be_focused()
    pause = row(page, "Spring").get_by_role("button", name="Pause")
    for _ in range(20):
        page.keyboard.press("Tab")
        if pause.evaluate("element => element === document.activeElement"):
            break
    expect(pause).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Pause Spring?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Pause Spring?")).to_be_hidden()
    expect(pause).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_is_legible(visitor, site: Site, scheme):
    several(site)
    page = visitor(Role.ADMIN, color_scheme=scheme).open("/campaigns")
    expect(row(page, "Spring")).to_be_visible()
    assert illegible(page) == []


def test_an_unknown_path_says_so_in_the_frame(admin: Visitor, shot):
    admin.forgiven.append("404")
    page = admin.open("/nothing/here")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    shot(page, "missing")
