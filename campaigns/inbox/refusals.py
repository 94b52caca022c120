"""What was not let in: counts by provider, reason and hour, beside the bodies of what was."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, select, text

from schemas.page import ProviderName
from schemas.webhook_body import WEBHOOK_REFUSAL

HOUR_MS = 3_600_000

_FORGET = delete(WEBHOOK_REFUSAL).where(WEBHOOK_REFUSAL.c.last_at < bindparam("before"))
_COUNT = text("""
    INSERT INTO webhook_refusal (provider, reason, hour, n, last_at) VALUES (:provider, :reason, :hour, :n, :now)
    ON CONFLICT (provider, reason, hour) DO UPDATE SET n = webhook_refusal.n + excluded.n,
        last_at = CASE WHEN excluded.last_at > webhook_refusal.last_at THEN excluded.last_at
                       ELSE webhook_refusal.last_at END
""")
_SINCE = (
    select(WEBHOOK_REFUSAL)
    .where(WEBHOOK_REFUSAL.c.last_at >= bindparam("since"))
    .order_by(WEBHOOK_REFUSAL.c.provider, WEBHOOK_REFUSAL.c.reason, WEBHOOK_REFUSAL.c.hour)
)


class Refusal(StrEnum):
    """Why a request was not let in."""

    WRONG_SIGNATURE = "wrong_signature"
    NO_SECRET = "no_secret"  # noqa: S105 - a reason
    TOO_LARGE = "too_large"
    HANDSHAKE = "handshake"
    """The platform's first call named another verify token."""
    NO_HANDSHAKE = "no_handshake"
    """There is no verify token to compare it with."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused for one reason within the hour that begins at `hour` (epoch ms)."""

    provider: ProviderName
    reason: Refusal
    hour: int
    n: int
    last_at: int


def count(conn: Connection, provider: ProviderName, reason: Refusal, now: int, n: int) -> None:
    """Count `n` refusals at `now` (epoch ms)."""
    facts = {"provider": provider, "reason": reason, "hour": now - now % HOUR_MS, "n": n, "now": now}
    conn.execute(_COUNT, facts)


def listed(conn: Connection, since: int) -> Sequence[Refused]:
    """Return the hours whose last refusal came at `since` (epoch ms) or later; each is counted as a whole."""
    rows = conn.execute(_SINCE, {"since": since})
    return [Refused(ProviderName(row.provider), Refusal(row.reason), row.hour, row.n, row.last_at) for row in rows]


def forget(conn: Connection, before: int) -> None:
    """Delete the refusals from before a moment (epoch ms)."""
    conn.execute(_FORGET, {"before": before})
