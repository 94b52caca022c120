"""What a campaign file says of its repeating: the moments, and the file of each campaign among them."""

import datetime as dt
from itertools import islice
from zoneinfo import ZoneInfo

from campaigns import zones
from campaigns.campaign_file import moment, zone_of
from campaigns.errors import InputError
from campaigns.moments import dated
from campaigns.plan.recurrence import Recurrence
from schemas.campaign_file import CONTACTS, CampaignFile, Schedule

SHOWN = 5
"""Moments that a plan names."""
_LONGEST = 180
"""Characters of a name: a date comes behind it."""
_SEVERAL_A_DAY = ("BYHOUR", "BYMINUTE")


def recurrence(file: CampaignFile) -> Recurrence | None:
    """Return the rule of a file, None where it does not repeat; raises InputError."""
    schedule = file.schedule
    if schedule.repeat is None:
        return None
    if schedule.start is None:
        raise InputError(
            'schedule.repeat needs schedule.start, the first of its moments: "2026-12-07 09:00 Europe/Paris".'
        )
    if len(file.name) > _LONGEST:
        raise InputError(f"The name of a campaign that repeats has at most {_LONGEST} characters: each gets its date.")
    first = moment(schedule.start, "schedule.start")
    zone = _zone(schedule)
    start = zones.local(zone, first)
    if isinstance(schedule.start, str):
        start = _written(schedule.start) or start
    try:
        return Recurrence.of(schedule.repeat, start, zone)
    except ValueError as error:
        raise InputError(f'schedule.repeat = "{schedule.repeat}" {error}.') from error


def named(name: str, rule: Recurrence, at: int) -> str:
    """Return the name of the campaign of a moment (epoch ms): the series' own with the date behind it."""
    several = any(key in rule.rule for key in _SEVERAL_A_DAY)
    return f"{name} {zones.local(rule.zone, at):{'%Y-%m-%d %H:%M' if several else '%Y-%m-%d'}}"


def occurring(file: CampaignFile, name: str, rule: Recurrence, at: int) -> CampaignFile:
    """Return the file of the campaign of a moment (epoch ms): it does not repeat, and starts then.

    Its deadlines are as far behind its start as the file's are behind the file's, by the wall clock.
    """
    local, first = zones.local(rule.zone, at), rule.start
    moved = {
        key: _text(local + (zones.local(rule.zone, moment(value, f"schedule.{key}")) - first), rule.zone)
        for key in ("not_after", "keep_open_until")
        if (value := getattr(file.schedule, key)) is not None
    }
    schedule = file.schedule.model_copy(update={"start": _text(local, rule.zone), "repeat": None, **moved})
    return file.model_copy(update={"name": name, "schedule": schedule})


def told(file: CampaignFile, now: int) -> list[str]:
    """Return in sentences when a campaign goes out from `now` (epoch ms) on; nothing where it does not repeat."""
    rule = recurrence(file)
    if rule is None:
        return []
    moments = list(islice(rule.after(now), SHOWN + 1))
    shown = "; ".join(shown_in(rule.zone, at) for at in moments[:SHOWN])
    more = "; and so on" if len(moments) > SHOWN else ", and then no more"
    again = "who has a window open then" if file.list == CONTACTS else "the list, which is read again then"
    return [
        f"It repeats. The next moments: {shown}{more}." if moments else "It repeats, but no moment is left.",
        f"Each is a campaign of its own, for {again}. These figures are about the list as it is now.",
    ]


def shown_in(zone: ZoneInfo, ms: int) -> str:
    """Return a moment by the clocks of its zone, and in UTC."""
    return f"{zones.local(zone, ms):%a %Y-%m-%d %H:%M} {zone.key} ({dated(ms)})"


def _zone(schedule: Schedule) -> ZoneInfo:
    """Return the zone that the start is written in, else the schedule's; raises InputError for an offset alone."""
    own = zone_of(schedule.model_copy(update={"zone": None})) or zone_of(schedule)
    if own is not None:
        return own
    start = (
        schedule.start if isinstance(schedule.start, dt.datetime) else dt.datetime.fromisoformat(schedule.start or "")
    )
    if start.utcoffset() == dt.timedelta(0):
        return ZoneInfo("UTC")
    raise InputError(
        "schedule.start has an offset and no zone, so its clock could not be kept when summer time begins or ends. "
        'Write it like "2026-12-07 09:00 Europe/Paris".'
    )


def _written(start: str) -> dt.datetime | None:
    """Return the time of a start that names its zone: also one that clocks skip on that day is the rule's."""
    time, _, zone = start.strip().rpartition(" ")
    return dt.datetime.fromisoformat(time) if time and zones.named(zone) else None


def _text(local: dt.datetime, zone: ZoneInfo) -> str:
    return f"{local:%Y-%m-%d %H:%M:%S} {zone.key}"
