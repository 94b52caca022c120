"""`pagecast person`: one person over all campaigns."""

from typing import Annotated

import typer

from campaigns import report
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson
from campaigns.report.person import Message
from campaigns.runtime import now_of


@app.command()
def person(
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient id.")], as_json: AsJson = False
) -> None:
    """Show what every campaign sent to one person, with message and request ids, their windows and suppressions."""
    with output.opened() as runtime, runtime.reading() as conn:
        found = report.person(conn, recipient.strip(), now_of(conn))
    if as_json:
        output.emit(found.model_dump(mode="json"))
        return
    for line in found.suppressed:
        output.say(line)
    for window in found.windows:
        state = "open until" if window.open else "closed at"
        known = f"{state} {window.closes_at}" if window.closes_at else "not known"
        output.say(f"Window with page {window.page}: {known}.")
    for message in found.messages:
        _show(message)


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
