"""How fast the dashboard's screens are with ten campaigns of a million rows each, in a real Chromium.

    uv run python tests/benchmarks/dashboard.py [--campaigns 10] [--rows 1000000] [--times 20] [--seconds 20]

A load goes from the navigation until the numbers are to be seen, in a browser that was here before. Beside each stands
how many times as long as a screen without numbers takes in the same run: machines differ, ratios hardly. Then a few
rows are settled each second by plain SQL, as a sender would leave them, and the open screen must show them.
"""

import itertools
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import crowd
import rig
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import text
from streams import Stage, settle
from webhooks import web

from campaigns import keys, report
from campaigns.report.pages import accepted
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.api_key import Role
from schemas.campaign import Campaign

AIM_LOAD, AIM_LATE = 1.0, 2.0
"""Seconds."""
_WARM = 2
_PATIENCE_MS = 30_000
_REASONS = ("person unavailable", "window closed", "message rejected")
"""As the filter calls them: 2 % everywhere, 15 % at the end, 2 rows."""
_SHOWS = """
    (least) => {
        const said = document.querySelector("section.standing .many");
        return said && Number(said.textContent.replaceAll(",", "")) >= least;
    }
"""

Load = Callable[[], None]


@contextmanager
def browser(url: str, secret: str) -> Iterator[Page]:
    """Yield a page of a Chromium that is logged in."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(_PATIENCE_MS)
        answer = context.request.post(f"{url}/login", form={"key": secret}, headers={"Origin": url})
        assert answer.ok, answer.text()
        yield context.new_page()
        chromium.close()


def key(runtime: Runtime) -> str:
    """Return a key that may do everything."""
    with runtime.writing() as conn:
        return keys.create(conn, "benchmark", Role.ADMIN, now=now_of(conn), actor="benchmark").secret


def taken(load: Load, times: int) -> list[float]:
    """Return the seconds that each load took; the first few are for the caches."""
    found = []
    for n in range(times + _WARM):
        began = time.perf_counter()
        load()
        if n >= _WARM:
            found.append(time.perf_counter() - began)
    return found


def figure(what: str, times: Sequence[float], base: float, aim: float | None = None) -> rig.Figure:
    """Return p50 and p95, and the median against the base."""
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
    value = f"p50 {p50:.2f} s, p95 {p95:.2f} s, {p50 / base:.1f} times a screen without numbers"
    return rig.Figure(what, value, f"p95 < {aim:g} s" if aim else "", p95 < aim if aim else None)


def loads(page: Page, url: str, made: Sequence[Campaign]) -> Iterator[tuple[str, Load]]:
    """Yield what is loaded, and how; each campaign in turn."""
    refs = random.Random(1).choices([each.ref for each in made], k=1_000)
    turns, reasons = iter(refs), itertools.cycle(_REASONS)
    rows = page.get_by_role("main").locator("tbody").get_by_role("row")

    def everything() -> None:
        page.goto(f"{url}/campaigns")
        page.get_by_role("progressbar").nth(len(made) - 1).wait_for()

    def one() -> None:
        page.goto(f"{url}/campaigns/{next(turns)}")
        page.get_by_role("region", name="How it stands").get_by_role("img").wait_for()

    def people() -> None:
        page.goto(f"{url}/campaigns/{next(turns)}?tab=people")
        rows.first.wait_for()

    def reason() -> None:
        wanted = next(reasons)
        page.get_by_role("combobox", name="Reason").click()
        page.get_by_role("option", name=wanted).click()
        rows.first.filter(has_text=wanted).wait_for()

    yield "/campaigns", everything
    yield "/campaigns/ID", one
    yield "/campaigns/ID, its people", people
    yield "its people, filtered by a reason (two clicks included)", reason


def late(page: Page, stage: Stage, url: str, seconds: int) -> list[float]:
    """Settle a few rows each second; return how long after each the open screen showed it."""
    page.goto(f"{url}/campaigns/{stage.campaign.ref}")
    page.get_by_role("region", name="How it stands").get_by_role("img").wait_for()
    chunk_id, found = next_chunk(stage), []
    for n in range(seconds):
        settle(stage, chunk_id)
        at = time.perf_counter()
        page.wait_for_function(_SHOWS, arg=through(stage))
        found.append(time.perf_counter() - at)
        # Not in step with the screen's own second.
        time.sleep((n * 0.37) % 1.0)
    return found


def next_chunk(stage: Stage) -> int:
    """Return a chunk that nobody has begun."""
    query = text("SELECT MIN(id) FROM chunk WHERE campaign_id = :id AND state = 'ready'")
    with stage.runtime.reading() as conn:
        return int(conn.execute(query, {"id": stage.campaign.id}).scalar_one())


def through(stage: Stage) -> int:
    """Return how many people are accepted."""
    with stage.runtime.reading() as conn:
        return accepted(report.status(conn, stage.campaign.id or 0, now_of(conn)).counts)


def figures(settings: Settings, campaigns: int, rows: int, times: int, seconds: int) -> Iterator[rig.Figure]:
    """Make the campaigns, load every screen that grows with them, then watch one."""
    runtime = Runtime.open(settings)
    made = crowd.made(runtime, campaigns, rows)
    secret = key(runtime)
    with web(settings) as site, browser(url := f"http://127.0.0.1:{site.port}", secret) as page:

        def without() -> None:
            page.goto(f"{url}/people")
            page.get_by_role("button", name="Look up").wait_for()

        empty = taken(without, times)
        base = statistics.median(empty)
        yield figure("a screen without numbers", empty, base)
        for what, load in loads(page, url, made):
            yield figure(what, taken(load, times), base, AIM_LOAD)
        waits = late(page, Stage(site, runtime, made[0], secret), url, seconds)
        value = f"p50 {statistics.median(waits):.2f} s, the longest of {seconds} {max(waits):.2f} s"
        yield rig.Figure("change to screen", value, f"< {AIM_LATE:g} s", max(waits) < AIM_LATE)
    runtime.close()


def main() -> None:
    parser = rig.options(__doc__ or "")
    parser.add_argument("--campaigns", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=20)
    chosen = parser.parse_args()
    with rig.home() as settings:
        found = list(figures(settings, chosen.campaigns, chosen.rows, chosen.times, chosen.seconds))
    rig.show(found, as_json=chosen.json)


if __name__ == "__main__":
    main()
