"""Webhooks that are refused again and again: one sentence for each reason, with what to look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from campaigns.inbox import HOUR_MS, Inbox, Refusal
from campaigns.moments import clock
from campaigns.runtime import Runtime, now_of
from schemas.page import ProviderName

_NAMES = {ProviderName.META: "Meta", ProviderName.ORBIT: "Orbit"}
_REPEATED = 3
"""Anybody can send a wrong one; that many within an hour are somebody's settings."""
_ONCE = frozenset({Refusal.HANDSHAKE, Refusal.NO_HANDSHAKE})
"""A person sets the address up now."""
_SECRET = {
    ProviderName.META: "PAGECAST_META_APP_SECRET the secret of the app that sends them",
    ProviderName.ORBIT: "PAGECAST_ORBIT_WEBHOOK_SECRET their signing secret, and PAGECAST_ORBIT_WEBHOOK_SCHEME right",
}
_SETTING = {ProviderName.META: "PAGECAST_META_APP_SECRET", ProviderName.ORBIT: "PAGECAST_ORBIT_WEBHOOK_SECRET"}
_WORDS: Mapping[Refusal, tuple[str, str, str]] = {
    Refusal.WRONG_SIGNATURE: ("wrong signature", "wrong signatures", "Is {secret}?"),
    Refusal.NO_SECRET: ("unchecked body", "unchecked bodies", "Set {setting}, then start the web process again."),
    Refusal.TOO_LARGE: ("body too large", "bodies too large", "No platform sends so much; see who does."),
    Refusal.HANDSHAKE: (
        "handshake with another token",
        "handshakes with another token",
        "Is PAGECAST_META_VERIFY_TOKEN what the app's webhook settings say?",
    ),
    Refusal.NO_HANDSHAKE: (
        "handshake without a token of ours",
        "handshakes without a token of ours",
        "Set PAGECAST_META_VERIFY_TOKEN, then start the web process again.",
    ),
}
"""One, several, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`mixed` says that rightly signed bodies of the same provider have come in since."""

    provider: ProviderName
    sentence: str
    mixed: bool


def troubles(inbox: Inbox, now_ms: int) -> list[Trouble]:
    """Return what was refused repeatedly within the last hour."""
    return list(_troubles(inbox, now_ms))


def told(runtime: Runtime) -> list[str]:
    """Return the sentences of the last hour's troubles."""
    with runtime.reading() as conn:
        now = now_of(conn)
    with Inbox.opened(runtime) as inbox:
        return [each.sentence for each in troubles(inbox, now)]


def _troubles(inbox: Inbox, now_ms: int) -> Iterator[Trouble]:
    rows = inbox.refusals(now_ms - HOUR_MS)
    for (provider, reason), hours in groupby(rows, lambda row: (row.provider, row.reason)):
        refused = list(hours)
        n = sum(each.n for each in refused)
        if n < _REPEATED and reason not in _ONCE:
            continue
        latest = inbox.latest(provider)
        sentence = _sentence(provider, reason, n, f"since {clock(refused[0].hour, now_ms)}")
        yield Trouble(provider, sentence, mixed=latest is not None and latest >= refused[-1].last_at)


def _sentence(provider: ProviderName, reason: Refusal, n: int, when: str) -> str:
    one, several, advice = _WORDS[reason]
    said = advice.format(secret=_SECRET[provider], setting=_SETTING[provider])
    return f"{_NAMES[provider]}'s webhooks are refused: {n:,} {one if n == 1 else several} {when}. {said}"
