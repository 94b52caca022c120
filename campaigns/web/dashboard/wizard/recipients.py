"""The first step: what the campaign is called, and who is on its list."""

from nicegui import ui

from campaigns import contacts, pages, uploads
from campaigns.audience import Beginning
from campaigns.errors import PagecastError
from campaigns.lifecycle import find, glance
from campaigns.lifecycle.glance import Listed
from campaigns.uploads import Upload
from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.wizard import arrival, listing, naming
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.visit import Refresh, Visit
from schemas.campaign_file import CONTACTS
from schemas.campaign_state import OVER
from schemas.page import Page

_KNOWN = 30
_UPLOAD, _BEFORE = "upload", "before"
_WAYS = {
    _UPLOAD: "Upload a list",
    _BEFORE: "A list uploaded before",
    CONTACTS: "Everyone whose window is open",
}

_UNTIMED = "Nobody's last message is known: choose the column that holds it."
_UNTIMED_BUT_HEARD = (
    "The list does not say when people last wrote, so only those get it of whom webhooks told. "
    "Choose the column that holds it, under Columns."
)


async def build(visit: Visit) -> None:
    """Build the step."""
    known, stored = await ask.aside(lambda: _read(visit))
    for remark in visit.remarks:
        listing.warn(remark)
    name = ui.input("Name of the campaign", value=visit.get("name", "")).props(
        'outlined maxlength=200 hint="The people who get it do not see it"'
    )
    name.classes("narrow").on_value_change(lambda event: visit.put("name", event.value))
    visit.fields["name"] = name
    with frame.section("Who gets it"):
        way = ui.radio(_WAYS, value=_way(visit)).props("inline").classes("whom")
        source = ui.element("div").classes("source")
        shown = ui.element("div").classes("shown")

    async def choose() -> None:
        source.clear()
        with source:
            _source(visit, str(way.value), known, refresh)

    async def refresh() -> None:
        shown.clear()
        with shown:
            await _show(visit, stored, refresh)

    async def change() -> None:
        wanted = str(way.value)
        if (wanted == CONTACTS) != (visit.get("list") == CONTACTS):
            visit.put("list", CONTACTS if wanted == CONTACTS else None)
            visit.put("columns", None)
        await choose()
        await refresh()

    way.on_value_change(change)
    await choose()
    await refresh()


async def lacks(visit: Visit) -> dict[str, str]:
    """Return what only the list itself can tell is missing."""
    if await _unread(visit):
        return {"list": naming.WANTED}
    if visit.listed is None:
        try:
            await visit.find_list()
        except PagecastError as error:
            return {"list": str(error)}
    if taken := await ask.aside(lambda: _taken(visit)):
        return {"name": taken}
    if visit.reading and "page" not in visit.reading.mapping and not visit.get("page"):
        return {"page": "The list names no page. Choose the page that sends."}
    return {}


def _read(visit: Visit) -> tuple[list[Upload], list[Page]]:
    runtime = visit.session.runtime
    with runtime.reading() as conn:
        stored = list(pages.all_of(conn))
    return uploads.latest(runtime.storage, _KNOWN), stored


def _taken(visit: Visit) -> str:
    """Say that another campaign that is not finished has the name: one of them would take the other's place."""
    name = str(visit.get("name", "")).strip()
    with visit.session.runtime.reading() as conn:
        others = [each for each in find.titled(conn, name) if each.ref != visit.draft and each.state not in OVER]
    if not others:
        return ""
    return f"Another campaign of this name is {others[-1].state.replace('_', ' ')}. Choose another name."


def _way(visit: Visit) -> str:
    named = visit.get("list")
    return CONTACTS if named == CONTACTS else _BEFORE if named else _UPLOAD


def _source(visit: Visit, way: str, known: list[Upload], refresh: Refresh) -> None:
    if way == _UPLOAD:
        arrival.uploader(visit, refresh)
    elif way == _BEFORE:
        _earlier(visit, known, refresh)
    else:
        ui.label(
            "Everyone who wrote to the page and may still be answered, as far as webhooks have told. "
            "They are written down when you review the campaign."
        ).classes("soft")


