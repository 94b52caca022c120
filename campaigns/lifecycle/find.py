"""Which campaign somebody means: an id, a unique prefix of one, a unique name, or `last`."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from campaigns.errors import AmbiguousError, NotFoundError
from schemas.campaign import Campaign, CampaignState

_LAST = text("SELECT * FROM campaign ORDER BY id DESC LIMIT 1")
_BY_ID = text("SELECT * FROM campaign WHERE id = :id")
_MATCHING = text("""
    SELECT * FROM campaign WHERE ref = :word OR name = :word OR substr(ref, 1, length(:word)) = :word ORDER BY id
""")
_TITLED = text("SELECT * FROM campaign WHERE title = :title ORDER BY id")
_BY_REF = text("SELECT * FROM campaign WHERE ref = :ref")
_ALL = text("""
    SELECT * FROM campaign WHERE (:state = '' OR state = :state) AND id < :before
    AND (:containing = '' OR lower(name) LIKE :pattern ESCAPE '!') ORDER BY id DESC LIMIT :most
""")
_ROWS = text("SELECT rows FROM recipient_list WHERE id = :id")
NEWEST = 1 << 62
"""A `before` that leaves nothing out."""


def campaign(conn: Connection, word: str) -> Campaign:
    """Return the campaign that `word` means; raises NotFoundError or AmbiguousError."""
    if word == "last":
        row = conn.execute(_LAST).mappings().one_or_none()
        found = [_campaign(row)] if row else []
    else:
        found = [_campaign(row) for row in conn.execute(_MATCHING, {"word": word}).mappings()]
    exact = [each for each in found if word in {each.ref, each.name}]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if found:
        names = ", ".join(f"{each.ref} ({each.name})" for each in found[:5])
        candidates = {each.ref: each.name for each in found}
        raise AmbiguousError(f"{word} means several campaigns: {names}. Give more of the id.", candidates)
    raise NotFoundError(f"There is no campaign {word}. `pagecast status` lists those there are.")


def by_id(conn: Connection, campaign_id: int) -> Campaign:
    """Return a campaign by its row's id."""
    return _campaign(conn.execute(_BY_ID, {"id": campaign_id}).mappings().one())


def exactly(conn: Connection, ref: str) -> Campaign:
    """Return the campaign of that id, in full; raises NotFoundError: a program means no other by a part of it."""
    row = conn.execute(_BY_REF, {"ref": ref}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no campaign with the id {ref}. The list of campaigns has the ids.")
    return _campaign(row)


def titled(conn: Connection, title: str) -> Sequence[Campaign]:
    """Return every run of a campaign file's name, oldest first."""
    return [_campaign(row) for row in conn.execute(_TITLED, {"title": title}).mappings()]


def latest(
    conn: Connection,
    most: int = 50,
    *,
    state: CampaignState | None = None,
    before: int = NEWEST,
    containing: str = "",
) -> Sequence[Campaign]:
    """Return the newest campaigns, of one state or with a name containing something, older than the row `before`."""
    literal = re.sub("[!%_]", r"!\g<0>", containing.lower())
    facts = {"most": most, "state": state.value if state else "", "before": before}
    facts |= {"containing": containing, "pattern": f"%{literal}%"}
    return [_campaign(row) for row in conn.execute(_ALL, facts).mappings()]


def rows(conn: Connection, campaign: Campaign) -> int:
    """Return how many rows a campaign's list has; it is a measure of what work on the campaign takes."""
    return int(conn.execute(_ROWS, {"id": campaign.list_id}).scalar_one())


def _campaign(row: RowMapping) -> Campaign:
    return Campaign.model_validate(dict(row))
