"""`pagecast person`: one person over all campaigns."""

from typing import Annotated

import typer

from campaigns import report
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson
from campaigns.runtime import now_of
from schemas.explanation import Window
from schemas.person import Message, Person


@app.command()
def person(
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient id.")], as_json: AsJson = False
) -> None:
    """Show what every campaign sent to one person, with message and request ids, their windows and suppressions."""
    asked = recipient.strip()
    with reach.server() as server:
        found = server.do(calls.people.person(asked)) if server else _here(asked)
    if as_json:
        output.emit(found.model_dump(mode="json"))
        return
    for line in found.suppressed:
        output.say(line)
    for window in found.windows:
        output.say(told(window))
    for message in found.messages:
        _show(message)


def _here(recipient: str) -> Person:
    with output.opened() as runtime, runtime.reading() as conn:
        return report.person(conn, recipient, now_of(conn))


def told(window: Window) -> str:
    """Return a window in words, with what shows it."""
    if window.closes_at is None:
        return f"Window with page {window.page}: not known."
    closes = "open until" if window.open else "closed at"
    return f"Window with page {window.page}: {closes} {window.closes_at}: {window.source or 'a list said so'}."


def _show(message: Message) -> None:
    sent = message.delivery
    output.say(f"{message.campaign} ({message.id}), page {sent.page}: {sent.state}. {sent.sentence}")
    facts = {
        "reason": sent.reason_sentence,
        "sent at": sent.sent_at,
        "accepted at": sent.accepted_at,
        "read at": sent.read_at,
        "reply": sent.reply,
        "message ids": ", ".join(sent.message_ids),
        "request id": sent.request_id,
        "provider code": sent.provider_code,
        "revision": sent.revision if sent.sent_at else None,
    }
    for name, value in facts.items():
        if value:
            output.say(f"    {name}: {value}")
