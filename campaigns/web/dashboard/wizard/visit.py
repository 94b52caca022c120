"""One person at one sketch: what they have typed so far, where their list lies, and how it is saved.

Every save says which version it goes on from, so that two tabs never undo each other without a word.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nicegui import ui

from campaigns import sketches, uploads
from campaigns.audience import Reading
from campaigns.errors import NotFoundError
from campaigns.lifecycle import glance
from campaigns.lifecycle.glance import Listed
from campaigns.runtime import now_of
from campaigns.sketches import ChangedMeanwhileError
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.session import Session
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.content import Content
from schemas.campaign_file import CONTACTS
from schemas.right import Right
from schemas.sketch import Sketch

Refresh = Callable[[], Awaitable[None]]


@dataclass
class Visit:
    """`content` is a part of a campaign file; `sketch` is None until something is worth keeping."""

    session: Session
    content: Content
    sketch: Sketch | None = None
    step: int = 0
    """The one that is looked at; saved once it was `built`, for a sketch opens with the step that it was left at."""
    built: int = 0
    campaign: str | None = None
    """The draft that a sketch goes on with, until there is one."""
    remarks: Sequence[str] = ()
    """What the campaign that it begins with had, and a sketch cannot have."""
    dirty: bool = False
    listed: Listed | None = None
    reading: Reading | None = None
    list_name: str = ""
    """What the file of the list was called."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Path → the field of the present step that shows what is wrong with it."""
    faults: dict[str, str] = field(default_factory=dict)
    """Path → what is wrong with a field that holds something which the content cannot hold."""
    on_first: Callable[[], object] = lambda: None
    on_keep: Callable[[], object] = lambda: None
    on_mend: Callable[[str], object] = lambda _: None
    _scratch: TemporaryDirectory[str] | None = None
    _asking: bool = False

    def get(self, path: str, default: Any = None) -> Any:
        """Return what the sketch has at a path."""
        return contents.get(self.content, path, default)

    def doubt(self, path: str, sentence: str) -> None:
        """Say what is wrong with what a field holds; '' where nothing is."""
        if sentence:
            self.faults[path] = sentence
        else:
            self.faults.pop(path, None)

    def __post_init__(self) -> None:
        self.built = self.step

    @property
    def draft(self) -> str | None:
        """The id of the draft campaign that the sketch is already."""
        return self.sketch.campaign if self.sketch else self.campaign

    def put(self, path: str, value: Any) -> None:
        """Change what the sketch has at a path; None and '' remove it."""
        if self.get(path) == value:
            return
        contents.put(self.content, path, value)
        self.dirty = True
        if shown := self.fields.get(path):
            shown.error = None
        self.on_mend(path)

    @property
    def folder(self) -> Path:
        """A folder that lasts as long as the page."""
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="pagecast-")
        return Path(self._scratch.name)

    def leave(self) -> None:
        """Remove what was only for this page."""
        if self._scratch:
            self._scratch.cleanup()
            self._scratch = None

    async def keep(self) -> bool:
        """Save the sketch where something changed; False where somebody else's change stands against it."""
        if not self.dirty or self._asking:
            return not self._asking
        written = contents.copied(self.content)
        self.dirty = False
        try:
            saved = await ask.aside(lambda: self._save(written))
        except ChangedMeanwhileError as error:
            self.dirty = True
            return await self._settle(error)
        except NotFoundError:
            # Launched or deleted in another tab: what is typed here becomes a sketch of its own.
            self.sketch, self.dirty = None, True
            return await self.keep()
        first = self.sketch is None
        self.sketch = saved
        if first:
            ui.navigate.history.replace(f"/new/{saved.ref}")
            self.on_first()
        self.on_keep()
        return True

    async def find_list(self) -> None:
        """Find where the list of the sketch is; raises PagecastError, and then there is none."""
        self.listed = self.reading = None
        named = self.content.get("list")
        if named == CONTACTS:
            if self.get("page"):
                self.listed, self.reading = await ask.aside(self._contacts)
        elif named:
            storage = self.session.runtime.storage
            found = await ask.aside(lambda: uploads.find(storage, str(named)))
            self.reading, self.list_name = found.reading, found.name
            where = uploads.parquet(storage, str(named))
            self.listed = Listed(where, self.reading.columns, self.reading.mapping)

    def _contacts(self) -> tuple[Listed, Reading]:
        file = contents.trial(self.content)
        return glance.contacts(self.session.runtime, file, self.folder, self.session.now())

    def _save(self, written: Content) -> Sketch:
        session = self.session
        session.need(Right.SUBMIT)
        with session.runtime.writing() as conn:
            now = now_of(conn)
            if self.sketch is None:
                made = sketches.begin(conn, written, now=now, actor=session.actor, campaign=self.campaign)
                return made if not self.built else self._stepped(conn, made, written, now)
            return self._stepped(conn, self.sketch, written, now)

    def _stepped(self, conn: Any, sketch: Sketch, written: Content, now: int) -> Sketch:
        at_step = sketch.model_copy(update={"step": self.built})
        return sketches.save(conn, at_step, written, now=now, actor=self.session.actor)

    async def _settle(self, error: ChangedMeanwhileError) -> bool:
        """Ask whose changes shall stand."""
        self._asking = True
        try:
            mine = await _whose(str(error))
        finally:
            self._asking = False
        if mine and self.sketch:
            self.sketch = self.sketch.model_copy(update={"version": error.present.version})
            return await self.keep()
        self.dirty = False
        ui.navigate.to(f"/new/{error.present.ref}")
        return False


async def _whose(sentence: str) -> bool:
    """Ask whether what is typed here shall stand; no answer takes what is there."""
    dialog, card = ask.opened("Changed in another tab", props="persistent")
    with card:
        ui.label(sentence)
        with ui.row().classes("answers"):
            buttons.outlined("Take what is there", lambda: dialog.submit(False))
            buttons.primary("Keep mine", lambda: dialog.submit(True))
    return bool(await ask.closed(dialog))
