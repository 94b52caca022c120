"""What happens to a message after it was taken, and what people do with it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from campaigns.simulator import meta_events, orbit_events
from campaigns.simulator.courier import Courier
from campaigns.simulator.event import Event
from campaigns.simulator.fate import WHOLE, throw
from campaigns.simulator.receiver import Receiver
from campaigns.simulator.scenario import Scenario
from campaigns.simulator.threads import Message

RECEIPTS = {
    ("meta", "messenger"): ("echo", "delivered", "read"),
    ("meta", "instagram"): ("echo", "read"),
    ("orbit", "messenger"): ("echo", "delivered"),
    ("orbit", "instagram"): ("echo", "delivered"),
}
WORDS = ("Thanks!", "Sí, ¿cuánto cuesta?", "Who is this? 🙂", "今はいいです", "stop by tomorrow", "é/à")

_SHARE, _JITTER, _REORDER, _CHOICE, _UNDER = range(5)


class People:
    """Everyone who gets messages; what one does depends on (seed, recipient) alone."""

    def __init__(self, receiver: Receiver, courier: Courier) -> None:
        self._receiver = receiver
        self._courier = courier
        self.follow(receiver.scenario)

    def follow(self, scenario: Scenario) -> None:
        """Go on by another scenario."""
        self._seed = scenario.seed
        self._webhooks = scenario.webhooks
        self._makers: dict[tuple[str, str], Callable[[Message, int], Event]] = {
            ("meta", "echo"): partial(meta_events.echo, app_id=scenario.webhooks.app_id),
            ("meta", "delivered"): meta_events.delivered,
            ("meta", "read"): meta_events.read,
            ("orbit", "echo"): orbit_events.sent,
            ("orbit", "delivered"): orbit_events.delivered,
            ("orbit", "failed"): orbit_events.failed,
        }

    def got(self, message: Message) -> None:
        """Take note of an accepted message: have its receipts sent and the person answer, each in its time."""
        if self._webhooks.url(message.platform):
            if message.platform == "orbit" and self._falls(message, "failed"):
                return self._tell(message, "failed", self._webhooks.echo_delay)
            for kind in RECEIPTS[message.platform, message.channel]:
                if self._falls(message, kind):
                    self._tell(message, kind, getattr(self._webhooks, f"{kind}_delay"))
        return self._answer(message)

    def say(self, written: Message) -> None:
        """Have what a person wrote told now."""
        self._courier.after(0.0, lambda: self._said(written))

    def tell(self, event: Event) -> None:
        """Have an event told now."""
        self._courier.after(0.0, lambda: self._posted(event))

    def _tell(self, message: Message, kind: str, delay: float) -> None:
        make = self._makers[message.platform, kind]
        self._courier.after(self._delay(message, kind, delay), lambda: (make(message, self._now()),))

    def _answer(self, message: Message) -> None:
        hooks, dice = self._webhooks, self._dice(message, "answer")
        die = dice[_SHARE] / WHOLE
        if die < hooks.stop:
            text, payload = hooks.stop_word, ""
        elif die < hooks.stop + hooks.quick_reply:
            if not message.quick_replies:
                return
            text, payload = message.quick_replies[0]
        elif die < hooks.stop + hooks.quick_reply + hooks.reply:
            text, payload = WORDS[dice[_CHOICE] % len(WORDS)], ""
        else:
            return
        under = message.mid if dice[_UNDER] & 1 else ""
        answer = replace(message, ours=False, text=text, payload=payload, answers=under, metadata="", quick_replies=())
        wait = self._delay(message, "answer", hooks.answer_delay)
        self._courier.after(wait, lambda: self._said(self._receiver.hear(answer)))

    def _said(self, written: Message) -> Iterable[Event]:
        if written.platform == "meta":
            return self._posted(meta_events.said(written))
        if written.text != self._webhooks.stop_word:
            return self._posted(orbit_events.said(written))
        return self._posted(orbit_events.said(written), orbit_events.opted_out(written))

    def _posted(self, *events: Event) -> Iterable[Event]:
        return events if self._webhooks.url(events[0].platform) else ()

    def _falls(self, message: Message, kind: str) -> bool:
        share: float = getattr(self._webhooks, kind)
        return share > 0 and self._dice(message, kind)[_SHARE] < share * WHOLE

    def _delay(self, message: Message, kind: str, mean: float) -> float:
        dice, hooks = self._dice(message, kind), self._webhooks
        late = hooks.reorder_seconds if dice[_REORDER] < hooks.reorder * WHOLE else 0.0
        return max(0.0, mean + hooks.jitter * (2 * dice[_JITTER] / WHOLE - 1)) + late

    def _dice(self, message: Message, kind: str) -> tuple[int, ...]:
        return throw(self._seed, f"{message.person} {kind}")

    def _now(self) -> int:
        return int(self._receiver.now() * 1000)
