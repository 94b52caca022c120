"""The screens beside campaigns: pages, people, opt-outs, keys; whole stories, and the numbers against the verbs."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from campaigns import contacts, events, keys, pages, simulator, suppression
from campaigns.runtime import now_of
from campaigns.simulator import Scenario
from schemas.api_key import Role
from tests import factories
from tests.browser.conftest import Site, Visitor
from tests.browser.scenes import wrote

pytestmark = pytest.mark.browser


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def press(place: Page | Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def asking(page: Page, title: str) -> Locator:
    return page.get_by_role("dialog", name=title)


def test_a_page_is_added_checked_paused_and_resumed(admin: Visitor, site: Site, shot: Callable[..., None]):
    with simulator.start(Scenario()) as platform:
        page = admin.open("/pages")
        expect(page.get_by_role("heading", name="No pages yet")).to_be_visible()
        expect(page.get_by_text("24 hours after they wrote")).to_be_visible()
        shot(page, "pages-empty")
        press(page, "Add a page")
        form = asking(page, "Add a page")
        form.get_by_label("Name").fill("acme")
        form.get_by_label("Account id").fill(factories.ACCOUNT)
        form.get_by_label("Token", exact=True).fill("EAAG-the-token-itself")
        form.get_by_text("Rate and address").click()
        form.get_by_label("Address", exact=True).fill(platform.meta_url)
        shot(page, "pages-add", full=False)
        press(form, "Add the page")
        refused = page.get_by_role("alert").filter(has_text="never the token itself")
        expect(refused).to_be_visible()
        expect(refused).not_to_contain_text("EAAG")
        press(refused, "Close")
        form.get_by_label("Token", exact=True).fill("@{secret:ACME_TOKEN}")
        press(form, "Add the page")
        expect(form).to_be_hidden()
        expect(row(page, "acme")).to_contain_text("Ready")

        press(row(page, "acme"), "Check")
        expect(row(page, "acme")).to_contain_text("Meta accepts the token")
    factories.launched(site.runtime, site.folder, factories.people(40), factories.content(pages={}))
    press(row(page, "acme"), "Pause")
    question = asking(page, "Pause page acme?")
    expect(question).to_contain_text("1 campaign: 40 people wait")
    shot(page, "pages-ask", full=False)
    press(question, "Pause the page")
    expect(row(page, "acme")).to_contain_text("Paused by key:admin-1")
    shot(page, "pages")
    press(row(page, "acme"), "Resume")
    press(asking(page, "Resume page acme?"), "Resume the page")
    expect(row(page, "acme").get_by_role("button", name="Pause")).to_be_visible()
    with site.runtime.reading() as conn:
        assert pages.named(conn, "acme").parked_at is None
    page.get_by_role("link", name="acme").click()
    expect(page.get_by_text("The page sends again. (key:admin-1)")).to_be_visible()
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    shot(page, "page")


def test_one_failure_is_shown_at_a_time_and_none_after_it_worked(admin: Visitor):
    page = admin.open("/pages")
    press(page, "Add a page")
    form = asking(page, "Add a page")
    form.get_by_label("Account id").fill(factories.ACCOUNT)
    form.get_by_label("Token", exact=True).fill("EAAG-the-token-itself")
    alert = page.get_by_role("alert")
    press(form, "Add the page")
    expect(alert).to_have_count(1)
    form.get_by_label("Name").fill("acme")
    press(form, "Add the page")
    expect(alert.filter(has_text="never the token itself")).to_be_visible()
    expect(alert).to_have_count(1)
    form.get_by_label("Token", exact=True).fill("@{secret:ACME_TOKEN}")
    press(form, "Add the page")
    expect(form).to_be_hidden()
    expect(alert).to_have_count(0)


def test_a_page_that_is_removed_elsewhere_is_told_where_it_was(admin: Visitor, site: Site):
    entry, route = pages.entered("acme", factories.page())
    with site.runtime.writing() as conn:
        pages.put(conn, "acme", entry, route, now=now_of(conn), actor="test")
    page = admin.open("/pages/acme")
    expect(page.get_by_role("heading", name="acme")).to_be_visible()
    with site.runtime.writing() as conn:
        pages.remove(conn, pages.named(conn, "acme"), now_of(conn), "test")
    expect(page.get_by_role("status").filter(has_text="acme")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_somebody_is_suppressed_and_allowed_again(admin: Visitor, site: Site, shot: Callable[..., None]):
    person = factories.person(7)
    page = admin.open("/suppressions")
    expect(page.get_by_role("heading", name="Nobody is suppressed")).to_be_visible()
    press(page, "Suppress a person")
    form = asking(page, "Suppress a person")
    form.get_by_label("Recipient id").fill("1.78E+16")
    press(form, "Suppress")
    alert = page.get_by_role("alert").filter(has_text="is no recipient id")
    expect(alert).to_be_visible()
    press(alert, "Close")
    form.get_by_label("Recipient id").fill(person)
    form.get_by_label("Note").fill("a letter")
    shot(page, "suppressions-add", full=False)
    press(form, "Suppress")
    expect(row(page, person)).to_contain_text("a letter")
    press(row(page, person), "History")
    history = asking(page, f"What {person} has said")
    expect(history).to_contain_text("Opted out")
    expect(history).to_contain_text("by key:admin-1")
    shot(page, "suppressions-history", full=False)
    press(history, "Close")
    page.get_by_label("Recipient id").first.fill(factories.person(8))
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_label("Recipient id").first.fill(person)
    press(row(page, person), "Remove")
    press(asking(page, f"Allow messages to {person} again?"), "Remove the suppression")
    expect(row(page, person)).to_have_count(0)
    with site.runtime.reading() as conn:
        assert [event.kind for event in suppression.told(conn, person)] == ["opted_out", "opted_in"]


def test_a_file_of_opt_outs_says_what_it_means_first(admin: Visitor, site: Site, shot: Callable[..., None]):
    gone, stays = factories.person(1), factories.person(2)
    page = admin.open("/suppressions")
    press(page, "Import a file")
    form = asking(page, "Import opt-outs")
    content = f"igsid,status\n{gone},unsubscribed\n{stays},active\n".encode()
    page.locator("input[type=file]").set_input_files({"name": "tool.csv", "mimeType": "text/csv", "buffer": content})
    expect(form).to_contain_text("2 rows: 1 person would be suppressed")
    expect(form).to_contain_text('opt-outs from "status"')
    with site.runtime.reading() as conn:
        assert suppression.listed(conn) == []
    shot(page, "suppressions-import", full=False)
    press(form, "Import")
    expect(row(page, gone)).to_contain_text("from tool.csv")
    expect(row(page, stays)).to_have_count(0)


def test_a_key_is_shown_once_and_ends_at_once(
    admin: Visitor, visitor: Callable[..., Visitor], site: Site, shot: Callable[..., None]
):
    page = admin.open("/keys")
    press(page, "Create a key")
    form = asking(page, "Create a key")
    form.get_by_label("Name").fill("crm-export")
    shot(page, "keys-create", full=False)
    press(form, "Create the key")
    shown = asking(page, "The key crm-export")
    secret = shown.get_by_text("pc_").inner_text()
    shot(page, "keys-once", full=False)
    with site.runtime.reading() as conn:
        key = keys.verify(conn, secret, now_of(conn))
    assert key
    assert key.role is Role.VIEWER
    press(shown, "Close")
    expect(row(page, "crm-export")).to_contain_text("Live")
    expect(page.get_by_text(secret)).to_have_count(0)
    guest = visitor(None)
    guest.login(secret).open("/campaigns")
    press(row(page, "crm-export"), "Revoke")
    press(asking(page, "Revoke the key crm-export?"), "Revoke the key")
    expect(row(page, "crm-export")).to_have_count(0)
    guest.forgiven += ["WebSocket", "4401", "401"]
    guest.page.goto(f"{site.url}/campaigns")
    expect(guest.page).to_have_url(re.compile("/login"))


def test_one_look_answers_i_got_two_messages(admin: Visitor, site: Site, shot: Callable[..., None]):
    campaign = factories.launched(site.runtime, site.folder, factories.people(3))
    wrote(site, 3)
    page = admin.open("/people")
    page.get_by_label("Recipient id").fill(factories.person(1))
    press(page, "Look up")
    expect(page.get_by_role("heading", name=factories.person(1), level=1)).to_be_visible()
    expect(page.get_by_text("No message of any campaign here went out")).to_be_visible()
    expect(page.get_by_role("link", name="Spring")).to_have_attribute("href", f"/campaigns/{campaign.ref}")
    shot(page, "person")
    press(page, "Erase")
    question = asking(page, f"Erase {factories.person(1)} for good?")
    expect(question).to_contain_text("1 window, ")
    expect(question).to_contain_text("keyed hash")
    press(question, "Erase the person")
    expect(page).to_have_url(f"{site.url}/people")
    with site.runtime.reading() as conn:
        assert contacts.find(conn, factories.person(1)) == []


def test_open_windows_are_those_that_the_verb_counts(admin: Visitor, site: Site):
    factories.launched(site.runtime, site.folder, factories.people(1))
    wrote(site, 40)
    page = admin.open("/contacts")
    expect(page.get_by_text("acme: 24 open")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Open")).to_have_count(24)
    page.get_by_role("combobox", name="At least this long left").click()
    page.get_by_role("option", name="12 hours").click()
    expect(page.get_by_role("row").filter(has_text="Open")).to_have_count(12)
    page.get_by_role("combobox", name="Windows").click()
    page.get_by_role("option", name="Everybody who wrote").click()
    page.get_by_role("combobox", name="At least this long left").click()
    page.get_by_role("option", name="Any time").click()
    expect(page.get_by_role("row").filter(has_text="Closed")).to_have_count(16)
    press(page, "Next")
    expect(page.get_by_text("Page 2")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Open")).to_have_count(15)
    with page.expect_download() as download:
        press(page, "Export")
    assert len(download.value.path().read_text().splitlines()) == 41
    press(page, "Write to them")
    expect(page.get_by_role("radio", name="Everyone whose window is open")).to_be_checked()
    expect(page.get_by_text("acme: 24 windows are open now")).to_be_visible()


def test_a_change_of_a_campaign_and_its_page_names_both_apart(admin: Visitor, site: Site):
    spring = factories.launched(site.runtime, site.folder, factories.people(1))
    with site.runtime.writing() as conn:
        ids = {"campaign_id": spring.id, "page_id": pages.named(conn, "acme").id}
        events.record(conn, now_of(conn), "page.parked", "worker", "It is parked for both.", **ids)
    page = admin.open("/audit")
    about = row(page, "It is parked for both.").get_by_role("cell").nth(2)
    assert about.inner_text().split("\n") == ["Spring", "acme"]
