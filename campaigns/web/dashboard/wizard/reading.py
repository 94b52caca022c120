"""What becomes of a message: bubbles for a real person, its length over the whole list, blanks, and what is odd.

While somebody types, one look is taken at a time, in a thread; what was typed meanwhile is looked at next.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from nicegui import background_tasks, ui

from campaigns.errors import InputError, PagecastError
from campaigns.lifecycle import glance
from campaigns.lifecycle.glance import Glimpse, Listed, Measured
from campaigns.policy import limits
from campaigns.policy.findings import findings
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.wizard import bubbles
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.message import Message
from schemas.page import Channel


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at a message; `fault` says why there is none."""

    glimpse: Glimpse | None
    measured: Measured | None
    findings: list[str]
    fault: str = ""


class Reading:
    """Built empty; `await refresh()` fills it, `soon()` does so in the background."""

    def __init__(self, visit: Visit, listed: Listed) -> None:
        self._visit = visit
        self._listed = listed
        self._line = 0
        self._busy = False
        self._again = False
        self._channels: list[Channel] | None = None
        with ui.element("div").classes("turning-people"):
            buttons.icon_only("chevron_left", "Previous person", lambda: self.turn(back=True))
            self._who = ui.label().classes("grow center small").props("role=status")
            buttons.icon_only("chevron_right", "Next person", lambda: self.turn(back=False))
            self._word = ui.input("Id or line").props("outlined dense").classes("jump")
            self._word.on("keydown.enter", self.jump)
        self._bubbles = ui.element("div").classes("phones")
        self._facts = ui.element("div").classes("remarks").props("aria-live=polite")

    def soon(self) -> None:
        """Look again; while a look is being taken, once it is done."""
        background_tasks.create(self.refresh(), name="look at the message")

    async def refresh(self) -> None:
        """Look at what is typed now, and show it."""
        if self._busy:
            self._again = True
            return
        self._busy = True
        try:
            await self._look(line=max(self._line - 1, 0))
            while self._again:
                self._again = False
                await self._look(line=max(self._line - 1, 0))
        finally:
            self._busy = False

    async def turn(self, *, back: bool) -> None:
        """Show the next person, or the one before."""
        await self._look(line=self._line, back=back, measure=False)

    async def jump(self) -> None:
        """Show the person of an id or a line."""
        self._word.error = None
        if self._word.value:
            await self._look(word=self._word.value, measure=False)

    async def _look(self, *, line: int = 0, back: bool = False, word: str = "", measure: bool = True) -> None:
        content = contents.copied(self._visit.content)

        def work() -> Looked:
            return self._looked(content, line=line, back=back, word=word, measure=measure)

        looked = await ask.aside(work)
        if self._bubbles.is_deleted:
            return
        if looked.glimpse is None and word:
            self._word.error = looked.fault
            return
        if looked.glimpse:
            self._line = looked.glimpse.line
        self._show(looked, measure=measure)

    def _looked(self, content: contents.Content, *, line: int, back: bool, word: str, measure: bool) -> Looked:
        """Look at a message; asks the database, for the channels of its pages."""
        if not str(contents.get(content, "message.text", "")).strip() and not contents.get(content, "message.parts"):
            return Looked(None, None, [], "Write a message, and see here what people would get.")
        try:
            message = contents.trial(content).message.message
            glimpse = glance.glimpse(self._listed, message, line=line, back=back, word=word)
            measured = glance.measure(self._listed, message) if measure else None
            odd = self._findings(content, message)
        except InputError as error:
            return Looked(None, None, [], str(error))
        return Looked(glimpse, measured, odd)

    def _findings(self, content: contents.Content, message: Message) -> list[str]:
        if self._channels is None:
            session = self._visit.session
            try:
                found = glance.lanes(session.runtime, contents.trial(content), self._listed, session.environment)
            except PagecastError as error:
                return [str(error)]
            self._channels = sorted({lane.page.channel for lane in found})
        today = datetime.fromtimestamp(self._visit.session.now() / 1000, UTC).date()
        return findings(message, self._channels, today)

    def _show(self, looked: Looked, *, measure: bool) -> None:
        self._bubbles.clear()
        with self._bubbles:
            if looked.glimpse is None:
                ui.label(looked.fault).classes("soft")
            else:
                self._show_person(looked.glimpse)
        if not measure:
            return
        self._facts.clear()
        with self._facts:
            if looked.measured:
                _facts(looked.measured, self._ordered(), self._channels)
            for sentence in looked.findings:
                _note("policy", sentence, "warn")
            if looked.measured:
                ui.label("Limits and rules of the platforms as read in autumn 2026.").classes("small soft")

    def _show_person(self, glimpse: Glimpse) -> None:
        page = f", {glimpse.page}" if glimpse.page else ""
        self._who.set_text(f"Line {glimpse.line:,}: {glimpse.recipient_id}{page}")
        for channel in self._ordered():
            bubbles.show(channel, glimpse)

    def _ordered(self) -> list[Channel]:
        mine = self._channels or []
        return sorted(Channel, key=lambda channel: channel not in mine)


def _facts(measured: Measured, ordered: list[Channel], used: list[Channel] | None) -> None:
    for channel in ordered:
        _length(measured, channel, used=used is None or channel in used)
    if measured.blank:
        first = ", ".join(f"line {line:,}" for line, _ in measured.first)
        more = ", …" if measured.blank > len(measured.first) else "."
        who = "1 person lacks" if measured.blank == 1 else f"{measured.blank:,} people lack"
        they = "is" if measured.blank == 1 else "are"
        said = f"{who} something that the text needs and {they} skipped, unless you give it a default: {first}{more}"
        _note("person_off", said, "warn")
    for name, n in measured.empty.items():
        _note("space_bar", f"{name} is blank for {n:,} of {measured.people:,}.", "calm")
    if not measured.whole:
        _note(
            "info", f"This text is worked out person by person: only the first {glance.FEW:,} were looked at.", "calm"
        )


def _length(measured: Measured, channel: Channel, *, used: bool) -> None:
    """Say how long the longest text is; of a channel that no page uses, quietly."""
    if channel not in measured.longest:
        return
    limit, name = limits.TEXT[channel], channel.title()
    longest, line = measured.longest[channel]
    said = f"{name}: the longest text has {longest:,} of {limit.most:,} {limit.unit} (line {line:,})."
    if not used:
        _note("info", f"{said} No page of this campaign sends there.", "calm")
        return
    good = longest <= limit.most
    _note("check" if good else "error_outline", said, "good" if good else "bad")
    if n := measured.too_long[channel]:
        who = "1 person's text is" if n == 1 else f"{n:,} people's texts are"
        _note("error_outline", f"{who} too long for {name}, and they are skipped.", "bad")


def _note(icon: str, sentence: str, tone: str) -> None:
    with ui.element("div").classes(f"remark {tone}"):
        ui.icon(icon)
        ui.label(sentence)
