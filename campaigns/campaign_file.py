"""Reading a campaign file: TOML in, a checked shape out, and for every mistake one sentence that says what to do."""

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from campaigns import zones
from campaigns.errors import InputError
from campaigns.moments import dated
from schemas.campaign_file import PAGE_NAME_RULE, REFERENCE, RESERVED, CampaignFile, Schedule, is_page_name

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)?\s*", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "": 60}
_SHAPE = "2026-12-01 09:00 Europe/Paris"


def load(path: Path) -> CampaignFile:
    """Read and check a campaign file; raises InputError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read the campaign file {path}: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The campaign file {path} is not UTF-8. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The campaign file {path} is not valid TOML: {error}.") from error
    return parse(content, str(path))


def parse(content: dict[str, Any], where: str = "the campaign") -> CampaignFile:
    """Check a campaign's content; raises InputError that names the key and what would do."""
    try:
        file = CampaignFile.model_validate(content)
        file.message.message  # noqa: B018 - it checks itself
    except ValidationError as error:
        raise InputError(f"{where}: {'; '.join(map(_sentence, error.errors()))}.") from error
    except ValueError as error:
        raise InputError(f"{where}: {error}.") from error
    for name, page in file.pages.items():
        if not is_page_name(name):
            raise InputError(f"{where}: {name!r} is no name for a page. {PAGE_NAME_RULE}")
        if not REFERENCE.fullmatch(page.token):
            raise InputError(
                f"{where}: pages.{name}.token must be a reference such as @{{secret:{name.upper()}_TOKEN}}, never the "
                "token itself. Put the token into the environment variable of that name."
            )
    return file


def moment(value: str | dt.datetime, key: str) -> int:
    """Return a scheduled moment in epoch milliseconds.

    The zone must be explicit. A time that clocks show twice or never is settled as `campaigns.zones` says; `oddity`
    tells of it. Raises InputError.
    """
    instant = value if isinstance(value, dt.datetime) else _written_moment(value.strip(), key)
    if instant.tzinfo is None:
        raise InputError(f'{key} has no time zone. Write it like "{_SHAPE}".')
    if isinstance(instant.tzinfo, ZoneInfo):
        return zones.first(instant.tzinfo, instant.replace(tzinfo=None))
    return int(instant.timestamp() * 1000)


def oddity(value: str | dt.datetime, key: str) -> str:
    """Return in a sentence what a time means that its zone's clocks show twice or never; '' for every other."""
    instant = value if isinstance(value, dt.datetime) else _written_moment(value.strip(), key)
    zone, local = instant.tzinfo, instant.replace(tzinfo=None)
    if not isinstance(zone, ZoneInfo):
        return ""
    meant = dated(moment(value, key))
    if zones.is_skipped(zone, local):
        return f'Clocks in {zone} skip the time of {key} = "{value}": it is the moment after the gap, {meant}.'
    if zones.is_repeated(zone, local):
        return f'Clocks in {zone} show the time of {key} = "{value}" twice: it is the first of the two, {meant}.'
    return ""


def zone_of(schedule: Schedule) -> ZoneInfo | None:
    """Return the zone that a schedule names: its own, else that of its start; None where neither does.

    Raises InputError for a zone that does not exist.
    """
    if schedule.zone is None:
        start = schedule.start
        found = _written_moment(start.strip(), "schedule.start").tzinfo if isinstance(start, str) else None
        return found if isinstance(found, ZoneInfo) else None
    zone = zones.named(schedule.zone)
    if zone is None:
        near = difflib.get_close_matches(schedule.zone, available_timezones(), n=1, cutoff=0.5)
        hint = f'Did you mean "{near[0]}"?' if near else 'Write it like "Europe/Paris".'
        raise InputError(f'schedule.zone = "{schedule.zone}" is no time zone. {hint}')
    return zone


def milliseconds(value: str | float, key: str) -> int:
    """Return a duration in milliseconds; a bare number is minutes. Raises InputError."""
    found = _DURATION.fullmatch(str(value))
    if not found:
        raise InputError(f'{key} = "{value}" is no duration. Write it like "5m", "90s" or "1h".')
    return round(float(found[1]) * _SECONDS[(found[2] or "").lower()] * 1000)


def _written_moment(value: str, key: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        pass
    written, _, zone = value.rpartition(" ")
    try:
        local = dt.datetime.fromisoformat(written)
    except ValueError:
        local = None
    named = zones.named(zone)
    if local is None or local.tzinfo or named is None:
        raise InputError(f'{key} = "{value}" cannot be read. Write it like "{_SHAPE}".')
    return local.replace(tzinfo=named)


def _sentence(error: ErrorDetails) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown_key(path)
    if error["type"] == "missing":
        return f"`{path}` is missing"
    said = error["msg"].removeprefix("Value error, ").removesuffix(".")
    return f"`{path}`: {said[0].lower()}{said[1:]}"


def _unknown_key(path: str) -> str:
    if path in RESERVED or path.partition(".")[0] in RESERVED:
        return f"`{path}` is reserved and does not work yet; remove it"
    *parents, key = path.split(".")
    known = _keys(CampaignFile, parents)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    # A question in brackets, because sentences go on after it.
    hint = f" (did you mean `{near[0]}`?)" if near else f"; known here: {', '.join(known)}"
    return f"`{path}` is not a key{hint}"


def _keys(model: type[BaseModel], parents: Iterable[str]) -> list[str]:
    """Return the keys of the table at a path; an item of a list or of `pages` stands for its model."""
    for parent in parents:
        field = model.model_fields.get(parent)
        if field is not None:
            model = _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)
