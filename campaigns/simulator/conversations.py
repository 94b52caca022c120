"""The Conversations API: what was said between an account and people, for those whom no webhook reaches.

    GET /{version}/{me|account}/conversations?platform=&user_id=&fields=&limit=&after=
    GET /{version}/{conversation}?fields=messages{…}     and /{version}/{conversation}/messages
    GET /{version}/{message}?fields=id,created_time,from,to,message

Names, defaults and the depth of 20 messages follow the Conversations pages of the Messenger and Instagram platforms
(2026-02-11, and the conversation and message references); two calls a second and account, the rate-limiting page.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from campaigns.simulator.answer import Answer, Call, Wait, encode
from campaigns.simulator.fields import Wish, parse
from campaigns.simulator.graph import Graph
from campaigns.simulator.limit import Limit, tolerant
from campaigns.simulator.line import Scope
from campaigns.simulator.receiver import Receiver
from campaigns.simulator.threads import Message, Thread

PATH = re.compile(r"/v\d+\.\d+/([^/]+?)(?:/(conversations|messages))?")
LIMIT_CODES = {"messenger": "613", "instagram": "80002"}
USUAL, MOST = 25, 100
LIST_FIELDS = "id,updated_time"
THREAD_FIELDS = "id,messages"
MESSAGE_FIELDS = "id,created_time"

Query = dict[str, str]
Document = dict[str, Any]


class Conversations:
    """Answers questions about what was said."""

    def __init__(self, receiver: Receiver, graph: Graph) -> None:
        self._receiver = receiver
        self._graph = graph
        self._limits: dict[str, Limit] = {}

    def answer(self, scope: Scope, call: Call) -> Answer | None:
        """Return the answer to a GET, or None where its path asks for something else.

        `call` is as Graph.read gives it for this token, account `me` and an empty body.
        """
        place = PATH.fullmatch(scope["path"])
        if not place or (place[2] == "messages" and not place[1].startswith("t_")):
            return None
        moment = self._receiver.look(call)
        if call.denied:
            return self._graph.error(call, call.denied, moment)
        self._receiver.books.reads += 1
        if seconds := self._limit(call.account).wait(self._receiver.now()):
            self._receiver.books.reads_refused += 1
            return self._graph.error(call, LIMIT_CODES[call.channel], moment, Wait(seconds))
        try:
            document = self._document(place[1], place[2] or "", call, scope)
        except LookupError:
            return self._graph.error(call, "100-33", moment)
        except ValueError as wrong:
            call.invalid = str(wrong)
            return self._graph.invalid(call, moment)
        return self._graph.found(call, encode(document), moment)

    def _limit(self, account: str) -> Limit:
        if account not in self._limits:
            scenario = self._receiver.scenario
            self._limits[account] = Limit(tolerant(scenario.conversation_cap), 1.0, scenario.penalty)
        return self._limits[account]

    def _document(self, node: str, edge: str, call: Call, scope: Scope) -> Document:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        own = node in {"me", call.account}
        if edge == "conversations" and own:
            return self._list(call, query, _here(scope))
        if node.startswith("t_"):
            thread = self._thread(node, call.account)
            if edge == "messages":
                return _messages(thread, Wish(query, parse(query.get("fields", MESSAGE_FIELDS))), _here(scope))
            return _shown(thread, parse(query.get("fields", THREAD_FIELDS)), THREAD, _here(scope))
        if not edge and not own and (message := self._receiver.threads.message(call.account, node)):
            return _shown(message, parse(query.get("fields", MESSAGE_FIELDS)), MESSAGE, "")
        raise LookupError

    def _list(self, call: Call, query: Query, here: str) -> Document:
        if query.get("platform", call.channel) not in LIMIT_CODES:
            raise ValueError("param platform must be one of messenger, instagram")
        threads: Iterable[Thread] = self._receiver.threads.newest(call.account)
        if query.get("platform", call.channel) != call.channel:
            threads = ()
        elif "user_id" in query:
            thread = self._receiver.threads.of(call.account, query["user_id"])
            threads = [thread] if thread else []
        wishes = parse(query.get("fields", LIST_FIELDS))
        return _page(threads, lambda thread: thread.turn, query, here, lambda it: _shown(it, wishes, THREAD, here))

    def _thread(self, node: str, account: str) -> Thread:
        try:
            owner, _, person = urlsafe_b64decode(node.removeprefix("t_")).decode().partition(":")
        except ValueError as wrong:
            raise LookupError(node) from wrong
        thread = self._receiver.threads.of(account, person) if owner == account else None
        if thread is None:
            raise LookupError(node)
        return thread


def _page(
    things: Iterable[Any], turn: Callable[[Any], int], query: Query, here: str, show: Callable[[Any], Document]
) -> Document:
    """Return a page of things, whose turns fall; a cursor is the turn of the last one shown."""
    limit = query.get("limit", str(USUAL))
    if not limit.isdecimal() or not int(limit):
        raise ValueError("param limit must be a positive number")
    before = _turn_of(query["after"]) if query.get("after") else None
    left = (thing for thing in things if before is None or turn(thing) < before)
    found = list(islice(left, min(int(limit), MOST) + 1))
    shown = found[: min(int(limit), MOST)]
    page: Document = {"data": [show(thing) for thing in shown]}
    if shown:
        cursors = {"before": _cursor(turn(shown[0])), "after": _cursor(turn(shown[-1]))}
        page["paging"] = {"cursors": cursors}
        if len(found) > len(shown):
            page["paging"]["next"] = f"{here}?{urlencode(query | {'after': cursors['after']})}"
    return page


def _messages(thread: Thread, wish: Wish, here: str) -> Document:
    below = wish.below or parse(MESSAGE_FIELDS)
    numbered = list(enumerate(thread.messages, thread.written - len(thread.messages)))[::-1]
    return _page(numbered, lambda it: int(it[0]), wish.arguments, here, lambda it: _shown(it[1], below, MESSAGE, here))


def _shown(
    thing: Any, wishes: dict[str, Wish], known: dict[str, Callable[[Any, Wish, str], Any]], here: str
) -> Document:
    for name in wishes:
        if name not in known:
            raise ValueError(f"Tried accessing nonexisting field ({name})")
    return {name: known[name](thing, wish, here) for name, wish in {**wishes, "id": wishes.get("id", Wish())}.items()}


def _identity(who: str, channel: str) -> Document:
    if channel == "instagram":
        return {"username": f"user_{who}", "id": who}
    return {"name": f"Person {who}", "email": f"{who}@facebook.com", "id": who}


def _participants(thread: Thread) -> Document:
    channel = thread.messages[-1].channel
    return {"data": [_identity(who, channel) for who in (thread.person, thread.account)]}


def _author(message: Message) -> Document:
    return _identity(message.account if message.ours else message.person, message.channel)


def _addressees(message: Message) -> Document:
    return {"data": [_identity(message.person if message.ours else message.account, message.channel)]}


THREAD: dict[str, Callable[[Thread, Wish, str], Any]] = {
    "id": lambda thread, _, __: _id(thread),
    "updated_time": lambda thread, _, __: _time(thread.messages[-1].at),
    "message_count": lambda thread, _, __: thread.written,
    "participants": lambda thread, _, __: _participants(thread),
    "messages": lambda thread, wish, here: _messages(thread, wish, _edge(here, _id(thread))),
}

MESSAGE: dict[str, Callable[[Message, Wish, str], Any]] = {
    "id": lambda message, _, __: message.mid,
    "created_time": lambda message, _, __: _time(message.at),
    "from": lambda message, _, __: _author(message),
    "to": lambda message, _, __: _addressees(message),
    "message": lambda message, _, __: message.text,
}


def _id(thread: Thread) -> str:
    return f"t_{urlsafe_b64encode(f'{thread.account}:{thread.person}'.encode()).decode()}"


def _here(scope: Scope) -> str:
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}"


def _edge(here: str, node: str) -> str:
    """Return the address of a node's messages, beside the page that shows them."""
    version = re.match(r"(.*?/v\d+\.\d+)/", here)
    return f"{version[1] if version else ''}/{node}/messages"


def _time(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _cursor(turn: int) -> str:
    return urlsafe_b64encode(str(turn).encode()).decode()


def _turn_of(cursor: str) -> int:
    try:
        return int(urlsafe_b64decode(cursor))
    except ValueError as wrong:
        raise ValueError("Invalid cursors values") from wrong
