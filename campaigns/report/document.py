"""The report as one HTML file that asks the network for nothing."""

import re
from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from campaigns.moments import lasting
from campaigns.report.charts import chart, funnel, seen, stacked
from campaigns.report.pages import accepted, left
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.page import Channel
from schemas.summary import Summary

_ORDER = (
    DeliveryState.READ,
    DeliveryState.DELIVERED,
    DeliveryState.ACCEPTED,
    DeliveryState.ASSUMED_SENT,
    DeliveryState.SENDING,
    DeliveryState.PENDING,
    DeliveryState.SKIPPED,
    DeliveryState.CANCELLED,
    DeliveryState.UNKNOWN,
    DeliveryState.FAILED,
    DUPLICATE,
    REJECTED,
)
"""The states from best to worst, as the outcome bar shows them."""
_SHOWN_EVENTS = 100


def render(summary: Summary) -> str:
    """Return the page. Names, replies and sentences come from outside: every value is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["n"] = "{:,}".format
    environment.filters["moment"] = _moment
    environment.filters["told"] = _told
    environment.filters["share"] = "{:.1%}".format
    environment.filters["lasting"] = _lasting
    source = files("campaigns.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    status = summary.status
    return environment.from_string(source).render(
        summary=summary,
        status=status,
        labels=_labels(summary.channels),
        headline=_headline(summary),
        segments=stacked([(str(state), status.counts[state]) for state in _ORDER]),
        chart=None if summary.progress is None else chart(summary.progress),
        funnel=funnel(summary.replies, summary.channels),
        accepted=accepted,
        left=left,
        seen=seen(summary.channels),
        delivers=Channel.MESSENGER in summary.channels,
        delivering={name for name, channel in summary.page_channels.items() if channel == Channel.MESSENGER},
        shown_events=_SHOWN_EVENTS,
        hidden_events=max(0, sum(summary.event_counts.values()) - _SHOWN_EVENTS),
        took=_took(summary),
    )


def platforms(channels: list[str]) -> str:
    """Return who accepted the messages: `Instagram`, `Instagram and Messenger`."""
    return " and ".join(channel.capitalize() for channel in channels)


def _labels(channels: list[str]) -> dict[str, str]:
    """Name the states as this channel can prove them: Instagram knows no delivery and says `seen`."""
    labels = {str(state): str(state).replace("_", " ").capitalize() for state in _ORDER}
    by = f" by {platforms(channels)}" if len(channels) == 1 else ""
    labels["accepted"] = f"Accepted{by}, no receipt yet"
    if channels == [Channel.INSTAGRAM]:
        labels["read"] = "Accepted and seen"
    else:
        labels["read"] = "Accepted and read" if len(channels) == 1 else "Accepted and seen or read"
        labels["delivered"] = "Delivered by Messenger"
    labels["unknown"] = "Unknown: may have gone out"
    labels["pending"] = "Not sent yet"
    labels["sending"] = "In flight"
    labels["duplicate"] = "Duplicate rows"
    labels["rejected"] = "Rejected rows"
    return labels


def _headline(summary: Summary) -> str:
    through = accepted(summary.status.counts)
    by = f" by {platforms(summary.channels)}" if summary.channels else ""
    rows = "row" if summary.status.total == 1 else "rows"
    return f"{through:,} of {summary.status.total:,} {rows} accepted{by}"


def _took(summary: Summary) -> str | None:
    times = summary.times
    if times.first_accepted is None or times.last_accepted is None:
        return None
    span = datetime.fromisoformat(times.last_accepted) - datetime.fromisoformat(times.first_accepted)
    return lasting(round(span.total_seconds() * 1000))


def _told(sentence: str) -> Markup:
    """Show what stands between backticks as code; everything is escaped first."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped first


def _lasting(seconds: float) -> str:
    return lasting(round(seconds * 1000))


def _moment(iso: str | None) -> str:
    return "-" if iso is None else iso[:19].replace("T", " ")
