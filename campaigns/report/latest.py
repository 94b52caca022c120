"""What the platforms refused lately, by their own codes: out of the newest parts of the list that have refusals.

An index on states would be paid for by every claim, so the tallies say where the refusals are, and few parts are read.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from campaigns.moments import iso
from campaigns.report.tallies import IMPLIED
from schemas.meaning import meaning

PARTS = 20
"""Chunks that are read: at most a thousand people each."""

_PARTS = text("""
    SELECT DISTINCT chunk_id FROM tally WHERE campaign_id = :id AND chunk_id > 0 AND n > 0
    AND state IN ('failed', 'unknown') ORDER BY chunk_id DESC LIMIT :most
""")
_GROUPED = text("""
    SELECT state, reason, provider_code, COUNT(*) AS n, MAX(sent_at) AS last, MAX(request_id) AS request_id
    FROM delivery WHERE chunk_id IN :parts AND state IN ('failed', 'unknown')
    GROUP BY state, reason, provider_code ORDER BY last DESC
""").bindparams(bindparam("parts", expanding=True))


@dataclass(frozen=True, slots=True)
class Refusal:
    """`n` people for one reason and code, the last of them at `last` (ISO 8601); `request_id` is one example's."""

    reason: str
    code: str
    sentence: str
    n: int
    last: str
    request_id: str


def refusals(conn: Connection, campaign_id: int) -> list[Refusal]:
    """Return the latest refusals and doubts of a campaign, the last one first."""
    parts = conn.execute(_PARTS, {"id": campaign_id, "most": PARTS}).scalars().all()
    if not parts:
        return []
    return [
        Refusal(
            reason=reason,
            code=row.provider_code or "",
            sentence=meaning(reason).sentence,
            n=row.n,
            last=iso(row.last) if row.last else "",
            request_id=row.request_id or "",
        )
        for row in conn.execute(_GROUPED, {"parts": parts})
        if (reason := row.reason or IMPLIED.get(row.state, ""))
    ]
