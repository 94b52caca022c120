"""Exactly one server a home, whoever starts, stops or dies: real processes, real kills."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from campaigns.errors import InputError, StoppedError
from workers import embedded

USER = """
import sys
from pathlib import Path
from workers import embedded
server = embedded.ensure(Path(sys.argv[1]))
print(server.pid, flush=True)
sys.stdin.read()
server.release()
"""


class User:
    """A process that uses the server of a home until told to stop."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )

    def server_pid(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def finish(self) -> None:
        self.process.communicate()


@pytest.fixture
def start_user(home: Path) -> Iterator[Callable[[], User]]:
    users: list[User] = []

    def start() -> User:
        users.append(User(home))
        return users[-1]

    yield start
    for user in users:
        user.kill()


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return state.stdout.strip()[:1] not in {"", "Z"}
    return False


def starts(home: Path) -> int:
    return (home / "redis" / "server.log").read_text().count("Server initialized")


def test_three_processes_racing_share_one_server(home, start_user):
    users = [start_user() for _ in range(3)]
    assert len({user.server_pid() for user in users}) == 1
    assert starts(home) == 1


def test_threads_racing_share_one_server(home):
    servers: list[embedded.Embedded] = []
    threads = [threading.Thread(target=lambda: servers.append(embedded.ensure(home))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({server.pid for server in servers}) == 1
    for server in servers:
        server.release()


def test_the_last_user_stops_it(home, start_user, wait_until):
    here, there = embedded.ensure(home), start_user()
    pid = there.server_pid()
    here.release()
    here.release()
    assert alive(pid)
    there.finish()
    wait_until(lambda: not alive(pid), "the server ends with its last user")


def test_a_killed_server_comes_back_with_its_keys(home, wait_until):
    server = embedded.ensure(home)
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 5000)
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not alive(killed), "the server is dead")
    again = embedded.ensure(home)
    assert again.pid != killed
    with redis.Redis.from_url(again.url) as client:
        assert client.get("kept") == b"yes"
    again.release()
    server.release()


def test_heal_starts_a_dead_server_and_leaves_a_living_one(home, wait_until):
    server = embedded.ensure(home)
    killed = server.pid
    assert not server.heal()
    os.kill(killed, signal.SIGKILL)
    wait_until(server.heal, "the death is noticed")
    assert server.pid != killed
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    server.release()


def test_the_server_of_a_killed_user_is_adopted(home, start_user):
    user = start_user()
    pid = user.server_pid()
    user.kill()
    server = embedded.ensure(home)
    assert server.pid == pid
    server.release()
    assert not alive(pid)


def test_a_stopped_server_is_not_started_twice(home):
    server = embedded.ensure(home)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoppedError, match="has not answered"):
            embedded.ensure(home, patience=1.5)
        assert not server.heal()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    again = embedded.ensure(home)
    assert again.pid == server.pid
    assert starts(home) == 1
    again.release()
    server.release()


def test_only_the_owner_reaches_the_socket(home):
    server = embedded.ensure(home)
    assert stat.S_IMODE((home / "redis").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "redis" / "redis.sock").stat().st_mode) == 0o700
    server.release()


def test_a_deep_or_odd_home_works(tmp_path):
    deep = tmp_path / ("a b%3f#" * 12)
    server = embedded.ensure(deep)
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("dir")["dir"] == str(deep / "redis")
    server.release()


def test_a_broken_file_says_so(home):
    (home / "redis").mkdir(parents=True)
    (home / "redis" / "appendonlydir").write_text("not a folder")
    with pytest.raises(StoppedError, match="does not start"):
        embedded.ensure(home)
    (home / "redis" / "appendonlydir").unlink()


def test_without_a_server_it_says_what_to_do(home, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(embedded.platform, "machine", lambda: "vax")
    with pytest.raises(InputError, match="REDIS_URL"):
        embedded.ensure(home)
    monkeypatch.undo()


def test_a_redis_is_verified(valkey_url):
    assert embedded.verify(valkey_url) == []
    with redis.Redis.from_url(valkey_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        warnings = embedded.verify(valkey_url)
        client.config_set("maxmemory-policy", "noeviction")
    assert "noeviction" in warnings[0]


def test_an_absent_redis_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="REDIS_URL"):
        embedded.verify(f"unix://{tmp_path}/none.sock")
