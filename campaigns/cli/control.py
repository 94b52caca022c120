"""Verbs that stop a campaign, or let it go on: pause, resume, cancel."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.cli.standings import standing
from campaigns.errors import UsageError
from campaigns.lifecycle import control, series
from campaigns.lifecycle.control import Change
from campaigns.runtime import Runtime
from schemas.campaign import CampaignState
from schemas.status import Status

if TYPE_CHECKING:
    from campaigns.client import Client
    from schemas.api.verbs import Changed

_UNDER_WAY = frozenset({CampaignState.SENDING, CampaignState.SCHEDULED, CampaignState.PAUSED})


@app.command()
def pause(
    word: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every campaign, at once.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Stop sending within a second; what is on the wire ends and is settled."""
    if (word is None) != every:
        raise UsageError("Name one campaign, or give --all for every one.")
    if word is None:
        n = 0 if dry_run else _paused_all()
        output.tell({"paused": n}, as_json, f"Paused {n} {'campaign' if n == 1 else 'campaigns'}.")
        return
    with _opened(word) as campaign:
        if dry_run:
            output.tell({"id": campaign.ref, "state": campaign.state}, as_json, f"Would pause {campaign.name}.")
            return
        change = campaign.pause()
    said = {"id": campaign.ref, "state": change.state, "in_flight": change.in_flight}
    line = f"{campaign.name} is paused; {change.in_flight} calls are in flight and will be settled."
    output.tell(said | _also(change), as_json, line + _with_it(change, "paused"))


@app.command()
def resume(word: Word, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Go on with a paused campaign."""
    with _opened(word) as campaign:
        change = Change(campaign.state, 0) if dry_run else campaign.resume()
    said = {"id": campaign.ref, "state": change.state}
    output.tell(said | _also(change), as_json, f"{campaign.name} is {change.state}." + _with_it(change, "resumed"))


@app.command()
def cancel(word: Word, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a campaign: nobody else gets it; who got it stays in the ledger."""
    with _opened(word) as campaign:
        counts = campaign.standing().counts
        got, pending = sum(counts[state] for state in ("accepted", "delivered", "read")), counts["pending"]
        question = f"Cancel {campaign.name}? {got:,} got it; {pending:,} will not."
        if (under_way := campaign.under_way()) is not None:
            with_it = f", and this ends too: {', '.join(under_way)}" if under_way else ""
            question = f"Cancel {campaign.name}? No more of it goes out{with_it}."
        if dry_run:
            output.tell({"id": campaign.ref, "accepted": got, "would_cancel": pending}, as_json, question)
            return
        output.confirm(question, yes=yes)
        change = campaign.cancel()
    said = {"id": campaign.ref, "state": change.state, "accepted": got, "in_flight": change.in_flight}
    line = f"{campaign.name} is cancelled: {change.withdrawn:,} withdrawn, {change.in_flight} calls still in flight."
    output.tell(said | {"cancelled": change.withdrawn} | _also(change), as_json, line + _with_it(change, "cancelled"))


class _Controlled(Protocol):
    """A campaign as a verb finds it, and what the verb may do to it."""

    ref: str
    name: str
    state: CampaignState

    def pause(self) -> Change: ...
    def resume(self) -> Change: ...
    def cancel(self) -> Change: ...
    def standing(self) -> Status: ...
    def under_way(self) -> list[str] | None:
        """Return the names of what a series has under way; None where the campaign does not repeat."""


class _Here:
    """In this machine's database."""

    def __init__(self, runtime: Runtime, word: str) -> None:
        self._runtime = runtime
        self._campaign = found(runtime, word)
        self.ref, self.name, self.state = self._campaign.ref, self._campaign.name, self._campaign.state

    def pause(self) -> Change:
        return control.pause(self._runtime, self._campaign, output.actor())

    def resume(self) -> Change:
        return control.resume(self._runtime, self._campaign, output.actor())

    def cancel(self) -> Change:
        return control.cancel(self._runtime, self._campaign, output.actor())

    def standing(self) -> Status:
        return standing(self._runtime, self._campaign)

    def under_way(self) -> list[str] | None:
        with self._runtime.reading() as conn:
            if not series.is_one(conn, self._campaign):
                return None
            return [each.name for each in series.unfinished(conn, self._campaign)]


class _There:
    """At a server."""

    def __init__(self, server: "Client", word: str) -> None:
        self._server = server
        campaign = reach.found(server, word)
        self.ref, self.name, self.state = campaign.id, campaign.name, campaign.state

    def pause(self) -> Change:
        return _change(self._server.do(calls.campaigns.pause(self.ref)))

    def resume(self) -> Change:
        return _change(self._server.do(calls.campaigns.resume(self.ref)))

    def cancel(self) -> Change:
        return _change(self._server.do(calls.campaigns.cancel(self.ref)))

    def standing(self) -> Status:
        return self._server.do(calls.campaigns.status(self.ref))

    def under_way(self) -> list[str] | None:
        repeats = self._server.do(calls.campaigns.status(self.ref)).series
        if repeats is None:
            return None
        begun = [self._server.do(calls.campaigns.status(each.id)) for each in reversed(repeats.moments) if each.id]
        return [each.name for each in begun if each.state in _UNDER_WAY]


@contextmanager
def _opened(word: str) -> Iterator[_Controlled]:
    with reach.server(writes=True) as server:
        if server:
            yield _There(server, word)
            return
        with output.opened(writes=True) as runtime:
            yield _Here(runtime, word)


def _paused_all() -> int:
    with reach.server(writes=True) as server:
        if server:
            return server.do(calls.campaigns.panic()).paused
        with output.opened(writes=True) as runtime:
            return control.pause_all(runtime, output.actor())


def _change(done: "Changed") -> Change:
    return Change(done.state, done.in_flight, done.withdrawn, tuple(done.also))


def _also(change: Change) -> dict[str, object]:
    return {"also": list(change.also)} if change.also else {}


def _with_it(change: Change, done: str) -> str:
    return f" With it {done}: {', '.join(change.also)}." if change.also else ""
