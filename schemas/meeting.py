"""What a campaign file finds when it comes again."""

from enum import StrEnum


class Meeting(StrEnum):
    """What a campaign file finds when it comes again."""

    NEW = "new"
    UNFINISHED = "unfinished"
    FINISHED = "finished"
    CHANGED_SINCE = "changed since"
