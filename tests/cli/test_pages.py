import pytest
from pydantic import SecretStr
from sqlalchemy import text

from campaigns import buckets, pages
from campaigns.errors import InputError
from campaigns.providers.pace import sender_pace
from campaigns.providers.protocol import Sender
from campaigns.runtime import now_of
from schemas.page import Route

ACCOUNT = "17841400000000000"
CAMPAIGN = """
name = "Spring"
list = "list.csv"
page = "acme"
[message]
text = "Hello"
"""


def add(pagecast, name="acme", *more, **changed):
    facts = {
        "channel": "instagram",
        "provider": "meta",
        "account-id": ACCOUNT,
        "token": "@{secret:ACME_TOKEN}",
    } | changed
    options = [part for key, value in facts.items() for part in (f"--{key}", value)]
    return pagecast("pages", "add", name, *options, *more)


def listed(pagecast):
    return {page["name"]: page for page in pagecast("pages", "list", "--json").document}


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", f"sim-{ACCOUNT}")


@pytest.fixture
def events(database):
    def told():
        with database() as conn:
            return [tuple(row) for row in conn.execute(text("SELECT kind, actor FROM event ORDER BY id"))]

    return told


@pytest.fixture
def submitted(pagecast, tmp_path):
    """A draft that uses page acme."""

    def submit():
        (tmp_path / "list.csv").write_text("recipient_id\n17841400000000001\n")
        (tmp_path / "spring.toml").write_text(CAMPAIGN)
        run = pagecast("submit", tmp_path / "spring.toml", "--json")
        assert run.code == 0, run.err
        return run.document["id"]

    return submit


def test_an_added_page_is_listed(pagecast, events):
    run = add(pagecast, "acme", "--rate", "20", "--json")
    assert run.code == 0
    told = {"added": True, "notes": [], "dry_run": False}
    assert run.document | {"notes": []} == listed(pagecast)["acme"] | told
    assert listed(pagecast)["acme"] == {
        "name": "acme",
        "channel": "instagram",
        "provider": "meta",
        "account_id": ACCOUNT,
        "rate": 20.0,
        "state": "ready",
        "sentence": "",
        "token": "@{secret:ACME_TOKEN}",
        "base_url": "https://graph.facebook.com/v26.0",
    }
    ((kind, actor),) = events()
    assert kind == "page.added"
    assert actor.startswith("cli:")
    assert "acme" in pagecast("pages", "list").out


def test_every_option_reaches_the_route(pagecast, database):
    more = ["--key-rate-per-minute", "60", "--base-url", "http://127.0.0.1:9/api/v1", "--auth", "bearer"]
    run = add(pagecast, "acme", *more, "--on-try-later", "repeat", "--trust-idempotency", provider="orbit")
    assert run.code == 0, run.err
    with database() as conn:
        route = Route.model_validate_json(pages.named(conn, "acme").route)
    assert route == Route(
        base_url="http://127.0.0.1:9/api/v1",
        token="@{secret:ACME_TOKEN}",
        key_rate_per_minute=60,
        on_try_later="repeat",
        trust_idempotency=True,
        auth="bearer",
    )
    assert listed(pagecast)["acme"]["rate"] == 1.0, "the API key's bucket is the smallest"


def test_instagram_login_has_its_own_address(pagecast):
    assert "graph.instagram.com" in add(pagecast, "acme", "--login", "instagram", "--json").document["base_url"]


def test_a_missing_secret_and_a_high_rate_are_told_and_not_refused(pagecast, monkeypatch):
    monkeypatch.delenv("ACME_TOKEN")
    run = add(pagecast, "acme", "--rate", "50", "--json")
    assert run.code == 0
    assert any("ACME_TOKEN is not set" in note for note in run.document["notes"])
    assert any("rate = 50/s" in note for note in run.document["notes"])


@pytest.mark.parametrize(
    ("name", "more", "changed", "code", "sentence"),
    [
        ("acme", [], {"channel": "telegram"}, 2, "telegram"),
        ("acme", [], {"provider": "twilio"}, 2, "twilio"),
        ("acme", ["--login", "google"], {}, 2, "google"),
        ("acme", ["--rate", "fast"], {}, 2, "'--rate'"),
        ("acme", [], {"token": "EAAsecretsecret"}, 3, "must be a reference such as @{secret:ACME_TOKEN}"),
        ("acme", ["--rate", "0"], {}, 3, "rate of page acme"),
        ("acme", ["--rate", "nan"], {}, 3, "rate of page acme"),
        ("acme", ["--base-url", "graph.facebook.com"], {}, 3, "base_url"),
        ("acme", [], {"account-id": "17841 4"}, 3, "account id of page acme"),
        (" ", [], {}, 3, "is no name for a page"),
        ("a/b", [], {}, 3, "is no name for a page"),
        ('q" :zz="1', [], {}, 3, "is no name for a page"),
        ("acme ", [], {}, 3, "Begin with a letter or a digit"),
        ("a" * 81, [], {}, 3, "is no name for a page"),
        ("acme\u202eemca", [], {}, 3, "is no name for a page"),
    ],
)
def test_bad_input_stores_nothing(pagecast, count, *, name, more, changed, code, sentence):
    pagecast("migrate")
    run = add(pagecast, name, *more, **changed)
    assert (run.code, run.out) == (code, "")
    assert sentence in run.err
    assert "EAAsecret" not in run.err
    assert "Traceback" not in run.err
    assert count("page") == count("event") == 0


