"""What the platform saw: the receiver's own count, to be compared with a sender's ledger.

A million accepted messages take some 80 MB.
"""

import os
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from campaigns.simulator.answer import Call, encode
from campaigns.simulator.limit import Busiest
from campaigns.simulator.prints import Prints

MOST_DOUBLES_LISTED = 20
PREFIXES = ("m_", "msg_ig_", "msg_msgr_")


class Sender:
    """One account's arrivals and accepted messages. Times are epoch seconds."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.refusals = 0
        self.dropped_requests = 0
        self.dropped_replies = 0
        self.accepted_unconfirmed = 0
        self.errors: Counter[str] = Counter()
        self.arrivals = 0
        self.first_arrival: float | None = None
        self.last_arrival: float | None = None
        self._busiest = Busiest()
        self._busiest_accepted = Busiest()
        self._recipients = bytearray()
        self._ends = array("Q")
        self._times = array("d")
        self._numbers = array("I")
        self._prefixes = array("B")

    def arrived(self, now: float) -> None:
        """Count a request."""
        self.arrivals += 1
        if self.first_arrival is None:
            self.first_arrival = now
        self.last_arrival = now
        self._busiest.add(now)

    def take(self, call: Call, number: int, now: float) -> None:
        """Keep an accepted message."""
        self._busiest_accepted.add(now)
        self._recipients += call.recipient.encode(errors="surrogatepass")
        self._ends.append(len(self._recipients))
        self._times.append(now)
        self._numbers.append(number)
        self._prefixes.append(PREFIXES.index(call.prefix))

    @property
    def accepted(self) -> int:
        """How many messages were accepted."""
        return len(self._times)

    def messages(self, run: str, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the accepted messages in order, from the n-th on: account, recipient_id, message_id, at_ms (epoch)."""
        for place in range(start, len(self._times)):
            begin = self._ends[place - 1] if place else 0
            yield {
                "account": self.account,
                "recipient_id": self._recipients[begin : self._ends[place]].decode(errors="surrogatepass"),
                "message_id": message_id(PREFIXES[self._prefixes[place]], run, self._numbers[place]),
                "at_ms": round(self._times[place] * 1000, 3),
            }

    def stats(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        return {
            "accepted": self.accepted,
            "arrivals": self.arrivals,
            "refusals": self.refusals,
            "busiest_second": self._busiest_accepted.most,
            "busiest_second_arrivals": self._busiest.most,
            "dropped_requests": self.dropped_requests,
            "dropped_replies": self.dropped_replies,
            "accepted_unconfirmed": self.accepted_unconfirmed,
            "errors": dict(self.errors),
            "first_arrival": self.first_arrival,
            "last_arrival": self.last_arrival,
        }


def message_id(prefix: str, run: str, number: int) -> str:
    """Return the id of an accepted message; `run` keeps ids apart between runs."""
    return f"{prefix}{run}{number:09d}"


class Books:
    """All senders together, and what only shows across requests: doubles and re-used keys."""

    def __init__(self, run: str, log: Path | None) -> None:
        self.senders: dict[str, Sender] = {}
        self.token_in_query = 0
        self.keys_reused = 0
        self.key_replays = 0
        self.reads = 0
        self.reads_refused = 0
        self._run = run
        self._denied: Counter[str] = Counter()
        self._people = Prints()
        self._messages = Prints()
        self._keys = Prints()
        self._doubles = 0
        self._listed: dict[tuple[str, str, str], int] = {}
        # Unbuffered appends of whole lines survive our own death; a power cut may lose the last ones.
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if log else None

    def close(self) -> None:
        """Close the acceptance log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def denied(self, code: str) -> None:
        """Count a request that belongs to no account."""
        self._denied[code] += 1

    def sender(self, account: str) -> Sender:
        """Return an account's page, a new one at first."""
        if account not in self.senders:
            self.senders[account] = Sender(account)
        return self.senders[account]

    def saw_key(self, key: str) -> None:
        """Count an Idempotency-Key."""
        self.keys_reused += self._keys.add(key) > 1

    def accept(self, call: Call, number: int, now: float) -> str:
        """Enter an accepted message and return its id; when this returns, it stands in the log."""
        sent = message_id(call.prefix, self._run, number)
        self.sender(call.account).take(call, number, now)
        self._people.add((call.account, call.recipient))
        message = (call.account, call.recipient, call.content)
        if (times := self._messages.add(message)) > 1:
            self._double(message, times)
        if self._log is not None:
            line = {
                "at_ms": round(now * 1000, 3),
                "account": call.account,
                "recipient_id": call.recipient,
                "message_id": sent,
            }
            os.write(self._log, encode(line) + b"\n")
        return sent

    def message_id(self, prefix: str, number: int) -> str:
        """Return the id of a message that no other message of any run has."""
        return message_id(prefix, self._run, number)

    def _double(self, message: tuple[str, str, str], times: int) -> None:
        self._doubles += 1
        account, recipient, text = message
        known = (account, recipient, text[:80])
        if known in self._listed or len(self._listed) < MOST_DOUBLES_LISTED:
            self._listed[known] = times

    def messages(self, account: str | None, offset: int, limit: int) -> list[dict[str, Any]]:
        """Return a page of accepted messages, sender by sender, each in order of arrival."""
        senders = [self.senders[account]] if account in self.senders else []
        if account is None:
            senders = list(self.senders.values())
        page: list[dict[str, Any]] = []
        for sender in senders:
            page += islice(sender.messages(self._run, offset), limit - len(page))
            offset = max(0, offset - sender.accepted)
        return page

    def stats(self) -> dict[str, Any]:
        """Return all counts as JSON; `doubles` counts acceptances of an identical message beyond a person's first."""
        senders = self.senders.values()
        errors = sum((sender.errors for sender in senders), self._denied.copy())
        counts = ("accepted", "arrivals", "refusals", "dropped_requests", "dropped_replies", "accepted_unconfirmed")
        listed = [
            {"account": account, "recipient_id": recipient, "text": text, "times": times}
            for (account, recipient, text), times in self._listed.items()
        ]
        return {
            **{name: sum(getattr(sender, name) for sender in senders) for name in counts},
            "unique_recipients": len(self._people),
            "doubles": self._doubles,
            "doubles_listed": listed,
            "errors": dict(errors),
            "token_in_query": self.token_in_query,
            "keys_reused": self.keys_reused,
            "key_replays": self.key_replays,
            "reads": self.reads,
            "reads_refused": self.reads_refused,
            "first_arrival": min((sender.first_arrival for sender in senders if sender.first_arrival), default=None),
            "last_arrival": max((sender.last_arrival for sender in senders if sender.last_arrival), default=None),
            "senders": {sender.account: sender.stats() for sender in senders},
        }
