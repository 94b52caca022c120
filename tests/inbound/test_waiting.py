"""What comes before its message is settled, or long after: it counts all the same, and for the right row."""

import json

import pytest

from campaigns.inbound.apply import again
from schemas.delivery import DeliveryState
from tests import factories
from tests.inbound.conftest import BURGER

UNKNOWN = DeliveryState.UNKNOWN
HOUR = 3600


def text_of(post, row):
    return f"Hi {json.loads(post.row(row)['variables'])[0]}"


def waits(post):
    return [each["match_until"] is not None for each in post.table("SELECT match_until FROM inbound_event ORDER BY id")]


class TestBacklog:
    """Bodies that lay in the inbox for an hour, because nobody was there to apply them."""

    def test_an_echo_settles_its_row(self, post):
        (row,) = post.send(1, UNKNOWN)
        post.write("UPDATE delivery SET sent_at = sent_at - 3600000 WHERE id = :id", id=row)
        echo = post.echo(post.person(row), "m-lost", seconds=1 - HOUR, text=text_of(post, row))
        post.come(echo, received=2 - HOUR)
        again(post.runtime)
        assert post.row(row)["state"] == "accepted"

    def test_a_receipt_waits_for_its_answer(self, post):
        (row,) = post.send(1)
        post.write("UPDATE delivery SET state = 'sending' WHERE id = :id", id=row)
        post.come(post.read(post.person(row), mid=f"m-{row}", seconds=9 - HOUR), received=10 - HOUR)
        post.write("UPDATE delivery SET state = 'accepted' WHERE id = :id", id=row)
        again(post.runtime)
        assert post.row(row)["state"] == "read"

    def test_nothing_waits_longer_for_being_looked_at(self, post):
        post.come(post.read("99887766554433221", mid="m-foreign"), received=-HOUR)
        (before,) = post.table("SELECT match_until FROM inbound_event")
        again(post.runtime)
        assert post.table("SELECT match_until FROM inbound_event") == [before]


def test_an_echo_may_be_of_a_message_that_is_still_on_the_wire(post, tmp_path):
    """Two campaigns with one text: the one in doubt is not accepted by what may be the other's echo."""
    (row,) = post.send(1, UNKNOWN)
    file = factories.content(name="Second", message={"text": "Hi {{ first_name }}"}, pages={"acme": factories.page()})
    second = factories.launched(post.runtime, tmp_path, factories.people(3), file)
    facts = {"id": second.first_id, "at": post.row(row)["sent_at"]}
    post.write("UPDATE delivery SET state = 'sending', part_open = 1, sent_at = :at WHERE id = :id", **facts)
    assert post.person(second.first_id) == post.person(row)
    post.come(post.echo(post.person(row), "m-x", seconds=1, text=text_of(post, row)))
    post.write("UPDATE inbound_event SET received_at = received_at - 30000")
    again(post.runtime)
    state = post.row(row)["state"]
    post.write("UPDATE delivery SET state = 'pending', part_open = 0 WHERE id = :id", id=second.first_id)
    assert state == "unknown"


class TestParts:
    def test_a_part_that_was_seen_counts_when_the_message_is_out(self, post):
        (row,) = post.send(1)
        post.write("UPDATE delivery SET state = 'sending', accepted_at = NULL WHERE id = :id", id=row)
        post.come(post.read(post.person(row), mid=f"m-{row}", seconds=9))
        assert waits(post) == [True]
        post.write("UPDATE delivery SET state = 'accepted', accepted_at = 5 WHERE id = :id", id=row)
        again(post.runtime)
        assert (post.row(row)["state"], post.row(row)["read_at"], waits(post)) == ("read", post.at(9), [False])


@pytest.mark.databases("sqlite", "postgresql")
def test_an_old_doubt_holds_back_no_receipt_of_a_later_message(post, tmp_path):
    old, new = (_on_burger(post, tmp_path, name) for name in ("First", "Second"))
    day = 86_400_000
    post.write("UPDATE delivery SET state = 'unknown', sent_at = :at WHERE id = :id", id=old, at=post.began - day)
    out = "UPDATE delivery SET state = 'accepted', part_done = 1, sent_at = :at, accepted_at = :at WHERE id = :id"
    post.write(out, id=new, at=post.began)
    post.come(post.read(post.person(old), seconds=9, account=BURGER, watermark=post.at(5)), account=BURGER)
    assert (post.row(new)["state"], post.row(old)["state"]) == ("read", "unknown")
    # What may be about the row in doubt is about no other: a repetition must see it.
    assert post.table("SELECT delivery_id FROM inbound_event") == [{"delivery_id": None}]
    assert waits(post) == [True]


def _on_burger(post, tmp_path, name):
    """Launch a campaign from a Facebook Page; return its first row."""
    file = factories.content(name=name, page="burger", pages={"burger": factories.other_page()})
    return factories.launched(post.runtime, tmp_path, factories.people(3), file).first_id


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_who_writes_while_their_message_is_out_has_the_time_when_it_comes_back(post, state):
    (row,) = post.send(1)
    post.write("UPDATE delivery SET state = :state, closes_at = 1 WHERE id = :id", state=state, id=row)
    post.come(post.says(post.person(row), "hello", seconds=5))
    post.write("UPDATE delivery SET state = 'pending', part_done = 0, part_open = 0 WHERE id = :id", id=row)
    post.write("UPDATE tally SET n = n + 1 WHERE state = 'pending'")
    post.write("UPDATE tally SET n = n - 1 WHERE state = 'accepted'")
    assert post.send(1) == [row]


def test_who_has_not_written_since_is_too_late_when_it_comes_back(post):
    (row,) = post.send(1)
    post.write(
        "UPDATE delivery SET state = 'pending', closes_at = 1, part_done = 0, part_open = 0 WHERE id = :id", id=row
    )
    post.write("UPDATE tally SET n = n + 1 WHERE state = 'pending'")
    post.write("UPDATE tally SET n = n - 1 WHERE state = 'accepted'")
    post.send(1)
    assert post.row(row)["reason"] == "window_closed"
