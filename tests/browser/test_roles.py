"""What each role sees of the dashboard, written down by hand, and what the server refuses whatever is pressed.

A button that is not shown has no listener on the server either: there is nothing that a click on it could be sent to.
"""

import re
from collections.abc import Callable, Mapping

import pytest
from anyio import CapacityLimiter
from playwright.sync_api import Page, expect

from campaigns import keys
from campaigns.access import rights_of
from campaigns.errors import StateError
from campaigns.runtime import Runtime, now_of
from campaigns.web.dashboard.session import House, Session
from campaigns.web.dashboard.standings import Standings
from campaigns.web.passes import Passes
from campaigns.web.pulse import Pulse
from schemas.api_key import Role
from schemas.right import Right
from tests import factories
from tests.browser.conftest import Site, Visitor
from tests.browser.scenes import prepared
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

EVERYBODY = frozenset(Role)
WRITERS = frozenset({Role.AUTHOR, Role.SENDER, Role.ADMIN})
SENDERS = frozenset({Role.SENDER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})

MENU = {
    "Campaigns": EVERYBODY,
    "New campaign": WRITERS,
    "Pages": EVERYBODY,
    "People": EVERYBODY,
    "Open windows": EVERYBODY,
    "Suppressions": EVERYBODY,
    "Activity": EVERYBODY,
    "Settings": EVERYBODY,
    "Help": EVERYBODY,
}
CLOSED = {"/new": EVERYBODY - WRITERS, "/keys": EVERYBODY - ADMINS, "/webhooks": EVERYBODY - ADMINS}
SCREENS: Mapping[str, Mapping[str, frozenset[Role]]] = {
    "/campaigns": {
        "New campaign": WRITERS,
        "Pause": SENDERS,
        "Resume": SENDERS,
        "Cancel": SENDERS,
        "Discard": WRITERS,
    },
    "/campaigns/{Autumn}": {
        "Launch": SENDERS,
        "Send a test": WRITERS,
        "Clone": WRITERS,
        "Show the plan": WRITERS,
        "Discard the draft": WRITERS,
    },
    "/campaigns/{Spring}": {
        "Pause": SENDERS,
        "Change pace or hours": SENDERS,
        "Retry failed (4)": SENDERS,
        "Resolve unknown (2)": SENDERS,
        "Retry skipped (1)": SENDERS,
        "Send a test": WRITERS,
        "Clone": WRITERS,
        "Cancel": SENDERS,
    },
    "/campaigns/{Loyalty}": {
        "Resume": SENDERS,
        "Correct the text": SENDERS,
        "Change pace or hours": SENDERS,
        "Send a test": WRITERS,
        "Clone": WRITERS,
        "Cancel": SENDERS,
    },
    "/campaigns/{Brunch}?tab=report": {
        "Clone": WRITERS,
        "Retry cancelled (3)": SENDERS,
        "New campaign for them": WRITERS,
        "Download Results as CSV": EVERYBODY,
        "Download Results as Excel": EVERYBODY,
        "Download Results as Parquet": EVERYBODY,
        "Download Numbers as JSON": EVERYBODY,
        "Download Report as a page": EVERYBODY,
        "Download Who was not reached": WRITERS,
    },
    "/pages": {"Check": WRITERS, "Pause": SENDERS, "Add a page": ADMINS},
    "/pages/acme": {
        "Check the token": WRITERS,
        "Read conversations": SENDERS,
        "Pause": SENDERS,
        "Add a tester": SENDERS,
        "Change": ADMINS,
    },
    "/people": {"Look up": EVERYBODY},
    f"/people/{factories.person(7)}": {"Opt-outs": EVERYBODY, "Suppress": WRITERS, "Erase": ADMINS},
    "/contacts": {"Export": EVERYBODY, "Write to them": WRITERS},
    "/suppressions": {
        "Export": EVERYBODY,
        "History": EVERYBODY,
        "Suppress a person": WRITERS,
        "Import a file": WRITERS,
        "Remove": ADMINS,
    },
    "/audit": {"Export": EVERYBODY},
    "/events": {},
    "/settings": {"Examine again": EVERYBODY, "Keys": ADMINS, "Notices": ADMINS},
    "/keys": {"Create a key": ADMINS, "Revoke": ADMINS, "Keys": ADMINS, "Notices": ADMINS},
    "/webhooks": {"Tell somebody": ADMINS, "Keys": ADMINS, "Notices": ADMINS},
    "/help": {},
}
"""By path: everything that can be pressed there, but what only leads on or copies, and who is shown it."""
_NAMED = re.compile(r'- (button|link) "([^"]+)"')
_DOES = re.compile(r"Download .*|New campaign for them|Keys|Notices")
"""Links that are more than a way to what a row is about."""


