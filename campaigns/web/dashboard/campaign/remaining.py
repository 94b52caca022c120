"""Everybody who was not reached, as the list of a new campaign: laid among the uploads, and a sketch begun with it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from nicegui import ui

from campaigns import report, sketches, uploads
from campaigns.errors import StateError
from campaigns.report import outstanding
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.session import Session
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard import origin
from schemas.right import Right

_PART = 1024 * 1024
_MOMENTS = ("start", "not_after", "keep_open_until")


def warning(seen: Seen) -> str:
    """Say that some of them may yet get it from this campaign; '' where nobody does."""
    if seen.campaign.finished_at is not None:
        return ""
    standing = seen.standing
    return outstanding.warning(outstanding.outstanding(seen.state, standing.counts, standing.reasons))


async def begin(session: Session, seen: Seen) -> None:
    """Begin a campaign for those who were not reached, and go to it; ask first where they may get it twice."""

    def verb() -> str:
        return _sketched(session, seen)

    if said := warning(seen):
        title = "Begin a campaign for those who were not reached?"
        ref = await ask.confirmed(title, said, "Begin it all the same", verb, right=Right.REMAINDER)
    else:
        ref = await ask.done_by(verb, right=Right.REMAINDER)
    if ref is not None:
        ui.navigate.to(f"/new/{ref}")


def _sketched(session: Session, seen: Seen) -> str:
    content, _ = origin.content_of(session, seen.file)
    content |= {"name": f"{seen.campaign.title} remainder", "list": _laid(session, seen)}
    for key in _MOMENTS:
        contents.put(content, f"schedule.{key}", None)
    now = session.now()
    with session.runtime.writing() as conn:
        return sketches.begin(conn, content, now=now, actor=session.actor).ref


def _laid(session: Session, seen: Seen) -> str:
    """Return the id of an upload with their rows; raises StateError where there are none."""
    storage, columns, now = session.runtime.storage, seen.file.columns, session.now()
    with TemporaryDirectory(prefix="pagecast-") as folder:
        rows = Path(folder) / "remainder.csv"
        with session.runtime.reading() as conn:
            left = report.remainder(conn, storage, seen.campaign.id or 0, rows)
        if not left.rows:
            raise StateError(f"{seen.campaign.name} reached everybody of its list. There is nobody to write to again.")
        name = f"{seen.campaign.title} remainder.csv"
        with uploads.incoming(storage, name, now) as incoming, rows.open("rb") as parts:
            while part := parts.read(_PART):
                incoming.write(part)
            return incoming.kept(storage, columns.given, zone=columns.zone, now_ms=now).id
