"""A plan as people read it: the sum, the reasons, the pages, what is odd, three samples, and one sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nicegui import ui

from campaigns.campaign_file import moment, zone_of
from campaigns.hours import times
from campaigns.moments import people
from campaigns.web.dashboard import frame, moments
from campaigns.web.dashboard.attributes import having
from schemas.api.verbs import Drafted
from schemas.campaign_file import CampaignFile
from schemas.plan import PagePlan, Plan
from schemas.reason import Reason, about
from schemas.sample import Sample


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a draft comes to; `now` is when it was planned (epoch ms)."""

    drafted: Drafted
    plan: Plan
    samples: list[Sample]
    file: CampaignFile
    now: int

    @property
    def zone(self) -> ZoneInfo:
        """The zone that the campaign's times are shown in."""
        return zone_of(self.file.schedule) or moments.UTC

    @property
    def start(self) -> int | None:
        """When the first gets it (epoch ms), its hours considered; None for right after the launch."""
        written = self.file.schedule.start
        at = max(moment(written, "schedule.start") if written else self.now, self.now)
        when = times(self.file)
        first = when.whole.next_open(at) if when and when.whole else at
        return first if first > self.now else None


def equation(plan: Plan) -> str:
    """Return how the rows of the list add up."""
    skipped = sum(plan.skipped.values())
    rows = f"{plan.total:,} {'row' if plan.total == 1 else 'rows'}"
    duplicates = f"{plan.duplicates:,} {'duplicate' if plan.duplicates == 1 else 'duplicates'}"
    return f"{rows} = {plan.eligible:,} will get it + {skipped:,} skipped + {plan.rejected:,} rejected + {duplicates}"


def starts(found: Outcome) -> str:
    """Say when it starts."""
    return f"on {moments.stamp(found.start, found.zone)}" if found.start else "right after the launch"


def pages(plan: Plan) -> str:
    """Return the names of the pages that send."""
    sending = [page.name for page in plan.pages if page.eligible] or [page.name for page in plan.pages]
    return sending[0] if len(sending) == 1 else f"{', '.join(sending[:-1])} and {sending[-1]}"


def sentence(found: Outcome) -> str:
    """Say in a sentence what will happen."""
    plan = found.plan
    if not plan.eligible:
        return "Nobody on the list can get this message now."
    gets = "gets" if plan.eligible == 1 else "get"
    done = f", and it is done {moments.stamp(moments.epoch(plan.finish_at), found.zone)}" if plan.finish_at else ""
    lost = f" {people(plan.lost)} {'loses' if plan.lost == 1 else 'lose'} their turn." if plan.lost else ""
    what = f"{people(plan.eligible)} {gets} it from {pages(plan)}, the first {starts(found)}{done}.{lost}"
    return what[0].upper() + what[1:]


def question(found: Outcome) -> tuple[str, str]:
    """Return what is asked before a launch, and what it says."""
    consequence = (
        f"{people(found.plan.eligible)} {'gets' if found.plan.eligible == 1 else 'get'} it from {pages(found.plan)}, "
        f"beginning {starts(found)}. What has gone out cannot be taken back."
    )
    return f"Launch {found.drafted.name}?", consequence


def show(found: Outcome) -> None:
    """Build it."""
    plan = found.plan
    with ui.element("div").classes("tiles"):
        _tile(f"{plan.eligible:,}", "will get it", "good")
        _tile(f"{sum(plan.skipped.values()):,}", "skipped", "calm")
        _tile(f"{plan.rejected + plan.duplicates:,}", "not usable", "calm")
        _tile(f"{plan.lost:,}", "lost to time", "bad" if plan.lost else "calm")
    with ui.element("div").classes("sum"):
        ui.icon("functions").classes("soft")
        ui.label(equation(plan)).classes("figures strong")
    for sentence_ in dict.fromkeys([*plan.findings, *found.drafted.notes]):
        with ui.element("div").classes("alert warn"):
            ui.icon("info")
            ui.label(sentence_)
    if plan.skipped:
        with frame.section("Who does not get it"), ui.element("div").classes("panel problems"):
            for reason, n in sorted(plan.skipped.items(), key=lambda pair: -pair[1]):
                _reason(reason, n)
    with frame.section("Pages and times"):
        _pages(found)
    if found.samples:
        with frame.section("As real people would get it"), ui.element("div").classes("phones"):
            for sample in found.samples:
                _sample(sample)


def _tile(figure: str, word: str, tone: str) -> None:
    with ui.element("div").classes(f"tile {tone}"):
        ui.label(figure).classes("figure figures")
        ui.label(word).classes("small soft")


def _reason(reason: str, n: int) -> None:
    known = about(Reason(reason))
    with ui.element("div").classes("problem"):
        ui.label(f"{n:,}").classes("figures strong")
        with ui.element("div"):
            ui.label(known.sentence)
            ui.label(known.next_step).classes("small soft")


def _pages(found: Outcome) -> None:
    with ui.element("div").classes("table"), ui.element("table").props('aria-label="Pages"'):
        with ui.element("thead"), ui.element("tr"):
            for word in ("Page", "People", "Lost", "Rate", "Done"):
                with (
                    ui.element("th").props("scope=col").classes("number" if word in {"People", "Lost", "Rate"} else "")
                ):
                    ui.label(word)
        with ui.element("tbody"):
            for page in found.plan.pages:
                with ui.element("tr"):
                    for label, text in _cells(page, found.zone):
                        number = "number" if label in {"People", "Lost", "Rate"} else "head" if label == "Page" else ""
                        with having(ui.element("td").classes(number), data_label=label):
                            ui.label(text)
    for page in found.plan.pages:
        if page.lost:
            ui.label(_way_out(page, found.zone)).classes("soft")


def _cells(page: PagePlan, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield "Page", page.name
    yield "People", f"{page.eligible:,}"
    yield "Lost", f"{page.lost:,}"
    yield "Rate", f"{page.rate:.3g}/s"
    yield "Done", moments.stamp(moments.epoch(page.finish_at), zone) if page.finish_at else "-"


def _way_out(page: PagePlan, zone: ZoneInfo) -> str:
    ways = []
    if page.lowest_rate:
        ways.append(f"{page.lowest_rate:.3g}/s from this start")
    if page.latest_start:
        ways.append(f"a start by {moments.stamp(moments.epoch(page.latest_start), zone)} at this rate")
    return f"Nobody of {page.name} would be lost with {' or '.join(ways)}." if ways else ""


def _sample(sample: Sample) -> None:
    view = sample.views[0]
    with ui.element("section").classes(f"phone {view.channel}"):
        with ui.element("div").classes("phone-head"):
            ui.label(f"{sample.page}, {view.channel.title()}").classes("strong")
        for part in view.parts:
            with ui.element("div").classes("bubble"):
                ui.label(part.text)
            if part.quick_replies:
                with ui.element("div").classes("pills"):
                    for button in part.quick_replies:
                        ui.label(button.shown).classes("pill")
        if sample.note:
            ui.label(sample.note).classes("small bad-ink")
        ui.label(f"Line {sample.line:,}: {sample.recipient_id}").classes("small soft")
