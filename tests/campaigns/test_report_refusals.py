"""Refusals that repeat are told, with what to look at."""

import pytest

from campaigns.inbox import HOUR_MS, Inbox, Raw, Refusal
from campaigns.report.refusals import troubles
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from schemas.page import ProviderName

META, ORBIT = ProviderName.META, ProviderName.ORBIT
NOW = 1_800_001_800_000
"""Half past eight in the morning."""


@pytest.fixture
def inbox(dialect):  # noqa: ARG001 - it sets the environment
    runtime = Runtime.open(Settings())
    opened = Inbox.of(runtime)
    yield opened
    opened.close()
    runtime.close()


def sentences(inbox, now=NOW):
    return [each.sentence for each in troubles(inbox, now)]


def test_two_wrong_signatures_are_anybodys_and_three_are_told(inbox):
    inbox.refused(META, Refusal.WRONG_SIGNATURE, NOW, 2)
    assert sentences(inbox) == []
    inbox.refused(META, Refusal.WRONG_SIGNATURE, NOW)
    (sentence,) = sentences(inbox)
    assert sentence.startswith("Meta's webhooks are refused: 3 wrong signatures since 08:00:00 UTC. ")
    assert sentence.endswith("Is PAGECAST_META_APP_SECRET the secret of the app that sends them?")


def test_hours_are_added_up_and_forgotten(inbox):
    inbox.refused(META, Refusal.WRONG_SIGNATURE, NOW - HOUR_MS, 4)
    inbox.refused(META, Refusal.WRONG_SIGNATURE, NOW, 10)
    assert "14 wrong signatures since 07:00:00 UTC" in sentences(inbox)[0]
    assert sentences(inbox, NOW + HOUR_MS + 1) == []


def test_each_provider_and_reason_has_its_advice(inbox):
    inbox.refused(META, Refusal.NO_HANDSHAKE, NOW)
    inbox.refused(META, Refusal.HANDSHAKE, NOW, 2)
    inbox.refused(ORBIT, Refusal.NO_SECRET, NOW, 3)
    inbox.refused(ORBIT, Refusal.TOO_LARGE, NOW, 3)
    inbox.refused(ORBIT, Refusal.WRONG_SIGNATURE, NOW, 3)
    told = "\n".join(sentences(inbox))
    for words in (
        "Meta's webhooks are refused: 1 handshake without a token of ours",
        "2 handshakes with another token since",
        "Orbit's webhooks are refused: 3 unchecked bodies since 08:00:00 UTC. Set PAGECAST_ORBIT_WEBHOOK_SECRET",
        "3 bodies too large",
        "Is PAGECAST_ORBIT_WEBHOOK_SECRET their signing secret, and PAGECAST_ORBIT_WEBHOOK_SCHEME right?",
    ):
        assert words in told


def test_a_secret_that_works_for_others_is_told_from_one_that_does_not(inbox):
    inbox.refused(META, Refusal.WRONG_SIGNATURE, NOW, 3)
    inbox.keep([Raw(META, NOW - 1, b"before"), Raw(ORBIT, NOW + 1, b"of another")])
    assert [each.mixed for each in troubles(inbox, NOW + 2)] == [False]
    inbox.keep([Raw(META, NOW, b"since")])
    assert [each.mixed for each in troubles(inbox, NOW + 2)] == [True]
