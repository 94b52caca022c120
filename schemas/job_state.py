"""What a job does, and how far it is: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class JobKind(StrEnum):
    """What a job does; `campaigns.errands` knows how."""

    LIST = "list"
    REJECTS = "rejects"
    MEET = "meet"
    """What a campaign file finds that was run before."""
    SUBMIT = "submit"
    PLAN = "plan"
    LAUNCH = "launch"
    PREVIEW = "preview"
    SKIPPED = "skipped"
    SENDINGS = "sendings"
    """How many messages each provider would carry."""
    REPORT = "report"
    PAGE = "page"
    """The report as one HTML page."""
    RESULTS = "results"
    REMAINDER = "remainder"


class JobState(StrEnum):
    """queued → working → done | failed; from working back to queued where whoever had it died."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
