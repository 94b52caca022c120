"""A paused campaign's message, corrected for everyone who has not got it yet.

All of it is one transaction, although a million rows make that seconds: a row whose variables belong to another text
than the campaign's would be sent with the wrong words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pydantic import ValidationError
from sqlalchemy import Connection, text

from campaigns import events, locks, template
from campaigns.errors import InputError, StateError
from campaigns.ledger import rewording
from campaigns.ledger.rewording import Rewording
from campaigns.lifecycle.plan import screen
from campaigns.lifecycle.preview import preview
from campaigns.lifecycle.submit import fingerprint
from campaigns.moments import people
from campaigns.policy.findings import findings
from campaigns.runtime import Runtime, now_of
from schemas import recipient_list as stored
from schemas import screened
from schemas.api.verbs import Revised
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile, MessageText
from schemas.message import Message
from schemas.reason import Reason
from schemas.sample import Sample

_WORDING = (str(Reason.BLANK_VARIABLE), str(Reason.TEXT_TOO_LONG))
_STANDING = text("SELECT state, message, revision FROM campaign WHERE id = :id")
_RUNNING = text("SELECT count(*) FROM chunk WHERE campaign_id = :id AND state IN ('running', 'draining')")
_WITH_A_PART = text("""
    SELECT count(*) FROM delivery
    WHERE id BETWEEN :low AND :high AND campaign_id = :id AND state IN ('pending', 'failed', 'unknown')
      AND part_done > 0
""")
_REVISE = text("""
    UPDATE campaign SET message = :message, spec = :spec, fingerprint = :fingerprint, revision = revision + 1
    WHERE id = :id
""")
_LINES = text("""
    SELECT line, state, reason FROM delivery WHERE id BETWEEN :low AND :high AND campaign_id = :id
      AND state IN ('pending', 'skipped')
""")
_ACCOUNTS = text("""
    SELECT page.channel || ':' || page.provider || ':' || page.account_id FROM lane JOIN page ON page.id = lane.page_id
    WHERE lane.campaign_id = :id
