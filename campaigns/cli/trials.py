"""`pagecast test-send`: a campaign's message to one of ours, over the real line."""

import json
from typing import Annotated, Any

import typer

from campaigns import suppression
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.drafts import OrFile, found_or_drafted
from campaigns.cli.output import AsJson, DryRun
from campaigns.lifecycle import trial
from campaigns.lifecycle.trial import Prepared
from schemas.outcome import Verdict
from schemas.trial import TrialEnd

NOT_DONE, NEEDS_A_PERSON = 6, 5
_PAGE_IS_WRONG = frozenset({Verdict.REFUSED_SENDER, Verdict.FOREIGN})


@app.command(name="test-send")
def send_test(
    word: OrFile,
    to: Annotated[str, typer.Option("--to", metavar="RECIPIENT", help="A tester, see `pagecast testers`.")],
    like: Annotated[
        str | None,
        typer.Option("--as", metavar="LINE|RECIPIENT", help="Whose cells it has; else the first who would get it."),
    ] = None,
    page: Annotated[str | None, typer.Option("--page", metavar="NAME", help="The page that sends it.")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help='Without an open window: let the platform judge (policy = "provider").')
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send the message once to one of your testers, outside the campaign's ledger and counts."""
    person = suppression.person(to)
    with output.opened(writes=not dry_run) as runtime:
        campaign, _ = found_or_drafted(runtime, word)
        environment, now = output.environment(), output.now(runtime)
        prepared = trial.prepare(runtime, campaign, environment, now, to=person, like=like, page=page, anyway=anyway)
        if dry_run:
            _show(prepared, as_json=as_json)
            return
        ended = trial.send(runtime, prepared, environment, output.actor())
    _tell(prepared, ended, as_json=as_json)
    if error := trial.problem(ended):
        raise error
    if (outcome := trial.outcome(ended)) is not Verdict.ACCEPTED:
        raise typer.Exit(NEEDS_A_PERSON if outcome in _PAGE_IS_WRONG else NOT_DONE)


def _tell(prepared: Prepared, ended: TrialEnd, *, as_json: bool) -> None:
    if as_json:
        answers = [answer.model_dump(mode="json") for answer in ended.answers]
        sentence = trial.sentence(prepared, ended)
        output.emit(_document(prepared) | {"outcome": trial.outcome(ended), "sentence": sentence, "answers": answers})
    elif not ended.problem:
        output.say(f"Test of {prepared.name} to {prepared.trial.recipient_id}: {trial.sentence(prepared, ended)}")


def _show(prepared: Prepared, *, as_json: bool) -> None:
    """Print what would go out."""
    requests = trial.requests(prepared)
    if as_json:
        output.emit(_document(prepared) | {"dry_run": True, "requests": requests, "view": prepared.view.model_dump()})
        return
    where = f"from {prepared.page} on {prepared.sender.channel}, as line {prepared.line}"
    output.say(f"Would go to {prepared.trial.recipient_id} {where}:")
    for part, request in zip(prepared.view.parts, requests, strict=True):
        for line in part.text.splitlines():
            output.say(f"    {line}")
        output.say(f"    ({part.length} of {prepared.view.limit} {prepared.view.unit})")
        if part.quick_replies:
            output.say("    " + " ".join(f"[{button.shown}]" for button in part.quick_replies))
        output.say(f"    {request['method']} {request['url']}")
        for name, value in request["headers"].items():
            output.say(f"        {name}: {value}")
        output.say(f"        {json.dumps(request['body'], ensure_ascii=False)}")
    for cut in prepared.view.cuts:
        output.say(f"    {cut}")


def _document(prepared: Prepared) -> dict[str, Any]:
    return {
        "id": prepared.campaign.ref,
        "name": prepared.campaign.name,
        "page": prepared.page,
        "channel": prepared.sender.channel,
        "recipient_id": prepared.trial.recipient_id,
        "as": {"line": prepared.line, "recipient_id": prepared.like},
        "parts": [part.text for part in prepared.trial.parts],
        "dry_run": False,
    }
