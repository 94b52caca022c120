"""test-send: one real message to one of ours, over the real line and pace, outside every count."""

import pytest

from campaigns import buckets, contacts, simulator
from campaigns.contacts import Heard
from campaigns.runtime import now_of
from campaigns.simulator import Scenario
from schemas.page import Channel
from tests import factories
from tests.conftest import POSTGRESQL
from tests.e2e.conftest import Desk
from tests.factories import people, person

US = "17900000000000777"
OTHER = "17900000000000778"
HOUR = 3_600_000
PAGES = {"acme": factories.page, "burger": factories.other_page}


@pytest.fixture(scope="module")
def platform():
    with simulator.start(Scenario()) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(platform, monkeypatch):
    platform.reset()
    platform.change(codes={}, account_codes={})
    for name, account in (("ACME_TOKEN", factories.ACCOUNT), ("BURGER_TOKEN", factories.OTHER_ACCOUNT)):
        monkeypatch.setenv(name, f"sim-{account}")


@pytest.fixture
def draft(pagecast, platform, tmp_path):
    """Store a draft for three people; a page's rate is high, so that tests need not wait."""
    desk = Desk(tmp_path, platform)

    def store(rows=None, **changes):
        pages = {"acme": factories.page(platform.meta_url, rate=400)}
        file = desk.write(rows or people(3), **({"pages": pages} | changes))
        run = pagecast("submit", file, "--json")
        assert run.code == 0, run.err
        return file

    return store


@pytest.fixture
def tester(pagecast, database):
    """Allow a person, whose window is open for so many hours; None: they never wrote."""

    def allow(who=US, page="acme", hours=5, account=factories.ACCOUNT, channel=Channel.INSTAGRAM):
        assert pagecast("testers", "add", who, "--page", page).code == 0
        if hours is not None:
            with database() as conn:
                now = now_of(conn)
                at = now + int(hours * HOUR) - 24 * HOUR
                heard = Heard(channel, account, who, at, 24 * HOUR, "message", f"m{hours}", "webhook")
                contacts.hear(conn, [heard], now)
        return who

    return allow


@pytest.fixture
def events(database):
    def read():
        with database() as conn:
            rows = conn.exec_driver_sql(
                "SELECT kind, sentence FROM event WHERE kind IN ('test.began', 'test.ended') ORDER BY id"
            )
            return [tuple(row) for row in rows]

    return read


@pytest.fixture
def either(dialect, monkeypatch):
    """On both databases; the bundled Redis serves the one machine there is."""
    if dialect == POSTGRESQL:
        monkeypatch.setenv("PAGECAST_FORCE_EMBEDDED", "true")


@pytest.fixture
def tested(pagecast, draft, tester):
    """Store the usual draft and send a test of it to a tester; return how that went."""

    def send(*options, hours=5):
        draft()
        return pagecast("test-send", "last", "--to", tester(hours=hours), *options)

    return send


def reached(platform):
    return [each["recipient_id"] for each in platform.accepted()]


