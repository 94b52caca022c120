"""`pagecast events`: what came in by webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson
from campaigns.inbound import roll
from campaigns.inbox import Inbox
from campaigns.lifecycle import find
from campaigns.suppression import person as recipient_id
from schemas.api.events import Came, Counts
from schemas.inbound import InboundKind

if TYPE_CHECKING:
    from campaigns.client import Client

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
    wanted = _Wanted(kind, recipient_id(person) if person else "", campaign, limit or (None if as_json else _SHOWN))
    with reach.server() as server:
        came, counts = wanted.there(server) if server else wanted.here()
    found = [each.model_dump(mode="json") for each in came]
    if as_json:
        output.emit(found)
        return
    if found:
        output.show([each | {"said": each["text"] or each["payload"]} for each in found], _COLUMNS)
    total = sum(counts.events.values())
    told = ", ".join(f"{n:,} {name}" for name, n in counts.events.items())
    output.note(f"{total:,} events in all: {told}." if total else "Nothing has come in.")
    if counts.waiting:
        output.note(f"{counts.waiting:,} bodies wait to be read; `pagecast up` reads them.")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What somebody asks for; `most` is None for all."""

    kind: InboundKind | None
    person: str
    campaign: str
    most: int | None

    def here(self) -> tuple[Sequence[Came], Counts]:
        with output.opened() as runtime, runtime.reading() as conn, Inbox.opened(runtime) as inbox:
            about = find.campaign(conn, self.campaign).id or 0 if self.campaign else 0
            most = self.most or roll.EVERYTHING
            found = roll.listed(conn, kind=self.kind, person=self.person, campaign_id=about, most=most)
            counts = Counts(events=roll.counts(conn), waiting=inbox.backlog().bodies)
            return [Came(**each) for each in found], counts

    def there(self, server: "Client") -> tuple[Sequence[Came], Counts]:
        about = reach.found(server, self.campaign).id if self.campaign else None
        asked = calls.events.listed(kind=self.kind, person=self.person or None, campaign=about)
        return list(islice(server.each(asked), self.most)), server.do(calls.events.counts())
