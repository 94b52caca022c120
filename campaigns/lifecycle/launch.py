"""From a confirmed plan to the ledger: every row is written before anything is sent."""

from collections.abc import Mapping

from sqlalchemy import Connection, text
from sqlalchemy.exc import NoResultFound

from campaigns import events, hours
from campaigns.errors import InputError, StateError, VoidPlanError
from campaigns.ledger import record
from campaigns.lifecycle import find, series
from campaigns.lifecycle.late import MISSED_MS
from campaigns.lifecycle.lock import alone
from campaigns.lifecycle.plan import Planned, bucket_keys, plan
from campaigns.lifecycle.repetition import recurrence, shown_in
from campaigns.moments import people
from campaigns.plan.recurrence import Recurrence
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.plan import Plan
from schemas.reason import Reason, about

_LANE = text("""
    UPDATE lane SET asked = :asked, buckets = :buckets, total = :total
    WHERE campaign_id = :campaign_id AND page_id = :page_id
""")
_LAUNCH = text("""
    UPDATE campaign SET state = :state, launched_at = :now, started_at = :started_at, canary_left = canary
    WHERE id = :id AND state = 'draft'
""")


def launch(
    runtime: Runtime,
    campaign: Campaign,
    token: str | None,
    environment: Mapping[str, str],
    *,
    now: int,
    actor: str,
    starts: bool = True,
) -> Campaign:
    """Write the ledger of a draft and let it go: at its start, or at once. A series writes none, and waits for moments.

    One that was launched with that `token` is returned as it is: a launch may be said twice. Without a token any plan
    is confirmed, which is for campaigns of a series that was. Unless `starts`, the clock alone begins it, also where
    its start has passed. Raises StateError where it is no draft, VoidPlanError where `token` is not that of its present
    plan, InputError where nobody is eligible, now or when they write. An interrupted launch begins again from nothing.
    """
    assert campaign.id is not None
    with alone(runtime, campaign):
        campaign = _present(runtime, campaign)
        if campaign.state is not CampaignState.DRAFT:
            if campaign.launched_at is not None and token in {None, _token_of(runtime, campaign)}:
                return campaign
            raise StateError(f"{campaign.name} is {campaign.state} already; only a draft can be launched.")
        planned = plan(runtime, campaign, environment, now)
        if token is not None:
            _check(planned, token)
        rule = recurrence(CampaignFile.model_validate_json(campaign.spec))
        if rule:
            _let_repeat(runtime, campaign, planned, rule, actor)
        else:
            _refuse_nobody(planned)
            _write(runtime, campaign, planned, actor, starts=starts)
    with runtime.reading() as conn:
        return find.by_id(conn, campaign.id or 0)


def _check(planned: Planned, token: str) -> None:
    if planned.plan.token != token:
        raise VoidPlanError(
            f"The token {token} is not that of the present plan: content, audience or limits have changed since. "
            f"Look at the plan again; its token is {planned.plan.token}."
        )


def _refuse_nobody(planned: Planned) -> None:
    if planned.plan.eligible == 0 and planned.waiting == 0:
        reasons = "; ".join(f"{n:,} {about(Reason(reason)).sentence}" for reason, n in planned.plan.skipped.items())
        rejected = f"{planned.plan.rejected:,} rejected, {planned.plan.duplicates:,} duplicate"
        more = f" {' '.join(planned.plan.findings)}" if planned.plan.findings else ""
        raise InputError(f"Nobody on the list can get this message: {reasons or rejected}.{more} Nothing was sent.")


def _let_repeat(runtime: Runtime, campaign: Campaign, planned: Planned, rule: Recurrence, actor: str) -> None:
    """Let a series wait for its first moment; one of the last ten minutes still counts. Nobody need be eligible yet."""
    (runtime.storage / "campaigns" / campaign.ref / "plan.json").write_text(planned.plan.model_dump_json())
    with runtime.writing() as conn:
        now = now_of(conn)
        since = now - MISSED_MS
        first = next(rule.after(since - 1), None)
        if first is None:
            raise InputError(f"{campaign.name} repeats, but no moment of it is left. Write a later start.")
        series.begin(conn, campaign, first, since)
        facts = {"state": CampaignState.SCHEDULED.value, "now": now, "started_at": None, "id": campaign.id}
        conn.execute(_LAUNCH, facts)
        said = f"Launched with plan {planned.plan.token}; it repeats from {shown_in(rule.zone, first)} on."
        events.record(conn, now, "campaign.launched", actor, said, campaign_id=campaign.id)


def _write(runtime: Runtime, campaign: Campaign, planned: Planned, actor: str, *, starts: bool) -> None:
    assert campaign.id is not None
    division = planned.division
    folder = runtime.storage / "campaigns" / campaign.ref
    division.aside.write_parquet(folder / "unplanned.parquet")
    (folder / "plan.json").write_text(planned.plan.model_dump_json())
    record.load(runtime.writing, campaign.id, record.Load(division.rows, division.chunks, division.tallies))
    with runtime.writing() as conn:
        now = now_of(conn)
        _write_lanes(conn, campaign.id, planned)
        waits = not starts or (campaign.start_at is not None and campaign.start_at > now)
        state = CampaignState.SCHEDULED if waits else CampaignState.SENDING
        facts = {"state": state.value, "now": now, "started_at": None if waits else now, "id": campaign.id}
        conn.execute(_LAUNCH, facts)
        hours.lay(conn, campaign.id, CampaignFile.model_validate_json(campaign.spec), now)
        more = f", and {planned.waiting:,} more when they write" if planned.waiting else ""
        sentence = f"Launched with plan {planned.plan.token} for {people(planned.plan.eligible)}{more}."
        events.record(conn, now, "campaign.launched", actor, sentence, campaign_id=campaign.id)


def _write_lanes(conn: Connection, campaign_id: int, planned: Planned) -> None:
    totals = {outlook.page.page_id: outlook.eligible for outlook in planned.division.outlooks}
    for lane in planned.lanes:
        facts = {
            "asked": lane.page.rate,
            "buckets": bucket_keys(lane),
            "total": totals[lane.page.page_id],
            "campaign_id": campaign_id,
            "page_id": lane.page.page_id,
        }
        conn.execute(_LANE, facts)


def launched_plan(runtime: Runtime, campaign: Campaign) -> Plan | None:
    """Return the plan that a campaign was launched with."""
    file = runtime.storage / "campaigns" / campaign.ref / "plan.json"
    return Plan.model_validate_json(file.read_bytes()) if file.exists() else None


def _token_of(runtime: Runtime, campaign: Campaign) -> str | None:
    planned = launched_plan(runtime, campaign)
    return planned.token if planned else None


def _present(runtime: Runtime, campaign: Campaign) -> Campaign:
    try:
        with runtime.reading() as conn:
            return find.by_id(conn, campaign.id or 0)
    except NoResultFound as error:
        raise StateError(f"The draft of {campaign.name} was replaced meanwhile. Look at the present plan.") from error
