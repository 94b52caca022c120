"""An order to the simulator: let this person write, tap or do that now."""

from dataclasses import dataclass
from typing import Any

from campaigns.errors import InputError
from campaigns.simulator import meta_events, orbit_events
from campaigns.simulator.event import Event
from campaigns.simulator.scenario import Scenario
from campaigns.simulator.threads import Message

KINDS = ("text", "quick_reply", "postback", "event")


@dataclass(frozen=True, slots=True)
class Saying:
    """A message, whose id and time are still to come, or an `event` in the platform's own words."""

    message: Message
    event: dict[str, Any] | None = None


def read(order: dict[str, Any], scenario: Scenario) -> Saying:
    """Read `{account, person, text | quick_reply | postback | event}`; InputError says what is wrong with it.

    A quick reply or postback is its payload, and `text` beside it what the button shows. `event` is raw: on Meta an
    item of `messaging` (sender, recipient and timestamp are added) or a change with `field` and `value`, on Orbit
    `{type, data}`. Optional: `answers` (the message id that a text was written under), `channel` (by default as the
    account's id says) and `platform`, which is by default the one that has a URL, Meta before Orbit.
    """
    account, person = (order.get(name) for name in ("account", "person"))
    kinds = [name for name in KINDS if name in order]
    if not isinstance(account, str) or not isinstance(person, str) or not kinds:
        raise InputError(f"Somebody says something: give account and person as texts, and one of {', '.join(KINDS)}.")
    event = order.get("event")
    if event is not None and not isinstance(event, dict):
        raise InputError("An event is an object in the platform's own words.")
    payload = str(order.get("quick_reply") or order.get("postback") or "")
    message = Message(
        "",
        0.0,
        _platform(order, scenario),
        _channel(order, scenario, account),
        account,
        person,
        ours=False,
        text=str(order.get("text", payload)),
        payload=payload,
        postback="postback" in order,
        answers=str(order.get("answers", "")),
    )
    return Saying(message, event)


def event(said: Saying, now: float) -> Event:
    """Return the raw event of a saying, told at a moment (epoch seconds)."""
    make = meta_events.raw if said.message.platform == "meta" else orbit_events.raw
    who = said.message
    return make(who.channel, who.account, who.person, int(now * 1000), said.event or {})


def _platform(order: dict[str, Any], scenario: Scenario) -> str:
    hooks = scenario.webhooks
    platform = order.get("platform", "orbit" if hooks.orbit_url and not hooks.meta_url else "meta")
    if platform not in {"meta", "orbit"}:
        raise InputError("The platform is meta or orbit.")
    return str(platform)


def _channel(order: dict[str, Any], scenario: Scenario, account: str) -> str:
    channel = order.get("channel", "instagram" if scenario.speaks_instagram(account) else "messenger")
    if channel not in meta_events.OBJECTS:
        raise InputError("The channel is instagram or messenger.")
    return str(channel)
