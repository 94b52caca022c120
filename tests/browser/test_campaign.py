"""One campaign on the screen: its numbers are the ledger's, and what is done there is done."""

import csv
import io
import json
import re
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from campaigns import events, jobs
from campaigns.lifecycle import allowlist, control, find
from campaigns.report import status
from campaigns.runtime import now_of
from schemas.api_key import Role
from schemas.campaign import Campaign, CampaignState
from schemas.delivery import DeliveryState
from tests import factories
from tests.browser.conftest import PHONE, Site, Visitor
from tests.browser.scenes import PEOPLE, WORDS, Worker, begun
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


def counts(site: Site, campaign: Campaign) -> Counter[str]:
    """Count the rows of the ledger themselves, and of the file what is not in it."""
    found: Counter[str] = Counter(row["state"] for row in factories.rows_of(site.runtime, campaign))
    with site.runtime.reading() as conn:
        told = status(conn, campaign.id or 0, now_of(conn)).counts
    return found + Counter({key: told[key] for key in ("rejected", "duplicate")})


def shows(page: Page, site: Site, campaign: Campaign) -> None:
    """Compare every counter that is shown with the ledger, and the sum with the rows."""
    ledger = counts(site, campaign)
    panel = page.get_by_role("region", name="How it stands")
    for word, states in WORDS.items():
        n = sum(ledger[state] for state in states)
        counter = panel.locator(".counter").filter(has=page.get_by_text(word, exact=True))
        if n:
            expect(counter.locator(".many")).to_have_text(f"{n:,}")
    shown = sum(int(each.replace(",", "")) for each in panel.locator(".many").all_inner_texts())
    assert shown == sum(ledger.values()) == PEOPLE + 2
    expect(panel.get_by_text(f"{PEOPLE + 2} rows = ")).to_be_visible()


def state_of(site: Site, campaign: Campaign) -> CampaignState:
    with site.runtime.reading() as conn:
        return find.by_id(conn, campaign.id or 0).state


def answered(page: Page, title: str, word: str) -> None:
    page.get_by_role("dialog", name=title).get_by_role("button", name=word).click()


def test_a_report_begins_with_the_launch_and_says_who_may_get_it_twice(admin: Visitor, site: Site):
    spring, draft = begun(site), factories.submitted(site.runtime, site.folder, factories.people(3))
    page = admin.open(f"/campaigns/{draft.ref}?tab=report")
    expect(page.get_by_text("There is a report once it is launched.")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Download"))).to_have_count(0)
    admin.open(f"/campaigns/{spring.ref}?tab=report")
    warning = "The campaign may still send to 15 people: cancel it before you use this list."
    expect(page.get_by_text(warning)).to_be_visible()
    page.get_by_role("button", name="New campaign for them").click()
    question = page.get_by_role("dialog", name="Begin a campaign for those who were not reached?")
    expect(question).to_contain_text(warning)
    question.get_by_role("button", name="Begin it all the same").click()
    page.wait_for_url("**/new/*")
    expect(page.get_by_label("Name of the campaign")).to_have_value("Spring remainder")


def test_numbers_are_the_ledgers_through_pause_correction_and_change(admin: Visitor, site: Site, shot):
    spring = begun(site)
    page = admin.open(f"/campaigns/{spring.ref}")
    shows(page, site, spring)
    shot(page, "campaign-sending")
    reasons = page.get_by_role("table", name="Reasons")
    expect(reasons.get_by_role("row").filter(has_text="person unavailable")).to_contain_text("4")
    refusal = page.get_by_role("table", name="Latest refusals").get_by_role("row").filter(has_text="551")
    expect(refusal).to_contain_text("AbC123")

    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("dialog", name="Pause Spring?")).to_contain_text("15 people wait")
    answered(page, "Pause Spring?", "Pause")
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    assert state_of(site, spring) is CampaignState.PAUSED

    page.get_by_role("button", name="Correct the text").click()
    question = page.get_by_role("dialog", name="Correct the text of Spring")
    expect(question.get_by_role("button", name="Correct the text")).to_be_disabled()
    question.get_by_label("Text").fill("Dear {{ first_name }}, the menu is out")
    question.get_by_role("button", name="Show who gets it").click()
    expect(question).to_contain_text("15 people will get the new text.")
    expect(question).to_contain_text("the menu is out")
    shot(page, "campaign-revise", full=False)
    question.get_by_role("button", name="Correct the text").click()
    answered(page, "Correct the text for 15 people?", "Correct it for 15 people")
    wait_until(
        lambda: factories.select(site.runtime, "SELECT revision FROM campaign")[0]["revision"] == 2, "it is corrected"
    )

    page.get_by_role("button", name="Change pace or hours").click()
    change = page.get_by_role("dialog", name="Change Spring")
    change.get_by_label("Rate, messages per second").fill("7")
    change.get_by_role("button", name="Show what would change").click()
    expect(change).to_contain_text("now 7/s")
    change.get_by_role("button", name="Change the campaign").click()
    expect(change).to_be_hidden()
    assert factories.select(site.runtime, "SELECT rate FROM campaign")[0]["rate"] == 7
    shot(page, "campaign-paused")

    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("dialog", name="Resume Spring?")).to_contain_text("Sending goes on to 15 people")
    answered(page, "Resume Spring?", "Resume")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    shows(page, site, spring)
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_role("table", name="History")).to_contain_text("The message was corrected for 15 people")


