"""The whole job in a browser, on everything that sends: each number that a screen shows is the ledger's.

The simulator keeps its own record of who got what, and nobody is in it twice.
"""

import csv
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from campaigns import pages, report, simulator
from campaigns.lifecycle import find
from campaigns.report import status
from campaigns.runtime import now_of
from campaigns.settings import Settings
from campaigns.simulator import Scenario, Simulator
from schemas.api_key import Role
from schemas.campaign import Campaign, CampaignState
from schemas.status import Status
from tests import factories
from tests.browser.conftest import Site, Visitor
from tests.browser.scenes import WORDS
from tests.installation import installation
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

EVERYBODY, USABLE, ROWS, RATE = 100, 103, 106, 7
REFUSED = {3: "blocked", 40: "no_such_person", 70: "unavailable,ok"}
"""By person: what the platform answers; the last one can be sent to when it is tried again."""
STATES = {
    "pending": "Waiting",
    "sending": "On its way",
    "accepted": "Accepted",
    "failed": "Failed",
    "skipped": "Skipped",
    "unknown": "Unknown",
}
"""By state: what the filter of the people calls it."""
OF_THE_LIST = {"bad_id", "damaged_id", "duplicate"}
ACCEPTED = "Accepted by Instagram"
_SENT = 45.0
_SOON = 10.0


@pytest.fixture
def platform() -> Iterator[Simulator]:
    """A platform that refuses three people."""
    codes = {factories.person(n): code for n, code in REFUSED.items()}
    with simulator.start(Scenario(latency=0.05, codes=codes)) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, platform: Simulator) -> Iterator[Site]:
    """Everything that sends, as `pagecast up` runs it, with one page stored."""
    runtime = factories.opened(Settings().home)
    entry, route = pages.entered("acme", factories.page(platform.meta_url, rate=RATE))
    with runtime.writing() as conn:
        pages.put(conn, "acme", entry, route, now=now_of(conn), actor="test")
    with installation(Settings().home) as url:
        yield Site(url, runtime, tmp_path)
    runtime.close()


def write_people(folder: Path) -> Path:
    """Write 100 people; one who opted out, one too late, one nameless; two ids that are none, and one line twice."""
    rows = factories.people(EVERYBODY, opted_out="")
    late = int(time.time()) - 200_000
    for n, cells in ((100, {"opted_out": "yes"}), (101, {"last_inbound_at": late}), (102, {"first_name": ""})):
        rows.append(rows[0] | {"recipient_id": factories.person(n)} | cells)
    rows += [rows[0] | {"recipient_id": "nonsense"}, rows[0] | {"recipient_id": "1.78E+16"}, rows[0]]
    assert len(rows) == ROWS
    factories.write_list(folder / "guests.csv", rows)
    return folder / "guests.csv"


def ledger(site: Site) -> Counter[str]:
    """Count the rows of the ledger themselves by state."""
    found = factories.select(site.runtime, "SELECT state, count(*) AS n FROM delivery GROUP BY state")
    return Counter({row["state"]: row["n"] for row in found})


def told(site: Site, campaign: Campaign) -> Status:
    """Return how the campaign stands; its counts are those of the ledger's rows."""
    with site.runtime.reading() as conn:
        standing = status(conn, campaign.id or 0, now_of(conn))
    assert Counter(standing.counts) == ledger(site) + Counter(rejected=2, duplicate=1)
    return standing


def campaign_of(site: Site) -> Campaign:
    with site.runtime.reading() as conn:
        return find.campaign(conn, "Guests")


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="How it stands")


def shown(page: Page) -> Counter[str]:
    """Read the counters as the bar says them, all of one moment; they add up to the rows."""
    said = panel(page).get_by_role("img").get_attribute("aria-label") or ""
    counts = Counter({word: number(n) for n, word in re.findall(r"(\d[\d,]*) ([^,]+)", said)})
    assert counts.total() == ROWS
    return counts


def counted(page: Page) -> Counter[str]:
    """Read the numbers under the bar, all of one moment."""
    each = (said.split("\n") for said in panel(page).locator(".counter").all_inner_texts())
    return +Counter({word: number(n) for word, n, *_ in each})


def reasons(page: Page) -> dict[str, int]:
    """Read how many have which reason, all of one moment."""
    rows = page.get_by_role("table", name="Reasons").locator("tbody").get_by_role("row")
    each = (re.findall(r"[^\t\n]+", said) for said in rows.all_inner_texts())
    return {name.replace(" ", "_"): number(n) for n, name, *_ in each}


def number(said: str) -> int:
    return int(said.replace(",", ""))


def numbers_in(where: Locator) -> list[int]:
    """Return the whole numbers that stand alone in these elements."""
    return [number(said) for said in where.all_inner_texts() if re.fullmatch(r"[\d,]+", said)]


def by_word(standing: Status) -> Counter[str]:
    return +Counter({word: sum(standing.counts[state] for state in states) for word, states in WORDS.items()})


