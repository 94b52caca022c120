"""Coming in by a key and by a link, as people do it."""

import re

import pytest
from playwright.sync_api import expect

from campaigns import keys, links
from campaigns.runtime import now_of
from schemas.api_key import Role
from tests.browser.conftest import Site, Visitor

pytestmark = pytest.mark.browser


def linked(site: Site, role: Role = Role.ADMIN) -> str:
    with site.runtime.writing() as conn:
        return f"/login?once={links.create(conn, role, now=now_of(conn), actor='test')}"


def test_a_key_opens_the_dashboard_and_the_page_that_was_asked_for(visitor, site, shot):
    who = visitor(None)
    page = who.open("/campaigns?x=1")
    shot(page, "login")
    expect(page).to_have_url(f"{site.url}/login?next=%2Fcampaigns%3Fx%3D1")
    page.get_by_label("Your key").fill(site.key())
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{site.url}/campaigns?x=1")
    expect(page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()


def test_a_wrong_key_is_told(visitor, shot):
    who = visitor(None)
    who.forgiven.append("401")
    page = who.open("/login")
    page.get_by_label("Your key").fill("pc_nonsense")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    shot(page, "login-wrong")


def test_a_link_makes_a_key_that_is_shown_once(visitor, site, shot):
    who: Visitor = visitor(None)
    url = linked(site)
    page = who.open(url)
    shot(page, "link")
    page.get_by_role("button", name="Open the dashboard").click()
    shown = page.get_by_label("Your key", exact=True)
    key = shown.inner_text()
    assert re.fullmatch(r"pc_[0-9a-f]{10}_[0-9a-f]{64}", key)
    assert "once=" not in page.url
    shown.click()
    assert page.evaluate("getSelection().toString()") == key, "one click marks all of it"
    shot(page, "link-key")
    page.get_by_role("link", name="go to the dashboard").click()
    expect(page).to_have_url(f"{site.url}/campaigns")
    expect(page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()
    again = visitor(None)
    expect(again.open(url).get_by_role("alert")).to_contain_text("used already")
    again.login(key).open("/campaigns")
    expect(again.page.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()


def test_logging_out_ends_it(admin, site):
    page = admin.open("/campaigns")
    admin.forgiven += ["WebSocket", "4401", "401"]
    other = page.context.new_page()
    other.goto(f"{site.url}/campaigns")
    expect(other.get_by_role("heading", name="Campaigns", exact=True)).to_be_visible()
    page.get_by_role("button", name="Logged in as").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{site.url}/login")
    expect(other).to_have_url(re.compile(re.escape(f"{site.url}/login")), timeout=30_000)
    page.goto(f"{site.url}/campaigns")
    expect(page).to_have_url(f"{site.url}/login?next=%2Fcampaigns")


def test_a_revoked_key_closes_the_screens_that_are_open(admin: Visitor, site: Site):
    page = admin.open("/campaigns")
    admin.forgiven += ["WebSocket", "4401", "401"]
    with site.runtime.writing() as conn:
        keys.revoke(conn, "admin-1", now=now_of(conn), actor="test")
    expect(page).to_have_url(re.compile(re.escape(f"{site.url}/login")), timeout=30_000)


def test_light_and_dark_are_remembered(admin: Visitor):
    page = admin.open("/campaigns")
    body = page.locator("body")
    expect(body).to_have_class(re.compile("body--light"))
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("menuitem", name="Dark").click()
    expect(body).to_have_class(re.compile("body--dark"))
    page.reload()
    expect(body).to_have_class(re.compile("body--dark"))
