"""The verb that changes a campaign while it runs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import UsageError
from campaigns.lifecycle.change import Wishes
from campaigns.lifecycle.change import change as alter
from schemas.api.verbs import Altered

if TYPE_CHECKING:
    from campaigns.client import Client

Rate = Annotated[float | None, typer.Option("--rate", metavar="N", help="Messages per second of a page, at most.")]
Weight = Annotated[
    float | None, typer.Option("--weight", metavar="N", help="Its share of a page that other campaigns use too.")
]
Hours = Annotated[
    str | None, typer.Option("--hours", metavar="SPAN", help='When it is sent: "mon-fri 09:00-20:00", or none.')
]
Quiet = Annotated[
    str | None, typer.Option("--quiet", metavar="SPAN", help="When nothing is sent: 21:00-08:00, or none.")
]
Zone = Annotated[str | None, typer.Option("--zone", metavar="ZONE", help="The zone of both, as Europe/Paris.")]


@app.command()
def change(
    word: Word,
    rate: Rate = None,
    weight: Weight = None,
    hours: Hours = None,
    quiet: Quiet = None,
    zone: Zone = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change the rate, weight, hours or quiet time of a launched campaign; it takes effect within two seconds."""
    wishes = Wishes(rate, weight, hours, quiet, zone)
    if wishes == Wishes():
        raise UsageError("Say what to change: --rate, --weight, --hours, --quiet or --zone.")
    with reach.server(writes=not dry_run) as server:
        if server:
            ref, name, done = _there(server, word, wishes, dry_run=dry_run)
        else:
            ref, name, done = _here(word, wishes, dry_run=dry_run)
    output.notes(done.warnings)
    document = {"id": ref, "state": done.state, "changes": done.changes, "dry_run": dry_run}
    would = "Would change" if dry_run else "Changed"
    output.tell(document, as_json, f"{would} {name}: {'; '.join(done.changes)}.")


def _here(word: str, wishes: Wishes, *, dry_run: bool) -> tuple[str, str, Altered]:
    with output.opened(writes=not dry_run) as runtime:
        campaign = found(runtime, word)
        done = alter(runtime, campaign, wishes, output.environment(), output.actor(), dry_run=dry_run)
    altered = Altered(state=done.state, changes=list(done.said), warnings=list(done.warnings), dry_run=dry_run)
    return campaign.ref, campaign.name, altered


def _there(server: "Client", word: str, wishes: Wishes, *, dry_run: bool) -> tuple[str, str, Altered]:
    campaign = reach.found(server, word)
    return campaign.id, campaign.name, server.do(calls.campaigns.change(campaign.id, **asdict(wishes), dry_run=dry_run))