def pressed(page: Page) -> set[str]:
    """Return the names of what can be pressed on the screen, what stands in its menu of spare actions included."""
    main = page.get_by_role("main")
    named = _NAMED.findall(main.aria_snapshot())
    found = {name for kind, name in named if kind == "button" or _DOES.fullmatch(name)}
    if "More actions" in found:
        main.get_by_role("button", name="More actions").click()
        item = page.get_by_role("menuitem")
        expect(item.first).to_be_visible()
        found |= {_last_line(said) for said in item.all_inner_texts()}
        page.keyboard.press("Escape")
        expect(item).to_have_count(0)
    return {name for name in found if not name.startswith(("Copy ", "Expand "))} - {"More actions"}


def of(role: Role, table: Mapping[str, frozenset[Role]]) -> set[str]:
    return {name for name, roles in table.items() if role in roles}


def shows(page: Page, wanted: set[str], where: str) -> None:
    """Wait for exactly these names; a screen may still be filling itself."""
    found: set[str] = set()

    def same() -> bool:
        found.clear()
        found.update(pressed(page))
        return found == wanted

    try:
        wait_until(same, "the buttons are there")
    except AssertionError:
        assert (where, found) == (where, wanted)


def test_a_role_is_shown_what_it_may_do(visitor: Callable[..., Visitor], site: Site) -> None:
    refs = prepared(site)
    for role in Role:
        who: Visitor = visitor(role)
        who.forgiven.append("403")
        for path, buttons in SCREENS.items():
            who.open(path.format(**refs))
            shows(who.page, of(role, buttons), f"{role} on {path}")
        menu = who.page.get_by_role("navigation", name="Main").get_by_role("link")
        assert [_last_line(said) for said in menu.all_inner_texts()] == [each for each in MENU if role in MENU[each]]
        expect(who.page.get_by_role("button", name="Stop everything")).to_have_count(int(role in SENDERS))
        closed(who, role)


def closed(who: Visitor, role: Role) -> None:
    """Look whether the closed screens are closed to the role, and the others open."""
    for path, roles in CLOSED.items():
        answer = who.page.goto(who.site.url + path)
        assert answer is not None
        assert (role, path, answer.status) == (role, path, 403 if role in roles else 200)
        expect(who.page.get_by_role("heading", name="This is not yours to see")).to_have_count(int(role in roles))


def test_the_server_refuses_what_is_not_shown(visitor: Callable[..., Visitor], site: Site) -> None:
    who: Visitor = visitor(Role.VIEWER)
    refs = prepared(site)
    for name, status in (("results.csv", 200), ("remainder.csv", 409)):
        path = f"{site.url}/downloads/campaigns/{refs['Brunch']}/{name}"
        answer = who.context.request.get(path, headers={"Origin": site.url})
        assert (name, answer.status) == (name, status)
        assert name == "results.csv" or "lacks the right campaigns.remainder" in answer.text()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("role", Role)
def test_a_verb_needs_its_right_and_a_living_key(runtime: Runtime, role: Role) -> None:
    passes = Passes(runtime)
    with runtime.writing() as conn:
        now = now_of(conn)
        key = keys.create(conn, "pressed", role, now=now, actor="test").key
    admitted = passes.admit(passes.issue(key, now))
    assert admitted is not None
    house = House(runtime, {}, passes, Pulse(runtime), Standings(runtime), CapacityLimiter(1))
    session = Session(house, admitted.key, admitted.shown)
    assert {right for right in Right if not _refused(session, right)} == set(rights_of(role))
    with runtime.writing() as conn:
        keys.revoke(conn, "pressed", now=now, actor="test")
    assert all(_refused(session, right) for right in Right)


def _refused(session: Session, right: Right) -> bool:
    try:
        session.need(right)
    except StateError:
        return True
    return False


def _last_line(said: str) -> str:
    """Return what is said without the name of its icon."""
    return said.rpartition("\n")[2]
