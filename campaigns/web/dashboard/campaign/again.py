"""People who did not get it, or may have: sent to again, or decided about."""

from collections.abc import Mapping

from nicegui import ui

from campaigns.lifecycle import resolve as resolving
from campaigns.lifecycle import retry as retrying
from campaigns.lifecycle.rescreen import total
from campaigns.moments import people
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.form import Form
from campaigns.web.dashboard.session import Session
from schemas.campaign_state import OVER
from schemas.decision import Scope, Verdict
from schemas.meaning import meaning
from schemas.right import Right

_BEFORE = {
    Scope.FAILED: "They were refused before; each is screened again first.",
    Scope.SKIPPED: "They were set aside before anything was sent; each is screened again first.",
    Scope.CANCELLED: "They were withdrawn before their turn; each is screened again first.",
}
VERDICTS = {
    Verdict.SENT: ("It was sent", "They count as assumed sent. Nothing goes out."),
    Verdict.NOT_SENT: ("It was not sent", "They count as failed. Nothing goes out; a retry of the failed may follow."),
    Verdict.SEND_AGAIN: ("Send it again", "Each is screened again, and sent to. If it did arrive, they get it twice."),
}
"""What can be decided, and what follows."""


async def retry(session: Session, seen: Seen, scope: Scope) -> object:
    """Find out who would be sent to again, ask, and do it."""
    runtime, environment, found = session.runtime, session.environment, seen.campaign
    retrial = await ask.done_by(lambda: retrying.examine(runtime, found, scope, environment), right=Right.RETRY)
    if retrial is None:
        return None
    n = retrial.people.height
    if not n:
        ask.tell(f"Nobody of them can be sent to now. {kept(retrial.kept)}".strip())
        return None
    return await ask.confirmed(
        f"Send to {people(n)} again?",
        f"{_BEFORE[scope]} {kept(retrial.kept)} {_goes_on(seen)}".strip(),
        f"Send to {people(n)}",
        lambda: retrying.retry(runtime, found, retrial, session.actor),
        right=Right.RETRY,
        done=lambda done: f"{people(done.people)} will be sent to again.",
    )


async def resolve(session: Session, seen: Seen, recipient: str | None = None) -> object:
    """Ask what became of those in doubt, or of one person, and write it down."""
    n = 1 if recipient else seen.standing.counts["unknown"]
    form = Form(f"What became of {recipient or people(n)}?")
    with form.body():
        ui.label("No answer came for them: the message may have gone out, or not. Look at the conversation first.")
        choice = ui.radio({each.value: word for each, (word, _) in VERDICTS.items()}, value=Verdict.SENT.value)
        said = ui.label(VERDICTS[Verdict.SENT][1]).classes("soft").props("role=status")
        choice.on_value_change(lambda event: said.set_text(VERDICTS[Verdict(event.value)][1]))
    form.answers(f"Decide for {people(n)}", lambda: choice.value)
    answer = await form.answer()
    return None if answer is None else await _decide(session, seen, Verdict(answer), recipient)


async def _decide(session: Session, seen: Seen, verdict: Verdict, recipient: str | None) -> object:
    runtime, environment, found = session.runtime, session.environment, seen.campaign
    doubt = await ask.done_by(
        lambda: resolving.examine(runtime, found, verdict, environment, recipient), right=Right.RESOLVE
    )
    if doubt is None:
        return None
    n = doubt.people.height
    if not n:
        ask.tell(f"Nobody of them is decided about. {kept(doubt.kept)}".strip())
        return None

    def write() -> resolving.Resolved:
        return resolving.resolve(runtime, found, doubt, session.actor)

    if verdict is Verdict.SEND_AGAIN:
        return await ask.confirmed(
            f"Send to {people(n)} again?",
            f"If it did arrive, they get it twice. {kept(doubt.kept)} {_goes_on(seen)}".strip(),
            f"Send to {people(n)}",
            write,
            right=Right.RESOLVE,
            done=lambda done: f"{people(done.people)} will be sent to again.",
            grave=True,
        )
    return await ask.done_by(
        write, right=Right.RESOLVE, done=lambda done: f"Decided for {people(done.people)}: {VERDICTS[verdict][1]}"
    )


def kept(counts: Mapping[str, int]) -> str:
    """Return in words who stays as they are, and why; '' where nobody does."""
    if not counts:
        return ""
    why = " ".join(f"{n:,}: {meaning(reason).sentence}" for reason, n in counts.items())
    return f"{people(total(counts))} cannot be sent to and stay as they are. {why}"


def _goes_on(seen: Seen) -> str:
    return "The campaign goes on for them." if seen.state in OVER else ""
