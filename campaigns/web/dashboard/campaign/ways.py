"""The way from the rows of the list to the answers, in all and by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from nicegui import ui

from campaigns.report.charts import seen as opened
from campaigns.report.pages import accepted
from campaigns.web.dashboard import chips
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.campaign.piece import Follower, Following
from campaigns.web.dashboard.campaign.seen import Seen, spoken
from schemas.channel import Channel
from schemas.delivery import DUPLICATE, REJECTED
from schemas.lane import LaneState
from schemas.status import PageStatus


@dataclass(frozen=True, slots=True)
class Step:
    """`n` people came so far; `of` is the first step's number, `lost` says where the others are."""

    name: str
    n: int
    of: int
    lost: str = ""

    @property
    def share(self) -> float:
        """The part of the first step, 0 to 1."""
        return self.n / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One page of the campaign: how it stands, and its people."""

    name: str
    channel: Channel
    state: LaneState
    sentence: str
    asked: float
    allowed: float
    reached: float
    accepted: int
    delivered: int | None
    read: int
    waiting: int
    skipped: int
    failed: int
    unknown: int


def steps(seen: Seen, replied: int) -> tuple[Step, ...]:
    """Return how many came how far; deliveries are a step only where a channel tells of them."""
    counts, total = seen.standing.counts, seen.standing.total
    usable = total - counts[REJECTED] - counts[DUPLICATE]
    eligible = usable - counts["skipped"]
    claimed = eligible - counts["pending"] - counts["cancelled"]
    through = accepted(counts)
    arrived = counts["delivered"] + counts["read"]
    found = [
        Step("Rows of the list", total, total),
        Step("Usable", usable, total, _told(counts, REJECTED, DUPLICATE)),
        Step("Could be sent to", eligible, total, _told(counts, "skipped")),
        Step("Had their turn", claimed, total, _told(counts, "pending", "cancelled")),
        Step(f"Accepted by {seen.platform}", through, total, _told(counts, "failed", "unknown", "assumed_sent")),
    ]
    if seen.receipts:
        found.append(Step("Delivered, as Messenger tells", arrived if _alone(seen) else _arrived(seen), total))
    found.append(Step(opened({str(channel) for channel in seen.channels.values()}), counts["read"], total))
    return (*found, Step("Replied", replied, total))


def lanes(seen: Seen) -> tuple[Lane, ...]:
    """Return the campaign's pages by name."""
    return tuple(_lane(page, seen.channels.get(page.name, Channel.INSTAGRAM)) for page in seen.standing.pages)


def way() -> Following[tuple[Step, ...]]:
    """Return a piece that shows the way as bars under each other."""
    return Following(_build, lambda found: [(step.name, step.n > 0) for step in found])


def cards() -> Following[tuple[Lane, ...]]:
    """Return a piece with a card for each page."""
    return Following(
        _build_lanes, lambda found: [(lane.name, lane.state, len(_numbers(lane))) for lane in found], "cards"
    )


def _build(found: tuple[Step, ...], follower: Follower[tuple[Step, ...]]) -> None:
    with ui.element("div").classes("panel ways").props('role=list aria-label="From the list to the answers"'):
        for place, step in enumerate(found):
            with ui.element("div").classes("way").props("role=listitem"):
                ui.label(step.name)
                with ui.element("div").classes("track").props("aria-hidden=true"):
                    if step.n:
                        follower.styled(partial(_width, place), found)
                follower.label(partial(_people, place), found).classes("strong figures right")
                follower.label(partial(_share, place), found).classes("small soft figures right")
                follower.label(partial(_lost, place), found).classes("small soft figures lost")


def _width(place: int, found: tuple[Step, ...]) -> str:
    return f"width: {100 * found[place].share:.2f}%"


def _people(place: int, found: tuple[Step, ...]) -> str:
    return f"{found[place].n:,}"


def _share(place: int, found: tuple[Step, ...]) -> str:
    return f"{found[place].share:.1%}"


def _lost(place: int, found: tuple[Step, ...]) -> str:
    return found[place].lost


def _build_lanes(found: tuple[Lane, ...], follower: Follower[tuple[Lane, ...]]) -> None:
    for place, lane in enumerate(found):
        with having(ui.element("section").classes("panel lane"), aria_label=f"Page {lane.name}"):
            with ui.element("div").classes("lane-head"):
                ui.link(lane.name, "/pages").classes("subtitle")
                ui.label(lane.channel.title()).classes("soft")
                chips.lane(lane.state)
            follower.label(partial(_sentence, place), found)
            with ui.element("div").classes("counters"):
                for row, (name, _) in enumerate(_numbers(lane)):
                    with ui.element("div").classes("fact"):
                        ui.label(name).classes("small soft")
                        follower.label(partial(_number, place, row), found).classes("strong figures")


def _sentence(place: int, found: tuple[Lane, ...]) -> str:
    return found[place].sentence


def _number(place: int, row: int, found: tuple[Lane, ...]) -> str:
    return _numbers(found[place])[row][1]


def _numbers(lane: Lane) -> list[tuple[str, str]]:
    delivered = [] if lane.delivered is None else [("Delivered", f"{lane.delivered:,}")]
    word = "Seen" if lane.channel is Channel.INSTAGRAM else "Read"
    counted = [("Waiting", lane.waiting), ("Skipped", lane.skipped), ("Failed", lane.failed), ("Unknown", lane.unknown)]
    moving = lane.state is not LaneState.DONE
    rate = [
        ("Rate now", f"{lane.reached:,.1f}/s"),
        ("Rate asked", f"{lane.allowed:,.4g} of {lane.asked:,.4g}/s allowed"),
    ]
    return [
        (f"Accepted by {lane.channel.title()}", f"{lane.accepted:,}"),
        *delivered,
        (word, f"{lane.read:,}"),
        *((name, f"{n:,}") for name, n in counted),
        *(rate if moving else []),
    ]


def _lane(page: PageStatus, channel: Channel) -> Lane:
    counts = page.counts
    return Lane(
        name=page.name,
        channel=channel,
        state=page.state,
        sentence=spoken(page.sentence),
        asked=page.rate.asked,
        allowed=page.rate.allowed,
        reached=page.rate.achieved,
        accepted=accepted(counts),
        # Meta tells no delivery on Instagram.
        delivered=None if channel is Channel.INSTAGRAM else counts["delivered"] + counts["read"],
        read=counts["read"],
        waiting=counts["pending"] + counts["sending"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        unknown=counts["unknown"],
    )


def _told(counts: Mapping[str, int], *states: str) -> str:
    return ", ".join(f"{counts[state]:,} {chips.word(state)}" for state in states if counts[state])


def _alone(seen: Seen) -> bool:
    return len(set(seen.channels.values())) == 1


def _arrived(seen: Seen) -> int:
    return sum(lane.delivered or 0 for lane in lanes(seen))
