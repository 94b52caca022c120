"""Hours in which a campaign sends: `open_until` is when it next holds, `hold_until` when it goes on.

One of the two is set, and neither for a campaign that sends at any time of the page's clocks. A claim asks for them, so
nothing is claimed while a campaign holds, however late the clock is to let it go on.
"""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from campaigns import zones
from campaigns.campaign_file import oddity, zone_of
from campaigns.errors import InputError
from campaigns.plan.calendar import Calendar
from campaigns.plan.timetable import Times
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile

_TURNING = text("""
    SELECT id, spec FROM campaign WHERE state IN ('sending', 'paused', 'scheduled')
    AND (open_until <= :now OR hold_until <= :now)
""")
_SET = text("UPDATE campaign SET hold_until = :hold_until, open_until = :open_until WHERE id = :id")
_KEYS = ("start", "not_after", "keep_open_until")
_UTC = ZoneInfo("UTC")


def times(file: CampaignFile) -> Times | None:
    """Return when a campaign may send, None where that is always; raises InputError where it never could."""
    zone = zone_of(file.schedule)
    try:
        return Times.of(file.schedule, zone or _UTC)
    except ValueError as error:
        raise InputError(f"schedule: {error}.") from error


def told(file: CampaignFile) -> list[str]:
    """Say what a plan's reader might not expect of the times of a schedule."""
    schedule = file.schedule
    written = [(getattr(schedule, key), f"schedule.{key}") for key in _KEYS]
    said = [sentence for value, key in written if value and (sentence := oddity(value, key))]
    when = times(file)
    if when and zone_of(schedule) is None:
        said.append(
            'Hours and quiet time are by UTC, because no zone is named. Write zone = "Europe/Paris", or another, into '
            "[schedule]."
        )
    if when and when.people:
        said.append(
            f"Quiet time is by each person's own clocks, by those of {when.zone} where the list has no zone. Counts "
            "and times are a forecast, and no rate or start is worked out that would lose nobody."
        )
    return said


def times_of(campaign: Campaign) -> Times | None:
    """Return when a stored campaign may send; cheap for one that may always."""
    if campaign.hold_until is None and campaign.open_until is None:
        return None
    return times(CampaignFile.model_validate_json(campaign.spec))


def holding(campaign: Campaign, now: int) -> str:
    """Return in a sentence why a campaign holds and until when, '' for one that does not."""
    if campaign.hold_until is None:
        return ""
    file = CampaignFile.model_validate_json(campaign.spec)
    zone = zone_of(file.schedule) or _UTC
    opens, today = zones.local(zone, campaign.hold_until), zones.local(zone, now).date()
    form = "at %H:%M" if (opens.date() - today).days <= 1 else "on %Y-%m-%d at %H:%M"
    quiet = Calendar.of(None, file.schedule.quiet)
    why = "Quiet hours" if quiet and not quiet.open_at(zone, now) else "Outside its hours"
    return f"{why}: sending goes on {opens.strftime(form)} ({zone})."


def lay(conn: Connection, campaign_id: int, file: CampaignFile, now: int) -> None:
    """Hold a campaign or let it go, as its schedule says of `now` (epoch ms)."""
    when = times(file)
    hold_until = open_until = None
    if when and when.whole:
        opens = when.whole.next_open(now)
        hold_until = opens if opens > now else None
        open_until = when.whole.next_close(now) if hold_until is None else None
    conn.execute(_SET, {"hold_until": hold_until, "open_until": open_until, "id": campaign_id})


def turn(conn: Connection, now: int) -> None:
    """Hold every campaign whose hours have ended, and let go those whose hours have begun."""
    for row in conn.execute(_TURNING, {"now": now}).all():
        lay(conn, row.id, CampaignFile.model_validate_json(row.spec), now)
