"""Who is in which state, a page of them at a time."""

from dataclasses import dataclass

from nicegui import ui

from campaigns import suppression
from campaigns.errors import InputError
from campaigns.report.rows import rows
from campaigns.runtime import now_of
from campaigns.web.dashboard import buttons, chips, moments
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.campaign.person import Person
from campaigns.web.dashboard.campaign.reasons import whys
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.table import Column, Filters, Slice, Table, nothing
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from schemas.row import Row


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the ledger as the table shows it; `when` is the last thing that happened, and when it was."""

    id: int
    recipient: str
    page: str
    state: str
    reason: str
    code: str
    when: tuple[str, str] | None
    reply: str


class People:
    """The tab: filters with their counts, a search, and the table."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._person = Person(watching)
        with ui.element("div").classes("filters"):
            self._state = ui.select({}, label="State", on_change=self._filter).props("outlined dense options-dense")
            self._reason = ui.select({}, label="Reason", on_change=self._filter).props("outlined dense options-dense")
            self._recipient = ui.input("Recipient id", on_change=self._filter)
            self._recipient.props("outlined dense clearable debounce=300 type=search")
            buttons.quiet("Read again", self.read, icon="refresh")
        self._count(watching.seen)
        self._table = Table("People", self._columns(), self._fetch, key=lambda line: line.id, empty=_nobody)

    async def load(self) -> None:
        """Read the first page."""
        await self._table.load()

    async def read(self) -> None:
        """Read the page that is shown once more, and the counts of the filters."""
        self._count(self._watching.seen)
        await self._table.refresh()

    async def only(self, *, state: str = "", reason: str = "") -> None:
        """Show the people of a state or a reason alone."""
        self._count(self._watching.seen)
        self._recipient.value, self._state.value, self._reason.value = "", state, reason
        await self._filter()
        # Whoever came from further down sees where they are now.
        self._reason.run_method("focus")

    async def _filter(self) -> None:
        recipient = str(self._recipient.value or "").strip()
        await self._table.filter(state=self._state.value, reason=self._reason.value, recipient=recipient)

    def _count(self, seen: Seen) -> None:
        for field, options in ((self._state, states(seen)), (self._reason, reasons(seen))):
            if field.options != options:
                field.set_options(options, value=field.value if field.value in options else "")

    def _fetch(self, after: int | None, limit: int, filters: Filters) -> Slice[Line]:
        state = DeliveryState(filters["state"]) if "state" in filters else None
        reason = Reason(filters["reason"]) if "reason" in filters else None
        try:
            recipient = suppression.person(filters["recipient"]) if "recipient" in filters else None
        except InputError:
            return Slice([])  # half an id is on its way to a whole one, and is nobody's until then
        seen = self._watching.seen
        with self._watching.session.runtime.reading() as conn:
            found = rows(
                conn,
                seen.campaign,
                state=state,
                reason=reason,
                recipient=recipient,
                after=after or 0,
                most=limit + 1,
            )
            now = now_of(conn)
        return Slice.of(found, limit, lambda last: last.id, show=lambda row: line_of(row, seen, now))

    def _columns(self) -> list[Column[Line]]:
        return [
            Column("Recipient", lambda line: line.recipient, self._link, "head"),
            Column("Page", lambda line: line.page),
            Column("State", lambda line: line.state, chips.delivery),
            Column("Reason", lambda line: (line.reason, line.code), _why),
            Column("Last", lambda line: line.when, _moment),
            Column("Reply", lambda line: line.reply, _said),
        ]

    def _link(self, recipient: str) -> None:
        link = having(
            ui.link(recipient, "#").classes("strong figures whole"), aria_label=f"Everything about {recipient}"
        )
        link.on("click.prevent", buttons.in_page(lambda: self._person.show(recipient)))


def states(seen: Seen) -> dict[str, str]:
    """Return the states that people are in, with how many there are."""
    counts = seen.standing.counts
    found = {str(state): counts[state] for state in DeliveryState if counts[state]}
    return {"": "Every state"} | {state: f"{chips.DELIVERY[state].word} ({n:,})" for state, n in found.items()}


def reasons(seen: Seen) -> dict[str, str]:
    """Return the reasons that people of the ledger have, with how many there are."""
    found = [why for why in whys(seen) if why.listed]
    return {"": "Every reason"} | {why.reason: f"{why.reason.replace('_', ' ')} ({why.n:,})" for why in found}


def line_of(row: Row, seen: Seen, now: int) -> Line:
    """Return a row as the table shows it at `now` (epoch ms)."""
    told = (
        ("replied", row.replied_at),
        ("read", row.read_at),
        ("delivered", row.delivered_at),
        ("accepted", row.accepted_at),
        ("sent", row.sent_at),
    )
    last = next(((what, moments.epoch(at)) for what, at in told if at), None)
    when = (f"{last[0]} {moments.away(last[1], now)}", seen.stamp(last[1])) if last else None
    return Line(
        row.id, row.recipient_id, row.page, row.state, row.reason or "", row.provider_code or "", when, row.reply or ""
    )


def _why(of: tuple[str, str]) -> None:
    reason, code = of
    if not reason:
        nothing()
        return
    ui.label(reason.replace("_", " "))
    if code:
        ui.label(code).classes("small soft")


def _moment(when: tuple[str, str] | None) -> None:
    if when is None:
        nothing()
        return
    ui.label(when[0])
    ui.label(when[1]).classes("small soft")


def _said(reply: str) -> None:
    ui.label(reply).classes("cut") if reply else nothing()


def _nobody() -> None:
    ui.label("Nobody is in the ledger yet. A launch writes it, before anything is sent.").classes("soft")
