"""What the benchmarks share: a state folder, a list of people, a launched campaign, and figures beside their aims."""

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from campaigns import migrations
from campaigns.lifecycle.launch import launch
from campaigns.lifecycle.plan import Planned, plan
from campaigns.lifecycle.submit import check, store
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile

ACCOUNT = "100200300400500"
SECRETS = {"BENCHMARK_TOKEN": f"sim-{ACCOUNT}"}
"""The simulator takes any token that names its account so."""
LIST = "people.csv"
_TEXT = "Hi {{ first_name }}, the {{ product | default('new collection') }} is here. Shall we keep one for you?"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `met` is None for figures that only explain another."""

    what: str
    value: str
    aim: str = ""
    met: bool | None = None


def options(about: str) -> argparse.ArgumentParser:
    """Return a command line that knows how figures are printed."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON document")
    return parser


def show(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print figures for people, or for `all.py`."""
    if as_json:
        print(json.dumps([asdict(figure) for figure in figures]))
        return
    for figure in figures:
        verdict = "" if figure.met is None else f"  (aim {figure.aim}: {'met' if figure.met else 'MISSED'})"
        print(f"{figure.what:<58} {figure.value}{verdict}")


@contextmanager
def home() -> Iterator[Settings]:
    """Yield settings with an empty, migrated state folder of their own."""
    with TemporaryDirectory(prefix="bench-") as folder:
        settings = Settings(home=Path(folder))
        runtime = Runtime.open(settings)
        migrations.upgrade(runtime.engine)
        runtime.close()
        yield settings


def people(target: Path, rows: int) -> None:
    """Write a list of six columns: ids of 17 digits, everybody's last message within 20 hours, some cells blank."""
    now = int(time.time())
    n = pl.int_range(rows, dtype=pl.Int64)
    names = pl.Series(["Ana", "Björn", "Chiara", "Dmitri", "Elif", "Farah", "Gu", "Hélène"])
    products = pl.Series(["", "spring jacket", "linen shirt", "rain coat"])
    frame = pl.select(
        recipient_id=(10**16 + n * 89_999_999_999 % (8 * 10**16)).cast(pl.String),
        page=pl.lit("acme"),
        first_name=pl.lit(names).gather(n % 8),
        last_inbound_at=pl.from_epoch(now - n * 7919 % (20 * 3600)).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        opted_out=pl.when(n % 50 == 0).then(pl.lit("yes")).otherwise(pl.lit("")),
        product=pl.lit(products).gather(n % 4),
    )
    frame.write_csv(target)


def campaign_file(base_url: str, rate: float) -> CampaignFile:
    """Return a campaign over LIST on one Meta page at `rate` messages per second."""
    page = {"channel": "messenger", "provider": "meta", "account_id": ACCOUNT, "token": "@{secret:BENCHMARK_TOKEN}"}
    return CampaignFile.model_validate(
        {
            "name": "Benchmark",
            "list": LIST,
            "page": "acme",
            "message": {"text": _TEXT},
            "pages": {"acme": {**page, "rate": rate, "base_url": base_url}},
        }
    )


def planned(runtime: Runtime, base_url: str, rate: float) -> tuple[Campaign, Planned]:
    """Take the list in the state folder through check, submit and plan."""
    with runtime.reading() as conn:
        now = now_of(conn)
    draft = check(runtime, campaign_file(base_url, rate), runtime.settings.home, SECRETS, now)
    campaign = store(runtime, draft, "benchmark")
    return campaign, plan(runtime, campaign, SECRETS, now)


def launched(runtime: Runtime, base_url: str, rate: float) -> Campaign:
    """Take the list in the state folder all the way into the ledger; sending may begin."""
    campaign, drawn = planned(runtime, base_url, rate)
    return launch(runtime, campaign, drawn.plan.token, SECRETS, now=drawn.start_ms, actor="benchmark")


def environment(settings: Settings) -> dict[str, str]:
    """Return what a worker or clock process needs to join this state folder."""
    return {**os.environ, **SECRETS, "PAGECAST_HOME": str(settings.home)}
