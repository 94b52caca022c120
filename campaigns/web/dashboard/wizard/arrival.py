"""A list that arrives: written to disk as it comes, then read, in a thread or by a job where it is long."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from nicegui import events, ui
from nicegui.elements.upload_files import FileUpload

from campaigns import audience, uploads
from campaigns.errors import InputError, PagecastError
from campaigns.runtime import Runtime, now_of
from campaigns.web.api import promise
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.bounds import LIST
from campaigns.web.dashboard.wizard import errand
from campaigns.web.dashboard.wizard.visit import Refresh, Visit
from schemas.job import JobKind
from schemas.right import Right

_PART = 1024 * 1024


def uploader(visit: Visit, refresh: Refresh) -> None:
    """Build the field that takes a file; once it is read, it is the sketch's list and `refresh` shows it."""
    ui.label("CSV, JSONL, XLSX or Parquet, with one line a person. It stays here for a week.").classes("soft")
    said = ui.label().classes("soft").props("role=status")
    field = ui.upload(label="Drop a file here, or choose one", auto_upload=True, max_file_size=LIST.bytes)
    field.props('flat bordered aria-label="List of people"').classes("drop")
    field.on_begin_upload(lambda: said.set_text("It is arriving…"))
    field.on_rejected(lambda: ask.fail(LIST.sentence))

    async def take(event: events.UploadEventArguments) -> None:
        try:
            await _take(visit, event.file, said.set_text)
        except PagecastError as error:
            said.set_text("")
            ask.fail(str(error))
        else:
            said.set_text("")
            ask.hush()
            await refresh()
        if not field.is_deleted:
            field.reset()

    field.on_upload(take)


async def read_again(visit: Visit, say: Callable[[str], object] = ask.tell) -> None:
    """Read the sketch's list as the sketch says of its columns now; raises PagecastError."""
    storage, upload_id = visit.session.runtime.storage, str(visit.get("list"))
    size, begins = await ask.aside(lambda: uploads.look(storage, upload_id))
    small = promise.is_small(size, begins)
    await _read(visit, upload_id, visit.get("columns", {}), small=small, say=say)


async def adopt(visit: Visit, upload_id: str) -> None:
    """Make a list that is here the sketch's, as it was read: its headers alone may not tell which column is what."""
    storage = visit.session.runtime.storage
    told = await ask.aside(lambda: _told(storage, upload_id))
    visit.put("list", upload_id)
    visit.put("columns", told)


def _told(storage: Path, upload_id: str) -> dict[str, str] | None:
    """Return what somebody must have said of a list's columns; None where its headers say all, or nobody has yet."""
    if uploads.asking(storage, upload_id):
        return None
    reading = uploads.find(storage, upload_id).reading
    zone = {"zone": reading.zone} if reading.zone else {}
    try:
        by_name = audience.guess(reading.columns, {}).mapping == reading.mapping
    except InputError:
        by_name = False
    return (zone if by_name else reading.mapping | zone) or None


async def _take(visit: Visit, file: FileUpload, say: Callable[[str], object]) -> None:
    visit.session.need(Right.UPLOAD)
    # The browser looks at the size as well; whoever sends without one is only stopped here.
    LIST.check(file.size())
    runtime = visit.session.runtime
    incoming = await run_sync(lambda: uploads.Incoming(_prepared(runtime), file.name, file.size()))
    try:
        say("Keeping it…")
        async for part in file.iterate(chunk_size=_PART):
            await run_sync(incoming.write, part)
        small = promise.is_small(incoming.size, incoming.begins)
        upload_id = await run_sync(incoming.laid)
    finally:
        await run_sync(incoming.close)
    try:
        await _read(visit, upload_id, {}, small=small, say=say)
    except PagecastError:
        # It stays where only its ids' column has to be named, or was named when it was here before.
        if not await run_sync(uploads.is_of_use, runtime.storage, upload_id):
            raise
    await adopt(visit, upload_id)
    if not visit.get("name"):
        visit.put("name", Path(file.name).stem.replace("_", " ").replace("-", " ").strip().capitalize())
        if shown := visit.fields.get("name"):
            shown.set_value(visit.get("name"))


async def _read(
    visit: Visit, upload_id: str, columns: Mapping[str, Any], *, small: bool, say: Callable[[str], object]
) -> None:
    """Read a list with what is said of its columns; raises PagecastError."""
    given = {name: header for name, header in columns.items() if name != "zone"}
    arguments = {"list": upload_id, "given": given, "zone": columns.get("zone"), "ask": True}
    say("Reading it, line by line…")
    await errand.document(visit.session, JobKind.LIST, arguments, small=small, say=say)


def _prepared(runtime: Runtime) -> Path:
    with runtime.reading() as conn:
        now = now_of(conn)
    uploads.prepared(runtime.storage, now)
    return runtime.storage
