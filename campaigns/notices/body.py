"""What a notice says: the event, and how its campaign stands; counts and sentences, never who the people are."""

import json
import re
from typing import Any

from sqlalchemy import Connection, text

from campaigns.moments import iso
from campaigns.report.standing import status
from schemas.notice import TEST

_EVENT = text("""
    SELECT event.at, event.campaign_id, event.sentence, page.name, page.channel, page.provider
    FROM event LEFT JOIN page ON page.id = event.page_id WHERE event.id = :id
""")
_LONG_NUMBER = re.compile(r"\d{10,}")
_HIDDEN = "[id]"


def compose(conn: Connection, key: str, kind: str, event_id: int, now: int, *, staffed: bool | None) -> str:
    """Return an event as the JSON that goes out; `now` in epoch milliseconds."""
    event = conn.execute(_EVENT, {"id": event_id}).one()
    told: dict[str, Any] = {"sentence": faceless(event.sentence), "campaign": None, "page": None}
    if event.campaign_id is not None:
        told["campaign"] = _campaign(conn, event.campaign_id, now, staffed=staffed)
    if event.name is not None:
        told["page"] = {"name": event.name, "channel": event.channel, "provider": event.provider}
    return _document(key, kind, event.at, told)


def sample(key: str, now: int) -> str:
    """Return a notice that only shows that the way is open."""
    told = {"sentence": "This is a test: notices of Pagecast arrive here.", "campaign": None, "page": None}
    return _document(key, TEST, now, told)


def faceless(sentence: str) -> str:
    """Hide what may be a person's id: a platform's answer can name whom it is about."""
    return _LONG_NUMBER.sub(_HIDDEN, sentence)


def words(body: str) -> tuple[str, str]:
    """Return a notice's title and text, as chat and e-mail show it."""
    document = json.loads(body)
    told = document["data"]
    campaign, page = told["campaign"], told["page"]
    about = campaign["name"] if campaign else f"page {page['name']}" if page else "Pagecast"
    lines = [told["sentence"], *([f"{campaign['sentence']} ({campaign['id']})"] if campaign else [])]
    return f"{about}: {document['type']}", "\n".join(dict.fromkeys(lines))


def _campaign(conn: Connection, campaign_id: int, now: int, *, staffed: bool | None) -> dict[str, Any]:
    stands = status(conn, campaign_id, now, staffed=staffed)
    shown = stands.model_dump(mode="json", include={"id", "name", "state", "total", "counts", "reasons", "eta"})
    pages = [
        {"name": page.name, "state": page.state.value, "sentence": faceless(page.sentence)} for page in stands.pages
    ]
    return shown | {"sentence": faceless(stands.sentence), "pages": pages}


def _document(key: str, kind: str, at: int, told: dict[str, Any]) -> str:
    document = {"id": key, "type": kind, "created_at": iso(at), "data": told}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