def overview_agrees(page: Page, standing: Status) -> None:
    """Compare counters, equation, the way and the reasons with the ledger."""
    wait_until(lambda: shown(page) == by_word(standing), f"the counters are {by_word(standing)}", _SOON)
    wait_until(lambda: counted(page) == by_word(standing), "and so are the numbers under it", _SOON)
    equation = report.equation(standing, lambda state: STATES.get(state, state).lower())
    expect(panel(page).get_by_text(equation, exact=True)).to_be_visible()
    way = page.get_by_role("list", name="From the list to the answers").get_by_role("listitem")
    skipped, accepted = standing.counts["skipped"], by_word(standing)[ACCEPTED]
    turn = EVERYBODY - standing.counts["pending"]
    expected = [ROWS, USABLE, USABLE - skipped, turn, accepted, standing.counts["read"], 0]
    wait_until(lambda: numbers_in(way.locator(".figures.strong")) == expected, f"the way is {expected}", _SOON)
    wait_until(lambda: reasons(page) == standing.reasons, f"the reasons are {standing.reasons}", _SOON)


def offered(page: Page, label: str) -> Counter[str]:
    """Return what a filter of the people offers, with its counts."""
    page.get_by_role("combobox", name=label).click()
    options = page.get_by_role("option").filter(has_text="(")
    expect(options.first).to_be_visible()
    found = [re.fullmatch(r"(.+) \(([\d,]+)\)", said) for said in options.all_inner_texts()]
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    return Counter({each[1]: number(each[2]) for each in found if each})


def people_agree(page: Page, standing: Status) -> None:
    """Compare what the filters of the people count with the ledger, and who is shown for a reason."""
    page.get_by_role("tab", name="People").click()
    page.get_by_role("button", name="Read again").click()
    states = {state: n for state, n in standing.counts.items() if state not in {"rejected", "duplicate"}}
    assert offered(page, "State") == +Counter({STATES[state]: n for state, n in states.items() if n})
    reasons = {reason.replace("_", " "): n for reason, n in standing.reasons.items() if reason not in OF_THE_LIST}
    assert offered(page, "Reason") == Counter(reasons)
    page.get_by_role("combobox", name="Reason").click()
    page.get_by_role("option", name="opted out (1)").click()
    rows = page.get_by_role("table", name="People").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(factories.person(EVERYBODY))
    page.get_by_role("combobox", name="Reason").click()
    page.get_by_role("option", name="Every reason").click()


def lane_agrees(page: Page, standing: Status) -> None:
    """Compare the card of the page with the ledger."""
    page.get_by_role("tab", name="Pages").click()
    card = page.get_by_role("region", name="Page acme")
    for word in (ACCEPTED, "Waiting", "Skipped", "Failed", "Unknown"):
        fact = card.locator(".fact").filter(has=page.get_by_text(word, exact=True))
        expect(fact.locator(".figures")).to_have_text(f"{by_word(standing)[word]:,}")
    page.get_by_role("tab", name="Overview").click()


def list_agrees(who: Visitor, standing: Status) -> None:
    """Compare the line of the list with the ledger."""
    page = who.open("/campaigns")
    row = page.get_by_role("row").filter(has_text="Guests")
    counts, through = standing.counts, by_word(standing)[ACCEPTED]
    in_doubt = counts["unknown"] + counts["assumed_sent"]
    goal = through + counts["pending"] + counts["sending"] + counts["failed"] + in_doubt
    told = ((counts["failed"], "failed"), (in_doubt, "in doubt"), (ROWS - goal, "not sent"))
    expect(row).to_contain_text(", ".join([f"{through} of {goal} accepted", *(f"{n} {word}" for n, word in told if n)]))
    page.go_back()
    expect(panel(page)).to_be_visible()


def all_agrees(who: Visitor, site: Site, campaign: Campaign) -> None:
    """Compare every number of the campaign that any screen shows with the ledger; nothing may move meanwhile."""
    standing = told(site, campaign)
    list_agrees(who, standing)
    overview_agrees(who.page, standing)
    people_agree(who.page, standing)
    lane_agrees(who.page, standing)
    assert told(site, campaign).counts == standing.counts


def log_in(who: Visitor, key: str) -> Page:
    page = who.open("/")
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="No campaigns yet")).to_be_visible()
    return page


