"""Why a person did not get the message: one reason a person, from a closed list."""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where a reason is decided."""

    LIST = "list"
    PLAN = "plan"
    SEND = "send"
    AFTER = "after"


class Reason(StrEnum):
    """The closed list; `about(reason)` tells what each one means."""

    BAD_ID = "bad_id"
    DAMAGED_ID = "damaged_id"
    DUPLICATE = "duplicate"
    WRONG_PAGE = "wrong_page"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    WINDOW_NEVER_OPENED = "window_never_opened"
    WINDOW_CLOSED = "window_closed"
    CLOSES_BEFORE_TURN = "closes_before_turn"
    QUIET_HOURS = "quiet_hours"
    FREQUENCY_CAP = "frequency_cap"
    EXCLUDED = "excluded"
    BLANK_VARIABLE = "blank_variable"
    TEXT_TOO_LONG = "text_too_long"
    POLICY_REFUSED = "policy_refused"
    HOLDOUT = "holdout"
    SENDER_RESTRICTED = "sender_restricted"
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - the name of a reason
    THREAD_OWNED_ELSEWHERE = "thread_owned_elsewhere"
    PERSON_UNAVAILABLE = "person_unavailable"
    PROBABLY_BLOCKED = "probably_blocked"
    NO_SUCH_PERSON = "no_such_person"
    MEDIA_REJECTED = "media_rejected"
    MESSAGE_REJECTED = "message_rejected"
    PROVIDER_ERROR = "provider_error"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CANCELLED = "cancelled"
    DEADLINE_PASSED = "deadline_passed"
    STALE_START = "stale_start"


class Fault(StrEnum):
    """Whose doing a failure is: exit code 6 is about ours, the message's and the provider's, never the person's."""

    PERSON = "person"
    MESSAGE = "message"
    PROVIDER = "provider"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class About:
    """What a reason means: the stage that gives it, whether a retry may help, and two sentences for people."""

    stage: Stage
    fault: Fault
    retryable: bool
    sentence: str
    next_step: str


_LIST, _PLAN, _SEND, _AFTER = Stage.LIST, Stage.PLAN, Stage.SEND, Stage.AFTER
_PERSON, _MESSAGE, _PROVIDER, _OPERATOR = Fault.PERSON, Fault.MESSAGE, Fault.PROVIDER, Fault.OPERATOR
_WRITE_FIRST = "Wait until the person writes again; a message from them opens the window."