@pytest.mark.parametrize("name", ["हिन्दी", "ไทยน้ำ", "cafe\u0301", "Acme (US)", "a-", "5", "a" * 80])
def test_a_page_is_called_so_in_any_script(pagecast, name):
    assert add(pagecast, name).code == 0
    assert [page["name"] for page in pagecast("pages", "list", "--json").document] == [name]


def test_a_token_that_no_header_carries_stores_nothing_and_is_not_shown(pagecast, count, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "two words")
    run = add(pagecast)
    assert run.code == 3
    assert "two words" not in run.err
    assert count("page") == 0


def test_an_address_is_checked_before_any_secret_is_there(pagecast, monkeypatch):
    monkeypatch.delenv("ACME_TOKEN")
    facts = {"channel": "instagram", "provider": "meta", "account_id": ACCOUNT, "token": "@{secret:ACME_TOKEN}"}
    with pytest.raises(InputError, match="base_url"):
        pages.entered("acme", facts | {"base_url": "https://user@graph.facebook.com"})
    assert add(pagecast, "acme", "--base-url", "https://graph.facebook.com?token=x").code == 3


def test_a_name_is_taken_once(pagecast, count):
    add(pagecast)
    run = add(pagecast, **{"account-id": "17841400000000009"})
    assert run.code == 3
    assert "There is a page named acme already" in run.err
    assert count("page") == 1


def test_dry_runs_change_nothing(pagecast, count):
    assert add(pagecast, "acme", "--dry-run").code == 0
    assert count("page") == count("event") == 0
    add(pagecast)
    before = listed(pagecast)
    for verb in ("pause", "remove"):
        run = pagecast("pages", verb, "acme", "--dry-run", "--json")
        assert (run.code, run.document["dry_run"]) == (0, True)
    assert listed(pagecast) == before
    assert count("event") == 1
    other = {"account-id": "17841400000000009"}
    assert add(pagecast, "acme", "--dry-run", **other).code == 3, "a dry run refuses what the real one would"
    assert add(pagecast, "acme", "--dry-run", "--rate", "5").code == 0
    assert listed(pagecast) == before


@pytest.mark.parametrize("verb", ["remove", "pause", "resume"])
def test_an_unknown_page_names_those_there_are(pagecast, verb):
    add(pagecast)
    run = pagecast("pages", verb, "amce")
    assert run.code == 3
    assert "Known pages: acme." in run.err


def test_a_paused_page_says_who_and_sends_again_when_resumed(pagecast, events):
    add(pagecast)
    assert pagecast("pages", "pause", "acme").code == 0
    page = listed(pagecast)["acme"]
    assert page["state"] == "parked"
    assert page["sentence"].startswith("Paused by cli:")
    assert pagecast("pages", "pause", "acme").code == 4
    assert pagecast("pages", "resume", "acme").code == 0
    assert listed(pagecast)["acme"]["state"] == "ready"
    assert pagecast("pages", "resume", "acme").code == 4
    assert [kind for kind, _ in events()] == ["page.added", "page.parked", "page.resumed"]
    assert {actor[:4] for _, actor in events()} == {"cli:"}


def test_no_worker_ends_a_persons_pause(pagecast, database):
    add(pagecast)
    pagecast("pages", "pause", "acme")
    with database() as conn:
        page = pages.named(conn, "acme")
        assert not pages.probe(conn, page.id, now_of(conn))
        assert not pages.unpark(conn, page.id, now_of(conn))
        assert not pages.park(conn, page.id, "190", "The token is gone.", now_of(conn))
    assert listed(pagecast)["acme"]["sentence"].startswith("Paused by")


def test_a_page_that_was_let_try_is_parked_anew_once(pagecast, database, count):
    add(pagecast)
    with database() as conn:
        page, now = pages.named(conn, "acme"), now_of(conn)
        assert pages.park(conn, page.id, "190", "The token is gone.", now)
        assert not pages.park(conn, page.id, "190", "The token is gone.", now)
        assert pages.probe(conn, page.id, now)
        assert pages.park(conn, page.id, "190", "The token is still gone.", now)
        assert pages.named(conn, "acme").probe_at is None
    assert count("event") == 3


