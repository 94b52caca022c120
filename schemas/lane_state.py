"""What a page does in a campaign: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class LaneState(StrEnum):
    """What a lane does now, as `status` shows it."""

    SENDING = "sending"
    WAITING = "waiting"
    PARKED = "parked"
    DONE = "done"