def test_who_failed_is_sent_to_again_doubts_are_resolved_and_the_results_downloaded(admin: Visitor, site: Site, shot):
    spring = begun(site)
    page = admin.open(f"/campaigns/{spring.ref}")
    page.get_by_role("button", name="Retry failed (4)").click()
    expect(page.get_by_role("dialog", name="Send to 4 people again?")).to_contain_text("They were refused before")
    answered(page, "Send to 4 people again?", "Send to 4 people")
    expect(page.get_by_role("button", name="Retry failed")).to_have_count(0)
    shows(page, site, spring)

    page.get_by_role("button", name="Resolve unknown (2)").click()
    doubt = page.get_by_role("dialog", name="What became of 2 people?")
    doubt.get_by_role("radio", name="Send it again").click()
    expect(doubt).to_contain_text("If it did arrive, they get it twice.")
    doubt.get_by_role("radio", name="It was sent").click()
    doubt.get_by_role("button", name="Decide for 2 people").click()
    expect(page.get_by_role("button", name="Resolve unknown")).to_have_count(0)
    shows(page, site, spring)
    assert counts(site, spring)["assumed_sent"] == 2

    worker = Worker(site, spring)
    worker.sends(19, DeliveryState.ACCEPTED)
    worker.goes()
    shows(page, site, spring)
    page.get_by_role("tab", name="Report").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Results as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert Counter(row["state"] for row in rows) == counts(site, spring)
    shot(page, "campaign-report")
    page.get_by_role("button", name="New campaign for them").click()
    page.wait_for_url("**/new/*")
    expect(page.get_by_label("Name of the campaign")).to_have_value("Spring remainder")
    page.go_back()
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_role("row").filter(has_text="Retry: 4 failed people")).to_contain_text("admin-1")


