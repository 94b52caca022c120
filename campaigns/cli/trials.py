"""`pagecast test-send`: a campaign's message to one of ours, over the real line."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import suppression
from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.drafts import OrFile, found_or_drafted, found_there
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import PagecastError
from campaigns.lifecycle import trial
from schemas.api.testers import Test, Tested
from schemas.outcome import Verdict

if TYPE_CHECKING:
    from campaigns.client import Client

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
    wanted = Test(to=suppression.person(to), like=like, page=page, anyway=anyway, dry_run=dry_run)
    with reach.server(writes=not dry_run) as server:
        tested, problem = (_there(server, word, wanted), None) if server else _here(word, wanted)
    if dry_run:
        _show(tested, as_json=as_json)
        return
    _tell(tested, as_json=as_json, sent=problem is None)
    if problem:
        raise problem
    if tested.outcome is not Verdict.ACCEPTED:
        raise typer.Exit(NEEDS_A_PERSON if tested.outcome in _PAGE_IS_WRONG else NOT_DONE)


def _here(word: str, wanted: Test) -> tuple[Tested, PagecastError | None]:
    with output.opened(writes=not wanted.dry_run) as runtime:
        campaign, _ = found_or_drafted(runtime, word)
        environment, now = output.environment(), output.now(runtime)
        prepared = trial.prepare(
            runtime,
            campaign,
            environment,
            now,
            to=wanted.to,
            like=wanted.like,
            page=wanted.page,
            anyway=wanted.anyway,
        )
        if wanted.dry_run:
            return trial.tested(prepared, None), None
        ended = trial.send(runtime, prepared, environment, output.actor())
    return trial.tested(prepared, ended), trial.problem(ended)


def _there(server: "Client", word: str, wanted: Test) -> Tested:
    return server.do(calls.testers.send(found_there(server, word)[0], wanted))


def _tell(tested: Tested, *, as_json: bool, sent: bool) -> None:
    if as_json:
        output.emit(tested.model_dump(mode="json", by_alias=True, exclude={"requests", "view"}))
    elif sent:
        output.say(f"Test of {tested.name} ({tested.id}) to {tested.recipient_id}: {tested.sentence}")


def _show(tested: Tested, *, as_json: bool) -> None:
    """Print what would go out."""
    if as_json:
        output.emit(tested.model_dump(mode="json", by_alias=True, exclude={"outcome", "sentence", "answers"}))
        return
    assert tested.view is not None
    output.say(f"Would go to {tested.recipient_id} from {tested.page} on {tested.channel}, as line {tested.like.line}:")
    for part, request in zip(tested.view.parts, tested.requests, strict=True):
        for line in part.text.splitlines():
            output.say(f"    {line}")
        output.say(f"    ({part.length} of {tested.view.limit} {tested.view.unit})")
        if part.quick_replies:
            output.say("    " + " ".join(f"[{button.shown}]" for button in part.quick_replies))
        output.say(f"    {request['method']} {request['url']}")
        for name, value in request["headers"].items():
            output.say(f"        {name}: {value}")
        output.say(f"        {json.dumps(request['body'], ensure_ascii=False)}")
    for cut in tested.view.cuts:
        output.say(f"    {cut}")
