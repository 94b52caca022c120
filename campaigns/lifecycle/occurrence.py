"""The campaigns of a series: each moment is taken up once, planned when it comes, and launched without anybody.

The launch of the series was the confirmation. A moment is a row before anything is done about it, its campaign is
stored in the transaction that writes it into that row, and a launch that was interrupted is begun again: whatever is
killed when, a moment has one campaign at most.
"""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from sqlalchemy import Connection, text

from campaigns import events, locks
from campaigns.errors import PagecastError, StateError
from campaigns.lifecycle import control, find, submit
from campaigns.lifecycle.late import MISSED_MS, lasting
from campaigns.lifecycle.launch import launch, launched_plan
from campaigns.lifecycle.repetition import named, occurring, recurrence, shown_in
from campaigns.moments import people
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.series import OccurrenceState

ACTOR = "planner"
ATTEMPTS = 10
"""How often a moment's planning may die before it is parked."""

_SERIES = text("""
    SELECT campaign.state, series.next_at, series.since, series.folder
    FROM series JOIN campaign ON campaign.id = series.campaign_id WHERE series.campaign_id = :id
""")
_TAKE = text("""
    INSERT INTO occurrence (series_id, at, state, sentence, attempts) VALUES (:series_id, :at, :state, :sentence, 0)
    ON CONFLICT DO NOTHING
""")
_NEXT = text("UPDATE series SET next_at = :next_at WHERE campaign_id = :id")
_PLANNING = text("""
    SELECT at, campaign_id, attempts FROM occurrence WHERE series_id = :id AND state = 'planning' ORDER BY at
""")
_BEGIN = text("""
    UPDATE occurrence SET began_at = :now, attempts = attempts + 1 WHERE series_id = :id AND at = :at
""")
_LINK = text("""
    UPDATE occurrence SET campaign_id = :campaign_id
    WHERE series_id = :id AND at = :at AND state = 'planning' AND campaign_id IS NULL
""")
_SETTLE = text("""
    UPDATE occurrence SET state = :state, sentence = :sentence, token = :token WHERE series_id = :id AND at = :at
""")
_FINISH = text("""
    UPDATE campaign SET state = 'finished', sentence = '', finished_at = :now WHERE id = :id AND state = 'scheduled'
""")