def write_and_launch(page: Page, site: Site) -> Campaign:
    """Go through the wizard."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New campaign").click()
    page.locator("input[type=file]").set_input_files(write_people(site.folder))
    expect(page.get_by_text(f"{ROWS} rows = {USABLE} usable + 2 rejected + 1 duplicate")).to_be_visible()
    page.get_by_role("button", name="Next: message").click()
    page.get_by_label("Message", exact=True).fill("Hi {{ first_name }}, the menu is ut")
    expect(page.get_by_label("As Instagram shows it").get_by_text("Hi Ana0, the menu is ut")).to_be_visible()
    page.get_by_role("button", name="Next: schedule and limits").click()
    expect(page.get_by_text(f"Of {EVERYBODY} people who could get it now.")).to_be_visible()
    page.get_by_role("button", name="Next: review").click()
    equation = f"{ROWS} rows = {EVERYBODY} will get it + 3 skipped + 2 rejected + 1 duplicate"
    expect(page.get_by_text(equation)).to_be_visible()
    page.get_by_role("button", name="Launch", exact=True).click()
    question = page.get_by_role("dialog", name="Launch Guests?")
    expect(question).to_contain_text(f"{EVERYBODY} people get it from acme")
    question.get_by_role("button", name="Launch the campaign").click()
    expect(panel(page)).to_be_visible()
    return campaign_of(site)


def numbers_move(page: Page, site: Site) -> None:
    """Watch the numbers while it sends: they grow, add up, and are never ahead of the ledger nor far behind it."""
    for wanted in (1, 8, 15):
        accepted_shown(page, wanted, _SENT)
        seen, now = shown(page)[ACCEPTED], ledger(site)["accepted"]
        assert seen <= now < EVERYBODY
        accepted_shown(page, now, _SOON)


def accepted_shown(page: Page, least: int, seconds: float) -> None:
    wait_until(lambda: shown(page)[ACCEPTED] >= least, f"the screen says {least} accepted", seconds)


def pause(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Pause", exact=True).click()
    question = page.get_by_role("dialog", name="Pause Guests?")
    expect(question).to_contain_text(re.compile(r"\d+ people wait until somebody resumes it"))
    question.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    assert campaign_of(site).state is CampaignState.PAUSED
    wait_until(lambda: not ledger(site)["sending"], "what is in flight is settled", _SOON)


def revise(page: Page, site: Site) -> None:
    waiting = ledger(site)["pending"]
    assert waiting > EVERYBODY / 4
    page.get_by_role("button", name="Correct the text").click()
    question = page.get_by_role("dialog", name="Correct the text of Guests")
    question.get_by_label("Text").fill("Hi {{ first_name }}, the menu is out")
    question.get_by_role("button", name="Show who gets it").click()
    expect(question).to_contain_text(f"{waiting} people will get the new text.")
    question.get_by_role("button", name="Correct the text").click()
    page.get_by_role("button", name=f"Correct it for {waiting} people").click()
    expect(page.get_by_text("revision 2 of the text").or_(page.get_by_text("revision 2 now"))).to_be_visible()


def resume(page: Page, site: Site) -> None:
    waiting = ledger(site)["pending"]
    page.get_by_role("button", name="Resume", exact=True).click()
    question = page.get_by_role("dialog", name="Resume Guests?")
    expect(question).to_contain_text(f"Sending goes on to {waiting} people")
    question.get_by_role("button", name="Resume", exact=True).click()


def finishes(page: Page, site: Site) -> None:
    wait_until(lambda: campaign_of(site).state is CampaignState.FINISHED, "it is finished", _SENT)
    expect(panel(page).get_by_text("Finished", exact=True)).to_be_visible()


def retry(page: Page, site: Site) -> None:
    page.get_by_role("button", name=f"Retry failed ({len(REFUSED)})").click()
    question = page.get_by_role("dialog", name=re.compile(r"^Send to \d+ pe\w+ again\?"))
    said = question.inner_text()
    n = int(re.findall(r"Send to (\d+)", said)[0])
    question.get_by_role("button", name=f"Send to {n} p").click()
    wait_until(lambda: ledger(site)["accepted"] == EVERYBODY - len(REFUSED) + 1, "one of them got it now", _SENT)


def results(page: Page) -> list[dict[str, str]]:
    page.get_by_role("tab", name="Report").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download Results as CSV").click()
    with coming.value.path().open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def proves(rows: list[dict[str, str]], standing: Status, platform: Simulator) -> None:
    """Compare the file of results with the ledger, and with the platform's own record."""
    assert len(rows) == ROWS
    assert Counter(row["state"] for row in rows) == +Counter(standing.counts)
    assert Counter(row["reason"] for row in rows if row["reason"]) == Counter(standing.reasons)
    record = list(platform.accepted())
    assert max(Counter(each["recipient_id"] for each in record).values()) == 1, "nobody got it twice"
    got = {row["recipient_id"]: row["message_id"] for row in rows if row["state"] == "accepted"}
    assert got == {each["recipient_id"]: each["message_id"] for each in record}
    revisions = Counter(row["revision"] for row in rows if row["state"] == "accepted")
    assert set(revisions) == {"1", "2"}


def test_a_campaign_from_the_login_to_its_results(
    visitor: Callable[..., Visitor], site: Site, platform: Simulator, shot: Callable[..., None]
) -> None:
    who = visitor(None)
    page = log_in(who, site.key(Role.SENDER))
    campaign = write_and_launch(page, site)
    numbers_move(page, site)
    shot(page, "walk-sending")
    pause(page, site)
    all_agrees(who, site, campaign)
    revise(page, site)
    shot(page, "walk-revised")
    resume(page, site)
    finishes(page, site)
    all_agrees(who, site, campaign)
    retry(page, site)
    finishes(page, site)
    all_agrees(who, site, campaign)
    shot(page, "walk-finished")
    proves(results(page), told(site, campaign), platform)
