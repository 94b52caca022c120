"""Over real connections: a child process, its faults, its limits, its end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from campaigns.errors import PagecastError
from campaigns.simulator import Scenario, Simulator, start

BEARER = {"Authorization": "Bearer sim-1234"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with start() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared: Simulator) -> Simulator:
    shared.change(**json.loads(Scenario().model_dump_json()))
    shared.reset()
    return shared


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5) as shared:
        yield shared


@pytest.fixture
def send(simulator: Simulator, client: httpx.Client) -> Callable[..., httpx.Response]:
    def post(to: str, timeout: float = 5) -> httpx.Response:
        body = {"recipient": {"id": to}, "message": {"text": "hi"}}
        return client.post(f"{simulator.meta_url}/me/messages", json=body, headers=BEARER, timeout=timeout)

    return post


@pytest.mark.parametrize(
    ("order", "error", "accepted"),
    [
        ("drop-request", httpx.ReadError, 0),
        ("drop-reply", httpx.RemoteProtocolError, 1),
        ("reset-reply", httpx.ReadError, 1),
        ("cut-reply", httpx.RemoteProtocolError, 1),
        ("drop-reply-before", httpx.RemoteProtocolError, 0),
    ],
)
def test_lines_break_for_real(simulator, send, order, error, accepted):
    simulator.change(codes={"7": order})
    assert send("1").status_code == 200
    with pytest.raises(error):
        send("7")
    assert send("2").status_code == 200
    stats = simulator.stats()
    assert stats["accepted"] == 2 + accepted
    assert (stats["dropped_replies"], stats["dropped_requests"]) == (accepted, 1 - accepted)


def test_a_hanging_answer_outlasts_the_client_but_was_accepted(simulator, send):
    simulator.change(codes={"7": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        send("7", timeout=0.2)
    assert simulator.stats()["accepted_unconfirmed"] == 1


def test_a_slow_answer_comes_late(simulator, send):
    simulator.change(codes={"7": "slow"}, slow_seconds=0.3)
    assert send("7").elapsed.total_seconds() >= 0.3


def test_latency_is_at_least_its_mean_less_its_jitter(simulator, send):
    simulator.change(latency=0.06, jitter=0.02)
    assert min(send(str(person)).elapsed.total_seconds() for person in range(5)) >= 0.04


def test_the_limits_hold_on_the_wire(simulator, client):
    simulator.change(key_cap=5)
    body = {"from": "2", "type": "text", "text": "x"}
    answers = [
        client.post(
            f"{simulator.orbit_url}/messages/instagram", json={"to": str(to), **body}, headers={"X-API-Key": "sim-k"}
        )
        for to in range(8)
    ]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert answers[0].json()["data"]["status"] == "queued"
    assert len(answers[0].headers.get_list("date")) == 1
    sender = simulator.stats()["senders"]["2"]
    assert (sender["accepted"], sender["refusals"]) == (5, 3)


def test_what_was_accepted_can_be_listed(simulator, send):
    ids = {send(str(person)).json()["message_id"] for person in range(3)}
    assert {row["message_id"] for row in simulator.accepted()} == ids
    assert [row["recipient_id"] for row in simulator.accepted("1234")] == ["0", "1", "2"]


def test_it_ends_with_its_parent_even_while_an_answer_hangs(client):
    parent = (
        "import sys; from campaigns.simulator import Scenario, start; "
        "s = start(Scenario(codes={'7': 'hang'})); print(s.url, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert client.get(f"{url}/stats").status_code == 200
        process.kill()
    body = {"recipient": {"id": "7"}, "message": {"text": "x"}}
    with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
        client.post(f"{url}/v26.0/me/messages", json=body, headers=BEARER, timeout=20)


def test_a_port_in_use_is_a_sentence(simulator, capfd):
    port = httpx.URL(simulator.url).port
    with pytest.raises(PagecastError, match="did not start"):
        start(port=port)
    assert "Choose another port" in capfd.readouterr().err


def test_the_command_takes_names_files_and_flags(tmp_path, client):
    path = tmp_path / "s.toml"
    path.write_text("seed = 3\n")
    command = [sys.executable, "-m", "campaigns.simulator", "--scenario", str(path), "--window-closed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline())
        assert said["pid"] == process.pid
        body = {"recipient": {"id": "7"}, "message": {"text": "hi"}}
        answer = client.post(f"{said['url']}/v26.0/me/messages", json=body, headers=BEARER)
        process.terminate()
    assert answer.json()["error"]["error_subcode"] == 2018278


@pytest.mark.parametrize("flags", [["--scenario", "sunny"], ["--cap", "-1"], ["--scenario", "none.toml"]])
def test_a_wrong_command_is_bad_input(flags):
    done = subprocess.run(
        [sys.executable, "-m", "campaigns.simulator", *flags], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_stop_is_harmless_twice():
    simulator = start()
    simulator.stop()
    simulator.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(simulator.pid, 0)