class Moments:
    """One series at work: its rule, and what is due of it."""

    def __init__(self, runtime: Runtime, series: Campaign, environment: Mapping[str, str]) -> None:
        file = CampaignFile.model_validate_json(series.spec)
        rule = recurrence(file)
        if rule is None:
            raise StateError(f"{series.name} does not repeat.")
        self._runtime, self._series, self._environment = runtime, series, environment
        self._file, self._rule = file, rule
        self._id = series.id or 0

    def work(self) -> None:
        """Do what is due: take moments up, launch their campaigns, and finish a series that has none left."""
        self.take_up()
        for at in self._planning():
            self._occur(at)
        self._finish()

    def take_up(self) -> None:
        """Write down every moment that has come: to be planned, or left out with the reason."""
        with self._runtime.writing() as conn:
            locks.campaign(conn, self._id)
            row, now = conn.execute(_SERIES, {"id": self._id}).one(), now_of(conn)
            if row.state != CampaignState.SCHEDULED or row.next_at is None or row.next_at > now:
                return
            come = [row.next_at, *takewhile(lambda at: at <= now, self._rule.after(row.next_at))]
            left_out = self._left_out(come, row.since, now)
            for at in come:
                state = OccurrenceState.SKIPPED if at in left_out else OccurrenceState.PLANNING
                facts = {"series_id": self._id, "at": at, "state": state, "sentence": left_out.get(at, "")}
                conn.execute(_TAKE, facts)
            conn.execute(_NEXT, {"id": self._id, "next_at": next(self._rule.after(come[-1]), None)})
            self._tell_left_out(conn, left_out, row.since, now)

    def _left_out(self, come: Sequence[int], since: int, now: int) -> dict[int, str]:
        """Return which moments are not sent, and why: of several that were missed the last one alone counts."""
        passed = {at: "It passed before the series was launched, or while it was paused." for at in come if at < since}
        missed = [at for at in come if at >= since and now - at > MISSED_MS]
        told = {at: f"Missed by {lasting(now - at)}, and a later one is due as well." for at in missed}
        if missed and missed[-1] == come[-1]:
            told.pop(last := missed[-1])
            if self._file.schedule.late_start == "skip":
                told[last] = f"Missed by {lasting(now - last)}, and late_start says skip."
        return passed | told

    def _tell_left_out(self, conn: Connection, left_out: Mapping[int, str], since: int, now: int) -> None:
        for kind, moments in (
            ("campaign.passed", [at for at in left_out if at < since]),
            ("campaign.late", [at for at in left_out if at >= since]),
        ):
            if moments:
                before = f" and {len(moments) - 1} before it are" if len(moments) > 1 else " is"
                said = f"{shown_in(self._rule.zone, moments[-1])}{before} left out. {left_out[moments[-1]]}"
                events.record(conn, now, kind, ACTOR, said, campaign_id=self._id)

    def _planning(self) -> Sequence[int]:
        with self._runtime.reading() as conn:
            return [row.at for row in conn.execute(_PLANNING, {"id": self._id})]

    def _occur(self, at: int) -> None:
        """Plan and launch the campaign of a moment, or park it with a sentence; nothing while the series is paused."""
        if not self._begin(at):
            return
        try:
            campaign = self._campaign(at)
            if campaign.state is CampaignState.DRAFT:
                with self._runtime.reading() as conn:
                    now = now_of(conn)
                campaign = launch(self._runtime, campaign, None, self._environment, now=now, actor=ACTOR, starts=False)
        except PagecastError as error:
            self._park(at, str(error))
            return
        self._settle(at, campaign)

    def _begin(self, at: int) -> bool:
        """Count an attempt; False where there is to be none."""
        with self._runtime.writing() as conn:
            locks.campaign(conn, self._id)
            state = conn.execute(_SERIES, {"id": self._id}).one().state
            row = next((row for row in conn.execute(_PLANNING, {"id": self._id}).all() if row.at == at), None)
            if row is None or state == CampaignState.PAUSED:
                return False
            conn.execute(_BEGIN, {"id": self._id, "at": at, "now": now_of(conn)})
        if state == CampaignState.CANCELLED:
            self._drop(at, row.campaign_id)
            return False
        if row.attempts >= ATTEMPTS:
            self._park(at, f"Its planning ended {ATTEMPTS} times without a result; the log of `pagecast up` says why.")
            return False
        return True

    def _campaign(self, at: int) -> Campaign:
        """Return the campaign of a moment, stored as a draft where there is none: its list is read now."""
        with self._runtime.reading() as conn:
            row = next(row for row in conn.execute(_PLANNING, {"id": self._id}) if row.at == at)
            folder = str(conn.execute(_SERIES, {"id": self._id}).one().folder)
            if row.campaign_id is not None:
                return find.by_id(conn, row.campaign_id)
            now = now_of(conn)
        file = occurring(self._file, named(self._series.name, self._rule, at), self._rule, at)
        draft = submit.check(self._runtime, file, Path(folder), self._environment, now, again=True, due=True)
        return submit.store(self._runtime, draft, ACTOR, lambda conn, new: self._link(conn, at, new))

    def _link(self, conn: Connection, at: int, campaign_id: int) -> None:
        if not conn.execute(_LINK, {"id": self._id, "at": at, "campaign_id": campaign_id}).rowcount:
            # Nothing to park: whoever has got it on the way goes on with it.
            raise RuntimeError(f"{self._series.ref} has a campaign at {at} already")

    def _settle(self, at: int, campaign: Campaign) -> None:
        """Write down that a moment's campaign is launched; where the series was cancelled meanwhile, it is as well."""
        plan = launched_plan(self._runtime, campaign)
        with self._runtime.writing() as conn:
            locks.campaign(conn, self._id)
            cancelled = conn.execute(_SERIES, {"id": self._id}).one().state == CampaignState.CANCELLED
            if not cancelled:
                n = plan.eligible if plan else 0
                said = f"{campaign.name} ({campaign.ref}) is launched for {people(n)}."
                facts = {"state": OccurrenceState.LAUNCHED, "sentence": "", "token": plan.token if plan else None}
                conn.execute(_SETTLE, facts | {"id": self._id, "at": at})
                events.record(conn, now_of(conn), "series.launched", ACTOR, said, campaign_id=self._id)
        if cancelled:
            self._drop(at, campaign.id)

    def _park(self, at: int, why: str) -> None:
        with self._runtime.writing() as conn:
            locks.campaign(conn, self._id)
            conn.execute(
                _SETTLE, {"state": OccurrenceState.PARKED, "sentence": why, "token": None, "id": self._id, "at": at}
            )
            said = f"{shown_in(self._rule.zone, at)} is not sent: {why} Later ones go on."
            events.record(conn, now_of(conn), "series.parked", ACTOR, said, campaign_id=self._id)

    def _drop(self, at: int, campaign_id: int | None) -> None:
        """End a moment of a cancelled series, and the campaign it has."""
        if campaign_id is not None:
            with self._runtime.reading() as conn:
                campaign = find.by_id(conn, campaign_id)
            if campaign.state not in {CampaignState.CANCELLED, CampaignState.FINISHED}:
                control.cancel(self._runtime, campaign, ACTOR)
        with self._runtime.writing() as conn:
            said = "The series was cancelled."
            facts = {"state": OccurrenceState.SKIPPED, "sentence": said, "token": None}
            conn.execute(_SETTLE, facts | {"id": self._id, "at": at})

    def _finish(self) -> None:
        with self._runtime.writing() as conn:
            locks.campaign(conn, self._id)
            row, now = conn.execute(_SERIES, {"id": self._id}).one(), now_of(conn)
            if row.next_at is not None or conn.execute(_PLANNING, {"id": self._id}).first():
                return
            if conn.execute(_FINISH, {"id": self._id, "now": now}).rowcount:
                said = "Finished: no moment of it is left."
                events.record(conn, now, "campaign.finished", ACTOR, said, campaign_id=self._id)


def work(runtime: Runtime, series: Campaign, environment: Mapping[str, str]) -> bool:
    """Do what is due of a series; False where another process of this machine is at it."""
    with _alone(runtime, series) as ours:
        if ours:
            Moments(runtime, series, environment).work()
    return ours


@contextmanager
def _alone(runtime: Runtime, series: Campaign) -> Iterator[bool]:
    folder = runtime.storage / "campaigns" / series.ref
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "series.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with locks.held(runtime.engine, f"series {series.ref}"):
            yield True
