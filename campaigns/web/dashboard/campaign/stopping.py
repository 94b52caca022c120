"""Pause, resume, cancel, discard: each says first what becomes of whom."""

from campaigns.lifecycle import control
from campaigns.lifecycle.control import Change
from campaigns.lifecycle.submit import drop
from campaigns.moments import people
from campaigns.report.pages import accepted
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.campaign.offers import is_canary, is_missed
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.session import Session
from schemas.right import Right


async def pause(session: Session, seen: Seen) -> object:
    """Ask, and pause."""
    return await ask.confirmed(
        f"Pause {seen.campaign.name}?",
        pausing(seen),
        "Pause",
        lambda: control.pause(session.runtime, seen.campaign, session.actor),
        right=Right.PAUSE,
        done=_paused,
    )


async def resume(session: Session, seen: Seen) -> object:
    """Ask, and go on."""
    word = "Go on" if is_canary(seen) else "Resume"
    return await ask.confirmed(
        f"{word} with {seen.campaign.name}?" if is_canary(seen) else f"Resume {seen.campaign.name}?",
        resuming(seen),
        word,
        lambda: control.resume(session.runtime, seen.campaign, session.actor),
        right=Right.RESUME,
        done="It goes on.",
    )


async def cancel(session: Session, seen: Seen) -> object:
    """Ask, and end it for good."""
    return await ask.confirmed(
        f"Cancel {seen.campaign.name}?",
        cancelling(seen),
        "Cancel the campaign",
        lambda: control.cancel(session.runtime, seen.campaign, session.actor),
        right=Right.CANCEL,
        done=lambda change: f"Cancelled: {people(change.withdrawn)} will not get it.",
        grave=True,
    )


async def discard(session: Session, seen: Seen) -> object:
    """Ask, and put a draft away."""
    return await ask.confirmed(
        f"Discard the draft {seen.campaign.name}?",
        "It was not launched, so nobody has got it. It goes, with its plan and the pages that it alone brought.",
        "Discard the draft",
        lambda: drop(session.runtime, seen.campaign),
        right=Right.SUBMIT,
        done="Discarded.",
        grave=True,
    )


def pausing(seen: Seen) -> str:
    """Return what a pause means now."""
    counts = seen.standing.counts
    flying = counts["sending"]
    out = f"{flying:,} {'call is' if flying == 1 else 'calls are'} in flight and will be settled. " if flying else ""
    wait = "waits" if counts["pending"] == 1 else "wait"
    return f"{out}{people(counts['pending'])} {wait} until somebody resumes it. Their windows go on closing."


def resuming(seen: Seen) -> str:
    """Return what going on means now."""
    left = seen.standing.counts["pending"]
    late = " It starts now, later than it was to." if is_missed(seen) else ""
    return f"Sending goes on to {people(left)}; whoever's window has closed meanwhile is skipped.{late}"


def cancelling(seen: Seen) -> str:
    """Return what a cancellation means now."""
    counts = seen.standing.counts
    got, left = accepted(counts), counts["pending"]
    flying = f" {counts['sending']:,} in flight will be settled." if counts["sending"] else ""
    return f"{people(got)} got it; {people(left)} will not.{flying} A cancelled campaign cannot be resumed."


def _paused(change: Change) -> str:
    return f"Paused. {change.in_flight:,} still in flight are being settled." if change.in_flight else "Paused."
