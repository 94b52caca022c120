"""The inbox worker sends again what was to be tried later, but for as long as an echo may lie unread."""

import json

import pytest

from campaigns.inbox import Inbox, Raw
from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.page import ProviderName
from tests import factories
from workers.inbound import Desk
from workers.presence import Presence


@pytest.fixture
def inbox(runtime):
    opened = Inbox.of(runtime)
    yield opened
    opened.close()


@pytest.fixture
def doubtful(runtime, tmp_path):
    """A campaign whose only message was to be tried later, eleven minutes ago, on a page that repeats."""
    file = factories.content(pages={"acme": factories.page(on_try_later="repeat")})
    campaign = factories.launched(runtime, tmp_path, factories.people(1), file)
    with runtime.writing() as conn:
        held = chunks.acquire(conn, 1, "here:1", now_of(conn))
        (row,) = claim(conn, held, lambda row, _: row, name="c", want=1, now=now_of(conn), after=0).rows
        settle(conn, [Settlement(row.id, "c", held.place, DeliveryState.UNKNOWN, 0, code="2")])
        conn.execute(factories.text("UPDATE delivery SET sent_at = sent_at - 660000"))
    return campaign


def echoed(runtime, account, person, mid):
    """Return a body with an echo of five minutes ago."""
    at = factories.now(runtime) - 300_000
    item = {"sender": {"id": account}, "recipient": {"id": person}, "timestamp": at}
    item["message"] = {"mid": mid, "is_echo": True, "text": "…"}
    body = {"object": "instagram", "entry": [{"id": account, "time": at, "messaging": [item]}]}
    return Raw(ProviderName.META, at, json.dumps(body).encode())


def states(runtime, campaign):
    return set(factories.states(runtime, campaign).values())


def test_what_came_in_is_read_first(runtime, inbox, doubtful):
    with Presence(runtime.settings.home) as presence:
        desk = Desk(runtime, inbox, presence.name)
        inbox.keep([echoed(runtime, factories.ACCOUNT, "77", "m-other")])
        assert inbox.take(factories.now(runtime), 10, "somebody else")
        desk.turn()
        assert states(runtime, doubtful) == {"unknown"}, "a body that another has in hand may hold the echo"
        inbox.release({"somebody else"})
        assert desk.turn()
        assert states(runtime, doubtful) == {"unknown"}
        desk.turn()
        assert states(runtime, doubtful) == {"pending"}


def test_looks_are_ten_seconds_apart(runtime, inbox, doubtful):
    with Presence(runtime.settings.home) as presence:
        desk = Desk(runtime, inbox, presence.name)
        desk.turn()
        inbox.keep([echoed(runtime, factories.ACCOUNT, "77", "m-other")])
        for _ in range(3):
            desk.turn()
        assert states(runtime, doubtful) == {"unknown"}
        assert Desk(runtime, inbox, presence.name).turn() is False
        assert states(runtime, doubtful) == {"pending"}
