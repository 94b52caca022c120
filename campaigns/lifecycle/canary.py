"""A canary: the first few go out, and the campaign pauses by itself until somebody has looked."""

from collections.abc import Iterator

from sqlalchemy import Connection, Row, text

from campaigns import events
from schemas.delivery import DeliveryState

OUT = "Canary:"
"""What the sentence of a campaign begins with that paused because its first few are out."""

# A row that came back throttled was not among the first: somebody else takes its place.
_SPENT = text("""
    SELECT campaign.id, campaign.ref, campaign.canary,
        SUM(CASE WHEN tally.state = 'sending' THEN n ELSE 0 END) AS sending,
        SUM(CASE WHEN tally.state = 'pending' THEN n ELSE 0 END) AS pending,
        SUM(CASE WHEN tally.state IN ('accepted', 'delivered', 'read') THEN n ELSE 0 END) AS accepted,
        SUM(CASE WHEN tally.state = 'failed' THEN n ELSE 0 END) AS failed,
        SUM(CASE WHEN tally.state IN ('unknown', 'assumed_sent') THEN n ELSE 0 END) AS doubtful
    FROM campaign JOIN tally ON tally.campaign_id = campaign.id
    WHERE campaign.state = 'sending' AND campaign.canary_left = 0
    GROUP BY campaign.id, campaign.ref, campaign.canary ORDER BY campaign.id
""")
_AGAIN = text("UPDATE campaign SET canary_left = :n WHERE id = :id AND canary_left = 0")
_HOLD = text("""
    UPDATE campaign SET state = 'paused', sentence = :sentence, canary_left = NULL
    WHERE id = :id AND state = 'sending' AND canary_left = 0
""")
_OVER = text("UPDATE campaign SET canary_left = NULL WHERE id = :id AND canary_left = 0")


def told(canary: int | None, eligible: int) -> Iterator[str]:
    """Say what a canary of so many comes to among the people of a plan."""
    if canary is not None and canary < eligible:
        yield f"Canary: the first {canary:,} go out, then it pauses until somebody resumes it."
    elif canary is not None:
        yield f"Canary: there are no more than {canary:,} people, so it does not pause."


def sentence(ref: str, first: int, told: str, left: int) -> str:
    """Return what a campaign says whose `first` people had their turn; `told` is what became of them."""
    return (
        f"{OUT} the first {first:,} are out: {told}. Look at them; then `pagecast resume {ref}` goes on with the other "
        f"{left:,}."
    )


def hold(conn: Connection, now: int) -> None:
    """Pause the campaigns whose canary is out and answered; `now` in epoch milliseconds."""
    for row in conn.execute(_SPENT).all():
        out = row.accepted + row.failed + row.doubtful
        if row.sending:
            continue
        if not row.pending:
            conn.execute(_OVER, {"id": row.id})
        elif out < row.canary:
            conn.execute(_AGAIN, {"n": row.canary - out, "id": row.id})
        else:
            _pause(conn, row, now)


def _pause(conn: Connection, row: Row[tuple[int, ...]], now: int) -> None:
    counted = {DeliveryState.ACCEPTED: row.accepted, DeliveryState.FAILED: row.failed, "unknown": row.doubtful}
    told = ", ".join(f"{n:,} {state}" for state, n in counted.items() if n)
    said = sentence(row.ref, row.canary, told, row.pending)
    if conn.execute(_HOLD, {"sentence": said, "id": row.id}).rowcount:
        events.record(conn, now, "campaign.canary", "clock", said, campaign_id=row.id)