class TestSent:
    @pytest.mark.databases("sqlite", "postgresql")
    @pytest.mark.usefixtures("either")
    def test_a_tester_gets_the_message_of_the_first_who_would(self, tested, platform, events, count):
        run = tested("--json")
        assert run.code == 0, run.err
        said = run.document
        assert (said["outcome"], said["parts"]) == ("accepted", ["Hi Ana0"])
        assert said["as"] == {"line": 2, "recipient_id": person(0)}
        assert reached(platform) == [US]
        mid = next(iter(platform.accepted()))["message_id"]
        assert said["answers"][0]["message_id"] == mid
        assert mid in said["sentence"]
        assert [kind for kind, _ in events()] == ["test.began", "test.ended"]
        assert all(f"Spring ({said['id']})" in sentence and US in sentence for _, sentence in events())
        assert (count("delivery"), count("tally"), count("chunk"), count("sent_message")) == (0, 0, 0, 0)

    def test_words_and_a_file(self, pagecast, draft, tester, platform):
        file = draft()
        run = pagecast("test-send", file, "--to", tester(), "--as", person(1))
        assert (run.code, "accepted by Meta, message id " in run.out) == (0, True), run.err
        assert reached(platform) == [US]

    def test_of_a_launched_campaign_it_changes_nothing(self, pagecast, draft, tester, platform, count):
        draft()
        tester()
        token = pagecast("plan", "last", "--json").document["token"]
        assert pagecast("launch", "last", "--plan", token).code == 0
        before = pagecast("status", "last", "--json").document["counts"], count("delivery"), count("sent_message")
        assert pagecast("test-send", "last", "--to", US).code == 0
        assert before == (
            pagecast("status", "last", "--json").document["counts"],
            count("delivery"),
            count("sent_message"),
        )
        assert reached(platform) == [US]

    def test_by_orbit(self, pagecast, draft, tester, platform):
        draft(pages={"acme": factories.page(platform.orbit_url, provider="orbit")})
        shown = pagecast("test-send", "last", "--to", tester(), "--dry-run", "--json").document["requests"][0]
        assert shown["headers"]["x-api-key"] == "@{secret:ACME_TOKEN}"
        run = pagecast("test-send", "last", "--to", US)
        assert (run.code, "accepted by Orbit" in run.out) == (0, True), run.err
        assert reached(platform) == [US]

    def test_the_list_knows_a_window_too(self, pagecast, draft, tester, platform):
        draft()
        assert pagecast("test-send", "last", "--to", tester(person(2), hours=None), "--as", 3).code == 0
        assert reached(platform) == [person(2)]

    def test_it_waits_where_the_account_waits(self, pagecast, draft, tester, platform, database):
        draft()
        tester()
        with database() as conn:
            now = now_of(conn)
            buckets.pause(conn, f"sender:instagram:{factories.ACCOUNT}", now + HOUR, code="613", sentence="x", now=now)
        run = pagecast("test-send", "last", "--to", US)
        assert (run.code, reached(platform)) == (4, [])
        assert "the next slot is 59 min" in run.err or "the next slot is 1 h" in run.err

    def test_a_throttled_test_pauses_the_account_for_everybody(self, tested, platform, database):
        platform.change(codes={US: "613@60"})
        run = tested("--json")
        assert (run.code, run.document["outcome"]) == (6, "throttled")
        with database() as conn:
            key = f"sender:instagram:{factories.ACCOUNT}"
            assert buckets.load(conn, [key])[key].paused_until > now_of(conn)

    def test_parts_go_in_order_up_to_the_first_refusal(self, pagecast, draft, tester, platform):
        draft(message={"parts": [{"text": "One"}, {"text": "Two"}, {"text": "Three"}]})
        platform.change(codes={US: "ok,100,ok"})
        run = pagecast("test-send", "last", "--to", tester(), "--json")
        assert (run.code, run.document["parts"]) == (6, ["One", "Two", "Three"])
        assert [each["outcome"] for each in run.document["answers"]] == ["accepted", "refused_message"]
        assert "part 2 of 3" in run.document["sentence"]
        assert reached(platform) == [US]


ENDS = {
    "drop-reply": (6, "unknown", 1, "nobody knows"),
    "drop-request": (6, "unknown", 0, "not sent again by itself"),
    "10-2534022": (6, "refused_recipient", 0, "for this person"),
    "190": (5, "refused_sender", 0, "page acme may not send"),
}


@pytest.mark.parametrize("order", ENDS)
def test_what_is_not_accepted_is_said_and_not_repeated(tested, platform, events, order):
    code, outcome, taken, words = ENDS[order]
    platform.change(codes={US: order})
    run = tested("--json")
    assert (run.code, run.document["outcome"]) == (code, outcome)
    assert words in run.document["sentence"]
    assert words in events()[-1][1]
    assert platform.stats()["accepted"] == taken
    assert platform.stats()["arrivals"] == 1