def _earlier(visit: Visit, known: list[Upload], refresh: Refresh) -> None:
    if not known:
        ui.label("No list is here: those that are uploaded stay for a week. Upload one.").classes("soft")
        return
    words = {each.id: f"{each.name} ({each.reading.rows:,} rows)" for each in known}
    if (now := visit.get("list")) not in words and now:
        words[now] = "The list of this campaign"

    async def take(chosen: str) -> None:
        await arrival.adopt(visit, chosen)
        ask.hush()
        await refresh()

    chosen = ui.select(words, value=now, label="List", with_input=True).props("outlined").classes("narrow")
    chosen.on_value_change(lambda event: take(event.value))
    visit.fields["list"] = chosen


async def _show(visit: Visit, stored: list[Page], refresh: Refresh) -> None:
    """Show the page, and what the list was read as."""
    named = visit.get("list")
    if not named:
        return
    if named == CONTACTS:
        _page(visit, stored, "Whose people", refresh)
    if begins := await _unread(visit):
        visit.listed = visit.reading = None
        naming.build(visit, begins, refresh)
        return
    try:
        await visit.find_list()
    except PagecastError as error:
        ui.label(str(error)).classes("alert bad").props("role=alert")
        return
    if visit.listed is None or visit.reading is None:
        return
    _fit(visit, visit.listed)
    if named == CONTACTS:
        await _people(visit)
        return
    listing.summary(visit.list_name, visit.reading)
    await _windowless(visit)
    if "page" in visit.reading.mapping:
        await _pages_of(visit, stored)
    else:
        _page(visit, stored, "Page that sends")
    await listing.details(visit, refresh)


def _fit(visit: Visit, listed: Listed) -> None:
    """Let go of the column of a list that was there before; nothing could be sent by it."""
    if column := contents.fit(visit.content, listed.columns):
        visit.dirty = True
        ask.tell(f"This list has no column {column}, so it is no longer one message for each.")


async def _unread(visit: Visit) -> Beginning | None:
    storage, named = visit.session.runtime.storage, str(visit.get("list", ""))
    return await ask.aside(lambda: uploads.asking(storage, named))


async def _windowless(visit: Visit) -> None:
    """Say it where the list does not tell when people wrote: their windows are not known from it."""
    assert visit.reading is not None
    if visit.get("policy") == "provider" or {"last_inbound_at", "window_closes_at"} & visit.reading.mapping.keys():
        return
    heard = await ask.aside(lambda: _is_heard(visit))
    listing.warn(_UNTIMED_BUT_HEARD if heard else _UNTIMED)


def _is_heard(visit: Visit) -> bool:
    """Whether webhooks have told of anybody, so that some windows may be known all the same."""
    with visit.session.runtime.reading() as conn:
        return not contacts.few(conn, 0)


async def _people(visit: Visit) -> None:
    listed = visit.listed
    assert listed is not None
    counts = await ask.aside(lambda: glance.by_page(listed))
    for page, n in counts.items():
        ui.label(f"{page}: {n:,} {'window is' if n == 1 else 'windows are'} open now").classes("figure-line")


async def _pages_of(visit: Visit, stored: list[Page]) -> None:
    """Tell which pages the list names, and which of them nobody knows."""
    listed = visit.listed
    assert listed is not None
    counts = await ask.aside(lambda: glance.by_page(listed))
    known = {each.name for each in stored} | {each.account_id for each in stored}
    with frame.section("Pages"):
        for page, n in counts.items():
            with ui.row().classes("items-center"):
                ui.label(f"{page or 'No page named'}: {n:,} {'person' if n == 1 else 'people'}")
                if page is not None and page not in known:
                    ui.label("is no page here, so these lines are rejected").classes("bad-ink")
                    ui.link("Add it under Pages", "/pages")
    if None in counts:
        _page(visit, stored, "Page for the lines that name none")


def _page(visit: Visit, stored: list[Page], label: str, refresh: Refresh | None = None) -> None:
    if not stored:
        with ui.element("div").classes("alert warn"):
            ui.label("No page is connected yet, and a campaign needs one to send from.")
            ui.link("Add a page", "/pages").classes("strong")
        return
    words = {each.name: f"{each.name} ({each.channel.title()}, by {each.provider.title()})" for each in stored}
    if len(stored) == 1 and not visit.get("page"):
        visit.put("page", stored[0].name)
    value = visit.get("page") if visit.get("page") in words else None
    chosen = ui.select(words, value=value, label=label).props("outlined").classes("narrow")
    visit.fields["page"] = chosen

    async def take(name: str) -> None:
        visit.put("page", name)
        if refresh:
            await refresh()

    chosen.on_value_change(lambda event: take(event.value))
