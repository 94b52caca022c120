"""The part of a campaign file that a sketch has so far: read and changed by dotted paths, and what it lacks."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import campaign_file, template
from campaigns.campaign_file import moment
from campaigns.errors import InputError
from campaigns.hours import times
from campaigns.policy import limits
from schemas.campaign_file import CONTACTS, CampaignFile

STEPS = ("Recipients", "Message", "Schedule and limits", "Review")
RECIPIENTS, MESSAGE, SCHEDULE, REVIEW = range(4)
Content = dict[str, Any]

_TIMES = ("start", "not_after", "keep_open_until")
_LIMITS = ("rate", "weight", "canary", "margin", "per_person", "profile")
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d)?(?: (\S+)|Z|\+00:00)?")


def get(content: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """Return what is at a path such as `schedule.hours.from`; `default` where nothing is."""
    at: Any = content
    for key in path.split("."):
        if not isinstance(at, Mapping) or key not in at:
            return default
        at = at[key]
    return default if at is None else at


def put(content: Content, path: str, value: Any) -> None:
    """Set what is at a path; None and empty texts remove it, and with it tables that are empty then."""
    *parents, key = path.split(".")
    tables = [content]
    for parent in parents:
        tables.append(tables[-1].setdefault(parent, {}))
    if value is None or value in ("", [], {}):
        tables[-1].pop(key, None)
        for table, parent in zip(reversed(tables[:-1]), reversed(parents), strict=True):
            if not table[parent]:
                del table[parent]
    else:
        tables[-1][key] = value


def fit(content: Content, columns: Sequence[str]) -> str:
    """Remove what is about a column that another list had; return the column, '' where nothing was."""
    column = str(get(content, "audience.one_per", ""))
    if not column or column in columns:
        return ""
    put(content, "audience.one_per", None)
    return column


def of_file(file: CampaignFile) -> Content:
    """Return a stored campaign's file as content, without what is only a default."""
    found = file.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    return of_stored_pages(found) | {"name": file.name, "list": file.list}


def of_stored_pages(content: Content) -> Content:
    """Return content that sends from pages as they are stored now.

    One that is described in it may have been changed or removed since, which is for those who may change pages.
    """
    return {key: value for key, value in content.items() if key != "pages"}


def written(moment_text: object) -> tuple[str, str, str]:
    """Split a moment as it is written into date, time of day and zone; empty where there is none."""
    found = _WRITTEN.fullmatch(str(moment_text or "").strip())
    return (found[1], found[2], found[3] or "UTC") if found else ("", "", "")


def at(date: str, time: str, zone: str) -> str:
    """Return a moment as a campaign file has it; '' without a date and a time."""
    return f"{date} {time} {zone}" if date and time else ""


def today(now_ms: int, zone: str) -> str:
    """Return the date that the clocks of a zone show."""
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date().isoformat()


def variable_of(header: str) -> str | None:
    """Return how a text names a column; None for one whose name cannot stand in a text."""
    name = re.sub(r"\W+", "_", header.strip()).strip("_")
    return name if name.isidentifier() else None


def insertion(header: str, default: str = "") -> str:
    """Return what a text has for a column; with what stands there where the cell is blank."""
    if not default:
        return f"{{{{ {variable_of(header)} }}}}"
    quoted = default.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{{{ {variable_of(header)} | default("{quoted}") }}}}'


def inserted(text: str, piece: str, place: int) -> tuple[str, int]:
    """Return a text with a piece put in, and the place behind it; no word is glued to it."""
    place = min(max(place, 0), len(text))
    before = " " if place and not text[place - 1].isspace() and text[place - 1] not in "([\"'#@" else ""
    after = " " if place < len(text) and text[place].isalnum() else ""
    return text[:place] + before + piece + after + text[place:], place + len(before + piece)


def edited(before: str, after: str) -> int:
    """Return where somebody types who made one text of another: behind the last letter that is new."""
    same = 0
    while same < min(len(before), len(after)) and before[-1 - same] == after[-1 - same]:
        same += 1
    return len(after) - same


