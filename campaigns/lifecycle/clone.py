"""A campaign once more, as a draft: the same message, list, pages and limits under another name."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from campaigns import events
from campaigns.errors import InputError
from campaigns.lifecycle import find, series
from campaigns.lifecycle.submit import new_ref
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile

_COPY = text("""
    INSERT INTO campaign (ref, name, title, fingerprint, state, sentence, spec, message, list_id, rate, margin_ms,
                          total, start_at, not_after, keep_open_until, weight, canary, created_at)
    SELECT :ref, :name, :name, fingerprint, 'draft', '', :spec, message, list_id, rate, margin_ms,
           0, :start_at, :not_after, :keep_open_until, weight, canary, :now FROM campaign WHERE id = :id
    RETURNING id
""")
_COPY_LANES = text("""
    INSERT INTO lane (campaign_id, page_id, route, total, proven, trial, asked, buckets, updated_at)
    SELECT :new, page_id, route, 0, :no, 3, 0, '[]', 0 FROM lane WHERE campaign_id = :id
""")
_REMOVED = text("""
    SELECT page.name FROM lane JOIN page ON page.id = lane.page_id
    WHERE lane.campaign_id = :id AND page.parked_code = 'removed'
""")


def clone(
    runtime: Runtime, campaign: Campaign, actor: str, name: str | None = None, *, dry_run: bool = False
) -> tuple[Campaign, list[str]]:
    """Store a draft like `campaign` and return it with what there is to say; the same draft again where it is there.

    A start or deadline that has passed is left out. Raises InputError for a name that another campaign has, and where a
    page was removed.
    """
    with runtime.writing() as conn:
        now = now_of(conn)
        _refuse_removed(conn, campaign)
        title, there = _place(conn, campaign, name)
        if there:
            return there, [f"{there.name} is that draft already."]
        spec, notes = _spec(campaign, title, now)
        facts = {"id": campaign.id, "ref": new_ref(), "name": title, "spec": spec.model_dump_json(), "now": now}
        times = {
            "start_at": campaign.start_at if spec.schedule.start else None,
            "not_after": campaign.not_after if spec.schedule.not_after else None,
            "keep_open_until": campaign.keep_open_until if spec.schedule.keep_open_until else None,
        }
        new = int(conn.execute(_COPY, facts | times).scalar_one())
        conn.execute(_COPY_LANES, {"new": new, "no": False, "id": campaign.id})
        series.copy(conn, campaign.id or 0, new)
        said = f"Cloned from {campaign.name} ({campaign.ref}) as a draft."
        events.record(conn, now, "campaign.cloned", actor, said, campaign_id=new)
        made = find.by_id(conn, new)
        if dry_run:
            conn.rollback()
    return made, notes


def _place(conn: Connection, campaign: Campaign, name: str | None) -> tuple[str, Campaign | None]:
    """Return a title that no other campaign has, or the draft that is the clone already.

    A title of its own: by the name in its file, `run` would take the clone for that file's run, and send it.
    """
    for title in [name] if name else _names(campaign.title):
        taken = find.titled(conn, title)
        if not taken:
            return title, None
        for each in taken:
            if each.state is CampaignState.DRAFT and each.fingerprint == campaign.fingerprint:
                return title, each
        if name:
            raise InputError(f"There is a campaign named {name} already. Choose another name.")
    raise AssertionError("names never end")


def _names(title: str) -> Iterator[str]:
    yield f"{title} copy"
    n = 2
    while True:
        yield f"{title} copy {n}"
        n += 1


def _spec(campaign: Campaign, title: str, now: int) -> tuple[CampaignFile, list[str]]:
    file = CampaignFile.model_validate_json(campaign.spec)
    moments = {
        "start": campaign.start_at,
        "not_after": campaign.not_after,
        "keep_open_until": campaign.keep_open_until,
    }
    # Those of a series say when its moments are, and are no moments themselves.
    past = [key for key, at in moments.items() if at is not None and at <= now and file.schedule.repeat is None]
    schedule = file.schedule.model_copy(update=dict.fromkeys(past))
    notes = [f"schedule.{key} has passed and is left out." for key in past]
    return file.model_copy(update={"name": title, "schedule": schedule}), notes


def _refuse_removed(conn: Connection, campaign: Campaign) -> None:
    if removed := conn.execute(_REMOVED, {"id": campaign.id}).scalars().all():
        raise InputError(f"{campaign.name} sends from {', '.join(removed)}. Submit its file with a page that is there.")
