"""Another pace, or other hours, while it runs: what that comes to is said before it is done."""

from collections.abc import Callable

from nicegui import ui

from campaigns.errors import InputError, PagecastError
from campaigns.lifecycle.change import NONE, Changed, Wishes, change
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.form import Form, field, text
from campaigns.web.dashboard.session import Session
from schemas.campaign_file import DAYS, CampaignFile, Hours, Quiet
from schemas.right import Right


async def alter(session: Session, seen: Seen) -> object:
    """Ask for pace and hours, show what would change, and change it."""
    form = Form(f"Change {seen.campaign.name}", "It takes effect within two seconds; nobody is sent to twice by it.")
    before = present(seen.file)
    fields: dict[str, ui.input] = {}
    runtime, environment, actor = session.runtime, session.environment, session.actor

    def changed(*, dry_run: bool) -> Changed:
        wishes = wished(before, {name: text(each) for name, each in fields.items()})
        return change(runtime, seen.campaign, wishes, environment, actor, dry_run=dry_run)

    with form.body():
        for name, label, hint in _FIELDS:
            fields[name] = field(label, hint, before[name]).props("bottom-slots")
        buttons.outlined("Show what would change", lambda: _foretell(lambda: changed(dry_run=True), said))
        said = ui.column().classes("foretold").props("role=status")
    return await form.done("Change the campaign", lambda: changed(dry_run=False), right=Right.CHANGE, done=_told)


_FIELDS = (
    ("rate", "Rate, messages per second for each page", "such as 20; left empty, it stays as it is"),
    ("weight", "Weight", "its share of a page that other campaigns use too"),
    ("hours", "Hours", f"like mon-fri 09:00-20:00, or {NONE}"),
    ("quiet", "Quiet time", f"like 21:00-08:00, or {NONE}"),
    ("zone", "Zone of hours and quiet time", "like Europe/Paris"),
)


def present(file: CampaignFile) -> dict[str, str]:
    """Return the present values as they are written in the fields."""
    schedule, limits = file.schedule, file.limits
    return {
        "rate": "" if limits.ceiling is None else f"{limits.ceiling:g}",
        "weight": f"{limits.weight:g}",
        "hours": _span(schedule.hours),
        "quiet": _span(schedule.quiet),
        "zone": schedule.zone or "",
    }


def wished(before: dict[str, str], after: dict[str, str]) -> Wishes:
    """Return what differs; a field that was emptied of hours takes them away. Raises InputError for no number."""
    new = {name: value.strip() for name, value in after.items() if value.strip() != before[name]}
    return Wishes(
        rate=_number(new.get("rate"), "The rate"),
        weight=_number(new.get("weight"), "The weight"),
        hours=_or_none(new.get("hours")),
        quiet=_or_none(new.get("quiet")),
        zone=new.get("zone"),
    )


def _or_none(value: str | None) -> str | None:
    return NONE if value == "" else value


def _number(value: str | None, what: str) -> float | None:
    if not value:
        return None
    try:
        return float(value.replace(",", "."))
    except ValueError:
        raise InputError(f"{what} is a number, such as 20 or 0.5.") from None


def _span(span: Hours | Quiet | None) -> str:
    if span is None:
        return NONE
    days = span.days if isinstance(span, Hours) and span.days != DAYS else ()
    return f"{','.join(days)} {span.begin}-{span.end}".strip()


async def _foretell(examine: Callable[[], Changed], said: ui.column) -> None:
    try:
        told = await ask.aside(examine)
        lines = [*told.said, *told.warnings]
    except PagecastError as error:
        lines = [str(error)]
    if said.is_deleted:
        return
    said.clear()
    with said:
        for line in lines:
            ui.label(f"{line[:1].upper()}{line[1:]}")


def _told(changed: Changed) -> str:
    return f"Changed: {'; '.join([*changed.said, *changed.warnings])}."
