"""The report sets those who got the message beside those who were held out."""

import json

import pytest

from campaigns import report
from campaigns.report.groups import groups
from schemas.groups import Group, Groups
from tests import factories
from tests.factories import content
from tests.lifecycle.aftermath import write

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = 86_400_000
PEOPLE = 40
_HEARD = """
    INSERT INTO inbound_event (key, received_at, at, provider, channel, account_id, person, kind, mid, text, payload,
                               facts, sender_id)
    VALUES (:key, :at, :at, 'meta', 'instagram', 'x', :person, :kind, '', '', '', '{}', :sender_id)
"""
_CONSENT = """
    INSERT INTO consent (key, at, recipient_id, sender_id, channel, kind, source, evidence, actor)
    VALUES (:key, :at, :person, 1, 'instagram', 'opted_out', 'word', '', 'webhook')
"""


class Ended:
    """A campaign of forty people that has reached all whom it did not hold out."""

    def __init__(self, runtime, folder, **changes):
        self.runtime = runtime
        rows = factories.people(PEOPLE)
        file = content(**({"audience": {"holdout": 0.4}} | changes))
        self.campaign = factories.launched(runtime, folder, rows, file)
        self.now = factories.now(runtime)
        write(runtime, "UPDATE delivery SET state = 'accepted', sent_at = :now WHERE state = 'pending'", now=self.now)
        write(runtime, "UPDATE tally SET state = 'accepted' WHERE state = 'pending'")
        self.campaign = self.campaign.model_copy(update={"started_at": self.now - 1000})
        write(runtime, "UPDATE campaign SET started_at = :at", at=self.now - 1000)
        found = factories.rows_of(runtime, self.campaign)
        self.sent = [row["recipient_id"] for row in found if row["state"] == "accepted"]
        self.held_out = [row["recipient_id"] for row in found if row["reason"] == "holdout"]

    def hears(self, person, *, after=1000, kind="message", sender_id=1, out=False):
        self.heard = getattr(self, "heard", 0) + 1
        facts = {"key": f"k{self.heard}", "at": self.now + after, "person": person}
        write(self.runtime, _HEARD, **facts, kind=kind, sender_id=sender_id)
        if out:
            write(self.runtime, _CONSENT, **facts | {"key": f"inbound:k{self.heard}"})

    def groups(self):
        with self.runtime.reading() as conn:
            return groups(conn, self.campaign)


def test_who_wrote_in_each_group_is_counted_once(runtime, tmp_path):
    ended = Ended(runtime, tmp_path)
    for person in (*ended.sent[:3], ended.sent[0], *ended.held_out[:2]):
        ended.hears(person)
    ended.hears(ended.sent[3], kind="quick_reply", out=True)
    ended.hears(ended.held_out[2], out=True)
    assert ended.groups() == Groups(
        sent=Group(people=len(ended.sent), wrote=4, opted_out=1),
        held_out=Group(people=len(ended.held_out), wrote=3, opted_out=1),
    )


@pytest.mark.parametrize(
    "heard",
    [
        {"after": -2000},
        {"after": 3 * DAY + 1},
        {"kind": "read"},
        {"kind": "echo"},
        {"sender_id": 2},
        {"sender_id": None},
    ],
)
def test_other_days_kinds_and_accounts_do_not_count(runtime, tmp_path, heard):
    ended = Ended(runtime, tmp_path)
    ended.hears(ended.sent[0], **heard)
    ended.hears(ended.held_out[0], **heard)
    found = ended.groups()
    assert (found.sent.wrote, found.held_out.wrote) == (0, 0)


@pytest.mark.parametrize(("policy", "counted"), [("strict", 2), ("provider", 1)])
def test_of_the_held_out_only_who_could_have_got_it_count(runtime, tmp_path, policy, counted):
    ended = Ended(runtime, tmp_path, policy=policy)
    write(runtime, "UPDATE delivery SET closes_at = 1 WHERE recipient_id = :who", who=ended.held_out[0])
    write(runtime, "UPDATE delivery SET closes_at = NULL WHERE recipient_id = :who", who=ended.held_out[1])
    for person in ended.held_out[:2]:
        ended.hears(person)
    found = ended.groups().held_out
    assert (found.people, found.wrote) == (len(ended.held_out) - counted, 2 - counted)


def test_the_report_shows_both(runtime, tmp_path):
    ended = Ended(runtime, tmp_path)
    ended.hears(ended.held_out[0])
    with runtime.reading() as conn:
        report.write(conn, runtime.storage, ended.campaign.id, tmp_path / "out", ended.now)
    told = json.loads((tmp_path / "out" / "summary.json").read_text())["groups"]
    assert told["held_out"] == {"people": len(ended.held_out), "wrote": 1, "opted_out": 0}
    assert "Beside those who were held out" in (tmp_path / "out" / "report.html").read_text()


def test_without_a_holdout_there_is_no_such_table(runtime, tmp_path):
    ended = Ended(runtime, tmp_path, audience={})
    assert ended.groups() is None
    with runtime.reading() as conn:
        report.write(conn, runtime.storage, ended.campaign.id, tmp_path / "out", ended.now)
    assert "held out" not in (tmp_path / "out" / "report.html").read_text()
