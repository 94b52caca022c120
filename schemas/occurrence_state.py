"""What became of a moment of a series: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class OccurrenceState(StrEnum):
    """What became of one moment of a series."""

    PLANNING = "planning"
    """Taken up; its campaign is a draft, or not stored yet."""
    LAUNCHED = "launched"
    PARKED = "parked"
    """It could not be launched, and the sentence says why."""
    SKIPPED = "skipped"
    """Left out: missed, passed during a pause, or of a cancelled series."""
