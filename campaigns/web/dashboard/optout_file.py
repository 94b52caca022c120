"""Opt-outs that come as a file: what its lines mean is shown before anything is changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nicegui import events, ui
from nicegui.elements.upload_files import FileUpload

from campaigns import pages, uploads
from campaigns.audience.exports import Export, read_export
from campaigns.errors import InputError, PagecastError
from campaigns.lifecycle import optouts
from campaigns.lifecycle.optouts import Imported
from campaigns.moments import people
from campaigns.runtime import Runtime, changing
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.bounds import OPT_OUTS
from campaigns.web.dashboard.form import Form, choice, field, text
from campaigns.web.dashboard.session import Session
from schemas.right import Right

_PART = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a file is to be read: headers where the names do not tell, and whose account it is about."""

    column: str = ""
    status: str = ""
    every_row: bool = False
    page: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, and what importing it would come to."""

    export: Export
    would: Imported

    def sentences(self) -> list[str]:
        """Return what its lines mean."""
        export, would = self.export, self.would
        said = f"{export.rows:,} rows: {people(would.added)} would be suppressed, {would.known:,} are already."
        left = [f"Not opted out: {export.left:,} of them."] if export.left else []
        return [said, *left, *optouts.remarks(export, would.strangers)]


def read(runtime: Runtime, file: Path, wishes: Wishes, actor: str) -> Read:
    """Read a file and work out what importing it comes to; nothing is changed. Raises InputError."""
    with TemporaryDirectory(prefix="pagecast-") as scratch:
        column, status = wishes.column or None, wishes.status or None
        export = read_export(file, Path(scratch), column=column, status=status, every_row=wishes.every_row)
    return Read(export, _brought(runtime, export, wishes, actor, dry_run=True))


def put(runtime: Runtime, export: Export, wishes: Wishes, actor: str) -> Imported:
    """Suppress everybody who opted out by a file that was read."""
    return _brought(runtime, export, wishes, actor, dry_run=False)


def _brought(runtime: Runtime, export: Export, wishes: Wishes, actor: str, *, dry_run: bool) -> Imported:
    note = wishes.note or "from a file"
    with changing(runtime, dry_run=dry_run) as (conn, now):
        return optouts.bring(conn, export, wishes.page or None, note=note, now=now, actor=actor)


async def arrived(sent: FileUpload, at: Path) -> None:
    """Write what a browser sends to `at`; raises PagecastError where it is too long, or the disk has no room for it."""
    OPT_OUTS.check(sent.size())
    uploads.refuse_full(at.parent, sent.size(), spare=0)
    with at.open("wb") as file:
        async for part in sent.iterate(chunk_size=_PART):
            await ask.aside(partial(file.write, part))


async def bring(session: Session, refresh: Callable[[], Awaitable[None]]) -> None:
    """Ask for a file, show what its lines mean, and import it."""
    names = await ask.aside(lambda: _names(session))
    with TemporaryDirectory(prefix="pagecast-") as folder:
        done = await _Asking(session, Path(folder), names).answer()
    if done is not None:
        await refresh()


class _Asking:
    """The question: a file, how to read it, and what that means, read anew whenever one of them changes."""

    def __init__(self, session: Session, folder: Path, names: list[str]) -> None:
        self._session = session
        self._file = folder / "list"
        self._found: tuple[Read, Wishes] | None = None
        self._form = Form("Import opt-outs", "CSV, JSONL, XLSX or Parquet: a plain list of ids, or a tool's export.")
        with self._form.body():
            upload = ui.upload(label="Drop a file here, or choose one", auto_upload=True, max_file_size=OPT_OUTS.bytes)
            upload.props('flat bordered aria-label="File of opt-outs"').classes("drop")
            upload.on_upload(self._take)
            upload.on_rejected(lambda: ask.fail(OPT_OUTS.sentence))
            self._where = choice("For", {"": "The page that a row names, else every page"} | {n: n for n in names}, "")
            with ui.expansion("Where the columns are not recognised").classes("unfold"):
                self._column = field("Column of the ids")
                self._status = field("Column that says who opted out")
                self._every = ui.checkbox("Everybody in the file, whatever its other columns say")
            self._note = field("Note")
            self._said = ui.column().classes("meaning").props("role=status")
        for each in (self._where, self._column, self._status, self._every):
            each.on("update:model-value", self._read, throttle=0.5)

    async def answer(self) -> Imported | None:
        """Return what was imported, None for nothing."""
        return await self._form.done(
            "Import",
            self._put,
            right=Right.SUPPRESS,
            done=lambda done: f"Suppressed: {people(done.added)}. {done.known:,} were already.",
        )

    def _put(self) -> Imported:
        if self._found is None:
            raise InputError("Choose a file first, and see what its lines mean.")
        found, wishes = self._found
        wishes = replace(wishes, note=text(self._note))
        return put(self._session.runtime, found.export, wishes, self._session.actor)

    async def _take(self, event: events.UploadEventArguments) -> None:
        try:
            await arrived(event.file, self._file)
        except PagecastError as error:
            ask.fail(str(error))
            return
        if not text(self._note):
            self._note.value = f"from {event.file.name}"
        await self._read()

    async def _read(self, _: Any = None) -> None:
        if not self._file.exists():
            return
        wishes = Wishes(
            text(self._column), text(self._status), bool(self._every.value), self._where.value, text(self._note)
        )
        found = await ask.done_by(
            lambda: read(self._session.runtime, self._file, wishes, self._session.actor), right=Right.SUPPRESS
        )
        self._found = None if found is None else (found, wishes)
        if self._said.is_deleted:
            return
        self._said.clear()
        with self._said:
            for sentence in found.sentences() if found else ():
                ui.label(sentence)


def _names(session: Session) -> list[str]:
    with session.runtime.reading() as conn:
        return [page.name for page in pages.all_of(conn)]
