"""kill -9 of any process at any moment: nobody lost, nobody twice, what is in doubt says so."""

import random
import time

import pytest

from tests.chaos.conftest import Attack

pytestmark = pytest.mark.chaos

VICTIMS = (("worker-",), ("clock",), ("valkey",), ("pagecast-up",))
_ON_THE_WIRE = 36 * 2 * (0.2 + 0.6)
"""Calls on the wire and leased, of both pages, at the moment of a kill."""


def _strike(attack: Attack, chance: random.Random) -> str:
    """Kill something and say what, '' where nothing was there; every fifth time everything at once, and run again."""
    if chance.random() < 0.2:
        attack.kill(one=False)
        attack.reap()
        return f"everything; the first call came {attack.run_again():.1f} s after the restart"
    words = chance.choice(VICTIMS)
    return words[0] if attack.kill(*words) else ""


def _under_attack(attack: Attack, kills: int, seed: int, pause: tuple[float, float]) -> int:
    chance = random.Random(seed)
    attack.run()
    attack.until(attack.arrived, "the first call came")
    struck = 0
    while struck < kills:
        time.sleep(chance.uniform(*pause))
        if attack.over:
            break
        if killed := _strike(attack, chance):
            struck += 1
            print(f"kill {struck}:", killed)
    return struck


def _account(attack: Attack, people: int, kills: int) -> None:
    code, status = attack.finish(240)
    stats, counts = attack.platform.stats(), status["counts"]
    print(f"{kills} kills: exit {code}", {k: v for k, v in counts.items() if v}, stats["accepted"], stats["doubles"])
    received = {each["recipient_id"] for each in attack.platform.accepted()}
    assert status["state"] == "finished", status["sentence"]
    assert sum(counts.values()) == people
    assert stats["doubles"] == 0
    assert counts["accepted"] + counts["unknown"] == people
    assert len(received) >= counts["accepted"]
    assert counts["unknown"] <= kills * _ON_THE_WIRE
    assert code == (6 if counts["unknown"] else 0)


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("attack", [(1_200, 36.0)], indirect=True)
def test_ten_kills(attack: Attack) -> None:
    kills = _under_attack(attack, 10, seed=3, pause=(0.7, 2.0))
    assert kills == 10
    _account(attack, 1_200, kills)


@pytest.mark.long
@pytest.mark.parametrize("attack", [(5_000, 36.0)], indirect=True)
def test_thirty_kills(attack: Attack) -> None:
    kills = _under_attack(attack, 30, seed=11, pause=(1.0, 5.0))
    _account(attack, 5_000, kills)
