"""Sketches: campaigns that are being written, kept so that one can leave and return."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from campaigns.errors import NotFoundError, StateError
from schemas.sketch import Sketch

_REF_BYTES = 6

_BEGIN = text("""
    INSERT INTO sketch (ref, content, step, version, campaign, created_at, updated_at, updated_by)
    VALUES (:ref, :content, 0, 1, :campaign, :now, :now, :actor)
""")
_FIND = text("SELECT * FROM sketch WHERE ref = :ref")
_OF_CAMPAIGN = text("SELECT * FROM sketch WHERE campaign = :campaign ORDER BY updated_at DESC LIMIT 1")
_LATEST = text("SELECT * FROM sketch ORDER BY updated_at DESC, ref LIMIT :most")
_SAVE = text("""
    UPDATE sketch SET content = :content, step = :step, campaign = :campaign, version = version + 1,
        updated_at = :now, updated_by = :actor
    WHERE ref = :ref AND version = :version
""")
_FORGET = text("DELETE FROM sketch WHERE ref = :ref")


class ChangedMeanwhileError(StateError):
    """Somebody saved the sketch since it was read; `present` is what it is now."""

    def __init__(self, present: Sketch) -> None:
        super().__init__(
            f"{present.updated_by.removeprefix('key:')} changed this in another tab meanwhile, so nothing was saved. "
            "Take what is there now, or keep what you have here."
        )
        self.present = present


def begin(conn: Connection, content: Mapping[str, Any], *, now: int, actor: str, campaign: str | None = None) -> Sketch:
    """Keep a new sketch; `campaign` is the draft that it goes on with. `now` in epoch milliseconds."""
    ref = secrets.token_hex(_REF_BYTES)
    facts = {"ref": ref, "content": json.dumps(content), "campaign": campaign, "now": now, "actor": actor}
    conn.execute(_BEGIN, facts)
    return find(conn, ref)


def find(conn: Connection, ref: str) -> Sketch:
    """Return a sketch; raises NotFoundError."""
    row = conn.execute(_FIND, {"ref": ref}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no unfinished campaign {ref}: it was launched or deleted. See the list of campaigns."
        )
    return _sketch(row)


def of_campaign(conn: Connection, ref: str) -> Sketch | None:
    """Return the latest sketch of a draft campaign; None where there is none."""
    row = conn.execute(_OF_CAMPAIGN, {"campaign": ref}).mappings().one_or_none()
    return _sketch(row) if row else None


def latest(conn: Connection, most: int) -> Sequence[Sketch]:
    """Return the sketches that were changed last."""
    return [_sketch(row) for row in conn.execute(_LATEST, {"most": most}).mappings()]


def save(conn: Connection, sketch: Sketch, content: Mapping[str, Any], *, now: int, actor: str) -> Sketch:
    """Keep what a sketch, as it was read, has become: its `step`, its `campaign`, and the content.

    Raises ChangedMeanwhileError where somebody has saved it since, NotFoundError where it is gone.
    """
    facts = {"step": sketch.step, "campaign": sketch.campaign, "ref": sketch.ref, "version": sketch.version}
    kept = conn.execute(_SAVE, facts | {"content": json.dumps(content), "now": now, "actor": actor}).rowcount
    present = find(conn, sketch.ref)
    if not kept:
        raise ChangedMeanwhileError(present)
    return present


def forget(conn: Connection, ref: str) -> bool:
    """Delete a sketch; False where it is gone already."""
    return conn.execute(_FORGET, {"ref": ref}).rowcount > 0


def _sketch(row: RowMapping) -> Sketch:
    return Sketch.model_validate(dict(row))
