"""The report's page in a real Chromium: what it shows, what it asks the network for, and what it lets others run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from campaigns import report
from schemas.plan import Plan
from schemas.status import Status
from tests.campaigns.report_factory import NOW, Spring

pytestmark = pytest.mark.browser

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
THROUGH = ("accepted", "delivered", "read")
FONTS_MAY_DIFFER = 1
LEGIBLE = 4.5
"""WCAG 2.2, contrast (minimum) of text."""
_LUMINANCE = """
(selector) => {
  const element = document.querySelector(selector);
  const light = (colour) => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((each) => each / 255)
      .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  let ground = element;
  while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
  return [light(getComputedStyle(element).color), light(getComputedStyle(ground).backgroundColor)];
}
"""


@dataclass
class Told:
    """The page of a campaign with every kind of outcome, and what the ledger says about it."""

    page: Page
    status: Status
    asked: list[str]
    failed: list[str]

    def numbers(self, selector: str) -> list[int]:
        return [int(text.replace(",", "")) for text in self.page.locator(selector).all_inner_texts()]


def written(folder: Path) -> tuple[Path, Status]:
    """Write the report of 1,342 rows with outcomes of all kinds, and with names that want to be code."""
    spring = Spring(folder)
    for n in range(1_300):
        spring.person(
            "read" if n % 3 else "accepted", accepted_at=NOW - 500_000 + n * 300, cells={"first_name": HOSTILE}
        )
    for n in range(12):
        spring.person(
            "delivered", page=2, chunk=2, accepted_at=NOW - 400_000 + n * 9_000, replied_at=NOW, reply=HOSTILE
        )
    for _ in range(9):
        spring.person("skipped", "window_closed", chunk=None)
    for _ in range(7):
        spring.person("failed", "person_unavailable", provider_code="551")
    for _ in range(5):
        spring.person("unknown", provider_code="<b>timeout</b>")
    for _ in range(4):
        spring.person("cancelled", "deadline_passed")
    for _ in range(3):
        spring.unusable("damaged_id", HOSTILE)
    spring.double()
    spring.double()
    spring.store("finished", name=HOSTILE, finished_at=NOW)
    for n in range(12):
        spring.heard(1_302 + n, "quick_reply" if n % 3 else "message", HOSTILE, HOSTILE if n % 3 else "")
    spring.heard(1_302, "message", "STOP", consent="opted_out")
    event = {"at": NOW - 500_000, "kind": "page.parked", "actor": HOSTILE, "campaign_id": 1, "page_id": None}
    spring.insert("event", event | {"sentence": f"Meta said {HOSTILE}"})
    with spring.connected() as conn:
        plan = Plan(
            token="t", eligible=1_340, skipped={"window_closed": 9}, rejected=3, duplicates=2, total=1_342, lost=0,
            finish_at="2026-12-01T14:00:37+00:00", lowest_rate=None, latest_start=None, pages=[],
        )  # fmt: skip
        out = report.write(conn, folder, 1, folder / "out", NOW, plan=plan)
        assert out.rows == 1_342
        return folder / "out" / "report.html", report.status(conn, 1, NOW)


@pytest.fixture
def told(chromium: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Told]:
    file, status = written(tmp_path)
    options: dict[str, Any] = getattr(request, "param", {})
    context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    page = context.new_page()
    told = Told(page, status, [], [])
    page.on("request", lambda asked: told.asked.append(asked.url))
    page.on("pageerror", lambda error: told.failed.append(str(error)))
    page.on("console", lambda said: told.failed.append(said.text) if said.type == "error" else None)
    page.goto(file.as_uri())
    yield told
    context.close()


def test_its_numbers_are_the_ledgers(told):
    assert sorted(told.numbers(".legend b")) == sorted(n for n in told.status.counts.values() if n)
    assert sum(told.numbers(".legend b")) == told.status.total == 1_342
    assert told.page.locator(".equation").inner_text() == report.equation(told.status)
    assert told.page.locator("h1").inner_text().startswith("1,312 of 1,342 rows accepted")
    reasons = told.page.locator(".reasons td:nth-child(2) > code:first-child").all_inner_texts()
    assert dict(zip(reasons, told.numbers(".reasons td.num"), strict=True)) == told.status.reasons
    for page in told.status.pages:
        accepted = told.page.locator(f".pages tr:has-text('{page.name}') td").nth(1).inner_text()
        assert accepted == f"{sum(page.counts[state] for state in THROUGH):,}"


def test_its_charts_are_to_be_seen(told):
    bars = told.page.locator("rect.bar")
    boxes = [box for i in range(bars.count()) if (box := bars.nth(i).bounding_box())]
    assert len(boxes) > 10
    assert max(box["height"] for box in boxes) > 100
    line = told.page.locator("polyline.total").bounding_box()
    assert line["width"] > 200
    assert line["height"] > 150
    parts = told.page.locator("svg.stack rect")
    widths = [parts.nth(i).bounding_box()["width"] for i in range(parts.count())]
    assert len(widths) == len([n for n in told.status.counts.values() if n])
    assert min(widths) > 1, "the smallest outcome can be seen"
    colours = told.page.eval_on_selector_all("svg.stack rect", "all => all.map((each) => getComputedStyle(each).fill)")
    assert len(set(colours)) == len(colours)


def test_what_came_back_is_to_be_seen(told):
    section = told.page.locator("section[aria-labelledby=back]")
    assert told.numbers(".funnel b") == [1_312, 12, 866, 12]
    names = section.locator(".funnel .what").all_inner_texts()
    assert names == ["Accepted", "Delivered by Messenger", "Seen or read", "Replied"]
    assert section.locator(".funnel .share").nth(1).inner_text() == "100.0% of 12"
    widths = [box["width"] for bar in section.locator(".funnel svg rect + rect").all() if (box := bar.bounding_box())]
    assert widths[0] > 200
    assert [round(width / widths[0], 2) for width in widths] == [1, 0.01, 0.66, 0.01]
    assert told.numbers(".back dd >> nth=0") == [4]
    assert told.numbers(".back dd >> nth=1") == [8]
    assert told.numbers(".back dd >> nth=2") == [1]
    assert HOSTILE in section.locator(".buttons").inner_text()


def test_it_asks_the_network_for_nothing_and_runs_nothing(told):
    assert [url for url in told.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in told.asked if url.startswith("file:")]) == 1
    assert told.failed == []
    assert told.page.evaluate("document.scripts.length") == 0
    assert told.page.locator("img").count() == 0
    assert told.page.title().startswith(HOSTILE)
    assert HOSTILE in told.page.locator(".name").inner_text()
    assert HOSTILE in told.page.locator(".events").inner_text()


@pytest.mark.parametrize(
    "told", [{"viewport": {"width": width, "height": 844}} for width in (390, 768, 1280)], indirect=True, ids=str
)
def test_nothing_sticks_out(told):
    wide, there = told.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= there + FONTS_MAY_DIFFER
    for text in told.page.locator("td, li, p, dd, h1").all():
        box = text.bounding_box()
        assert box is None or box["x"] + box["width"] <= there + FONTS_MAY_DIFFER, text.inner_text()[:60]


@pytest.mark.parametrize("told", [{"color_scheme": scheme} for scheme in ("light", "dark")], indirect=True, ids=str)
def test_it_is_legible(told, request):
    dark = "dark" in request.node.name
    for selector in (
        "h1",
        ".sentence",
        ".equation",
        ".legend .what",
        ".legend .share",
        ".note",
        "th",
        "td.soft",
        "footer",
        ".funnel .share",
    ):
        ink, ground = told.page.evaluate(_LUMINANCE, selector)
        bright, dim = max(ink, ground), min(ink, ground)
        assert (bright + 0.05) / (dim + 0.05) >= LEGIBLE, selector
        assert (ink > ground) == dark, f"{selector} does not follow the colour scheme"


def test_it_prints(told):
    told.page.emulate_media(media="print")
    ground = told.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert re.findall(r"\d+", ground) == ["255", "255", "255"]
    assert told.page.locator("rect.bar").first.is_visible()
