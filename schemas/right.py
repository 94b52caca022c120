"""What a verb of the HTTP API asks for; `campaigns.access` says which role has what."""

from enum import StrEnum


class Right(StrEnum):
    """What a route asks for."""

    READ = "read"
    UPLOAD = "lists.add"
    SUBMIT = "campaigns.submit"
    PLAN = "campaigns.plan"
    CLONE = "campaigns.clone"
    REMAINDER = "campaigns.remainder"
    TEST = "campaigns.test"
    APPROVE = "campaigns.approve"
    LAUNCH = "campaigns.launch"
    PAUSE = "campaigns.pause"
    RESUME = "campaigns.resume"
    CANCEL = "campaigns.cancel"
    RETRY = "campaigns.retry"
    RESOLVE = "campaigns.resolve"
    REVISE = "campaigns.revise"
    CHANGE = "campaigns.change"
    STOP_PAGES = "pages.stop"
    CHANGE_PAGES = "pages.change"
    CHECK_PAGES = "pages.check"
    PULL_PAGES = "pages.pull"
    CHANGE_TESTERS = "testers.change"
    SUPPRESS = "suppressions.add"
    LIFT = "suppressions.remove"
    ERASE = "people.erase"
    WEBHOOKS = "webhooks"
    KEYS = "keys"
