"""A campaign's report, at any time: its numbers, and its files for `Client.download`."""

from collections.abc import Sequence
from typing import Any

from campaigns.client.call import Call, at, get
from schemas.api.exports import ExportKind
from schemas.api.reports import Kind, Left
from schemas.several import Several
from schemas.summary import Summary

_CAMPAIGNS = "campaigns"


def report(ref: str) -> Call[Summary]:
    """Return the numbers: totals that add up, reasons, pages, pace, replies, and what happened."""
    return get(at(_CAMPAIGNS, ref, "report"), Summary)


def page(ref: str) -> Call[bytes]:
    """Return the report as one HTML page, which needs nothing else."""
    return get(at(_CAMPAIGNS, ref, "report.html"), bytes)


def results(ref: str, kind: Kind = Kind.CSV) -> Call[bytes]:
    """Return one row a row of the list, with what became of it."""
    return get(at(_CAMPAIGNS, ref, f"results.{kind}"), bytes)


def remainder(ref: str) -> Call[bytes]:
    """Return everyone who was not reached, as the next list (CSV)."""
    return get(at(_CAMPAIGNS, ref, "remainder.csv"), bytes)


def skipped(ref: str) -> Call[bytes]:
    """Return who would not get a campaign, and why (CSV)."""
    return get(at(_CAMPAIGNS, ref, "skipped.csv"), bytes)


def left(ref: str) -> Call[Left]:
    """Say how many people were not reached, and who of them can be sent to."""
    return get(at(_CAMPAIGNS, ref, "remainder"), Left)


def several(campaigns: Sequence[str] = (), *, since: str | None = None, until: str | None = None) -> Call[Several]:
    """Return what campaigns came to together: those of these ids, or all that began from a day to another."""
    return get(at("reports"), Several, **_which(campaigns, since, until))


def results_of_several(
    kind: ExportKind = ExportKind.CSV,
    campaigns: Sequence[str] = (),
    *,
    since: str | None = None,
    until: str | None = None,
) -> Call[bytes]:
    """Return one row a row of each campaign's list, the campaign in front."""
    return get(at("reports", f"results.{kind}"), bytes, **_which(campaigns, since, until))


def _which(campaigns: Sequence[str], since: str | None, until: str | None) -> dict[str, Any]:
    return {"campaign": list(campaigns) or None, "from": since, "to": until}
