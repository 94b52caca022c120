"""Where the web process may listen: nowhere but here, until there is a key."""

import socket
import subprocess
import sys

import pytest

from campaigns import keys
from campaigns.errors import StateError
from campaigns.listening import refuse_taken
from campaigns.runtime import now_of
from campaigns.web.app import refuse_open_doors
from schemas.api_key import Role

ELSEWHERE = ["0.0.0.0", "::", "192.168.1.5", "pagecast.internal", ""]


def refusal(runtime, host):
    """Return why nobody may listen there, "" where they may."""
    try:
        refuse_open_doors(runtime, host)
    except StateError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_on_this_machine_it_needs_no_key(runtime, host):
    assert refusal(runtime, host) == ""


@pytest.mark.parametrize("host", ELSEWHERE)
def test_elsewhere_it_needs_one(runtime, host):
    assert "pagecast keys create" in refusal(runtime, host)


@pytest.mark.databases("sqlite", "postgresql")
def test_a_key_that_is_revoked_is_none(runtime):
    with runtime.writing() as conn:
        keys.create(conn, "crm", Role.VIEWER, now=now_of(conn), actor="test")
    assert refusal(runtime, "0.0.0.0") == ""
    with runtime.writing() as conn:
        keys.revoke(conn, "crm", now=now_of(conn), actor="test")
    assert refusal(runtime, "0.0.0.0") != ""


def test_an_address_that_cannot_be_had_is_said():
    refuse_taken("127.0.0.1", 0)
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(StateError, match="in use by another program"):
        refuse_taken("127.0.0.1", other.getsockname()[1])
    with pytest.raises(StateError, match="no address of this machine"):
        refuse_taken("192.0.2.1", 0)


@pytest.mark.usefixtures("runtime")
def test_the_process_says_why_and_ends(monkeypatch):
    monkeypatch.setenv("PAGECAST_HOST", "0.0.0.0")
    command = [sys.executable, "-m", "campaigns.web.app"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == StateError.exit_code
    assert "there is no key" in done.stdout + done.stderr