def test_a_refusal_that_was_out_takes_no_try_from_another_token(pagecast, database):
    add(pagecast)
    old, new = SecretStr("old"), SecretStr("new")
    with database() as conn:
        page, now = pages.named(conn, "acme"), now_of(conn)
        facts = (page.id, "190", "The token is gone.", now)
        assert pages.park(conn, *facts, token=old)
        assert pages.probe(conn, page.id, now)
        assert not pages.park(conn, *facts, token=old)
        assert pages.named(conn, "acme").probe_at == now
        assert pages.park(conn, *facts, token=new)
        assert pages.named(conn, "acme").probe_at is None
        assert pages.named(conn, "acme").refused_token == pages.fingerprint(page.id, new)
        assert pages.fingerprint(page.id, new) != pages.fingerprint(page.id, old)


def test_resume_ends_the_pause_of_the_account_too(pagecast, database):
    add(pagecast)
    with database() as conn:
        page, now = pages.named(conn, "acme"), now_of(conn)
        key = pages.sender_bucket(page)
        buckets.pause(conn, key, now + 3_600_000, code="613", sentence="asked to slow down", now=now)
    waiting = listed(pagecast)["acme"]
    assert waiting["state"] == "waiting"
    assert "asked to slow down until" in waiting["sentence"]
    run = pagecast("pages", "resume", "acme", "--json")
    assert run.code == 0
    assert "that pause is over too" in run.document["notes"][0]
    with database() as conn:
        assert buckets.paused(conn, now) == {}
        assert buckets.resumed(conn) == [key], "Redis is told by the clock"
    assert listed(pagecast)["acme"]["state"] == "ready"


def test_a_resume_is_carried_on_although_the_account_pauses_again(pagecast, database):
    add(pagecast)
    with database() as conn:
        page, now = pages.named(conn, "acme"), now_of(conn)
        key = pages.sender_bucket(page)
        buckets.pause(conn, key, now + 3_600_000, code="613", sentence="asked to slow down", now=now)
        buckets.resume(conn, key)
        buckets.pause(conn, key, now + 2_000, code="613", sentence="asked to slow down", now=now)
        assert buckets.resumed(conn) == [key], "Redis still keeps the pause of an hour"
        buckets.told(conn, key)
        assert buckets.resumed(conn) == []


def test_a_known_page_gets_another_token_and_its_campaigns_with_it(pagecast, submitted, database, monkeypatch, events):
    add(pagecast)
    submitted()
    monkeypatch.setenv("ACME_NEW", f"sim-{ACCOUNT}-2")
    run = add(pagecast, "acme", "--rate", "5", token="@{secret:ACME_NEW}")
    assert run.code == 0, run.err
    assert "is changed" in run.out
    assert (listed(pagecast)["acme"]["token"], listed(pagecast)["acme"]["rate"]) == ("@{secret:ACME_NEW}", 5.0)
    with database() as conn:
        (lane,) = conn.execute(text("SELECT route FROM lane")).scalars()
    lane = Route.model_validate_json(lane)
    assert (lane.token, lane.rate) == ("@{secret:ACME_NEW}", None), "a plan's rate stays"
    assert [kind for kind, _ in events()][-1] == "page.changed"


def test_the_accounts_bucket_is_the_one_that_sending_passes(pagecast, database):
    add(pagecast)
    with database() as conn:
        page = pages.named(conn, "acme")
    route = Route.model_validate_json(page.route)
    sender = Sender(page.channel, page.account_id, route.base_url, SecretStr("x"))
    assert pages.sender_bucket(page) == sender_pace(sender, route).key


def test_a_page_in_use_stays_until_its_campaign_ends(pagecast, submitted, count):
    add(pagecast)
    campaign = submitted()
    run = pagecast("pages", "remove", "acme")
    assert (run.code, run.out) == (4, "")
    assert "used by Spring (draft)" in run.err
    assert "acme" in listed(pagecast)
    pagecast("cancel", campaign, "--yes")
    assert pagecast("pages", "remove", "acme").code == 0
    assert listed(pagecast) == {}
    assert count("page") == 1, "reports still name it"


def test_a_removed_page_is_gone_for_verbs_and_workers(pagecast, database):
    add(pagecast)
    with database() as conn:
        page = pages.named(conn, "acme")
    pagecast("pages", "remove", "acme")
    with database() as conn:
        assert not pages.unpark(conn, page.id, now_of(conn))
        assert not pages.probe(conn, page.id, now_of(conn))
        assert pages.get(conn, page.id).parked_at is not None
        assert pages.find(conn, pages.get(conn, page.id).name) is None
    assert pagecast("pages", "resume", "acme").code == 3


def test_a_page_added_again_keeps_those_who_opted_out_of_its_account(pagecast, database):
    add(pagecast)
    with database() as conn:
        first = pages.named(conn, "acme")
    pagecast("pages", "remove", "acme")
    assert add(pagecast).code == 0
    with database() as conn:
        again = pages.named(conn, "acme")
    assert again.id != first.id
    assert again.sender_id == first.sender_id
