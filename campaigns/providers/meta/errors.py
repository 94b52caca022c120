"""Meta's error codes: `code-subcode`, `code`, or `*-subcode` where the subcode means the same under every code.

Source unless noted: https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes,
as of 2026-06-25. The most specific row wins; HTTP statuses differ from capture to capture and decide nothing here.
"""

from campaigns.providers.answer import Meaning, in_doubt
from schemas.outcome import Scope, Verdict
from schemas.reason import Reason

TRY_LATER = frozenset({"1", "2", "2-1545133", "1200"})
"""Codes by which Meta asks to try again, although such messages have been seen to arrive."""


def _person(reason: Reason, sentence: str) -> Meaning:
    return Meaning(Verdict.REFUSED_RECIPIENT, sentence, reason)


def _message(reason: Reason, sentence: str) -> Meaning:
    return Meaning(Verdict.REFUSED_MESSAGE, sentence, reason)


def _page(sentence: str, reason: Reason = Reason.SENDER_RESTRICTED) -> Meaning:
    return Meaning(Verdict.REFUSED_SENDER, sentence, reason)


def _token(why: str) -> Meaning:
    return _page(f"Meta does not accept the page's token: {why}. Connect the page again.", Reason.TOKEN_INVALID)


def _slow(what: str, scope: Scope = Scope.SENDER) -> Meaning:
    return Meaning(Verdict.THROTTLED, f"Meta limits {what}.", scope=scope)


_WINDOW = _person(Reason.WINDOW_CLOSED, "Meta says that the messaging window has closed.")
_NOBODY = _person(Reason.NO_SUCH_PERSON, "Meta knows no such person for this account.")
_AWAY = _person(Reason.PERSON_UNAVAILABLE, "Meta says that the person cannot be reached at present.")
_THREAD = _person(Reason.THREAD_OWNED_ELSEWHERE, "Another app owns the conversation with this person.")
_MEDIA = _message(Reason.MEDIA_REJECTED, "Meta could not take the attachment.")
_GONE = _message(Reason.MESSAGE_REJECTED, "The message that this one refers to is gone.")
_PERMISSION = _page("The app lacks a permission to send for this page. Check its permissions and that it is live.")
_AGAIN = in_doubt("Meta asks to try again later, and such messages have been seen to arrive all the same.")
_SENDER_CALLS = _slow("the calls of this account")
_APP_CALLS = _slow("the calls of the app", Scope.APP)

_PEOPLE = {
    "10-2018278": _WINDOW,
    "10-2534022": _WINDOW,
    "10-2018065": _WINDOW,
    "10-2018108": _AWAY,
    "10-1893015": Meaning(
        Verdict.REFUSED_RECIPIENT, "The person stopped the page's messages.", Reason.OPTED_OUT, suppress=True
    ),
    "100-2018001": _NOBODY,
    "100-2534014": _NOBODY,
    "100-2534037": _THREAD,
    "100-2018300": _THREAD,
    # Meta's own pages disagree on 1545041 (window closed, or not available now): soft, so nobody is suppressed for it.
    "200-1545041": _AWAY,
    "551": _AWAY,
    "551-1545041": _AWAY,
    "613-2018338": _person(
        Reason.POLICY_REFUSED,
        "This person got too many tagged messages; Meta threatens to restrict the page if that goes on.",
    ),
    "613-1893016": _person(Reason.FREQUENCY_CAP, "This person has been asked to opt in already."),
    # Seen in one project alone, which does not say under which code.
    "2534001": _AWAY,
    "*-2534001": _AWAY,
}

_LATER = Meaning(Verdict.DEFERRED, "The person's conversation is in an automated flow; their turn comes later.")
_DEFERRED = {
    "4-2018354": Meaning(Verdict.DEFERRED, "It is too soon for another marketing message to this person."),
    "2018321": _LATER,
    "*-2018321": _LATER,
}

