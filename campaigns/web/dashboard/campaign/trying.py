"""A test to somebody of ours: outside the campaign's ledger and its counts."""

from campaigns.lifecycle import admission, trial
from campaigns.runtime import Runtime
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.form import Form, choice, field, text
from campaigns.web.dashboard.session import Session
from schemas.right import Right

_MOST = 200


async def test(session: Session, seen: Seen) -> object:
    """Ask for a tester, and send them the message once."""
    known = await ask.aside(lambda: _testers(session.runtime, seen))
    if not known:
        pages = " or ".join(seen.channels)
        ask.fail(f"Nobody is a tester of {pages} yet. `pagecast testers add RECIPIENT --page PAGE` allows one.")
        return None
    said = "One message goes out for real, to one of your testers. It counts nowhere."
    form = Form(f"Send a test of {seen.campaign.name}", said)
    with form.body():
        who = choice("Tester", known, next(iter(known)))
        like = field("Like the row of this recipient", "empty: the first who gets it")
    form.answers("Send the test", lambda: (who.value, text(like) or None))
    answer = await form.answer()
    return None if answer is None else await _sent(session, seen, *answer)


async def _sent(session: Session, seen: Seen, chosen: str, like: str | None) -> object:
    runtime, environment = session.runtime, session.environment
    to, page = chosen.split(" ", 1)

    def send() -> str:
        now = session.now()
        prepared = trial.prepare(runtime, seen.campaign, environment, now, to=to, like=like, page=page)
        ended = trial.send(runtime, prepared, environment, session.actor)
        if problem := trial.problem(ended):
            raise problem
        return trial.sentence(prepared, ended)

    return await ask.done_by(send, right=Right.TEST, done=lambda said: f"The test to {to}: {said}")


def _testers(runtime: Runtime, seen: Seen) -> dict[str, str]:
    """Return whom a test may go to, as what is chosen and what is shown."""
    with runtime.reading() as conn:
        found = admission.allowed(conn, seen.campaign, _MOST)
    return {
        f"{row.recipient_id} {row.page}": f"{row.recipient_id}, page {row.page}{f' ({row.note})' if row.note else ''}"
        for row in found
    }
