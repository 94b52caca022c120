"""Messages that were to be tried again later: sent again only where an echo would have told that they went out."""

import json

import pytest

from campaigns.inbound import repeats
from campaigns.inbound.repeats import Repeated
from schemas.delivery import DeliveryState
from tests import factories

pytestmark = pytest.mark.databases("sqlite", "postgresql")

STRANGER = "99887766554433221"
ELEVEN_MINUTES = 660


@pytest.fixture(autouse=True)
def page_that_repeats(post):
    lane = post.table("SELECT route FROM lane")[0]
    post.write(
        "UPDATE lane SET route = :route", route=json.dumps(json.loads(lane["route"]) | {"on_try_later": "repeat"})
    )


@pytest.fixture
def turn(post):
    def turned():
        done = repeats.take(post.runtime)
        post.check()
        return done

    return turned


@pytest.fixture
def doubtful(post):
    """A row that was answered with "try again later" eleven minutes ago."""
    (row,) = post.send(1, DeliveryState.UNKNOWN, code="2")
    age(post, row)
    return row


@pytest.fixture
def echoes(post):
    """An echo to somebody else, five minutes ago."""
    post.come(post.echo(STRANGER, "m-other", seconds=-300, text="…"), received=-299)


def age(post, row, seconds=ELEVEN_MINUTES):
    post.write("UPDATE delivery SET sent_at = sent_at - :ms WHERE id = :id", ms=seconds * 1000, id=row)


@pytest.mark.usefixtures("echoes")
class TestAgain:
    def test_it_is_sent_again_within_the_same_try(self, post, turn, doubtful):
        before = post.row(doubtful)
        post.write("UPDATE chunk SET state = 'done'")
        assert turn() == Repeated(again=1)
        after = post.row(doubtful)
        assert (after["state"], after["claim"], after["tries"]) == ("pending", None, before["tries"])
        assert (after["variables"], after["closes_at"]) == (before["variables"], before["closes_at"])
        assert post.table("SELECT state FROM chunk") == [{"state": "ready"}]
        (said,) = post.table("SELECT * FROM event WHERE kind = 'campaign.repeated'")
        assert said["sentence"].startswith("1 person of page acme: sent again")

    @pytest.mark.parametrize(("seconds", "again"), [(590, 0), (601, 1)])
    def test_ten_minutes_are_waited_for_an_echo(self, post, turn, seconds, again):
        (row,) = post.send(1, DeliveryState.UNKNOWN, code="2")
        age(post, row, seconds)
        assert turn().again == again

    def test_three_times_and_then_it_has_failed(self, post, turn, doubtful):
        for _ in range(3):
            assert turn() == Repeated(again=1)
            assert post.send(1, DeliveryState.UNKNOWN, code="1200") == [doubtful]
            assert turn() == Repeated()
            age(post, doubtful)
        assert turn() == Repeated(failed=1)
        row = post.row(doubtful)
        assert (row["state"], row["reason"], row["attempts"]) == ("failed", "provider_error", 4)
        assert turn() == Repeated()

    def test_an_ended_campaign_goes_on(self, post, turn, doubtful):
        post.write("UPDATE campaign SET state = 'finished', finished_at = :now", now=post.began)
        assert turn().again == 1
        assert post.table("SELECT state, finished_at FROM campaign") == [{"state": "sending", "finished_at": None}]
        assert post.row(doubtful)["state"] == "pending"

    def test_no_more_than_a_lot_at_once(self, post, turn, monkeypatch):
        for row in post.send(3, DeliveryState.UNKNOWN, code="2"):
            age(post, row)
        monkeypatch.setattr(repeats, "MOST", 2)
        assert [turn().again for _ in range(3)] == [2, 1, 0]

    def test_a_window_that_has_opened_since_counts(self, post, turn, doubtful):
        post.write("UPDATE delivery SET closes_at = 1 WHERE id = :id", id=doubtful)
        post.come(post.says(post.person(doubtful), "hello", seconds=-5))
        assert turn().again == 1
        assert post.send(1) == [doubtful]

    def test_its_own_echo_after_all_ends_it(self, post, turn, doubtful):
        turn()
        mid, metadata = "m-late", f"pagecast:{post.campaign.ref}:{doubtful}:1"
        post.come(post.echo(post.person(doubtful), mid, seconds=-600, metadata=metadata))
        assert post.row(doubtful)["state"] == "accepted"


@pytest.mark.usefixtures("echoes")
class TestHeld:
    @pytest.fixture(autouse=True)
    def nothing_moves(self, post, turn, doubtful):
        yield
        assert turn() == Repeated()
        assert post.row(doubtful)["state"] == "unknown"

    def test_where_the_page_does_not_repeat(self, post):
        post.write("UPDATE lane SET route = REPLACE(route, 'repeat', 'hold')")

    @pytest.mark.parametrize("code", ["1-1357046", "http-502", "TimeoutError", "interrupted", None])
    def test_after_any_other_answer(self, post, code):
        post.write("UPDATE delivery SET provider_code = :code WHERE state = 'unknown'", code=code)

    @pytest.mark.parametrize("state", ["paused", "cancelled", "scheduled"])
    def test_in_a_campaign_that_does_not_send(self, post, state):
        post.write("UPDATE campaign SET state = :state", state=state)

    def test_in_one_that_ended_long_ago(self, post):
        post.write("UPDATE campaign SET state = 'finished', finished_at = :then", then=post.at(-90_000))

    def test_behind_its_deadline(self, post):
        post.write("UPDATE campaign SET not_after = :now", now=post.began)

    def test_a_day_later(self, post, doubtful):
        age(post, doubtful, 86_400)
        post.come(post.echo(STRANGER, "m-older", seconds=-86_000), received=-86_000)

    def test_behind_a_closed_window(self, post):
        post.write("UPDATE delivery SET closes_at = :soon", soon=post.at(200))

    def test_for_who_said_stop(self, post, doubtful):
        post.come(post.says(post.person(doubtful), "STOP"))

    def test_where_an_echo_may_be_its_own(self, post, doubtful):
        post.come(post.echo(post.person(doubtful), "m-x", seconds=-655, text="nearly the same"))

    def test_where_its_person_has_read_something(self, post, doubtful):
        post.come(post.read(post.person(doubtful), mid="m-x", seconds=-100))


class TestSilence:
    """Nothing is repeated where echoes would not tell."""

    @pytest.fixture(autouse=True)
    def nothing_moves(self, turn, doubtful, post):
        yield
        assert turn() == Repeated()
        assert post.row(doubtful)["state"] == "unknown"

    def test_no_echo_ever(self):
        pass

    def test_none_since_it_was_sent(self, post):
        post.come(post.echo(STRANGER, "m-before", seconds=-662), received=-661)

    def test_late_ones_of_a_backlog(self, post):
        post.come(post.echo(STRANGER, "m-backlog", seconds=-3600), received=-1)

    def test_those_of_another_account(self, post):
        burger = factories.OTHER_ACCOUNT
        post.come(post.echo(STRANGER, "m-other", seconds=-300, account=burger), received=-299, account=burger)

    def test_those_that_were_read_and_not_told(self, post):
        post.come(post.echo(STRANGER, "m-other", seconds=-300), received=-299)
        post.write('UPDATE inbound_event SET facts = \'{"name":"conversation"}\'')
