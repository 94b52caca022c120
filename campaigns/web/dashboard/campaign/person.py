"""Everything about one person in the campaign, beside the table."""

from nicegui import ui

from campaigns import report
from campaigns.web.dashboard import ask, buttons, chips, moments
from campaigns.web.dashboard.campaign import again
from campaigns.web.dashboard.campaign.seen import Seen, look
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.copying import copyable
from campaigns.web.dashboard.session import Session
from schemas.delivery import DeliveryState
from schemas.explanation import Explanation, Line
from schemas.right import Right


class Person:
    """Opened for one person at a time."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    async def show(self, recipient: str) -> None:
        """Read what is known, and show it."""
        session, seen = self._watching.session, self._watching.seen
        found = await ask.done_by(lambda: _explained(session, seen, recipient), right=Right.READ)
        if found is None:
            return
        dialog, card = ask.opened(found.recipient_id, "person", "position=right full-height")
        with card:
            # The focus goes to the top, else the panel opens scrolled to where its Close is.
            ui.link("Everything about this person", f"/people/{found.recipient_id}").props("autofocus")
            for sentence in found.suppressed:
                ui.label(sentence).classes("warning flat")
            for line in found.lines:
                self._line(seen, line, found.recipient_id)
            with ui.row().classes("answers"):
                buttons.quiet("Close", dialog.close)
        await ask.closed(dialog)

    def _line(self, seen: Seen, line: Line, recipient: str) -> None:
        chips.delivery(line.state)
        ui.label(line.sentence).classes("strong")
        if line.reason_sentence:
            ui.label(line.reason_sentence)
        if line.next_step:
            ui.label(line.next_step).classes("soft")
        if line.state == DeliveryState.UNKNOWN and self._watching.session.may(Right.RESOLVE):
            buttons.outlined("Resolve", lambda: self._resolve(recipient), icon="help_outline")
        _facts(seen, line)
        _timeline(seen, line)

    async def _resolve(self, recipient: str) -> None:
        seen = await ask.aside(lambda: look(self._watching.session, self._watching.seen.ref))
        if await again.resolve(self._watching.session, seen, recipient) is not None:
            await self._watching.again()


def _explained(session: Session, seen: Seen, recipient: str) -> Explanation:
    with session.runtime.reading() as conn:
        return report.explain(conn, session.runtime.storage, seen.campaign.id or 0, recipient)


def _facts(seen: Seen, line: Line) -> None:
    told = [
        ("Line of the list", f"{line.line:,}"),
        ("Page", line.page or ""),
        ("Calls", f"{line.attempts:,}" if line.attempts else ""),
        ("Code", line.provider_code or ""),
        ("Window closes", _stamp(seen, line.window_closes_at)),
        ("As shown by", line.window_source or ""),
        ("Revision of the text", str(line.revision) if (line.revision or 0) > 1 else ""),
    ]
    with ui.element("dl").classes("known"):
        for name, value in told:
            if value:
                with _known(name):
                    ui.label(value)
        for message_id in line.message_ids:
            with _known("Message id"):
                copyable(message_id, "the message id")
        if line.request_id:
            with _known("Request id"):
                copyable(line.request_id, "the request id")


def _known(name: str) -> ui.element:
    with ui.element("dt"):
        ui.label(name).classes("small soft")
    return ui.element("dd")


def _timeline(seen: Seen, line: Line) -> None:
    if not line.timeline:
        return
    ui.label("What happened").props("role=heading aria-level=3").classes("strong")
    with ui.element("ol").classes("timeline"):
        for moment in line.timeline:
            with ui.element("li"):
                ui.label(seen.exactly(moments.epoch(moment.at))).classes("small soft figures")
                ui.label(moment.sentence)


def _stamp(seen: Seen, iso: str | None) -> str:
    return seen.stamp(moments.epoch(iso)) if iso else ""
