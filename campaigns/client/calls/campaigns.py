"""Campaigns: written, planned, launched, looked at, stopped and taken back. `ref` is an id in full."""

from collections.abc import Mapping
from typing import Any

from campaigns.client.call import Call, Listing, at, delete, get, listing, post
from schemas.api.audit import Happening
from schemas.api.campaigns import Answered, Standing, Summary
from schemas.api.verbs import (
    Again,
    Altered,
    Changed,
    Clone,
    Correction,
    Decision,
    Discarded,
    Drafted,
    Launch,
    Load,
    Met,
    Panic,
    Resolved,
    Retried,
    Revised,
    Wanted,
)
from schemas.campaign_file import CampaignFile, MessageText
from schemas.campaign_state import CampaignState
from schemas.decision import Scope, Verdict
from schemas.delivery_state import DeliveryState
from schemas.explanation import Explanation
from schemas.plan import Plan
from schemas.reason import Reason
from schemas.row import Row
from schemas.sample import Sample

_CAMPAIGNS = "campaigns"


def listed(*, state: CampaignState | None = None, word: str | None = None, limit: int = 100) -> Listing[Summary]:
    """List campaigns, the newest first; or the one that `word` means, which raises AmbiguousError for several.

    A word is an id, a unique beginning of one, a unique name, or `last`.
    """
    return listing(at(_CAMPAIGNS), list[Summary], state=state, word=word, limit=limit)


def submit(file: CampaignFile | Mapping[str, Any]) -> Call[Drafted]:
    """Keep a campaign as a draft. Its `list` is the id of an uploaded one, or `@contacts`."""
    return post(at(_CAMPAIGNS), Drafted, file)


def meet(file: CampaignFile | Mapping[str, Any], *, again: bool = False, go_on: bool = False) -> Call[Met]:
    """Say whether a campaign file was run before: by its name, message, list and accounts.

    `again` is for who wants to send one that is finished once more; with `go_on` an unfinished run takes the file's
    present limits and addresses.
    """
    return post(at(_CAMPAIGNS, "meet"), Met, file, again=again, go_on=go_on)


def discard(ref: str) -> Call[Discarded]:
    """Remove a draft, and the pages that it alone brought."""
    return delete(at(_CAMPAIGNS, ref), Discarded)


def status(ref: str) -> Call[Standing]:
    """Say how a campaign stands."""
    return get(at(_CAMPAIGNS, ref), Standing)


def progress(ref: str, last_id: str = "") -> Call[Standing]:
    """Say so again whenever it changes, as an event stream; `Client.watch` reads it."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    return Call("GET", at(_CAMPAIGNS, ref, "progress"), Standing, headers=headers, streamed=True)


def file(ref: str) -> Call[CampaignFile]:
    """Return the campaign as it was written, every default filled in."""
    return get(at(_CAMPAIGNS, ref, "file"), CampaignFile)


def plan(ref: str) -> Call[Plan]:
    """Say what a launch would do, with the token that it needs."""
    return post(at(_CAMPAIGNS, ref, "plan"), Plan)


def sendings(ref: str) -> Call[list[Load]]:
    """Say how many messages each provider and channel would carry: with their prices, what a launch costs."""
    return get(at(_CAMPAIGNS, ref, "sendings"), list[Load])


def answers(ref: str) -> Call[Answered]:
    """Say how many people answered a campaign so far."""
    return get(at(_CAMPAIGNS, ref, "answers"), Answered)


def preview(ref: str, *, to: str | None = None) -> Call[list[Sample]]:
    """Show the message as three people of the list would get it, or as one of them would."""
    return get(at(_CAMPAIGNS, ref, "preview"), list[Sample], to=to)


def launch(ref: str, token: str) -> Call[Summary]:
    """Launch a draft as the plan with this token says."""
    return post(at(_CAMPAIGNS, ref, "launch"), Summary, Launch(token=token))


def pause(ref: str, *, dry_run: bool = False) -> Call[Changed]:
    """Stop sending within a second."""
    return post(at(_CAMPAIGNS, ref, "pause"), Changed, dry_run=dry_run)


def resume(ref: str, *, dry_run: bool = False) -> Call[Changed]:
    """Go on with a paused campaign."""
    return post(at(_CAMPAIGNS, ref, "resume"), Changed, dry_run=dry_run)


def cancel(ref: str, *, dry_run: bool = False) -> Call[Changed]:
    """End a campaign: nobody else gets it."""
    return post(at(_CAMPAIGNS, ref, "cancel"), Changed, dry_run=dry_run)


def retry(ref: str, scope: Scope, *, dry_run: bool = False) -> Call[Retried]:
    """Send again to people who failed, were skipped or cancelled."""
    return post(at(_CAMPAIGNS, ref, "retry"), Retried, Again(scope=scope, dry_run=dry_run))


def resolve(ref: str, verdict: Verdict, recipient_id: str | None = None, *, dry_run: bool = False) -> Call[Resolved]:
    """Decide about one person whose outcome is unknown, or about all of them."""
    decided = Decision(verdict=verdict, recipient_id=recipient_id, dry_run=dry_run)
    return post(at(_CAMPAIGNS, ref, "resolve"), Resolved, decided)


def revise(ref: str, message: MessageText, *, dry_run: bool = False) -> Call[Revised]:
    """Correct a paused campaign's message for everyone who has not got it yet."""
    return post(at(_CAMPAIGNS, ref, "revise"), Revised, Correction(message=message, dry_run=dry_run))


def change(
    ref: str,
    *,
    rate: float | None = None,
    weight: float | None = None,
    hours: str | None = None,
    quiet: str | None = None,
    zone: str | None = None,
    dry_run: bool = False,
) -> Call[Altered]:
    """Change a launched campaign: messages per second, its share of a page, when it sends; None leaves a thing."""
    wanted = Wanted(rate=rate, weight=weight, hours=hours, quiet=quiet, zone=zone, dry_run=dry_run)
    return post(at(_CAMPAIGNS, ref, "change"), Altered, wanted)


def clone(ref: str, name: str | None = None, *, dry_run: bool = False) -> Call[Drafted]:
    """Make a new draft of the same message, list, pages and limits."""
    return post(at(_CAMPAIGNS, ref, "clone"), Drafted, Clone(name=name, dry_run=dry_run))


def panic() -> Call[Panic]:
    """Pause every campaign."""
    return post(at("panic"), Panic)


def deliveries(
    ref: str,
    *,
    state: DeliveryState | None = None,
    reason: Reason | None = None,
    recipient: str | None = None,
    limit: int = 100,
) -> Listing[Row]:
    """List what became of each person, or of one, in the order of the ledger."""
    which = {"state": state, "reason": reason, "recipient": recipient}
    return listing(at(_CAMPAIGNS, ref, "deliveries"), list[Row], limit=limit, **which)


def explain(ref: str, recipient: str) -> Call[Explanation]:
    """Say everything known about one person in a campaign, and why."""
    return get(at(_CAMPAIGNS, ref, "explain", recipient), Explanation)


def events(ref: str, *, limit: int = 100) -> Listing[Happening]:
    """List what happened to a campaign and who did it, the latest first."""
    return listing(at(_CAMPAIGNS, ref, "events"), list[Happening], limit=limit)