class TestRefused:
    @pytest.fixture(autouse=True)
    def _nothing_goes_out(self, platform, events):
        yield
        assert reached(platform) == []
        assert events() == []

    def test_who_is_no_tester(self, pagecast, draft, tester):
        draft()
        tester()
        run = pagecast("test-send", "last", "--to", OTHER)
        assert run.code == 4
        assert f"pagecast testers add {OTHER} --page acme" in run.err

    @pytest.mark.parametrize(("hours", "words"), [(None, "no window is open"), (-1, "closed at"), (0.005, "closes at")])
    @pytest.mark.parametrize("options", [(), ("--anyway",)])
    def test_whose_window_is_not_open(self, tested, hours, words, options):
        run = tested(*options, hours=hours)
        assert run.code == 4
        assert words in run.err
        assert "from that person's phone" in run.err
        assert ('policy = "provider"' in run.err) == bool(options)

    def test_who_opted_out(self, pagecast, draft, tester):
        draft()
        assert pagecast("suppress", "add", tester(), "--page", "acme").code == 0
        run = pagecast("test-send", "last", "--to", US)
        assert (run.code, "has opted out" in run.err) == (4, True)

    def test_who_was_erased(self, pagecast, draft, tester, count):
        draft()
        assert pagecast("contacts", "erase", tester(), "--yes").code == 0
        assert count("tester") == 0
        run = pagecast("test-send", "last", "--to", tester())
        assert (run.code, "was erased" in run.err) == (4, True)

    def test_who_opted_out_in_the_list(self, pagecast, draft, tester):
        draft([person_row | {"opted_out": "yes" if n == 1 else ""} for n, person_row in enumerate(people(3))])
        run = pagecast("test-send", "last", "--to", tester(person(1)))
        assert (run.code, "opted out in the list" in run.err) == (4, True)

    def test_from_a_parked_page(self, pagecast, draft, tester):
        draft()
        tester()
        assert pagecast("pages", "pause", "acme").code == 0
        run = pagecast("test-send", "last", "--to", US)
        assert (run.code, "pagecast pages resume acme" in run.err) == (4, True)

    def test_without_the_token(self, pagecast, draft, tester, monkeypatch):
        draft()
        tester()
        monkeypatch.delenv("ACME_TOKEN")
        run = pagecast("test-send", "last", "--to", US)
        assert (run.code, "ACME_TOKEN" in run.err) == (4, True)

    def test_a_row_that_cannot_be_rendered(self, pagecast, draft, tester):
        draft([*people(2), people(1)[0] | {"recipient_id": person(9), "first_name": ""}])
        run = pagecast("test-send", "last", "--to", tester(), "--as", 4)
        assert (run.code, "first_name is blank in line 4" in run.err) == (3, True)

    def test_a_row_that_is_too_long_or_not_there(self, pagecast, draft, tester):
        draft(people(2, first_name="ä" * 499))
        assert pagecast("test-send", "last", "--to", tester(), "--as", 3).code == 3
        assert "no line or recipient 99" in pagecast("test-send", "last", "--to", US, "--as", 99).err
        assert "Choose a row" in pagecast("test-send", "last", "--to", US).err

    def test_a_rehearsal_shows_the_request_and_no_token(self, pagecast, draft, tester, platform):
        draft(message={"text": "Hi {{ first_name }}", "quick_replies": [{"title": "Keep one for me, please"}]})
        tester()
        run = pagecast("test-send", "last", "--to", US, "--as", person(2), "--dry-run", "--json")
        assert run.code == 0, run.err
        (request,) = run.document["requests"]
        assert request["url"] == f"{platform.meta_url}/me/messages"
        assert request["headers"]["authorization"] == "Bearer @{secret:ACME_TOKEN}"
        assert request["body"]["message"]["text"] == "Hi Ana2"
        assert run.document["view"]["parts"][0]["quick_replies"][0]["shown"] == "Keep one for me, ple"
        words = pagecast("test-send", "last", "--to", US, "--dry-run")
        assert (words.code, '"text": "Hi Ana0"' in words.out) == (0, True)
        assert f"sim-{factories.ACCOUNT}" not in run.out + run.err + words.out + words.err


def test_a_window_that_is_not_known_is_left_to_the_platform(pagecast, draft, tester, platform):
    draft(policy="provider")
    refused = pagecast("test-send", "last", "--to", tester(hours=None))
    assert (refused.code, "--anyway leaves it to the platform" in refused.err) == (4, True)
    assert pagecast("test-send", "last", "--to", US, "--anyway").code == 0
    assert reached(platform) == [US]


def test_the_page_of_the_tester_sends_it(pagecast, draft, tester, platform):
    rows = [row | {"page": page} for row, page in zip(people(4), ["acme", "burger"] * 2, strict=True)]
    pages = {name: make(platform.meta_url, rate=400) for name, make in PAGES.items()}
    draft(rows, pages=pages)
    tester(page="burger", account=factories.OTHER_ACCOUNT, channel=Channel.MESSENGER)
    shown = pagecast("test-send", "last", "--to", US, "--dry-run", "--json").document
    assert (shown["page"], shown["as"]["recipient_id"]) == ("burger", person(1))
    metadata = shown["requests"][0]["body"]["message"]["metadata"]
    assert metadata.startswith(f"pagecast-test:{shown['id']}:")
    assert pagecast("test-send", "last", "--to", US).code == 0
    assert [each["account"] for each in platform.accepted()] == [factories.OTHER_ACCOUNT]
    tester()
    both = pagecast("test-send", "last", "--to", US)
    assert (both.code, "Choose one with --page" in both.err) == (3, True)
    assert pagecast("test-send", "last", "--to", US, "--page", "acme").code == 0
    assert pagecast("test-send", "last", "--to", US, "--page", "nobody").code == 3
