"""Verbs that take something back: retry, resolve, revise."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import typer

from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import Word, found
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.cli.plans import show_samples
from campaigns.errors import InputError
from campaigns.lifecycle import resolve as resolving
from campaigns.lifecycle import retry as retrying
from campaigns.lifecycle import revise as revising
from campaigns.moments import people
from schemas.api.verbs import Resolved, Retried, Revised
from schemas.decision import Scope, Verdict
from schemas.meaning import meaning

_WIDTH = 10

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class _Correction(Generic[Done]):
    """A campaign, what a verb `would` do to it, and what does it."""

    ref: str
    name: str
    would: Done
    do: Callable[[], Done]


@app.command()
def retry(
    word: Word,
    scope: Annotated[Scope, typer.Option("--scope", help="Whom to send to again.")],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send again to people who failed, were skipped or cancelled, after screening each of them anew."""
    with _retrial(word, scope, writes=not dry_run) as trial:
        ref, name, done = trial.ref, trial.name, trial.would
        _count(done.again, "again")
        _count(done.kept, f"stay {scope}")
        if done.people and not dry_run:
            output.confirm(f"Send to {people(done.people)} of {name} again?", yes=yes)
            done = trial.do()
    document = {"id": ref, "state": done.state, "scope": scope, "retried": done.people, "again": trial.would.again}
    line = _outcome(done.people, name, done.state, dry_run)
    output.tell(document | {"kept": trial.would.kept, "dry_run": dry_run}, as_json, line)


@app.command()
def resolve(
    word: Word,
    verdict: Annotated[Verdict, typer.Option("--as", help="What you decided after looking at the conversations.")],
    recipient: Annotated[str | None, typer.Argument(metavar="[RECIPIENT]", help="One person; else everyone.")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Decide about people whose outcome is unknown: it was sent, it was not, or send it again."""
    with _doubt(word, verdict, recipient, writes=not dry_run) as doubt:
        done = doubt.would
        _count(done.kept, "stay unknown")
        if dry_run:
            output.note(_question(verdict, done.people))
        elif done.people:
            output.confirm(_question(verdict, done.people), yes=yes)
            done = doubt.do()
    document = {"id": doubt.ref, "state": done.state, "as": verdict, "resolved": done.people, "kept": doubt.would.kept}
    would = "would be" if dry_run else "are"
    line = f"{done.people:,} people {would} resolved as {verdict}. {doubt.name} is {done.state}."
    output.tell(document | {"dry_run": dry_run}, as_json, line)


@app.command()
def revise(
    word: Word,
    message: Annotated[
        Path, typer.Option("--message", metavar="FILE", help="TOML with [message], or the text itself in a .txt file.")
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Correct a paused campaign's message for everyone who has not got it yet."""
    with _revision(word, message, writes=not dry_run) as correction:
        change = correction.would
        show_samples(change.samples, output.note)
        output.notes(change.findings)
        _count(change.skipped, "would be skipped")
        if change.freed:
            output.note(f"- {change.freed:,} people skipped before could get it: add a retry --scope skipped.")
        revision = change.revision
        if not dry_run:
            output.confirm(f"Send this to the {change.pending:,} people who wait?", yes=yes)
            revision = correction.do().revision
    document = {"id": correction.ref, "revision": revision, "pending": change.pending, "skipped": change.skipped}
    line = f"{correction.name} has revision {revision} of its message; {change.pending:,} people wait for it."
    output.tell(document | {"freed": change.freed, "dry_run": dry_run}, as_json, line)


@contextmanager
def _retrial(word: str, scope: Scope, *, writes: bool) -> Iterator[_Correction[Retried]]:
    with reach.server(writes=writes) as server:
        if server:
            there = reach.found(server, word)
            would = server.do(calls.campaigns.retry(there.id, scope, dry_run=True))
            yield _Correction(there.id, there.name, would, lambda: server.do(calls.campaigns.retry(there.id, scope)))
            return
        with output.opened(writes=writes) as runtime:
            campaign = found(runtime, word)
            trial = retrying.examine(runtime, campaign, scope, output.environment())
            would = Retried(
                state=campaign.state, people=trial.people.height, again=trial.again, kept=trial.kept, dry_run=True
            )

            def do() -> Retried:
                done = retrying.retry(runtime, campaign, trial, output.actor())
                return would.model_copy(update={"state": done.state, "people": done.people, "dry_run": False})

            yield _Correction(campaign.ref, campaign.name, would, do)


@contextmanager
def _doubt(word: str, verdict: Verdict, recipient: str | None, *, writes: bool) -> Iterator[_Correction[Resolved]]:
    with reach.server(writes=writes) as server:
        if server:
            there = reach.found(server, word)
            would = server.do(calls.campaigns.resolve(there.id, verdict, recipient, dry_run=True))
            decided = calls.campaigns.resolve(there.id, verdict, recipient)
            yield _Correction(there.id, there.name, would, lambda: server.do(decided))
            return
        with output.opened(writes=writes) as runtime:
            campaign = found(runtime, word)
            doubt = resolving.examine(runtime, campaign, verdict, output.environment(), recipient)
            would = Resolved(state=campaign.state, people=doubt.people.height, kept=doubt.kept, dry_run=True)

            def do() -> Resolved:
                done = resolving.resolve(runtime, campaign, doubt, output.actor())
                return would.model_copy(update={"state": done.state, "people": done.people, "dry_run": False})

            yield _Correction(campaign.ref, campaign.name, would, do)


@contextmanager
def _revision(word: str, file: Path, *, writes: bool) -> Iterator[_Correction[Revised]]:
    content = _read(file)
    toml = _toml(file, content) if file.suffix == ".toml" else None
    with reach.server(writes=writes) as server:
        if server:
            there = reach.found(server, word)
            present = server.do(calls.campaigns.file(there.id)).message
            written = revising.rewritten(present, content, toml=toml)
            would = server.do(calls.campaigns.revise(there.id, written, dry_run=True))
            yield _Correction(there.id, there.name, would, lambda: server.do(calls.campaigns.revise(there.id, written)))
            return
        with output.opened(writes=writes) as runtime:
            campaign = found(runtime, word)
            written = revising.reworded(campaign, content, toml=toml)
            change = revising.examine(runtime, campaign, written, output.environment())
            would = change.told(change.revision, dry_run=True)

            def do() -> Revised:
                revision = revising.revise(runtime, campaign, change, output.actor())
                return change.told(revision, dry_run=False)

            yield _Correction(campaign.ref, campaign.name, would, do)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8. Save it as UTF-8.") from error


def _toml(file: Path, content: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not valid TOML: {error}.") from error


def _question(verdict: Verdict, n: int) -> str:
    if verdict is Verdict.SEND_AGAIN:
        return (
            f"Send to {people(n)} again, although the first message may have gone out? Those who have it get it twice."
        )
    if verdict is Verdict.SENT:
        return f"Count {people(n)} as sent to, without proof?"
    return f"Count {people(n)} as not sent to? A list of the remainder will name them."


def _outcome(n: int, name: str, state: str, dry_run: bool) -> str:
    if dry_run:
        return f"{n:,} people would be sent to again. {name} is {state}."
    if not n:
        return f"Nobody to send to again. {name} is {state}."
    way = " Resume it to send." if state == "paused" else " The workers of `pagecast up` send it."
    return f"{n:,} people are pending again. {name} is {state}.{way}"


def _count(counts: dict[str, int], what: str) -> None:
    for reason, n in counts.items():
        output.note(f"{n:>{_WIDTH},}  {what}: {reason}. {meaning(reason).sentence}")