_MESSAGES = {
    "100": _message(
        Reason.MESSAGE_REJECTED, "Meta refuses the message as it is; message tags retired on 2026-04-27 end like this."
    ),
    "100-2534015": _message(Reason.MESSAGE_REJECTED, "Meta finds the message invalid."),
    "100-2018008": _MEDIA,
    "100-2018047": _MEDIA,
    "100-2018074": _MEDIA,
    "100-2018109": _MEDIA,
    "100-2018294": _MEDIA,
    "9000001": _GONE,
    "10900": _GONE,
    # Graph-wide: https://developers.facebook.com/docs/graph-api/guides/error-handling.
    "506": _message(Reason.MESSAGE_REJECTED, "Meta takes the message for a repetition of an earlier one."),
    "1609005": _message(Reason.MESSAGE_REJECTED, "Meta could not read the link in the message."),
}

_PAGES = {
    "0": _token("it cannot be authenticated"),
    "102": _token("its session has ended"),
    "190": _token("it is invalid, expired or revoked"),
    "190-458": _token("the app was removed from the account"),
    "190-459": _token("the account's owner has to log in to Facebook first"),
    "190-460": _token("the password was changed"),
    # 463 to 492 are remembered from older Graph pages; a wrong guess changes the sentence and nothing else.
    "190-463": _token("it has expired"),
    "190-464": _token("the account's owner is not confirmed"),
    "190-467": _token("it has been revoked"),
    "190-492": _token("its owner no longer has a role on the page"),
    "2-2018344": _page("The page has to accept the terms for inbox labels first."),
    "3": _PERMISSION,
    "10": _PERMISSION,
    "10-2534077": _page("The link between the Instagram account and its Page, or two-factor login, needs attention."),
    "10-1404170": _page("Meta restricts the page from asking people to opt in."),
    "10-1893063": _page("Meta restricts the page from messaging for a time. See the page's inbox, then resume it."),
    "100-33": _page("Meta does not find the account, or the token may not use it. Check account_id, token, base_url."),
    "100-2534013": _page("The Page is not linked to an Instagram account. Link them, then resume the page."),
    "100-2534029": _page("Meta blocks the business from Instagram messaging. See Business Support Home."),
    "200": _PERMISSION,
    "200-2018021": _PERMISSION,
    "200-2018027": _PERMISSION,
    "200-2018028": _PERMISSION,
    "200-2534041": _page(
        "The account's owner has turned off access to messages. Switch on Connected tools in the Instagram app "
        "(Settings, Messages), then resume the page."
    ),
    "230": _PERMISSION,
    "368": _page(
        "Meta blocks the account for a time over its policies. Wait and see the page's inbox before resuming."
    ),
    "2022": _page("Meta has disabled the page's commerce messages over its policies."),
    # Not on the messaging page: Graph's answer to a path it does not know.
    "2500": _page("Graph does not know the address that was called. Check the page's base_url."),
    "36103": _page("The Instagram account is not eligible for messaging yet."),
}

_LIMITS = {
    "4": _APP_CALLS,
    "4-2018022": _APP_CALLS,
    "4-1349210": _APP_CALLS,
    "4-1349211": _APP_CALLS,
    "4-1349212": _APP_CALLS,
    "9-2018352": _slow("requests to opt in"),
    "17": _SENDER_CALLS,
    "32": _SENDER_CALLS,
    "341": _APP_CALLS,
    "613": _SENDER_CALLS,
    "613-2534040": _SENDER_CALLS,
    "613-1996": _slow("the app for an irregular volume of calls", Scope.APP),
    # Business use cases, one code a product; 80001, 80002 and 80006 are Page, Instagram and Messenger.
    **{str(code): _SENDER_CALLS for code in range(80_000, 80_015)},
}

_DOUBTS = {
    "1": _AGAIN,
    "1-1357046": in_doubt("Meta's reply was damaged although the message was sent; it must not be sent again blindly."),
    # Also given for people who blocked the business, which nothing in the answer tells apart.
    "2": _AGAIN,
    "2-1545133": _AGAIN,
    "1200": _AGAIN,
}

ERRORS: dict[str, Meaning] = {**_PEOPLE, **_DEFERRED, **_MESSAGES, **_PAGES, **_LIMITS, **_DOUBTS}
"""Every code with a meaning of its own."""

RANGES: tuple[tuple[range, Meaning], ...] = (
    (range(1, 100), _page("Meta refuses without saying why, mostly for a missing permission. Check the app and page.")),
    (range(200, 300), _PERMISSION),
)
"""For codes without a row, and only where the status leaves no doubt that nothing went out."""