def test_people_are_found_by_reason_and_id_and_explained(admin: Visitor, site: Site, shot):
    spring = begun(site)
    page = admin.open(f"/campaigns/{spring.ref}")
    page.get_by_role("link", name="Show who: person unavailable").click()
    table = page.get_by_role("table", name="People")
    refused = [row["recipient_id"] for row in factories.rows_of(site.runtime, spring) if row["state"] == "failed"]
    expect(table.get_by_role("row")).to_have_count(1 + len(refused))
    for each in refused:
        expect(table.get_by_role("row").filter(has_text=each)).to_contain_text("person unavailable")
    page.get_by_role("combobox", name="Reason").click()
    expect(page.get_by_role("option", name="opted out (1)")).to_be_visible()
    page.get_by_role("option", name="Every reason").click()
    page.get_by_label("Recipient id").fill(factories.person(0))
    expect(table.get_by_role("row")).to_have_count(2)
    shot(page, "campaign-people")
    page.get_by_label("Recipient id").fill("abc")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_label("Recipient id").fill(factories.person(0))
    page.get_by_role("link", name=f"Everything about {factories.person(0)}").click()
    panel = page.get_by_role("dialog", name=factories.person(0))
    expect(panel).to_contain_text("Instagram accepted")
    expect(panel.get_by_role("link", name="Everything about this person")).to_be_focused()
    expect(panel.get_by_role("button", name="Copy the message id")).to_be_visible()
    expect(panel.get_by_role("link", name="Everything about this person")).to_have_attribute(
        "href", f"/people/{factories.person(0)}"
    )
    shot(page, "campaign-person", full=False)


def test_the_history_follows(admin: Visitor, site: Site):
    spring = begun(site)
    page = admin.open(f"/campaigns/{spring.ref}?tab=history")
    told = page.get_by_role("table", name="History")
    expect(told).to_contain_text("Launched with plan")
    control.pause(site.runtime, spring, "key:maria")
    expect(told.get_by_role("row").filter(has_text="maria")).to_have_count(1)
    page.get_by_role("tab", name="Overview").click()
    with site.runtime.writing() as conn:
        events.record(conn, now_of(conn), "note", "key:joe", "Something else happened.", campaign_id=spring.id)
    page.get_by_role("tab", name="History").click()
    expect(told).to_contain_text("Something else happened.")


def test_a_draft_is_planned_and_launched(admin: Visitor, site: Site, shot):
    rows = factories.people(12)
    rows[3]["first_name"] = ""
    draft = factories.submitted(site.runtime, site.folder, rows)
    page = admin.open(f"/campaigns/{draft.ref}")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_text("11 people of 12 rows get it, at once.")).to_be_visible()
    shot(page, "campaign-draft")
    page.get_by_role("button", name="Launch", exact=True).click()
    question = page.get_by_role("dialog", name="Launch Spring?")
    expect(question).to_contain_text("A variable of the text is blank")
    expect(question).to_contain_text("Hi Ana0")
    shot(page, "campaign-launch", full=False)
    question.get_by_role("button", name="Not now").click()
    expect(question).to_be_hidden()
    assert state_of(site, draft) is CampaignState.DRAFT
    other = factories.submitted(site.runtime, site.folder, rows, factories.content(name="Autumn"))
    page.goto(f"{site.url}/campaigns/{other.ref}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Discard the draft").click()
    answered(page, "Discard the draft Autumn?", "Discard the draft")
    page.wait_for_url("**/campaigns")
    assert factories.select(site.runtime, "SELECT name FROM campaign") == [{"name": "Spring"}]
    page.goto(f"{site.url}/campaigns/{draft.ref}")
    page.get_by_role("button", name="Launch", exact=True).click()
    question.get_by_role("button", name="Launch for 11 people").click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert state_of(site, draft) is CampaignState.SENDING
    expect(page.get_by_text("Pace, in messages per second")).to_be_visible()


def test_a_test_goes_to_the_testers_of_the_account(admin: Visitor, site: Site, shot):
    factories.submitted(site.runtime, site.folder, factories.people(2))
    second = factories.content(name="Second", page="second", pages={"second": factories.page()})
    draft = factories.submitted(site.runtime, site.folder, factories.people(2), second)
    page = admin.open(f"/campaigns/{draft.ref}")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Nobody is a tester of second yet.")).to_be_visible()
    with site.runtime.writing() as conn:
        allowlist.allow(conn, "acme", factories.person(0), note="Ann's phone", now=now_of(conn), actor="cli:ann")
    page.get_by_role("button", name="Send a test").click()
    question = page.get_by_role("dialog", name="Send a test of Second")
    expect(question.get_by_label("Tester")).to_have_value(f"{factories.person(0)}, page second (Ann's phone)")
    expect(question).to_contain_text("empty: the first who gets it")
    shot(page, "campaign-test", full=False)
    question.get_by_role("button", name="Not now").click()
    expect(question).to_be_hidden()


