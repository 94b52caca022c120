"""Is a page's token accepted? Asked of the simulator, over a real connection."""

import pytest

from campaigns import simulator
from campaigns.cli.output import actor
from campaigns.simulator import Scenario
from tests import factories

PAGES = {
    "acme": ("instagram", "meta", factories.ACCOUNT),
    "burger": ("messenger", "meta", factories.OTHER_ACCOUNT),
    "cafe": ("instagram", "orbit", factories.ACCOUNT),
}


@pytest.fixture(scope="module")
def platform():
    with simulator.start(Scenario()) as running:
        yield running


@pytest.fixture
def stored(pagecast, platform, monkeypatch):
    def store(name, token, base_url=None):
        channel, provider, account = PAGES[name]
        monkeypatch.setenv("TOKEN", token)
        url = base_url or (platform.orbit_url if provider == "orbit" else platform.meta_url)
        options = {"channel": channel, "provider": provider, "account-id": account, "token": "@{secret:TOKEN}"}
        words = [part for key, value in (options | {"base-url": url}).items() for part in (f"--{key}", value)]
        assert pagecast("pages", "add", name, *words).code == 0
        return name

    return store


@pytest.mark.parametrize(("name", "account"), [("acme", factories.ACCOUNT), ("burger", factories.OTHER_ACCOUNT)])
def test_meta_says_whose_token_it_is(pagecast, stored, platform, name, account):
    before = platform.stats()
    run = pagecast("pages", "check", stored(name, f"sim-{account}"), "--json")
    assert run.code == 0
    assert run.document == {
        "name": name,
        "accepted": True,
        "sentence": f"Meta accepts the token of Page {account} ({account}).",
        "code": "",
        "account_id": account,
        "token_name": f"Page {account}",
        "parked": False,
    }
    assert platform.stats() == before


def test_orbit_accepts_a_key(pagecast, stored):
    run = pagecast("pages", "check", stored("cafe", "sim-key"))
    assert (run.code, run.out) == (0, "Page cafe: Orbit accepts the key.\n")


@pytest.mark.parametrize("name", ["acme", "cafe"])
def test_a_token_that_is_refused_needs_a_person(pagecast, stored, name):
    run = pagecast("pages", "check", stored(name, "very-secret"), "--json")
    assert (run.code, run.document["accepted"]) == (5, False)
    assert "very-secret" not in run.out + run.err


def test_the_token_of_another_page_is_none(pagecast, stored):
    run = pagecast("pages", "check", stored("burger", "sim-999"))
    assert run.code == 5
    assert "This token belongs to account Page 999 (999), but the page's account is" in run.err
    assert factories.OTHER_ACCOUNT in run.err


def test_an_instagram_account_may_send_by_its_pages_token(pagecast, stored):
    run = pagecast("pages", "check", stored("acme", "sim-999"))
    assert run.code == 0
    assert f"Whether it sends for account {factories.ACCOUNT} cannot be told from that: 999 must be the Page" in run.out


def test_a_parked_page_hears_how_to_go_on(pagecast, stored, database):
    name = stored("acme", f"sim-{factories.ACCOUNT}")
    with database() as conn:
        conn.exec_driver_sql("UPDATE page SET parked_at = 1, parked_code = '190', parked_sentence = 'x'")
    assert "`pagecast pages resume acme` lets it send." in pagecast("pages", "check", name).out


def test_nobody_there_is_a_sentence(pagecast, stored):
    run = pagecast("pages", "check", stored("acme", "very-secret", "http://127.0.0.1:9/v26.0"))
    assert run.code == 5
    assert "127.0.0.1:9 cannot be asked (ConnectError)" in run.err
    assert "very-secret" not in run.err


def test_what_is_no_platform_tells_nothing(pagecast, stored, platform):
    run = pagecast("pages", "check", stored("acme", "very-secret", platform.meta_url.rpartition("/")[0]), "--json")
    assert (run.code, run.document["accepted"]) == (5, None)


def test_a_missing_secret_and_an_unknown_page(pagecast, stored, monkeypatch):
    name = stored("acme", "x")
    monkeypatch.delenv("TOKEN")
    assert pagecast("pages", "check", name).code == 3
    assert pagecast("pages", "check", "nobody").code == 3


def test_who_asked_and_what_was_said_is_written_down(pagecast, stored, database):
    assert pagecast("pages", "check", stored("cafe", "sim-key")).code == 0
    with database() as conn:
        events = conn.exec_driver_sql("SELECT actor, sentence FROM event WHERE kind = 'page.checked'").all()
    assert events == [(actor(), "Orbit accepts the key.")]
