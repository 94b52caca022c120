"""retry and resolve as a person types them."""

import pytest

from campaigns.runtime import Runtime
from campaigns.settings import Settings
from tests import factories
from tests.lifecycle.aftermath import becomes, ends


@pytest.fixture
def ended(tmp_path, monkeypatch):
    """A finished campaign: one accepted, one failed for now, one for good, two in doubt."""
    monkeypatch.setenv("ACME_TOKEN", f"sim-{factories.ACCOUNT}")
    factories.opened(Settings().home).close()
    runtime = Runtime.open(Settings())
    campaign = factories.launched(runtime, tmp_path, factories.people(5))
    becomes(runtime, 0, "accepted")
    becomes(runtime, 1, "failed", "provider_error")
    becomes(runtime, 2, "failed", "no_such_person")
    for n in (3, 4):
        becomes(runtime, n, "unknown", claim="c", part_open=1)
    ends(runtime)
    yield campaign
    runtime.close()


def counts(pagecast):
    document = pagecast("status", "last", "--json").document
    return document["state"], {state: n for state, n in document["counts"].items() if n}


def test_retry_says_who_and_why_and_asks(pagecast, ended):
    del ended
    run = pagecast("retry", "last", "--scope", "failed")
    assert run.code == 4
    assert "1  again: provider_error. The provider failed to take the message." in run.err
    assert "1  stay failed: no_such_person." in run.err
    assert "--yes" in run.err
    assert counts(pagecast) == ("finished", {"accepted": 1, "failed": 2, "unknown": 2})


def test_retry(pagecast, ended):
    run = pagecast("retry", "last", "--scope", "failed", "--yes", "--json")
    assert (run.code, run.document) == (
        0,
        {
            "id": ended.ref,
            "state": "sending",
            "scope": "failed",
            "retried": 1,
            "again": {"provider_error": 1},
            "kept": {"no_such_person": 1},
            "dry_run": False,
        },
    )
    assert counts(pagecast) == ("sending", {"pending": 1, "accepted": 1, "failed": 1, "unknown": 2})
    again = pagecast("retry", "last", "--scope", "failed", "--json")
    assert (again.code, again.document["retried"]) == (0, 0)


def test_a_dry_run_changes_nothing(pagecast, ended):
    del ended
    before = counts(pagecast)
    assert pagecast("retry", "last", "--scope", "failed", "--dry-run", "--json").document["retried"] == 1
    assert pagecast("resolve", "last", "--as", "sent", "--dry-run", "--json").document["resolved"] == 2
    assert counts(pagecast) == before


def test_resolve_one_and_then_the_rest(pagecast, ended):
    del ended
    one = pagecast("resolve", "last", factories.person(3), "--as", "sent", "--yes")
    assert (one.code, one.out) == (0, "1 people are resolved as sent. Spring is finished.\n")
    rest = pagecast("resolve", "last", "--as", "not-sent", "--yes", "--json").document
    assert (rest["resolved"], rest["state"]) == (1, "finished")
    assert counts(pagecast) == ("finished", {"accepted": 1, "failed": 3, "assumed_sent": 1})


def test_sending_again_names_the_risk(pagecast, ended):
    del ended
    assert "Those who have it get it twice." in pagecast("resolve", "last", "--as", "send-again", "--dry-run").err
    run = pagecast("resolve", "last", "--as", "send-again", "--yes", "--json")
    assert (run.document["resolved"], run.document["state"]) == (2, "sending")


def test_who_is_not_in_doubt_is_refused(pagecast, ended):
    del ended
    run = pagecast("resolve", "last", factories.person(0), "--as", "sent", "--yes")
    assert run.code == 4
    assert "is accepted" in run.err
    assert pagecast("resolve", "last", "5", "--as", "sent", "--yes").code == 3


def test_a_draft_is_refused_with_the_way_out(pagecast, ended, database):
    del ended
    with database() as conn:
        conn.exec_driver_sql("UPDATE campaign SET state = 'draft'")
    run = pagecast("retry", "last", "--scope", "failed", "--yes")
    assert run.code == 4
    assert "is draft" in run.err
    assert "Launch it" in run.err


def test_a_missing_secret_is_a_sentence(pagecast, ended, monkeypatch):
    del ended
    monkeypatch.delenv("ACME_TOKEN")
    run = pagecast("retry", "last", "--scope", "failed", "--yes")
    assert run.code == 3
    assert "The secret ACME_TOKEN of page acme is not set here." in run.err


@pytest.fixture
def paused(pagecast, ended, database):
    with database() as conn:
        conn.exec_driver_sql("UPDATE campaign SET state = 'sending'")
    pagecast("retry", "last", "--scope", "failed", "--yes")
    pagecast("pause", "last")
    return ended


def test_revise_shows_the_message_and_asks(pagecast, paused, tmp_path):
    del paused
    (tmp_path / "new.txt").write_text("Ciao {{ first_name }}")
    run = pagecast("revise", "last", "--message", tmp_path / "new.txt")
    assert run.code == 4
    assert "Ciao Ana0" in run.err
    done = pagecast("revise", "last", "--message", tmp_path / "new.txt", "--yes", "--json")
    assert (done.code, done.document["revision"], done.document["pending"]) == (0, 2, 1)
    again = pagecast("revise", "last", "--message", tmp_path / "new.txt", "--yes", "--json")
    assert again.document["revision"] == 2


def test_revise_takes_a_table(pagecast, paused, tmp_path):
    del paused
    (tmp_path / "new.toml").write_text('[message]\ntext = "Ciao {{ first_name }}"\n')
    dry = pagecast("revise", "last", "--message", tmp_path / "new.toml", "--dry-run", "--json")
    assert (dry.code, dry.document["revision"]) == (0, 1)
    (tmp_path / "bad.toml").write_text("[message")
    assert pagecast("revise", "last", "--message", tmp_path / "bad.toml").code == 3
    assert pagecast("revise", "last", "--message", tmp_path / "none.txt").code == 3
