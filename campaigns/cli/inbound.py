"""`pagecast events`: what came in by webhook."""

from typing import Annotated

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson
from campaigns.inbound import roll
from campaigns.inbox import Inbox
from campaigns.lifecycle import find
from campaigns.suppression import person as recipient_id
from schemas.inbound import InboundKind

_SHOWN = 50
_COLUMNS = {"at": "at", "kind": "kind", "page": "page", "person": "person", "campaign": "campaign", "said": "said"}


@app.command()
def events(
    kind: Annotated[InboundKind | None, typer.Option("--kind", help="This kind only.")] = None,
    person: Annotated[str, typer.Option("--person", metavar="RECIPIENT", help="This person's only.")] = "",
    campaign: Annotated[str, typer.Option("--campaign", metavar="ID", help="What is about this campaign only.")] = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="How many; all of them with --json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what came in by webhook, the latest first: messages, receipts, echoes, opt-outs."""
    with output.opened() as runtime, runtime.reading() as conn:
        campaign_id = find.campaign(conn, campaign).id if campaign else 0
        most = limit or (roll.EVERYTHING if as_json else _SHOWN)
        asked = recipient_id(person) if person else ""
        found = list(roll.listed(conn, kind=kind, person=asked, campaign_id=campaign_id or 0, most=most))
        counts = roll.counts(conn)
        inbox = Inbox.of(runtime)
        waiting = inbox.backlog().bodies
        inbox.close()
    if as_json:
        output.emit(found)
        return
    if found:
        output.show([each | {"said": each["text"] or each["payload"]} for each in found], _COLUMNS)
    total = sum(counts.values())
    told = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    output.note(f"{total:,} events in all: {told}." if total else "Nothing has come in.")
    if waiting:
        output.note(f"{waiting:,} bodies wait to be read; `pagecast up` reads them.")