def test_a_large_campaigns_file_is_a_job(admin: Visitor, site: Site):
    spring = begun(site)
    # As if its list were long: who waits for a file is decided by the rows of the list.
    with site.runtime.writing() as conn:
        conn.execute(factories.text("UPDATE recipient_list SET rows = 1000000"))
    page = admin.open(f"/campaigns/{spring.ref}?tab=report")
    page.get_by_role("button", name="Make Numbers as JSON").click()
    expect(page.get_by_text("No process takes jobs: start `pagecast up`.")).to_be_visible()
    with site.runtime.writing() as conn:
        job = jobs.take(conn, "here:2", now_of(conn))
        assert job is not None
        jobs.settle(conn, job.ref, "here:2", jobs.Outcome(result='{"equation": "1 row = 1 accepted"}'), now_of(conn))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Numbers as JSON").click()
    assert json.loads(download.value.path().read_text())["equation"] == "1 row = 1 accepted"


def test_files_are_for_who_may_read_them(visitor, site: Site):
    spring = begun(site)
    viewer, stranger = visitor(Role.VIEWER), visitor(None)
    path = f"{site.url}/downloads/campaigns/{spring.ref}"
    answer = viewer.context.request.get(f"{path}/results.csv", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status, "attachment" in answer.headers["content-disposition"]) == (200, True)
    foreign = viewer.context.request.get(f"{path}/results.csv", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status == 403
    remainder = viewer.context.request.get(f"{path}/remainder.csv", headers={"Sec-Fetch-Site": "same-origin"})
    assert remainder.status == 409, "the remainder is for who writes campaigns"
    path_of_none = f"{site.url}/downloads/lists/lst_{'0' * 32}/rejects.csv"
    missing = viewer.context.request.get(path_of_none, headers={"Sec-Fetch-Site": "same-origin"})
    assert (missing.status, "list" in missing.text()) == (404, True)
    assert "/login" in stranger.context.request.get(f"{path}/results.csv").url


def test_who_may_not_send_sees_no_button_for_it(visitor, site: Site):
    spring = begun(site)
    page = visitor(Role.VIEWER).open(f"/campaigns/{spring.ref}")
    shows(page, site, spring)
    for name in ("Pause", "Cancel", "Change", "Resolve", "Retry", "Clone", "Send a test", "More actions"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    control.pause(site.runtime, spring, "key:other")
    author = visitor(Role.AUTHOR).open(f"/campaigns/{spring.ref}")
    expect(author.get_by_text("Paused by other.")).to_be_visible()
    author.get_by_role("button", name="More actions").click()
    expect(author.get_by_role("menuitem")).to_have_count(2)
    for name in ("Send a test", "Clone"):
        expect(author.get_by_role("menuitem", name=name)).to_be_visible()
    for name in ("Resume", "Correct", "Change", "Resolve", "Retry"):
        expect(author.get_by_role("button", name=name)).to_have_count(0)


def test_a_phone_scrolls_one_way_and_the_keyboard_opens_tabs(visitor, site: Site, shot):
    spring = begun(site)
    control.cancel(site.runtime, spring, "key:other")
    page = visitor(Role.ADMIN, viewport=PHONE).open(f"/campaigns/{spring.ref}")
    shows(page, site, spring)
    for name in ("Overview", "People", "Pages", "Over time", "Replies", "Report", "History"):
        tab = page.get_by_role("tab", name=name)
        tab.focus()
        page.keyboard.press("Enter")
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel").last).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    shot(page, "campaign-cancelled")
