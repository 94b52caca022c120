"""The times and figures that a campaign file sets, read once and held against one another."""

from campaigns import hours
from campaigns.campaign_file import milliseconds, moment
from campaigns.errors import InputError
from campaigns.lifecycle.late import MISSED_MS
from campaigns.lifecycle.repetition import occurring, recurrence
from schemas.campaign import Campaign
from schemas.campaign_file import CONTACTS, CampaignFile


def terms(file: CampaignFile) -> dict[str, float | None]:
    """Return the file's times in milliseconds, and its limits, by the campaign's columns; raises InputError."""
    schedule, audience = file.schedule, file.audience
    recurrence(file)
    hours.times(file)
    start = moment(schedule.start, "schedule.start") if schedule.start else None
    not_after = moment(schedule.not_after, "schedule.not_after") if schedule.not_after else None
    open_until = moment(schedule.keep_open_until, "schedule.keep_open_until") if schedule.keep_open_until else None
    if file.limits.canary and len(file.message.message.parts) > 1:
        raise InputError(
            "limits.canary counts messages, and goes with a message of one part. Remove it, or join the parts."
        )
    if start is not None and not_after is not None and not_after <= start:
        raise InputError("schedule.not_after is no later than schedule.start. Write a moment after the start.")
    if open_until is not None:
        _refuse_disorder(start, not_after, open_until)
    if audience.min_left is not None:
        milliseconds(audience.min_left, "audience.min_left")
        if file.list != CONTACTS:
            raise InputError(f'audience.min_left is about list = "{CONTACTS}" alone. Remove it.')
    return {
        "margin_ms": milliseconds(file.limits.margin, "limits.margin"),
        "start_at": start,
        "not_after": not_after,
        "keep_open_until": open_until,
        "weight": file.limits.weight,
        "canary": file.limits.canary,
    }


def upcoming(campaign: Campaign, file: CampaignFile, now: int) -> Campaign:
    """Return a campaign with the times of its next moment from `now` (epoch ms) on, where it repeats and has one."""
    rule = recurrence(file)
    at = next(rule.after(now - 1), None) if rule else None
    if rule is None or at is None:
        return campaign
    times = terms(occurring(file, file.name, rule, at))
    return campaign.model_copy(update={key: times[key] for key in ("start_at", "not_after", "keep_open_until")})


def refuse_past(file: CampaignFile, now: int, *, due: bool = False) -> None:
    """Raise InputError where the moments of a campaign that is new at `now` (epoch ms) have passed.

    The start of one that was `due` may have: its `late_start` decides.
    """
    schedule, times = file.schedule, terms(file)
    if schedule.repeat is not None:
        return
    for key, written in (("keep_open_until", schedule.keep_open_until), ("not_after", schedule.not_after)):
        until = times[key]
        if until is not None and until <= now:
            raise InputError(f"schedule.{key} = {written} has passed. Write a later moment, or remove it.")
    start = times["start_at"]
    if not due and start is not None and start < now - MISSED_MS and schedule.late_start != "send":
        raise InputError(
            f"schedule.start = {schedule.start} has passed. Write a later moment, remove it to start at once, or say "
            'late_start = "send".'
        )


def _refuse_disorder(start: int | None, not_after: int | None, open_until: int) -> None:
    if not_after is not None and not_after < open_until:
        raise InputError(
            "schedule.keep_open_until is later than schedule.not_after, from which on nothing is sent. "
            "Let not_after be the later of the two, or remove it."
        )
    if start is not None and open_until <= start:
        raise InputError("schedule.keep_open_until is no later than schedule.start. Write a moment after the start.")
