"""A campaign in a real database and its stored list, as the steps before the report leave them."""

import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

from schemas import recipient_list as columns
from schemas import tables

assert tables.ALL, "importing it makes the metadata whole"

NOW = 1_796_133_600_000
"""2026-12-01 14:00:00 UTC."""

_LIST_TYPES = {
    columns.LINE: pl.Int64,
    columns.RECIPIENT: pl.String,
    columns.PAGE: pl.String,
    columns.CLOSES_AT: pl.Int64,
    columns.INBOUND_AT: pl.Int64,
    columns.OPTED_OUT: pl.Boolean,
    columns.TIMEZONE: pl.String,
    columns.RULE: pl.String,
    columns.COLUMN: pl.String,
    columns.VALUE: pl.String,
}


@dataclass
class Spring:
    """One campaign of two pages; `acme` on Instagram has id 1, `beta` on Messenger id 2."""

    folder: Path
    ref: str = "cmp_spring"
    now: int = NOW
    rows: list[dict[str, Any]] = field(default_factory=list)
    listed: list[dict[str, Any]] = field(default_factory=list)
    unplanned: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if url := os.environ.get("DATABASE_URL"):
            self.engine = create_engine(url, poolclass=NullPool)
            return
        database = self.folder / "pagecast.db"
        database.write_bytes(_empty_database())
        self.engine = create_engine(f"sqlite:///{database}")
        event.listen(self.engine, "connect", _be_quick)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        with self.engine.begin() as conn:
            yield conn

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        """Insert rows as the ledger does: past the ORM, states as their values."""
        if not rows:
            return
        known = SQLModel.metadata.tables[table].c
        defaults = {column.name: column.default.arg for column in known if column.default and column.default.is_scalar}
        filled = [defaults | row for row in rows]
        names = [name for name in filled[0] if name in known]
        marks = ", ".join(f":{name}" for name in names)
        with self.engine.begin() as conn:
            conn.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"), filled)

    def change(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as conn:
            conn.execute(text(statement), values)

    def heard(
        self,
        line: int | None,
        kind: str,
        said: str = "",
        payload: str = "",
        *,
        at: int = NOW,
        consent: str | None = None,
        **facts: Any,
    ) -> None:
        """Add an event that came in, about the delivery of a line (None: about none), as `inbound` keeps it."""
        self.events += 1
        number = next((number for number, row in enumerate(self.rows, 1) if row["line"] == line), None)
        row = self.rows[number - 1] if number else {"recipient_id": "1", "sender_id": 1, "page_id": 1}
        event = {
            "key": f"e{self.events}", "received_at": at + 500, "at": at, "provider": "meta",
            "channel": "messenger" if row["page_id"] == 2 else "instagram",
            "account_id": f"17841{row['page_id']:09d}", "person": row["recipient_id"], "kind": kind,
            "mid": f"in_{self.events}", "text": said, "payload": payload, "facts": "{}", "sender_id": row["sender_id"],
            "campaign_id": 1 if number else None, "delivery_id": number,
        } | facts  # fmt: skip
        self.insert("inbound_event", event)
        if consent:
            self.insert("consent", {
                "key": f"inbound:{event['key']}", "at": at, "recipient_id": event["person"], "sender_id": 1,
                "channel": event["channel"], "kind": consent, "source": "word", "evidence": said, "actor": "webhook",
            })  # fmt: skip

    def person(
        self,
        state: str = "pending",
        reason: str | None = None,
        *,
        page: int = 1,
        chunk: int | None = 1,
        cells: dict[str, str] | None = None,
        **facts: Any,
    ) -> int:
        """Add one line of the list that became a delivery; return its line."""
        line = len(self.listed) + 2
        recipient = facts.pop("recipient_id", f"1784{line:012d}")
        known = {name: facts.pop(name) for name in list(facts) if name.startswith("_")}
        self.listed.append(_listed(line, recipient, cells) | known)
        self.rows.append(
            {"line": line, "page_id": page, "sender_id": page, "chunk_id": chunk, "state": state}
            | {"recipient_id": recipient, "reason": reason}
            | facts
        )
        return line

    def unusable(self, rule: str, value: str, *, told: bool = True, cells: dict[str, str] | None = None) -> int:
        """Add one line that the list's rules reject; `told` writes it into the plan's file too."""
        line = len(self.listed) + 2
        broken = {columns.RULE: rule, columns.COLUMN: "recipient_id", columns.VALUE: value}
        self.listed.append(_listed(line, None, cells) | broken)
        self._tell(line, "rejected", rule, told=told)
        return line

    def double(self, *, told: bool = True, cells: dict[str, str] | None = None) -> int:
        """Add one line that repeats the person of the first one."""
        line = len(self.listed) + 2
        self.listed.append(_listed(line, self.listed[0][columns.RECIPIENT], cells))
        self._tell(line, "duplicate", "duplicate", told=told)
        return line

    def _tell(self, line: int, state: str, reason: str, *, told: bool) -> None:
        self.unplanned.append({"line": line, "state": state, "reason": reason, "told": told})

    def store(self, state: str = "sending", pages: Sequence[str] = ("acme", "beta"), **campaign: Any) -> "Spring":
        """Write everything: list, plan's file, pages, lanes, chunks, deliveries and their tallies."""
        self._store_list()
        self.insert("page", *[_page(i, name) for i, name in enumerate(pages, 1)])
        self.insert(
            "campaign",
            {
                "id": 1, "ref": self.ref, "name": "Spring", "title": "Spring", "fingerprint": "f", "state": state,
                "sentence": "",
                "spec": "{}", "message": json.dumps({"parts": [{"text": "Hi"}]}), "list_id": "list", "rate": None,
                "margin_ms": 300_000, "total": len(self.listed), "first_id": 1, "last_id": len(self.rows),
                "created_at": self.now - 900_000, "launched_at": self.now - 660_000,
                "started_at": self.now - 600_000, "start_at": None, "not_after": None, "finished_at": None,
                "plan_token": None,
            } | campaign,
        )  # fmt: skip
        self._store_ledger(len(pages))
        return self

    def _store_list(self) -> None:
        own = sorted({name for row in self.listed for name in row} - set(_LIST_TYPES))
        frame = pl.DataFrame(self.listed, schema=_LIST_TYPES | dict.fromkeys(own, pl.String))
        frame.write_parquet(self.folder / "list.parquet")
        told = [row for row in self.unplanned if row["told"]]
        if told:
            path = self.folder / f"campaigns/{self.ref}/unplanned.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pl.DataFrame(told).select("line", "state", "reason").write_parquet(path)
        self.insert(
            "recipient_list",
            {
                "id": "list", "name": "people.csv", "path": "list.parquet", "rows": len(self.listed),
                "usable": len(self.rows), "rejected": 0, "columns": json.dumps(own), "warnings": "[]", "created_at": 0,
            },
        )  # fmt: skip

    def _store_ledger(self, pages: int) -> None:
        tallies: Counter[tuple[int, int, str, str]] = Counter()
        for row in self.rows:
            tallies[row["page_id"], row["chunk_id"] or 0, row["state"], row["reason"] or ""] += 1
        for row in self.unplanned:
            tallies[0, 0, row["state"], row["reason"]] += 1
        self.insert("tally", *[
            {"campaign_id": 1, "page_id": page, "chunk_id": chunk, "state": state, "reason": reason, "n": n}
            for (page, chunk, state, reason), n in tallies.items()
        ])  # fmt: skip
        lanes = Counter(row["page_id"] for row in self.rows)
        self.insert("lane", *[_lane(i, lanes[i]) for i in range(1, pages + 1)])
        chunks = Counter((row["chunk_id"], row["page_id"]) for row in self.rows if row["chunk_id"])
        self.insert("chunk", *[
            {"id": chunk, "campaign_id": 1, "page_id": page, "seq": chunk, "size": n, "state": "running", "fence": 1,
             "crashes": 0, "due_at": None, "sentence": None}
            for (chunk, page), n in chunks.items()
        ])  # fmt: skip
        blank = {name: None for row in self.rows for name in row} | {"campaign_id": 1, "variables": "[]", "revision": 1}
        blank |= dict.fromkeys(("attempts", "tries", "part_open", "part_done"), 0)
        self.insert("delivery", *[{"id": i} | blank | row for i, row in enumerate(self.rows, 1)])


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        engine = create_engine(f"sqlite:///{path}")
        SQLModel.metadata.create_all(engine)
        engine.dispose()
        return path.read_bytes()


def _be_quick(connection: sqlite3.Connection, _entry: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _listed(line: int, recipient: str | None, cells: dict[str, str] | None) -> dict[str, Any]:
    own = {columns.LINE: line, columns.RECIPIENT: recipient, columns.OPTED_OUT: False}
    return dict.fromkeys(_LIST_TYPES) | own | {"first_name": f"Ann {line}"} | (cells or {})


def _page(number: int, name: str) -> dict[str, Any]:
    channel = "messenger" if name == "beta" else "instagram"
    return {
        "id": number, "name": name, "channel": channel, "provider": "meta", "account_id": f"17841{number:09d}",
        "sender_id": number, "route": "{}", "created_at": 0, "parked_at": None, "parked_sentence": None,
    }  # fmt: skip


def _lane(page: int, total: int) -> dict[str, Any]:
    buckets = json.dumps([f"sender:{page}", "app:meta:graph.facebook.com", "host:graph.facebook.com"])
    return {
        "campaign_id": 1, "page_id": page, "route": "{}", "total": total, "proven": True, "asked": 36.0,
        "updated_at": 0, "buckets": buckets,
    }  # fmt: skip
