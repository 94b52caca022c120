"""What was said: the last messages between each account and each person, whoever wrote them."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

# Details of older ones are no longer to be had (Graph API, message reference, 2026).
MOST_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; `at` in epoch seconds on the platform's clock.

    `ours` says that the account wrote it, not the person. `quick_replies` are (title, payload) of those it offers;
    `payload` is what the person's tap carries, on a quick reply or, with `postback`, on a button. `answers` is the id
    of the message it was written under.
    """

    mid: str
    at: float
    platform: str
    channel: str
    account: str
    person: str
    ours: bool
    text: str = ""
    metadata: str = ""
    quick_replies: tuple[tuple[str, str], ...] = ()
    payload: str = ""
    postback: bool = False
    answers: str = ""


@dataclass(slots=True)
class Thread:
    """A conversation.

    `turn` grows with every message to anyone, so the newest conversation has the highest; `written` counts messages,
    those no longer kept included; `heard_at` is when the person last wrote.
    """

    account: str
    person: str
    turn: int
    messages: list[Message]
    written: int = 0
    heard_at: float = float("-inf")


class Threads:
    """The conversations of all accounts; of those beyond `most` the longest silent are forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns = count(1)
        self._all: OrderedDict[tuple[str, str], Thread] = OrderedDict()
        self._by_account: dict[str, OrderedDict[str, Thread]] = {}

    def add(self, message: Message) -> None:
        """Keep a message."""
        key = (message.account, message.person)
        thread = self._all.get(key) or self._open(message)
        thread.turn = next(self._turns)
        thread.written += 1
        thread.messages.append(message)
        del thread.messages[:-MOST_MESSAGES]
        if not message.ours:
            thread.heard_at = message.at
        self._all.move_to_end(key)
        self._by_account[message.account].move_to_end(message.person)

    def of(self, account: str, person: str) -> Thread | None:
        """Return one conversation."""
        return self._all.get((account, person))

    def newest(self, account: str) -> Iterator[Thread]:
        """Yield an account's conversations, the one with the newest message first."""
        return reversed(self._by_account.get(account, OrderedDict()).values())

    def message(self, account: str, mid: str) -> Message | None:
        """Return an account's message by its id, in time proportional to its conversations."""
        return next((known for thread in self.newest(account) for known in thread.messages if known.mid == mid), None)

    def _open(self, message: Message) -> Thread:
        thread = Thread(message.account, message.person, 0, [])
        self._all[message.account, message.person] = thread
        self._by_account.setdefault(message.account, OrderedDict())[message.person] = thread
        if len(self._all) > self._most:
            (account, person), _ = self._all.popitem(last=False)
            del self._by_account[account][person]
        return thread
