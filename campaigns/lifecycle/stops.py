"""The pages that a campaign sends from, found in its file and its list and laid over the stored ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from campaigns import pages
from campaigns.briefing import bottleneck, sender_of
from campaigns.briefing import paces as paces_of
from campaigns.errors import InputError
from campaigns.providers import PROVIDERS
from campaigns.runtime import Runtime
from campaigns.settings import MissingSecretError
from schemas.campaign_file import CampaignFile, PageEntry
from schemas.page import Page, Route

_FORGET = text("""
    DELETE FROM page WHERE name = :name AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.page_id = page.id)
""")


@dataclass(frozen=True, slots=True)
class Stop:
    """A page of a campaign before it is stored: the stored one, or the one that the campaign file brings."""

    name: str
    entry: PageEntry
    route: Route
    stored: Page | None


def find(conn: Connection, file: CampaignFile, named: Sequence[str | None]) -> tuple[Stop, ...]:
    """Find every page that the campaign sends from; names in the list that nobody knows are the plan's to count."""
    if None in named and file.page is None and named == [None]:
        raise InputError(
            'No page is named. Write page = "NAME" into the campaign file, or give the list a `page` column.'
        )
    wanted = dict.fromkeys(
        [*([file.page] if file.page else []), *(name for name in named if name)],
    )
    found = {name: _stop(conn, file, name) for name in wanted}
    if file.page and found[file.page] is None:
        known = [*file.pages, *(page.name for page in pages.all_of(conn))]
        raise InputError(
            f'There is no page "{file.page}". Add [pages.{file.page}] to the campaign file or use '
            f"`pagecast pages add`; known pages: {', '.join(dict.fromkeys(known)) or 'none'}."
        )
    stops = {stop.name: stop for stop in found.values() if stop}
    if not stops:
        raise InputError(
            f"None of the list's pages is known: {', '.join(name for name in named if name)}. Add them as [pages.NAME] "
            "to the campaign file, or with `pagecast pages add`."
        )
    return tuple(stops.values())


def _stop(conn: Connection, file: CampaignFile, name: str) -> Stop | None:
    """Find a page by its name or account id, in the file first, laid over the stored one."""
    entries = {key: entry for key, entry in file.pages.items() if name in {key, entry.account_id}}
    key, entry = next(iter(entries.items()), (name, None))
    stored = pages.find(conn, key) or next((page for page in pages.all_of(conn) if page.account_id == name), None)
    if entry is None:
        if stored is None:
            return None
        route = Route.model_validate_json(stored.route)
        entry = _entry_of(stored, route)
        return Stop(stored.name, entry, route, stored)
    if stored:
        _refuse_contradiction(key, entry, stored)
    return Stop(key, entry, pages.route_of(entry), stored)


def _refuse_contradiction(name: str, entry: PageEntry, stored: Page) -> None:
    for key in ("channel", "provider", "account_id"):
        if getattr(entry, key) != getattr(stored, key):
            raise InputError(
                f'pages.{name}.{key} is "{getattr(entry, key)}", but the stored page {name} has '
                f'"{getattr(stored, key)}". Correct the file, or give the page another name.'
            )


def _entry_of(stored: Page, route: Route) -> PageEntry:
    identity = {"channel": stored.channel, "provider": stored.provider, "account_id": stored.account_id}
    return PageEntry.model_validate(identity | route.model_dump())


def resolve(stop: Stop, runtime: Runtime, environment: Mapping[str, str], ceiling: float | None) -> Stop:
    """Check that the page's token is there, and obey the campaign's rate where the page types none.

    The page's own default must not lie below the rate that somebody typed for the campaign.
    """
    try:
        sender = sender_of(stop.entry.channel, stop.entry.account_id, stop.route, runtime.settings, environment)
    except MissingSecretError as error:
        name = error.args[0]
        raise InputError(
            f"The secret {name} of page {stop.name} is not set. Put the token into the environment variable {name}, "
            f"or into a file named {name} in PAGECAST_SECRETS_DIR."
        ) from error
    usual = bottleneck(paces_of(PROVIDERS[stop.entry.provider], sender, stop.route, None, 0))
    if ceiling is None or stop.route.rate is not None or ceiling <= (usual.rate or 0):
        return stop
    return replace(stop, route=stop.route.model_copy(update={"rate": ceiling}))


def warnings(stops: Sequence[Stop], runtime: Runtime, environment: Mapping[str, str]) -> list[str]:
    """Say where a typed rate is above the platform's figure."""
    found: list[str] = []
    for stop in stops:
        sender = sender_of(stop.entry.channel, stop.entry.account_id, stop.route, runtime.settings, environment)
        found += PROVIDERS[stop.entry.provider].rate_warnings(sender, stop.route)
    return list(dict.fromkeys(found))


def differences(stops: Sequence[Stop]) -> list[str]:
    """Say what the campaign file changes of a stored page, for this campaign only."""
    return [
        f"For this campaign page {stop.name} has {key} = {_said(value)} instead of {_said(kept)}."
        for stop in stops
        for key, (value, kept) in changed(stop).items()
    ]


def _said(value: object) -> object:
    return "the platform's own" if value is None else value


def changed(stop: Stop) -> dict[str, tuple[Any, Any]]:
    """Return what the campaign file has of a stored page in another way: key → its value, and the stored one."""
    if stop.stored is None:
        return {}
    kept = Route.model_validate_json(stop.stored.route).model_dump()
    return {key: (value, kept[key]) for key, value in stop.route.model_dump().items() if value != kept[key]}


def store(conn: Connection, stop: Stop, now: int) -> Page:
    """Store the page that a campaign file brings, as that file describes it."""
    entry = stop.entry
    return pages.add(
        conn,
        name=stop.name,
        channel=entry.channel,
        provider=entry.provider,
        account_id=entry.account_id,
        route=pages.route_of(entry),
        now=now,
    )


def forget(conn: Connection, stop: Stop) -> None:
    """Remove the page of a draft that is not kept, where only that draft brought it."""
    if stop.stored is None:
        forget_named(conn, stop.name)


def forget_named(conn: Connection, name: str) -> bool:
    """Remove a page that no campaign has; return whether it is gone."""
    return conn.execute(_FORGET, {"name": name}).rowcount > 0
