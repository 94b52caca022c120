"""Files for browsers: who gets them, and what is too large to be waited for."""

import httpx
import pytest

from campaigns import keys, uploads
from campaigns.runtime import now_of
from schemas.api_key import Role
from schemas.right import Right
from tests import factories

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(serve, runtime):
    """Return what logs in with a key that has no other rights than these, if any, and asks for a path."""
    with serve() as site:

        def asked(path, *scopes):
            with runtime.writing() as conn:
                now = now_of(conn)
                key = keys.create(
                    conn, keys.free_name(conn, "maria"), Role.ADMIN, now=now, actor="test", scopes=scopes
                ).secret
            with httpx.Client(base_url=site.url, headers=OURS, trust_env=False, timeout=20) as client:
                assert client.post("/login", data={"key": key}).status_code == 303
                return client.get(f"/downloads/{path}")

        yield asked


def test_a_large_campaign_s_file_is_not_waited_for(browser, runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, factories.people(2))
    path = f"campaigns/{campaign.ref}/results.csv"
    small = browser(path)
    assert (small.status_code, small.text.count("\n")) == (200, 3)
    # As if its list were long: who waits for a file is decided by the rows of the list.
    with runtime.writing() as conn:
        conn.execute(factories.text("UPDATE recipient_list SET rows = 1000000"))
    large = browser(path)
    assert (large.status_code, "too large to wait for" in large.text) == (409, True)


def test_the_rejects_of_a_list_are_for_who_may_read(browser, runtime, tmp_path):
    people = [*factories.people(2), factories.people(1)[0] | {"recipient_id": "nonsense"}]
    factories.write_list(tmp_path / "people.csv", people)
    now = factories.now(runtime)
    with uploads.incoming(runtime.storage, "people.csv", now) as incoming:
        incoming.write((tmp_path / "people.csv").read_bytes())
        path = f"lists/{incoming.kept(runtime.storage, {}, zone=None, now_ms=now).id}/rejects.csv"
    assert "nonsense" in browser(path, Right.READ).text
    refused = browser(path, Right.UPLOAD)
    assert (refused.status_code, "lacks the right read" in refused.text) == (409, True)
