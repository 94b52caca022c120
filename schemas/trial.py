"""A test message: what is to be sent to whom, and what became of each part."""

from pydantic import BaseModel, ConfigDict

from schemas.message import Part
from schemas.outcome import Verdict

MARK = "pagecast-test:"
"""Begins the metadata of a test, so that its echo is never taken for a campaign's row."""


class Trial(BaseModel):
    """One test, rendered. `number` tells tests apart; a part's metadata is MARK, campaign, number and part."""

    model_config = ConfigDict(frozen=True)

    campaign_id: int
    page_id: int
    sender_id: int
    recipient_id: str
    number: str
    ref: str
    parts: tuple[Part, ...]
    tag: str | None = None

    def metadata(self, part: int) -> str:
        """Return the correlation id of a part, counted from 1."""
        return f"{MARK}{self.ref}:{self.number}:{part}"


class PartAnswer(BaseModel):
    """What became of a part, counted from 1; `sentence` is empty where it was accepted."""

    model_config = ConfigDict(frozen=True)

    part: int
    outcome: Verdict
    message_id: str | None = None
    request_id: str | None = None
    code: str = ""
    sentence: str = ""


class TrialEnd(BaseModel):
    """How a test ended: an answer for every part that was tried, or the `problem` for which none was.

    `exit_code` is the problem's.
    """

    model_config = ConfigDict(frozen=True)

    answers: tuple[PartAnswer, ...] = ()
    problem: str = ""
    exit_code: int = 0
