"""A campaign's report, at any time: its numbers, and its files for `Client.download`."""

from campaigns.client.call import Call, at, get
from schemas.api.reports import Kind
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
