"""Who is told what happens to campaigns and pages: by webhook, chat or e-mail; and whether it arrives."""

import json
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from campaigns.moments import iso
from campaigns.notices import attempts, roll, targets
from campaigns.notices.wire import Wire
from campaigns.runtime import changing, now_of
from campaigns.web.api.cursor import LARGEST, Cursor, Limit, page_of, place
from campaigns.web.api.desk import Desk, Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer, Paged
from schemas.api.webhooks import (
    Delivery,
    NewWebhook,
    Probe,
    Probed,
    Replay,
    Replayed,
    Subscribed,
    Unsubscribed,
    Webhook,
)
from schemas.notice import NoticeState, NoticeTarget
from schemas.right import Right

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Name = Annotated[str, Path(description="Whom you tell.", examples=["ops"])]
Key = Annotated[str, Path(description="The notice's id.", examples=["msg_0123456789abcdef01234567"])]


@router.get("", **may(Right.WEBHOOKS))
def webhooks(desk: Here) -> Answer[list[Webhook]]:
    """List who is told what, how much arrived, and what hinders the rest."""
    with desk.runtime.reading() as conn:
        return said(roll.listed(conn))


@router.post("", status_code=201, **may(Right.WEBHOOKS))
def add(desk: Here, wanted: NewWebhook) -> Answer[Subscribed]:
    """Tell somebody when a campaign finishes, is stopped, stalls or misses its start, when a page parks, and more."""
    target = targets.entered(wanted.name, wanted.kind, wanted.url, wanted.secret, ",".join(wanted.events))
    notes = list(roll.doubts(target, desk.runtime.settings, desk.environment))
    with changing(desk.runtime, dry_run=wanted.dry_run) as (conn, now):
        targets.add(conn, target, now, desk.actor)
    return said(roll.subscribed(target, notes, dry_run=wanted.dry_run))


@router.post("/replay", **may(Right.WEBHOOKS))
def replay_all(desk: Here, wanted: Replay | None = None) -> Answer[Replayed]:
    """Try everything that has not arrived again at once; the ids stay, so receivers know a copy."""
    return said(_replayed(desk, None, wanted or Replay()))


@router.delete("/{name}", **may(Right.WEBHOOKS))
def remove(
    desk: Here,
    name: Name,
    dry_run: Annotated[bool, Query(description="Say what would happen, and change nothing.")] = False,
) -> Answer[Unsubscribed]:
    """Tell somebody nothing any more; what is queued for them is dropped."""
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        targets.remove(conn, targets.named(conn, name), now, desk.actor)
    return said(Unsubscribed(name=name, removed=True, dry_run=dry_run))


@router.post("/{name}/test", **may(Right.WEBHOOKS))
async def probe(desk: Here, name: Name, wanted: Probe | None = None) -> Answer[Probed]:
    """Send one notice that says so at once, and tell whether it arrived; nothing is queued."""
    dry_run = wanted is not None and wanted.dry_run
    target, now = await run_sync(_target, desk, name)
    wire = Wire(desk.runtime.settings, desk.environment)
    key, error = (None, "") if dry_run else await attempts.test(wire, target, now)
    return said(Probed(name=name, id=key, arrived=not (error or dry_run), error=error, dry_run=dry_run))


@router.post("/{name}/replay", **may(Right.WEBHOOKS))
def replay(desk: Here, name: Name, wanted: Replay | None = None) -> Answer[Replayed]:
    """Try what has not arrived at one target again at once; the ids stay, so receivers know a copy."""
    return said(_replayed(desk, name, wanted or Replay()))


@router.get("/{name}/deliveries", **may(Right.WEBHOOKS))
def deliveries(
    desk: Here,
    name: Name,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[NoticeState | None, Query(description="In this state only.")] = None,
) -> Paged[Delivery]:
    """List what was told to a target, the latest first: what arrived, what is tried again, what was given up."""
    (before,) = place(cursor, (LARGEST,))
    with desk.runtime.reading() as conn:
        target = targets.named(conn, name)
        found = attempts.listed(conn, target, state=state, before=before, most=limit + 1)
    return page_of(found, limit, lambda row: (row.id,), _delivery)


@router.post("/{name}/deliveries/{key}/replay", **may(Right.WEBHOOKS))
def again(desk: Here, name: Name, key: Key, wanted: Probe | None = None) -> Answer[Replayed]:
    """Tell one notice again at once, arrived or not, from the first try on; its id stays."""
    dry_run = wanted is not None and wanted.dry_run
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        attempts.again(conn, targets.named(conn, name), key, now, desk.actor)
    return said(Replayed(name=name, replayed=1, dry_run=dry_run))


def _target(desk: Desk, name: str) -> tuple[NoticeTarget, int]:
    with desk.runtime.reading() as conn:
        return targets.named(conn, name), now_of(conn)


def _replayed(desk: Desk, name: str | None, wanted: Replay) -> Replayed:
    with changing(desk.runtime, dry_run=wanted.dry_run) as (conn, now):
        target = targets.named(conn, name) if name else None
        n = attempts.replay(conn, target, now, desk.actor, dead=wanted.dead)
    return Replayed(name=name, replayed=n, dry_run=wanted.dry_run)


def _delivery(row: Row[Any]) -> Delivery:
    waits = row.state == NoticeState.QUEUED
    return Delivery(
        id=row.key,
        type=row.type,
        campaign=row.campaign,
        state=row.state,
        tries=row.attempts,
        error=row.last_error,
        created_at=iso(row.created_at),
        next_try=iso(row.due_at) if waits else None,
        settled_at=None if waits else iso(row.due_at),
        payload=json.loads(row.body) if row.body else None,
    )
