"""What several of the browser's tests begin with and look at: campaigns in every state, and how a screen reads."""

from playwright.sync_api import Page

from campaigns import contacts, pages, suppression
from campaigns.contacts import Heard
from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.lifecycle import control
from campaigns.runtime import now_of
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories
from tests.browser.conftest import Site

PEOPLE = 30
WORDS = {
    "Accepted by Instagram": ("accepted", "delivered", "read"),
    "On its way": ("sending",),
    "Waiting": ("pending",),
    "Unknown": ("unknown",),
    "Assumed sent": ("assumed_sent",),
    "Failed": ("failed",),
    "Skipped": ("skipped",),
    "Rejected": ("rejected",),
    "Duplicate": ("duplicate",),
}
"""By what a counter is called: the states that it counts."""
LEGIBLE = 4.5
"""WCAG 2.2, contrast (minimum) of text."""
_HOUR_MS = 3_600_000
_CONTRASTS = """
() => {
  const light = (colour) => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((each) => each / 255)
      .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ground = (element) => {
    while (element && /, 0\\)$|^rgba\\(0, 0, 0, 0\\)$/.test(getComputedStyle(element).backgroundColor))
      element = element.parentElement;
    return light(getComputedStyle(element || document.body).backgroundColor);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || /SCRIPT|STYLE/.test(element.tagName)) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const [ink, under] = [light(getComputedStyle(element).color), ground(element)];
    found.push([walker.currentNode.textContent.trim(), (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05)]);
  }
  return found;
}
"""


class Worker:
    """Sends as a worker does: claims of one chunk, settled one way or another."""

    def __init__(self, site: Site, campaign: Campaign) -> None:
        self.runtime = site.runtime
        self.campaign = campaign
        with self.runtime.writing() as conn:
            conn.execute(factories.text("UPDATE lane SET proven = true"))
            held = chunks.acquire(conn, self._chunk(), "here:1", now_of(conn))
        assert held is not None
        self._held = held

    def _chunk(self) -> int:
        query = "SELECT id FROM chunk WHERE campaign_id = :id AND state = 'ready' ORDER BY id"
        return int(factories.select(self.runtime, query, id=self.campaign.id)[0]["id"])

    def sends(self, count: int, state: DeliveryState, **facts: object) -> None:
        with self.runtime.writing() as conn:
            now = now_of(conn)
            rows = claim(conn, self._held, lambda row, _slot: row, name="c", want=count, now=now, after=0).rows
            assert len(rows) == count
            for row in rows:
                done = {"part_done": 1, "accepted_at": now, "message_ids": f"m-{row.id}"}
                told = done if state is DeliveryState.ACCEPTED else {"part_done": 0}
                settle(conn, [Settlement(row.id, "c", self._held.place, state, **(told | facts))])

    def goes(self) -> None:
        with self.runtime.writing() as conn:
            chunks.release(conn, self._held, now_of(conn))


def begun(site: Site, name: str = "Spring") -> Campaign:
    """Launch a campaign: 8 accepted, 4 refused, 2 in doubt, one opted out, one line twice, one broken."""
    people = factories.people(PEOPLE, opted_out="")
    people[7]["opted_out"] = "yes"
    rows = [*people, people[0], people[1] | {"recipient_id": "1.78E+16"}]
    message = {"text": "Hi {{ first_name }}", "quick_replies": [{"title": "Yes", "payload": "YES"}]}
    made = factories.launched(site.runtime, site.folder, rows, factories.content(name=name, message=message))
    worker = Worker(site, made)
    worker.sends(8, DeliveryState.ACCEPTED)
    refused = {"reason": Reason.PERSON_UNAVAILABLE, "code": "551", "request_id": "AbC123"}
    worker.sends(4, DeliveryState.FAILED, **refused)
    worker.sends(2, DeliveryState.UNKNOWN, code="ReadTimeout")
    worker.goes()
    return made


def wrote(site: Site, people: int) -> None:
    """Let people write to acme, the n-th n hours ago: a window lasts 24."""
    with site.runtime.writing() as conn:
        now = now_of(conn)
        heard = [
            Heard(
                "instagram",
                factories.ACCOUNT,
                factories.person(n),
                now - n * _HOUR_MS,
                24 * _HOUR_MS,
                "message",
                "",
                "webhook",
            )
            for n in range(people)
        ]
        contacts.hear(conn, heard, now)


def prepared(site: Site) -> dict[str, str]:
    """Make a page with people who wrote, and a draft, a sending, a paused and a cancelled campaign; ids by name."""
    entry, route = pages.entered("acme", factories.page())
    with site.runtime.writing() as conn:
        pages.put(conn, "acme", entry, route, now=now_of(conn), actor="test")
        suppression.suppress(conn, factories.person(900), 0, note="asked", now=now_of(conn), actor="test")

    def content(name: str) -> dict[str, object]:
        return factories.content(name=name, message={"text": f"{name}: hi {{{{ first_name }}}}"})

    wrote(site, 3)
    made = [factories.submitted(site.runtime, site.folder, factories.people(3), content("Autumn"))]
    for name, verb in (("Loyalty", control.pause), ("Brunch", control.cancel)):
        made.append(factories.launched(site.runtime, site.folder, factories.people(3), content(name)))
        verb(site.runtime, made[-1], "test")
    made.append(begun(site))
    return {each.name: each.ref for each in made}


def illegible(page: Page) -> list[tuple[str, float]]:
    """Return every text that is shown with too little contrast, and how much it has."""
    measured = page.evaluate(_CONTRASTS)
    assert len(measured) > 20
    return [(text, round(ratio, 2)) for text, ratio in measured if ratio < LEGIBLE]
