"""A campaign from an upload to its launch, in a browser; every number against the verbs."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from campaigns import pages, sketches, suppression
from campaigns.lifecycle import find, relist
from campaigns.lifecycle.launch import launched_plan
from campaigns.lifecycle.plan import plan
from campaigns.runtime import now_of
from schemas.api_key import Role
from schemas.campaign import CampaignState
from tests import factories
from tests.browser.conftest import Site, Visitor

pytestmark = pytest.mark.browser


def store_page(site: Site) -> None:
    entry, route = pages.entered("acme", factories.page())
    with site.runtime.writing() as conn:
        pages.put(conn, "acme", entry, route, now=now_of(conn), actor="test")


def write_people(site: Site) -> str:
    wrote = int(time.time()) - 3600
    lines = ["recipient_id,first_name,city,last_inbound_at"]
    lines += [f"{factories.person(n)},Ana{n},{'Rome' if n % 2 else 'Oslo'},{wrote}" for n in range(20)]
    lines += [f"{factories.person(30)},,Rome,{wrote}", f"{factories.person(31)},Old,Rome,{wrote - 200_000}"]
    lines += ["nonsense,Bo,Rome,1", f"{factories.person(0)},Ana0,Oslo,{wrote}"]
    path = site.folder / "spring-people.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def to_message(page: Page, site: Site) -> None:
    page.get_by_role("main").locator("input[type=file]").set_input_files(write_people(site))
    expect(page.get_by_text("24 rows = 22 usable + 1 rejected + 1 duplicate")).to_be_visible()
    page.get_by_role("button", name="Next: message").click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()


def choose_people(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Next: message").click()
    expect(page.get_by_text("Give the campaign a name")).to_be_visible()
    page.locator("input[type=file]").set_input_files(write_people(site))
    expect(page.get_by_text("24 rows = 22 usable + 1 rejected + 1 duplicate")).to_be_visible()
    expect(page.get_by_text("Choose the people")).to_be_hidden()
    expect(page.get_by_label("Name of the campaign")).to_have_value("Spring people")
    expect(page.get_by_role("combobox", name="Recipient id")).to_have_value("recipient_id")
    expect(page.get_by_text(re.compile("line 24: .nonsense"))).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download rejects.csv").click()
    rejects = coming.value.path().read_text()
    assert "nonsense" in rejects
    assert rejects.count("\n") == 3


def write_message(page: Page) -> None:
    text = page.get_by_label("Message", exact=True)
    text.fill("Hi ")
    page.get_by_label("Variable").fill("first")
    page.get_by_role("option", name="first_name").click()
    page.get_by_role("button", name="Insert").click()
    expect(text).to_have_value(re.compile(r"Hi \{\{ first_name \}\}"))
    page.get_by_role("button", name="Add a quick reply").click()
    page.get_by_label("Quick reply 1", exact=True).fill("Yes, please")
    expect(page.get_by_label("As Instagram shows it").get_by_text("Hi Ana0")).to_be_visible()
    expect(page.get_by_text("1 person lacks something that the text needs")).to_be_visible()
    page.get_by_role("button", name="Next person").click()
    expect(page.get_by_label("As Messenger shows it").get_by_text("Hi Ana1")).to_be_visible()
    page.get_by_label("Id or line").fill(factories.person(30))
    page.get_by_label("Id or line").press("Enter")
    expect(page.get_by_label("As Instagram shows it").get_by_text("so they are skipped")).to_be_visible()


def knob(page: Page, name: str) -> Locator:
    """What the keyboard reaches of a slider: Quasar gives the role to the element around it."""
    return page.get_by_role("slider", name=name).locator("[tabindex]")


def choose_time(page: Page) -> None:
    expect(page.get_by_text("Nobody loses their turn with this choice.")).to_be_visible()
    expect(page.get_by_text("Of 20 people who could get it now.")).to_be_visible()
    page.get_by_label("Only rows for which").fill("city = 'Rome'")
    expect(page.get_by_text("This leaves 12 of 22 people.")).to_be_visible()
    expect(page.get_by_text("Of 10 people who could get it now.")).to_be_visible()
    page.get_by_label("Only rows for which").fill("")
    expect(page.get_by_text("Of 20 people who could get it now.")).to_be_visible()
    knob(page, "People lost, by rate").press("ArrowLeft")
    expect(page.get_by_label("Messages a second")).to_have_value(re.compile("^3[0-9.]+$"))
    expect(page.get_by_text(re.compile("^3[0-9.]+/s: 0 lost"))).to_be_visible()
    for _ in range(48):
        knob(page, "People lost, by start").press("ArrowRight")
    expect(page.get_by_role("radio", name="At a date and time")).to_be_checked()
    page.get_by_label("Messages a second").fill("0.01")
    expect(page.get_by_text("20 people lose their turn with this choice")).to_be_visible()
    page.get_by_role("button", name="Lowest rate without loss").click()
    page.get_by_role("radio", name="Right after the launch").click()
    expect(page.get_by_text("Nobody loses their turn with this choice.")).to_be_visible()


def test_a_campaign_is_written_and_launched(admin: Visitor, site: Site, shot):
    store_page(site)
    page = admin.open("/new")
    choose_people(page, site)
    shot(page, "wizard-1-recipients")
    page.get_by_role("button", name="Next: message").click()
    write_message(page)
    shot(page, "wizard-2-message")
    page.get_by_role("button", name="Next: schedule and limits").click()
    choose_time(page)
    shot(page, "wizard-3-schedule")
    page.get_by_role("button", name="Next: review").click()

    expect(page.get_by_text("24 rows = 20 will get it + 2 skipped + 1 rejected + 1 duplicate")).to_be_visible()
    expect(page.get_by_text("A variable of the text is blank for this person.")).to_be_visible()
    with site.runtime.reading() as conn:
        draft = find.campaign(conn, "Spring people")
    planned = plan(site.runtime, draft, factories.ENVIRONMENT, factories.now(site.runtime)).plan
    assert (planned.eligible, planned.rejected, planned.duplicates) == (20, 1, 1)
    assert planned.skipped == {"blank_variable": 1, "window_closed": 1}
    shot(page, "wizard-4-review")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("20 people get it from acme, beginning right after the launch.")
    page.get_by_role("button", name="Launch the campaign").click()
    expect(page).to_have_url(f"{site.url}/campaigns/{draft.ref}")
    with site.runtime.reading() as conn:
        assert find.exactly(conn, draft.ref).state is CampaignState.SENDING
        assert sketches.latest(conn, 1) == []
    assert launched_plan(site.runtime, draft).token == planned.token
    assert sum(state == "pending" for state in factories.states(site.runtime, draft).values()) == 20


def test_a_void_plan_is_drawn_anew(admin: Visitor, site: Site):
    store_page(site)
    draft = factories.submitted(site.runtime, site.folder, factories.people(3), factories.content(pages={}))
    page = admin.open(f"/new?from={draft.ref}")
    expect(page.get_by_label("Name of the campaign")).to_have_value("Spring")
    expect(page.get_by_text("3 rows = 3 usable + 0 rejected + 0 duplicates")).to_be_visible()
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_text("3 rows = 3 will get it")).to_be_visible()
    with site.runtime.writing() as conn:
        suppression.suppress(conn, factories.person(1), 0, note="asked", now=now_of(conn), actor="test")
    page.get_by_role("button", name="Launch", exact=True).click()
    page.get_by_role("button", name="Launch the campaign").click()
    expect(page.get_by_role("alert")).to_contain_text("Not launched: something changed")
    expect(page.get_by_text("3 rows = 2 will get it + 1 skipped")).to_be_visible()


def test_two_tabs_do_not_undo_each_other(admin: Visitor, site: Site):
    store_page(site)
    with site.runtime.writing() as conn:
        ref = sketches.begin(conn, {"name": "Spring"}, now=now_of(conn), actor="test").ref
    page = admin.open(f"/new/{ref}")
    other = admin.context.new_page()
    other.goto(f"{site.url}/new/{ref}")
    other.get_by_label("Name of the campaign").fill("From the other tab")
    expect(other.get_by_text("Saved")).to_be_visible()
    page.get_by_label("Name of the campaign").fill("From this tab")
    expect(page.get_by_role("dialog")).to_contain_text("changed this in another tab")
    page.get_by_role("button", name="Take what is there").click()
    expect(page.get_by_label("Name of the campaign")).to_have_value("From the other tab")


@pytest.mark.parametrize(
    "name", ['Q" :zz="(window.taken=1)', r"C:\xmas sale", "</script><script>window.taken=1</script>"]
)
def test_a_name_is_only_words_to_whoever_sees_it(admin: Visitor, site: Site, name: str):
    with site.runtime.writing() as conn:
        sketches.begin(conn, {"name": name}, now=now_of(conn), actor="key:author")
    page = admin.open("/new")
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=f"Delete {name}", exact=True)).to_be_visible()
    assert page.evaluate("window.taken") is None


def sketched(site: Site, **more: object) -> str:
    """A sketch that was left at the schedule, with a list whose columns are those of `factories.people`."""
    draft = factories.submitted(site.runtime, site.folder, factories.people(3), factories.content(pages={}))
    listed = relist.uploaded(site.runtime, draft)
    with site.runtime.writing() as conn:
        content = {"name": "Summer", "list": listed, "page": "acme", "message": {"text": "Hi"}} | more
        begun = sketches.begin(conn, content, now=now_of(conn), actor="test")
        return sketches.save(conn, begun.model_copy(update={"step": 2}), content, now=now_of(conn), actor="test").ref


def test_a_sketch_opens_with_what_its_file_and_the_list_before_said(admin: Visitor, site: Site):
    store_page(site)
    ref = sketched(site, audience={"one_per": "customer_id"}, limits={"margin": "10m"})
    page = admin.open(f"/new/{ref}")
    page.get_by_text("Margin, canary, share").click()
    expect(page.get_by_label("Margin before a window closes (minutes)")).to_have_value("10")
    page.get_by_text("Cap, one a customer, hold-out").click()
    expect(page.get_by_role("combobox", name="One message for each")).to_have_value("customer_id")
    page.get_by_role("button", name="Recipients").click()
    expect(page.get_by_text("This list has no column customer_id")).to_be_visible()
    page.get_by_role("button", name="Schedule and limits").click()
    page.get_by_text("Cap, one a customer, hold-out").click()
    expect(page.get_by_role("combobox", name="One message for each")).to_have_value("Every row")


def test_a_step_that_breaks_leads_back(admin: Visitor, site: Site):
    store_page(site)
    ref = sketched(site, limits={"canary": "some"})
    page = admin.open(f"/new/{ref}")
    expect(page.get_by_role("alert")).to_contain_text("This step cannot be shown")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hi")
    expect(page.get_by_text("This step cannot be shown")).to_be_hidden()
    page.get_by_role("button", name="Next: schedule and limits").click()
    expect(page.get_by_role("alert")).to_contain_text("This step cannot be shown")
    page.reload()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hi")


def test_an_author_writes_and_does_not_launch(visitor, site: Site):
    store_page(site)
    page = visitor(Role.AUTHOR).open("/new")
    to_message(page, site)
    page.get_by_label("Message", exact=True).fill("Hello")
    page.get_by_role("button", name="Next: schedule and limits").click()
    expect(page.get_by_text("Nobody loses their turn with this choice.")).to_be_visible()
    page.get_by_role("button", name="Next: review").click()
    expect(page.get_by_text("Ask somebody with the role sender to launch it.")).to_be_visible()
    expect(page.get_by_role("button", name="Launch", exact=True)).to_have_count(0)


def test_what_a_refused_list_was_told_is_gone_once_another_is_taken(admin: Visitor, site: Site):
    store_page(site)
    page, useless = admin.open("/new"), site.folder / "useless.csv"
    useless.write_text("recipient_id,last_inbound_at\nnonsense,1\n")
    refused = page.get_by_text("No row of the list can be used")
    page.locator("input[type=file]").set_input_files(useless)
    expect(refused).to_be_visible()
    page.locator("input[type=file]").set_input_files(write_people(site))
    expect(page.get_by_text("spring-people.csv: 24 rows = 22 usable")).to_be_visible()
    expect(refused).to_be_hidden()
    page.locator("input[type=file]").set_input_files(useless)
    expect(refused).to_be_visible()
    page.get_by_role("button", name="Next: message").click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(refused).to_be_hidden()


def test_a_condition_that_cannot_be_read_keeps_one_at_its_step(admin: Visitor, site: Site):
    store_page(site)
    page = admin.open("/new")
    to_message(page, site)
    page.get_by_label("Message", exact=True).fill("Hello")
    page.get_by_role("button", name="Next: schedule and limits").click()
    field = page.get_by_label("Only rows for which")
    expect(page.get_by_text("SQL over the list's columns, such as city = 'Rome'")).to_be_visible()
    for wrong, said in (
        ("town = 'Rome'", "The condition names 'town', which is no column of the list."),
        ("first_name > 30", "The condition cannot be used: cannot compare string"),
    ):
        field.fill(wrong)
        expect(page.get_by_text(said)).to_be_visible()
        page.get_by_role("button", name="Next: review").click()
        expect(page.get_by_text(said)).to_be_visible()
        expect(page.get_by_role("button", name="Next: review")).to_be_visible()
    field.fill("city = 'Rome'")
    expect(page.get_by_text("This leaves 12 of 22 people.")).to_be_visible()
    page.get_by_role("button", name="Next: review").click()
    expect(page.get_by_text("24 rows = ")).to_be_visible()


def write_foreign(site: Site) -> str:
    wrote = int(time.time()) - 3600
    lines = ["Full name,IG User,Wrote last"]
    lines += [f"Ana{n},{factories.person(n)},{wrote}" for n in range(3)]
    path = site.folder / "export.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_list_whose_ids_have_a_header_of_their_own_is_asked_about(admin: Visitor, site: Site):
    store_page(site)
    page, people = admin.open("/new"), write_foreign(site)
    page.locator("input[type=file]").set_input_files(people)
    expect(page.get_by_text("Which column holds the ids?")).to_be_visible()
    expect(page.get_by_role("region", name="The first rows")).to_contain_text(factories.person(2))
    page.get_by_role("button", name="Next: message").click()
    expect(page.get_by_text("Choose the column that holds the ids.")).to_be_visible()
    for column in ("Full name", "IG User"):
        page.get_by_role("combobox", name="Column of the ids").click()
        page.get_by_role("option", name=column).click()
        if column == "Full name":
            expect(page.get_by_text("No row of the list can be used")).to_be_visible()
            expect(page.get_by_text("Which column holds the ids?")).to_be_visible()
    expect(page.get_by_text("3 rows = 3 usable + 0 rejected + 0 duplicates")).to_be_visible()
    expect(page.get_by_role("combobox", name="Recipient id")).to_have_value("IG User")
    untimed = page.get_by_text("Nobody's last message is known: choose the column that holds it.")
    expect(untimed).to_be_visible()
    page.get_by_role("combobox", name="Last message from the person").click()
    page.get_by_role("option", name="Wrote last").click()
    expect(untimed).to_be_hidden()

    page.get_by_role("radio", name="A list uploaded before").click()
    expect(page.locator("input[type=file]")).to_have_count(0)
    page.get_by_role("radio", name="Upload a list").click()
    page.locator("input[type=file]").set_input_files(people)
    expect(page.get_by_role("combobox", name="Recipient id")).to_have_value("IG User")
    expect(untimed).to_be_hidden()
    page.get_by_role("button", name="Next: message").click()
    page.get_by_label("Message", exact=True).fill("Hi {{ full_name }}")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_text("3 rows = 3 will get it")).to_be_visible()
