"""`pagecast pages check`: whether the platform accepts a page's token."""

from typing import Annotated

import typer

from campaigns import pages
from campaigns.cli import calls, output, reach
from campaigns.cli.output import AsJson
from campaigns.errors import StoppedError
from campaigns.lifecycle.probe import probe
from schemas.api.pages import TokenCheck

Name = Annotated[str, typer.Argument(metavar="NAME", help="The page's name.")]


def check(name: Name, as_json: AsJson = False) -> None:
    """Ask the platform whether it accepts a page's token; sends no message."""
    with reach.server(writes=True) as server:
        told = server.do(calls.pages.check(name)) if server else _here(name)
    way = f"The page is parked; `pagecast pages resume {name}` lets it send." if told.parked else ""
    if as_json:
        output.emit(told.model_dump(mode="json"))
    if not told.accepted:
        raise StoppedError(f"Page {name}: {told.sentence}")
    if not as_json:
        output.say(f"Page {name}: {told.sentence} {way}".rstrip())


def _here(name: str) -> TokenCheck:
    with output.opened(writes=True) as runtime:
        with runtime.reading() as conn:
            page = pages.named(conn, name)
        return probe(runtime, page, output.environment(), output.actor())