""")


@dataclass(frozen=True)
class Revision:
    """What a correction would do.

    `pending` people will get the new message; `set_aside` counts those who will not, by reason; `freed` were set aside
    for their words and could be sent to again by a retry. `samples` show the new message, `findings` what the
    platforms' policies say of it.
    """

    message: Message
    written: MessageText
    revision: int
    pending: int
    set_aside: dict[str, int]
    freed: int
    samples: list[Sample]
    findings: list[str]
    wording: pl.DataFrame

    def told(self, revision: int, *, dry_run: bool) -> Revised:
        """Return it as whoever asked is told, with the number that the text has then."""
        return Revised(
            revision=revision,
            pending=self.pending,
            skipped=self.set_aside,
            freed=self.freed,
            findings=self.findings,
            samples=self.samples,
            dry_run=dry_run,
        )


def reworded(campaign: Campaign, content: str, *, toml: dict[str, Any] | None) -> MessageText:
    """Return the message that a file holds, for a campaign; see `rewritten`."""
    return rewritten(CampaignFile.model_validate_json(campaign.spec).message, content, toml=toml)


def rewritten(present: MessageText, content: str, *, toml: dict[str, Any] | None) -> MessageText:
    """Return the message that a file holds: its [message] table, or the plain text for the only part there is.

    Plain text keeps the quick replies and tag of the `present` one. Raises InputError.
    """
    if toml is not None:
        return _parsed(toml)
    if present.text is None:
        raise InputError("The message has several parts: give a TOML file with the whole [message].")
    return present.model_copy(update={"text": content.removesuffix("\n")})


def _parsed(content: dict[str, Any]) -> MessageText:
    if set(content) != {"message"}:
        raise InputError("The file of a correction holds one table, [message], as a campaign file has it.")
    try:
        written = MessageText.model_validate(content["message"])
        written.message  # noqa: B018 - it checks itself
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"message.{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    except ValueError as error:
        raise InputError(f"{error}.") from error
    return written


def examine(runtime: Runtime, campaign: Campaign, written: MessageText, environment: Mapping[str, str]) -> Revision:
    """Say what a correction would do. Changes nothing; raises StateError and InputError."""
    message = written.message
    template.letter([part.text for part in message.parts])
    with runtime.reading() as conn:
        now = now_of(conn)
        revision = _refuse(conn, campaign, message)
        found = conn.execute(_LINES, _bounds(campaign)).all()
    schema = {"line": pl.Int64, "state": pl.String, "own": pl.String}
    standing = pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")
    reworded_campaign = campaign.model_copy(update={"message": message.model_dump_json()})
    rows, lanes = screen(runtime, reworded_campaign, environment, now)
    faults = pl.col(screened.REASON).is_in(_WORDING)
    wording = rows.select(
        pl.col(stored.LINE).alias("line"),
        pl.col(screened.VARIABLES).alias("variables"),
        pl.when(faults).then(screened.REASON).alias("fault"),
        (pl.col(screened.REASON).is_null() & pl.col(stored.RULE).is_null()).alias("fine"),
    ).collect()
    known = standing.join(wording, on="line", how="left")
    pending = known.filter(pl.col("state") == "pending")
    freed = known.filter((pl.col("state") == "skipped") & pl.col("own").is_in(_WORDING) & pl.col("fine"))
    set_aside = pending["fault"].drop_nulls().value_counts(sort=True, name="n")
    return Revision(
        message=message,
        written=written,
        revision=revision,
        pending=pending["fault"].null_count(),
        set_aside=dict(set_aside.iter_rows()),
        freed=freed.height,
        samples=preview(runtime, reworded_campaign, environment, now),
        findings=findings(
            message, {lane.page.channel for lane in lanes}, datetime.fromtimestamp(now / 1000, UTC).date()
        ),
        wording=wording.select("line", "variables", "fault"),
    )


def revise(runtime: Runtime, campaign: Campaign, change: Revision, actor: str) -> int:
    """Do what was examined; return the revision that the message has now. Raises StateError.

    The message that it has already changes nothing.
    """
    with runtime.writing() as conn:
        # Nobody resumes it before the last row has its new words.
        locks.campaign(conn, campaign.id or 0)
        present = _refuse(conn, campaign, change.message)
        before = str(conn.execute(_STANDING, {"id": campaign.id}).one().message)
        if before == change.message.model_dump_json():
            return present
        if present != change.revision:
            raise StateError(f"{campaign.name} was corrected by somebody else meanwhile. Look at it again.")
        rewording.reword(conn, campaign.id or 0, [Rewording(*row) for row in change.wording.iter_rows()])
        spec = CampaignFile.model_validate_json(campaign.spec).model_copy(update={"message": change.written})
        accounts = sorted(conn.execute(_ACCOUNTS, {"id": campaign.id}).scalars())
        after = change.message.model_dump_json()
        facts = {
            "message": after,
            "spec": spec.model_dump_json(),
            "fingerprint": fingerprint(spec, campaign.list_id, accounts),
            "id": campaign.id,
        }
        conn.execute(_REVISE, facts)
        said = (
            f"The message was corrected for {people(change.pending)}: revision {present} was {_quoted(before)}, "
            f"revision {present + 1} is {_quoted(after)}."
        )
        events.record(conn, now_of(conn), "campaign.revised", actor, said, campaign_id=campaign.id)
    return present + 1


def _refuse(conn: Connection, campaign: Campaign, message: Message) -> int:
    """Raise unless the message may be changed now; return its present revision."""
    row = conn.execute(_STANDING, {"id": campaign.id}).one()
    if row.state != CampaignState.PAUSED:
        way = f"`pagecast pause {campaign.ref}` first." if row.state == CampaignState.SENDING else ""
        way = way or "Submit its file again." if row.state == CampaignState.DRAFT else way
        raise StateError(
            f"{campaign.name} is {row.state}; only a paused campaign's message can be corrected. {way}".rstrip()
        )
    # A run that still drains holds the old message; its rows may yet come back to pending.
    if conn.execute(_RUNNING, {"id": campaign.id}).scalar_one():
        raise StateError(
            f"Calls of {campaign.name} are still in flight. Wait some seconds and say it again; where no worker runs, "
            "start `pagecast up`, which settles them."
        )
    if len(Message.model_validate_json(row.message).parts) != len(message.parts):
        n = conn.execute(_WITH_A_PART, _bounds(campaign)).scalar_one()
        if n:
            raise StateError(f"{n:,} people have a part of the message already. Keep the number of its parts.")
    return int(row.revision)


def _bounds(campaign: Campaign) -> dict[str, int | None]:
    return {"low": campaign.first_id or 0, "high": campaign.last_id or 0, "id": campaign.id}


def _quoted(message: str) -> str:
    return " | ".join(json.dumps(part.text, ensure_ascii=False) for part in Message.model_validate_json(message).parts)
