"""The cookie of a session: how long it is good for, and who signs it."""

import stat
import time

import pytest
import time_machine

from campaigns.runtime import now_of
from campaigns.settings import Settings
from campaigns.web.passes import IDLE, WHOLE, Passes


def test_a_session_ends_when_nobody_uses_it_and_after_a_week(runtime, key):
    passes, start = Passes(runtime), int(time.time())
    cookie = passes.issue(key.key, start * 1000)
    with time_machine.travel(start + IDLE - 60):
        assert passes.admit(cookie)
    with time_machine.travel(start + IDLE + 60):
        assert passes.admit(cookie) is None
    with runtime.reading() as conn:
        old = passes.issue(key.key, now_of(conn) - (WHOLE + 60) * 1000)
    assert passes.admit(old) is None


def test_a_session_in_use_is_renewed(runtime, key):
    passes = Passes(runtime)
    with time_machine.travel(time.time() - 3_600):
        cookie = passes.issue(key.key, int(time.time() * 1000))
    admitted = passes.admit(cookie)
    assert admitted.cookie
    assert passes.admit(admitted.cookie).cookie == ""


def test_who_logs_out_of_a_tab_that_stood_idle_ends_the_copy_in_use(runtime, key):
    passes = Passes(runtime)
    with time_machine.travel(time.time() - IDLE - 3_600):
        idle = passes.issue(key.key, int(time.time() * 1000))
    with time_machine.travel(time.time() - 3_600):
        used = passes.admit(idle).cookie
    assert passes.admit(idle) is None
    assert passes.admit(used)
    passes.end(idle)
    assert passes.admit(used) is None


def test_a_session_that_ended_does_not_come_back_when_another_ends(runtime, key):
    passes, now = Passes(runtime), int(time.time() * 1000)
    first, second = (passes.issue(key.key, now - 1000) for _ in range(2))
    passes.end(first)
    passes.end(second)
    assert passes.admit(first) is None
    assert passes.admit(second) is None


def test_the_signing_key_is_ones_own(runtime, key):
    cookie = Passes(runtime).issue(key.key, int(time.time() * 1000))
    assert Passes(runtime).admit(cookie)
    file = runtime.settings.home / "dashboard.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    assert Passes(runtime).admit(cookie) is None


@pytest.mark.databases("postgresql")
def test_machines_share_a_signing_key(runtime, key, tmp_path):
    other = type(runtime)(Settings(home=tmp_path / "other"), runtime.engine)
    assert Passes(other).admit(Passes(runtime).issue(key.key, int(time.time() * 1000)))
    assert not (tmp_path / "other" / "dashboard.key").exists()


def test_a_given_key_signs(runtime, key, monkeypatch):
    monkeypatch.setenv("PAGECAST_SECRET_KEY", "a long random word")
    given = type(runtime)(Settings(), runtime.engine)
    cookie = Passes(given).issue(key.key, int(time.time() * 1000))
    assert Passes(given).admit(cookie)
    assert Passes(runtime).admit(cookie) is None
