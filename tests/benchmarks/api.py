"""How fast the API answers with ten campaigns of a million rows each: the web process over a socket, one request after
the other, on both databases.

    uv run python tests/benchmarks/api.py [--campaigns 10] [--rows 1000000] [--times 300] [--database sqlite]

Beside each figure stands how many times as long as `GET /me` of the same run it takes, which needs one look at a key:
machines differ, ratios hardly. Pages of rows have a hundred rows; `deep` ones begin where nearly all is behind them.
"""

import http.client
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode

import crowd
import rig
from ledger import server
from webhooks import web

from campaigns import keys, migrations
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from campaigns.web.api.cursor import page_of
from schemas.api_key import Role
from schemas.campaign import Campaign

AIM_STATUS, AIM_ROWS = 0.050, 0.100
_DEEP = 0.95


class Client:
    """One kept connection with a key."""

    def __init__(self, port: int, key: str) -> None:
        self._wire = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"X-API-Key": key}

    def get(self, path: str, query: Mapping[str, object] | None = None) -> bytes:
        """Return the body of an answer that is none of an error."""
        asked = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        self._wire.request("GET", asked, headers=self._headers)
        answer = self._wire.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body


def key(runtime: Runtime) -> str:
    """Return a key that may look at everything."""
    with runtime.writing() as conn:
        return keys.create(conn, "benchmark", Role.VIEWER, now=now_of(conn), actor="benchmark").secret


def taken(ask: Callable[[], object], times: int) -> list[float]:
    """Return the seconds that each of `times` requests took; the first few are for the caches."""
    found = []
    for n in range(times + 3):
        began = time.perf_counter()
        ask()
        if n >= 3:
            found.append(time.perf_counter() - began)
    return found


def figure(what: str, times: Sequence[float], base: float, aim: float | None = None) -> rig.Figure:
    """Return p50 and p99, and the median against the base."""
    cuts = statistics.quantiles(times, n=100)
    value = f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, {cuts[49] / base:.1f} times /me"
    return rig.Figure(what, value, f"p99 < {aim * 1000:.0f} ms" if aim else "", cuts[98] < aim if aim else None)


def figures(settings: Settings, campaigns: int, rows: int, times: int) -> Iterator[rig.Figure]:
    """Make the campaigns, and ask for everything that grows with them."""
    runtime = Runtime.open(settings)
    name = runtime.engine.dialect.name
    made = crowd.made(runtime, campaigns, rows)
    secret = key(runtime)
    with web(settings) as site:
        client = Client(site.port, secret)
        base = taken(lambda: client.get("/me"), times)
        median = statistics.median(base)
        yield figure(f"{name}: GET /me", base, median)
        for what, ask, aim in _asked(client, made):
            yield figure(f"{name}: {what}", taken(ask, times), median, aim)
    runtime.close()


def _asked(client: Client, made: Sequence[Campaign]) -> Iterator[tuple[str, Callable[[], object], float]]:
    dice = random.Random(1)
    refs = [each.ref for each in made]
    yield "GET /campaigns/{ref}", lambda: client.get(f"/campaigns/{dice.choice(refs)}"), AIM_STATUS
    yield "GET /campaigns", lambda: client.get("/campaigns"), AIM_STATUS
    yield "GET /campaigns/{ref}/events", lambda: client.get(f"/campaigns/{dice.choice(refs)}/events"), AIM_STATUS
    for what, query in crowd.FILTERS.items():
        for depth in (0.0, _DEEP):
            deep = ", deep" if depth else ""
            yield f"rows, {what}{deep}", _rows(client, made, dice, {**query, "limit": 100}, depth), AIM_ROWS
    yield "rows of one recipient", _rows(client, made, dice, {"recipient": crowd.RECIPIENT}, 0.0), AIM_ROWS


def _rows(
    client: Client, made: Sequence[Campaign], dice: random.Random, query: Mapping[str, object], depth: float
) -> Callable[[], object]:
    def ask() -> object:
        found = dice.choice(made)
        after = int((found.first_id or 0) + depth * found.total)
        place = {"cursor": _cursor(after)} if depth else {}
        return client.get(f"/campaigns/{found.ref}/deliveries", {**query, **place})

    return ask


def _cursor(after: int) -> str:
    """Return what the API gives for the page behind a row."""
    page = page_of([after, after], 1, lambda each: (each,), lambda each: each)
    return page.meta.pagination.cursor or ""


@contextmanager
def on(database: str) -> Iterator[Settings]:
    """Yield settings with an empty database of that kind."""
    with rig.home() as settings:
        if database == "sqlite":
            yield settings
            return
        with server() as url:
            own = settings.model_copy(update={"database_url": url})
            runtime = Runtime.open(own)
            migrations.ensure(runtime.engine)
            runtime.close()
            yield own


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--campaigns", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    found: list[rig.Figure] = []
    for database in [chosen.database] if chosen.database else ["sqlite", "postgresql"]:
        with on(database) as settings:
            found += figures(settings, chosen.campaigns, chosen.rows, chosen.times)
    rig.show(found, as_json=chosen.json)


if __name__ == "__main__":
    main()
