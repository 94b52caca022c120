"""The Conversations API: what was said between an account and people, asked for where no webhook tells it.

    GET {base_url}/me/conversations?platform=&fields=&limit=[&after=][&user_id=]     the newest conversation first
    GET {base_url}/{conversation}/messages?fields=&limit=                            the newest message first

https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations, of 2026-02-11, and
the conversation reference: of a conversation's messages only the 20 newest can be read. Two calls a second and account
(rate-limiting page). The addresses of further pages carry the token, so cursors alone are taken from them.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import httpx

from campaigns.providers.answer import Answer
from campaigns.providers.fields import Fields, member, moment, objects, text, word
from campaigns.providers.meta.provider import Meta
from campaigns.providers.protocol import Sender
from schemas.inbound import Inbound, InboundKind
from schemas.outcome import Outcome, Verdict

NAME = "conversation"
"""`Inbound.name` of what was read here: nobody was told of it, it was asked for."""
CONVERSATIONS = 50
MESSAGES = 5
"""Messages that come with each conversation of a list; most have no more that are new."""
DEPTH = 20
"""Messages of one conversation that the platform shows at all."""

_MESSAGE = "id,created_time,from,to,message"
_NOT_ALLOWED = (
    "Meta does not let the app read the conversations of account {}. It needs instagram_manage_messages (Instagram) or "
    "pages_messaging and pages_read_engagement (Messenger), with Advanced Access."
)
_PERMISSIONS = frozenset({"3", "10", "298"})


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: when its newest message was (epoch ms), and its messages as far as they were shown.

    `more` says that there are older ones. `unclear` counts messages of which nobody can tell who wrote them.
    """

    id: str
    updated_at: int
    messages: tuple[Inbound, ...]
    more: bool
    unclear: int = 0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A page of conversations; `after` is the cursor of the next one, '' on the last."""

    talks: tuple[Talk, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing can be read, in a sentence without secrets; `wait` in seconds where the platform says to wait.

    `cursor` says that it may be the cursor that is no longer good.
    """

    sentence: str
    code: str
    wait: float | None = None
    cursor: bool = False


def listing(sender: Sender, *, person: str = "", after: str = "") -> httpx.Request:
    """Ask for conversations behind a cursor, the newest first; with `person` for that one's alone, in full depth."""
    depth, most = (DEPTH, 1) if person else (MESSAGES, CONVERSATIONS)
    asked = {
        "platform": str(sender.channel),
        "fields": f"updated_time,messages.limit({depth}){{{_MESSAGE}}}",
        "limit": str(most),
    }
    more = {name: value for name, value in (("user_id", person), ("after", after)) if value}
    return _get(sender, "me/conversations", asked | more)


def messages(sender: Sender, talk: Talk) -> httpx.Request:
    """Ask for all messages of a conversation that the platform shows."""
    return _get(sender, f"{quote(talk.id, safe='')}/messages", {"fields": _MESSAGE, "limit": str(DEPTH)})


def excerpt(sender: Sender, response: httpx.Response, received_at: datetime) -> Excerpt | Refusal:
    """Read the answer to `listing`."""
    body = _body(sender, response, received_at)
    if isinstance(body, Refusal):
        return body
    return Excerpt(tuple(_talk(sender, each) for each in objects(body.get("data")) if _id(each)), _after(body))


def said(sender: Sender, talk: Talk, response: httpx.Response, received_at: datetime) -> Talk | Refusal:
    """Read the answer to `messages`."""
    body = _body(sender, response, received_at)
    if isinstance(body, Refusal):
        return body
    return _talk(sender, {"id": talk.id, "messages": body} | {"updated_time": talk.updated_at})


def _get(sender: Sender, path: str, asked: dict[str, str]) -> httpx.Request:
    headers = {
        "Authorization": f"Bearer {sender.token.get_secret_value()}",
        "Accept": "application/json",
        "User-Agent": "pagecast",
    }
    return httpx.Request("GET", f"{sender.base_url.rstrip('/')}/{path}", params=asked, headers=headers)


def _body(sender: Sender, response: httpx.Response, received_at: datetime) -> Fields | Refusal:
    answer = Answer.of(response)
    if response.is_success and isinstance(answer.body.get("data"), list):
        return answer.body
    return _refusal(sender, Meta().outcome(response, received_at, sender.account_id))


def _refusal(sender: Sender, outcome: Outcome) -> Refusal:
    code, number = outcome.code, outcome.code.partition("-")[0]
    if number in _PERMISSIONS or (number.isdigit() and 200 <= int(number) < 300):  # noqa: PLR2004 - Graph's range
        return Refusal(_NOT_ALLOWED.format(sender.account_id), code)
    if outcome.verdict in {Verdict.REFUSED_SENDER, Verdict.THROTTLED, Verdict.FOREIGN}:
        return Refusal(outcome.sentence, code, outcome.wait)
    sentence = f"Meta did not show the conversations of account {sender.account_id} (code {code})."
    return Refusal(sentence, code, outcome.wait, cursor=number == "100")


def _talk(sender: Sender, fields: Fields) -> Talk:
    shown = member(fields, "messages")
    rows = objects(shown.get("data"))
    read = [message for each in rows if (message := _message(sender, each))]
    return Talk(
        _id(fields), moment(fields.get("updated_time")), tuple(read), bool(_after(shown)), len(rows) - len(read)
    )


def _message(sender: Sender, fields: Fields) -> Inbound | None:
    """Read a message; None where neither side of it is our account, or it names nobody or no moment.

    Who is not known to have written it is not taken for a person: their message would open a window.
    """
    author = word(member(fields, "from").get("id"))
    others = [word(each.get("id")) for each in objects(member(fields, "to").get("data"))]
    ours = author == sender.account_id
    person = next((each for each in others if each != sender.account_id), "") if ours else author
    at, mid = moment(fields.get("created_time")), _id(fields)
    if not (person and at and mid and (ours or sender.account_id in others)):
        return None
    return Inbound(
        InboundKind.ECHO if ours else InboundKind.MESSAGE,
        str(sender.channel),
        sender.account_id,
        person,
        at,
        mid=mid,
        text=text(fields.get("message")),
        name=NAME,
    )


def _after(fields: Fields) -> str:
    """Return the cursor of the next page, '' where there is none: a cursor alone stands on the last page too."""
    paging = member(fields, "paging")
    return word(member(paging, "cursors").get("after")) if paging.get("next") else ""


def _id(fields: Fields) -> str:
    return word(fields.get("id"))
