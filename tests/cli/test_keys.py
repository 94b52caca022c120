"""keys: made, shown once, listed without their secrets, and ended."""

import re

import pytest

from campaigns import keys
from campaigns.runtime import now_of
from schemas.api_key import Role

DAY_MS = 86_400_000


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.usefixtures("dialect")
def test_a_key_lets_in_until_it_is_revoked(pagecast, database):
    made = pagecast("keys", "create", "crm", "--role", "author", "--json").document
    assert re.fullmatch(r"pc_[0-9a-f]{10}_[0-9a-f]{64}", made["key"])
    with database() as conn:
        key = keys.verify(conn, made["key"], now_of(conn))
        assert (key.name, key.role) == ("crm", Role.AUTHOR)
        kept = str(conn.exec_driver_sql("SELECT * FROM api_key").all())
    assert made["key"].rpartition("_")[2] not in kept
    assert pagecast("keys", "revoke", "crm").out == "Key crm is revoked.\n"
    with database() as conn:
        assert keys.verify(conn, made["key"], now_of(conn)) is None
        kinds = conn.exec_driver_sql("SELECT kind FROM event ORDER BY id").scalars().all()
    assert kinds == ["key.created", "key.revoked"]


def test_the_list_shows_no_secret(pagecast):
    shown = pagecast("keys", "create", "crm", "--role", "viewer").out.strip()
    (listed,) = pagecast("keys", "list", "--json").document
    assert (listed["name"], listed["role"], listed["state"]) == ("crm", "viewer", "live")
    assert shown.startswith(listed["prefix"])
    assert shown.rpartition("_")[2] not in pagecast("keys", "list").out + str(listed)


def test_a_key_expires(pagecast, database):
    made = pagecast("keys", "create", "crm", "--role", "viewer", "--expires", "90d", "--json").document
    with database() as conn:
        now = now_of(conn)
        assert keys.verify(conn, made["key"], now + 89 * DAY_MS)
        assert keys.verify(conn, made["key"], now + 91 * DAY_MS) is None
        assert keys.any_live(conn, now)
        assert not keys.any_live(conn, now + 91 * DAY_MS)


def test_another_secret_of_a_known_prefix_is_nobody(pagecast, database):
    secret = pagecast("keys", "create", "crm", "--role", "viewer").out.strip()
    other = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    with database() as conn:
        for wrong in (other, secret[:-1], secret.upper(), f" {secret}", "", "pc__"):
            assert keys.verify(conn, wrong, now_of(conn)) is None


def test_a_name_is_free_again_once_its_key_is_revoked(pagecast):
    assert pagecast("keys", "create", "crm", "--role", "viewer").code == 0
    assert "a key named crm already" in pagecast("keys", "create", "crm", "--role", "admin").err
    assert pagecast("keys", "revoke", "crm").code == 0
    assert pagecast("keys", "create", "crm", "--role", "admin").code == 0
    assert [each["state"] for each in pagecast("keys", "list", "--json").document] == ["revoked", "live"]


def test_a_dry_run_makes_nothing_and_shows_nothing(pagecast, count):
    run = pagecast("keys", "create", "crm", "--role", "viewer", "--dry-run", "--json")
    assert run.document["key"] is None
    assert count("api_key") == 0


def test_what_cannot_be(pagecast):
    assert pagecast("keys", "create", "two words", "--role", "viewer").code == 3
    assert pagecast("keys", "create", "crm", "--role", "viewer", "--expires", "soon").code == 2
    assert pagecast("keys", "create", "crm", "--role", "king").code == 2
    assert "no key named" in pagecast("keys", "revoke", "crm").err
    assert "No keys yet" in pagecast("keys", "list").err


def test_a_key_has_fewer_rights_than_its_role(pagecast):
    scopes = ("--scope", "lists.add", "--scope", "campaigns.submit")
    made = pagecast("keys", "create", "crm", "--role", "sender", *scopes, "--json").document
    assert made["scopes"] == ["lists.add", "campaigns.submit"]
    assert "lists.add, campaigns.submit" in pagecast("keys", "list").out
    run = pagecast("keys", "create", "erp", "--role", "viewer", "--scope", "lists.add")
    assert (run.code, "The role viewer has no right to lists.add" in run.err) == (3, True)
    assert pagecast("keys", "create", "erp", "--role", "viewer", "--scope", "nothing").code == 2
