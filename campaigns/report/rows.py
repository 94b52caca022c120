"""The ledger's rows, a page at a time, by state and reason.

A page that fills at once costs a millisecond. One that searches a million rows for the few of a rare state goes through
the campaign's own stretch of the ledger, in a tenth of a second on either database: less than an index more would cost
every claim.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from campaigns.moments import iso_or_none
from campaigns.report.tallies import IMPLIED
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.page import Channel
from schemas.reason import Reason
from schemas.row import Row

_ROWS = """
    SELECT delivery.*, page.name AS page, page.channel FROM delivery JOIN page ON page.id = delivery.page_id
    WHERE delivery.id > :after AND delivery.id BETWEEN :low AND :high AND delivery.campaign_id = :campaign_id {which}
    ORDER BY delivery.id LIMIT :most
"""
_TIMES = ("sent_at", "accepted_at", "delivered_at", "read_at", "replied_at")
_COPIED = ("id", "line", "page", "recipient_id", "state", "provider_code", "request_id", "attempts", "reply", "variant")


def rows(
    conn: Connection,
    campaign: Campaign,
    *,
    state: DeliveryState | None = None,
    reason: Reason | None = None,
    after: int = 0,
    most: int = 100,
) -> Sequence[Row]:
    """Return at most `most` rows of a campaign in the order of the ledger, after the row with the id `after`."""
    facts: dict[str, object] = {"low": campaign.first_id or 0, "high": campaign.last_id or 0}
    facts |= {"after": after, "campaign_id": campaign.id, "most": most}
    which = ""
    if state:
        which += "AND delivery.state = :state "
        facts["state"] = state.value
    if reason:
        which += f"AND {_because(reason)} "
        facts["reason"] = reason.value
    found = conn.execute(text(_ROWS.format(which=which)), facts).mappings()
    return [_row(row) for row in found]


def _because(reason: Reason) -> str:
    """Return the condition on a reason, which some states imply where the row names none."""
    implying = [f"'{state}'" for state, implied in IMPLIED.items() if implied == reason and state in set(DeliveryState)]
    if not implying:
        return "delivery.reason = :reason"
    return f"(delivery.reason = :reason OR (delivery.reason IS NULL AND delivery.state IN ({', '.join(implying)})))"


def _row(row: RowMapping) -> Row:
    # Meta knows no delivery on Instagram.
    hidden = {"delivered_at"} if row["channel"] == Channel.INSTAGRAM else set()
    return Row(
        **{name: row[name] for name in _COPIED},
        **{name: None if name in hidden else iso_or_none(row[name]) for name in _TIMES},
        reason=row["reason"] or IMPLIED.get(row["state"]),
        message_ids=(row["message_ids"] or "").split(),
        window_closes_at=iso_or_none(row["closes_at"]),
        revision=row["revision"] if row["sent_at"] else None,
    )