def complete(content: Content) -> CampaignFile:
    """Return the campaign file; raises InputError for what it lacks."""
    return campaign_file.parse(content, "The campaign")


def trial(content: Content) -> CampaignFile:
    """Return the file of a sketch without its times, to look at its people; raises InputError."""
    kept = {key: value for key, value in get(content, "schedule", {}).items() if key not in (*_TIMES, "repeat")}
    tried = content | {"schedule": kept, "name": content.get("name") or "Untitled"}
    return complete(tried if get(tried, "message.text") else tried | {"message": {"text": "-"}})


def missing(content: Content, step: int, now_ms: int) -> dict[str, str]:
    """Return what keeps a step from being done: the field's path → what to do about it."""
    found = {RECIPIENTS: _recipients, MESSAGE: _message}.get(step)
    return found(content) if found else _schedule(content, now_ms) if step == SCHEDULE else {}


def _recipients(content: Content) -> dict[str, str]:
    lacks = {}
    if not str(content.get("name") or "").strip():
        lacks["name"] = "Give the campaign a name, so that it can be found again."
    if not content.get("list"):
        lacks["list"] = "Choose the people: upload a list, take one from before, or everyone whose window is open."
    if content.get("list") == CONTACTS and not content.get("page"):
        lacks["page"] = "Choose the page whose people are meant."
    return lacks


def _message(content: Content) -> dict[str, str]:
    text = str(get(content, "message.text", ""))
    if get(content, "message.parts"):
        return {}
    if not text.strip():
        return {"message.text": "Write the message."}
    lacks = {}
    try:
        template.letter([text])
    except InputError as error:
        lacks["message.text"] = str(error)
    for place, reply in enumerate(get(content, "message.quick_replies", [])):
        if title := title_fault(reply["title"]):
            lacks[f"message.quick_replies.{place}"] = title
    return lacks


def title_fault(title: str) -> str:
    """Say what is wrong with the title of a quick reply, '' where nothing is."""
    if not title.strip():
        return "Write what stands on the button, or remove it."
    if len(title) > limits.TITLE:
        return f"{len(title)} characters; at most {limits.TITLE} are shown. Shorten it."
    return ""


def _schedule(content: Content, now_ms: int) -> dict[str, str]:
    lacks: dict[str, str] = {}
    ends: dict[str, int] = {}
    for key in _TIMES:
        if value := get(content, f"schedule.{key}"):
            try:
                ends[key] = moment(value, key)
            except InputError as error:
                lacks[f"schedule.{key}"] = str(error)
    start = max(now_ms, ends.get("start", now_ms))
    for key in ("not_after", "keep_open_until"):
        if key in ends and ends[key] <= start:
            lacks[f"schedule.{key}"] = "This is no later than the start. Choose a later moment, or clear it."
    if "start" in ends and ends["start"] < now_ms - 60_000:
        lacks["schedule.start"] = "This moment has passed. Choose a later one, or start right away."
    if ends.get("keep_open_until", 0) > ends.get("not_after", 1 << 62):
        lacks["schedule.keep_open_until"] = "This is later than the moment from which on nothing is sent."
    try:
        times(trial(content))
    except InputError as error:
        lacks.setdefault(_blamed(str(error)), str(error))
    return lacks


def _blamed(sentence: str) -> str:
    """Return the field that a sentence about the file speaks of."""
    known = ("schedule.hours", "schedule.quiet", "schedule.zone", "audience.where", "audience.holdout")
    named = (*known, *(f"limits.{name}" for name in _LIMITS))
    return next((path for path in named if path in sentence), "schedule")


def copied(content: Content) -> Content:
    """Return the content as it is now, whatever is typed next."""
    return deepcopy(content)


def spoken(ms: int, zone: str) -> str:
    """Return a moment (epoch ms) as a campaign file has it, to the minute."""
    local = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M} {zone}"


def short(ms: int, zone: ZoneInfo) -> str:
    """Return a moment (epoch ms) as the axis of a picture has it."""
    return f"{datetime.fromtimestamp(ms / 1000, zone):%a %H:%M}"
