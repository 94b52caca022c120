"""A state folder with its database, and campaigns stored and launched the way people do it."""

import csv
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from campaigns import campaign_file, migrations
from campaigns.lifecycle.launch import launch
from campaigns.lifecycle.submit import Draft, check, store
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile

ACCOUNT = "17841400000000001"
OTHER_ACCOUNT = "100200300400500"
ENVIRONMENT = {"ACME_TOKEN": f"sim-{ACCOUNT}", "BURGER_TOKEN": f"sim-{OTHER_ACCOUNT}"}
NOWHERE = "http://127.0.0.1:9/v26.0"
"""For campaigns that never send."""
FIRST = 10_000_000_000_000_000
"""The first person's id; the n-th has this plus n."""


def opened(home: Path) -> Runtime:
    """Open a state folder with an empty, migrated database: its own, or that of DATABASE_URL."""
    settings = Settings(home=home)
    furnish(settings)
    return Runtime.open(settings)


def furnish(settings: Settings) -> None:
    """Give a state folder that has none its migrated database, which is faster than to make it there."""
    if settings.database_url is None and not settings.sqlite_path.exists():
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.sqlite_path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    # Once a session: alembic takes most of a second.
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime.open(Settings(home=Path(folder)))
        migrations.upgrade(runtime.engine)
        runtime.close()
        return runtime.settings.sqlite_path.read_bytes()


def person(n: int) -> str:
    """Return the id of the n-th person."""
    return str(FIRST + n)


def people(count: int, **cells: object) -> list[dict[str, object]]:
    """Return a list of people who wrote an hour ago; `cells` are laid over every row."""
    wrote = int(time.time()) - 3600
    return [
        {"recipient_id": person(n), "first_name": f"Ana{n}", "last_inbound_at": wrote} | cells for n in range(count)
    ]


def page(base_url: str = NOWHERE, **changes: object) -> dict[str, object]:
    """Return the table of page acme, an Instagram account at Meta."""
    return {
        "channel": "instagram",
        "provider": "meta",
        "account_id": ACCOUNT,
        "token": "@{secret:ACME_TOKEN}",
        "base_url": base_url,
    } | changes


def other_page(base_url: str = NOWHERE, **changes: object) -> dict[str, object]:
    """Return the table of page burger, a Facebook Page at Meta."""
    own = {"channel": "messenger", "account_id": OTHER_ACCOUNT, "token": "@{secret:BURGER_TOKEN}"}
    return page(base_url, **(own | changes))


def content(base_url: str = NOWHERE, **changes: object) -> dict[str, Any]:
    """Return a campaign file as TOML would give it; `changes` replace whole top-level keys."""
    return {
        "name": "Spring",
        "list": "people.csv",
        "page": "acme",
        "message": {"text": "Hi {{ first_name }}"},
        "pages": {"acme": page(base_url)},
    } | changes


def write_list(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write people as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def checked(runtime: Runtime, folder: Path, file: CampaignFile | dict[str, Any]) -> Draft:
    """Check a campaign whose list lies in `folder`."""
    parsed = file if isinstance(file, CampaignFile) else campaign_file.parse(file)
    return check(runtime, parsed, folder, ENVIRONMENT, now(runtime))


def submitted(
    runtime: Runtime, folder: Path, rows: Sequence[Mapping[str, object]], file: dict[str, Any] | None = None
) -> Campaign:
    """Store a draft for these people."""
    write_list(folder / "people.csv", rows)
    return store(runtime, checked(runtime, folder, file or content()), "test")


def launched(
    runtime: Runtime, folder: Path, rows: Sequence[Mapping[str, object]], file: dict[str, Any] | None = None
) -> Campaign:
    """Store and launch a campaign for these people."""
    campaign = submitted(runtime, folder, rows, file)
    return let_go(runtime, campaign)


def let_go(runtime: Runtime, campaign: Campaign) -> Campaign:
    """Launch a draft, whatever its plan."""
    return launch(runtime, campaign, None, ENVIRONMENT, now=now(runtime), actor="test")


def now(runtime: Runtime) -> int:
    """Return epoch milliseconds by the database's clock."""
    with runtime.reading() as conn:
        return now_of(conn)


def rows_of(runtime: Runtime, campaign: Campaign) -> list[dict[str, Any]]:
    """Return a campaign's deliveries by id."""
    query = "SELECT * FROM delivery WHERE campaign_id = :id ORDER BY id"
    return select(runtime, query, id=campaign.id)


def states(runtime: Runtime, campaign: Campaign) -> dict[str, str]:
    """Return state by recipient id, with its reason in brackets where it has one."""
    return {
        row["recipient_id"]: f"{row['state']}({row['reason']})" if row["reason"] else row["state"]
        for row in rows_of(runtime, campaign)
    }


def select(runtime: Runtime, query: str, **facts: object) -> list[dict[str, Any]]:
    """Return the rows of a query."""
    with runtime.reading() as conn:
        return [dict(row) for row in conn.execute(text(query), facts).mappings()]


def tallies_add_up(conn: Connection, campaign_id: int) -> None:
    """Compare the tallies of a campaign's chunks with its rows."""
    facts = {"id": campaign_id}
    counted = conn.execute(
        text("""SELECT chunk_id, state, COALESCE(reason, ''), count(*) FROM delivery
                WHERE campaign_id = :id AND chunk_id IS NOT NULL GROUP BY 1, 2, 3"""),
        facts,
    ).all()
    kept = conn.execute(
        text("SELECT chunk_id, state, reason, n FROM tally WHERE campaign_id = :id AND chunk_id > 0 AND n <> 0"), facts
    ).all()
    assert sorted(map(tuple, kept)) == sorted(map(tuple, counted))


@contextmanager
def home_of_its_own() -> Iterator[Path]:
    """Yield an empty folder; for Hypothesis, whose examples share a test's own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