_ABOUT: dict[Reason, About] = {
    Reason.BAD_ID: About(
        _LIST, _OPERATOR, False, "The recipient id is empty or not a number.", "Correct the id in the list."
    ),
    Reason.DAMAGED_ID: About(
        _LIST,
        _OPERATOR,
        False,
        "A spreadsheet changed the recipient id (scientific or decimal notation).",
        "Export the list again with the id column as text.",
    ),
    Reason.DUPLICATE: About(
        _LIST,
        _OPERATOR,
        False,
        "The same person stands in an earlier line for the same account.",
        "Nothing to do: the earlier line counts.",
    ),
    Reason.WRONG_PAGE: About(
        _LIST,
        _OPERATOR,
        False,
        "The line names a page this campaign does not know.",
        "Add the page or correct the name.",
    ),
    Reason.NO_CONSENT: About(
        _PLAN, _PERSON, False, "The person has not agreed to messages on this channel.", "Ask for consent first."
    ),
    Reason.OPTED_OUT: About(
        _PLAN,
        _PERSON,
        False,
        "The person opted out.",
        "Nothing. An opt-out in a list holds for that list alone; to have it kept, suppress the person.",
    ),
    Reason.WINDOW_NEVER_OPENED: About(
        _PLAN, _PERSON, False, "There is no record that the person ever wrote to this account.", _WRITE_FIRST
    ),
    Reason.WINDOW_CLOSED: About(
        _PLAN, _PERSON, False, "The messaging window has closed, or closes within the margin.", _WRITE_FIRST
    ),
    Reason.CLOSES_BEFORE_TURN: About(
        _PLAN,
        _PERSON,
        False,
        "The window closes before this person's turn at the planned pace.",
        "Start earlier or raise the rate; the plan says how much.",
    ),
    Reason.QUIET_HOURS: About(
        _PLAN, _PERSON, False, "Only quiet time is left before this person's window closes.", _WRITE_FIRST
    ),
    Reason.FREQUENCY_CAP: About(
        _PLAN, _PERSON, True, "The person has had enough messages lately.", "Retry later, or raise the cap."
    ),
    Reason.EXCLUDED: About(
        _PLAN,
        _OPERATOR,
        False,
        "A filter, another campaign or another row of the same customer excludes the person.",
        "Nothing.",
    ),
    Reason.BLANK_VARIABLE: About(
        _PLAN,
        _OPERATOR,
        False,
        "A variable of the text is blank for this person.",
        "Fill the cell, or give the variable a default(...) in the text.",
    ),
    Reason.TEXT_TOO_LONG: About(
        _PLAN,
        _MESSAGE,
        False,
        "The rendered text is longer than the platform takes.",
        "Shorten the text, or truncate the variable that is long.",
    ),
    Reason.POLICY_REFUSED: About(
        _PLAN, _MESSAGE, False, "The platform's policy does not allow this message.", "See the plan's policy findings."
    ),
    Reason.HOLDOUT: About(
        _PLAN, _OPERATOR, False, "The person is in the hold-out group.", "Nothing: that is its purpose."
    ),
    Reason.SENDER_RESTRICTED: About(
        _SEND,
        _PROVIDER,
        True,
        "The platform restricts the page from sending.",
        "See the page's inbox for the restriction, then resume the page.",
    ),
    Reason.TOKEN_INVALID: About(
        _SEND,
        _OPERATOR,
        True,
        "The page's token is not accepted.",
        "Set a new token; one message tries it within a minute, and the page goes on.",
    ),
    Reason.THREAD_OWNED_ELSEWHERE: About(
        _SEND, _PERSON, True, "Another app owns the conversation.", "Release the thread in that app, then retry."
    ),
    Reason.PERSON_UNAVAILABLE: About(
        _SEND, _PERSON, True, "The person cannot receive messages at present.", "Retry another day."
    ),
    Reason.PROBABLY_BLOCKED: About(
        _SEND, _PERSON, False, "The person has most likely blocked the account.", "Nothing: do not message them."
    ),
    Reason.NO_SUCH_PERSON: About(
        _SEND,
        _PERSON,
        False,
        "The platform knows no such person for this account.",
        "Check that the list belongs to this account; ids differ from account to account.",
    ),
    Reason.MEDIA_REJECTED: About(
        _SEND, _MESSAGE, True, "The platform could not take the attachment.", "Correct the attachment, then retry."
    ),
    Reason.MESSAGE_REJECTED: About(
        _SEND, _MESSAGE, True, "The platform refused the message itself.", "Correct the message, then retry."
    ),
    Reason.PROVIDER_ERROR: About(_SEND, _PROVIDER, True, "The provider failed to take the message.", "Retry later."),
    Reason.OUTCOME_UNKNOWN: About(
        _AFTER,
        _PROVIDER,
        False,
        "The answer never arrived: the message may or may not have gone out.",
        "Look at the conversation, then resolve it as sent or not sent.",
    ),
    Reason.CANCELLED: About(
        _SEND,
        _OPERATOR,
        True,
        "The campaign was cancelled before this person's turn.",
        "Nothing, unless they shall get it after all: a retry of the cancelled screens each of them anew.",
    ),
    Reason.DEADLINE_PASSED: About(
        _SEND, _OPERATOR, True, "The campaign's not_after passed before this person's turn.", "Launch the remainder."
    ),
    Reason.STALE_START: About(
        _SEND, _OPERATOR, True, "The start was missed and late_start says skip.", "Launch the remainder."
    ),
}

RESCUABLE = frozenset({Reason.WINDOW_NEVER_OPENED, Reason.WINDOW_CLOSED, Reason.CLOSES_BEFORE_TURN, Reason.QUIET_HOURS})
"""Skips that an inbound message undoes while the campaign is open."""


def about(reason: Reason) -> About:
    """Return what `reason` means."""
    return _ABOUT[reason]
