"""Scenarios with a name."""

from pathlib import Path

from campaigns.errors import InputError
from campaigns.simulator.scenario import Burst, Scenario, load

CALM = Scenario(latency=0.02, jitter=0.01)

# Sized for a first look: 2,000 people at 36/s take 55 s, a spell of 2 s every 700 messages included about a minute.
DEMO = Scenario(
    seed=7,
    latency=0.12,
    jitter=0.06,
    bursts=(Burst(every=700, seconds=2.0, codes=("613", "80006")),),
    window_closed=0.03,
    blocked=0.015,
    no_such_person=0.005,
    unavailable=0.005,
    drop_request=0.001,
    drop_reply=0.002,
    error_after=0.001,
)

STORM = Scenario(
    seed=13,
    latency=0.15,
    jitter=0.15,
    slow_seconds=2.0,
    bursts=(
        Burst(every=150, seconds=1.0, codes=("613", "32", "80006", "613-2534040")),
        Burst(every=500, seconds=2.0, codes=("4",)),
    ),
    window_closed=0.05,
    blocked=0.03,
    no_such_person=0.02,
    owned_elsewhere=0.02,
    unavailable=0.02,
    try_later=0.02,
    unknown_error=0.01,
    drop_request=0.02,
    error_before=0.02,
    drop_reply=0.02,
    cut_reply=0.01,
    error_after=0.02,
    slow=0.02,
)

SCENARIOS = {"calm": CALM, "demo": DEMO, "storm": STORM}


def named(name: str) -> Scenario:
    """Return the scenario of that name; InputError lists the names."""
    if name not in SCENARIOS:
        raise InputError(f"There is no scenario {name!r}. Choose {', '.join(SCENARIOS)}, or give a file.")
    return SCENARIOS[name]


def chosen(choice: str) -> Scenario:
    """Return the scenario a person chose on a command line: a name, or a .toml or .json file; InputError otherwise."""
    return load(Path(choice)) if Path(choice).suffix else named(choice)
