"""`pagecast pages check`: whether the platform accepts a page's token."""

from typing import Annotated, Any

import typer

from campaigns import pages
from campaigns.cli import output
from campaigns.cli.output import AsJson
from campaigns.errors import StoppedError
from campaigns.lifecycle.probe import probe
from campaigns.providers.answer import Standing
from schemas.page import Page

Name = Annotated[str, typer.Argument(metavar="NAME", help="The page's name.")]


def check(name: Name, as_json: AsJson = False) -> None:
    """Ask the platform whether it accepts a page's token; sends no message."""
    with output.opened() as runtime:
        with runtime.reading() as conn:
            page = pages.named(conn, name)
        standing = probe(runtime, page, output.environment())
    way = f"The page is parked; `pagecast pages resume {name}` lets it send." if page.parked_at else ""
    if as_json:
        output.emit(_document(page, standing))
    if not standing.accepted:
        raise StoppedError(f"Page {name}: {standing.sentence}")
    if not as_json:
        output.say(f"Page {name}: {standing.sentence} {way}".rstrip())


def _document(page: Page, standing: Standing) -> dict[str, Any]:
    return {
        "name": page.name,
        "accepted": standing.accepted,
        "sentence": standing.sentence,
        "code": standing.code,
        "account_id": standing.account_id,
        "token_name": standing.name,
        "parked": page.parked_at is not None,
    }
