"""A test: a campaign's message to one of ours, rendered with the cells of a row of its list.

It leaves no trace in the campaign: no delivery, no count. The event log says who sent what test to whom. Its events
are the page's, not the campaign's, because a draft takes its own with it when it goes.
"""

import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from campaigns import events, template, testers
from campaigns.briefing import sender_of
from campaigns.errors import InputError, PagecastError, StateError, StoppedError
from campaigns.lifecycle import admission
from campaigns.lifecycle.admission import Lane
from campaigns.lifecycle.plan import screen
from campaigns.lifecycle.view import view
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Call, Sender
from campaigns.runtime import Runtime, now_of
from campaigns.settings import MissingSecretError
from campaigns.template import Blank
from schemas import recipient_list as stored
from schemas import screened
from schemas.api.testers import Like, Tested
from schemas.campaign import Campaign
from schemas.message import Message
from schemas.outcome import Verdict
from schemas.page import Channel, ProviderName, Route
from schemas.reason import Reason
from schemas.trial import PartAnswer, Trial, TrialEnd
from schemas.view import View

_CHOICE = "_choice"
_MEANING = {
    Verdict.REFUSED_RECIPIENT: "refused{part} for this person.",
    Verdict.DEFERRED: "not taken{part} for this person now.",
    Verdict.REFUSED_MESSAGE: "the message{part} was refused.",
    Verdict.REFUSED_SENDER: "refused{part}, because page {page} may not send.",
    Verdict.THROTTLED: "refused{part} as too fast; the account was paused for everybody.",
    Verdict.UNREACHABLE: "not sent{part}.",
    Verdict.UNKNOWN: "nobody knows whether it went out{part}.",
    Verdict.FOREIGN: "refused{part} by something that is not the platform.",
}
_WAY = {
    Verdict.UNKNOWN: " It is not sent again by itself: look at the tester's phone first.",
    Verdict.REFUSED_SENDER: " Put that right before the campaign starts.",
    Verdict.FOREIGN: " Check the page's base_url.",
}


@dataclass(frozen=True)
class Prepared:
    """A test that may be sent: `line` and `like` say whose cells it has; `sender` holds the token."""

    campaign: Campaign
    page: str
    account_id: str
    provider: ProviderName
    token: str
    """The token's reference."""
    sender: Sender
    trial: Trial
    view: View
    line: int
    like: str

    @property
    def name(self) -> str:
        """The campaign by name and id."""
        return f"{self.campaign.name} ({self.campaign.ref})"


def prepare(
    runtime: Runtime,
    campaign: Campaign,
    environment: Mapping[str, str],
    now: int,
    *,
    to: str,
    like: str | None = None,
    page: str | None = None,
    anyway: bool = False,
) -> Prepared:
    """Check that a tester may get a test now, and render it like the row `like` (a line, or a recipient id).

    `anyway` leaves the tester's window to the platform, where the campaign's policy does. Raises StateError with the
    way out where it may not be sent, InputError where row or page cannot be used.
    """
    with runtime.reading() as conn:
        lane = admission.lane_of(conn, campaign, to, page)
        admission.refuse_stopped(conn, lane, to)
        known = admission.closing(conn, lane, to)
    sender = _sender(lane, runtime, environment)
    rows, _ = screen(runtime, campaign, environment, max(now, campaign.start_at or now))
    closing = _listed(rows, campaign, lane, to)
    latest = max((at for at in (closing, known) if at is not None), default=None)
    admission.refuse_closed(campaign, lane, to, latest, now, anyway=anyway)
    row = _row(rows, campaign, lane, like)
    message = Message.model_validate_json(campaign.message)
    seen = _view(message, row, lane)
    trial = _trial(campaign, lane, to, message, seen)
    return Prepared(
        campaign,
        lane.name,
        lane.account_id,
        ProviderName(lane.provider),
        Route.model_validate_json(lane.route).token,
        sender,
        trial,
        seen,
        line=int(row[stored.LINE]),
        like=str(row[stored.RECIPIENT]),
    )


def call(trial: Trial, number: int) -> Call:
    """Return the call of a part, counted from 1."""
    return Call(
        recipient_id=trial.recipient_id,
        part=trial.parts[number - 1],
        metadata=trial.metadata(number),
        # A test is repeated because somebody wants to see it again, so no two have one key.
        idempotency_key=hashlib.sha256(trial.metadata(number).encode()).hexdigest()[:32],
        tag=trial.tag,
    )


def requests(prepared: Prepared) -> list[dict[str, Any]]:
    """Return the request of every part as it would go out, with the token's reference in the place of the token."""
    provider, token = PROVIDERS[prepared.provider], prepared.sender.token.get_secret_value()
    found = []
    for number in range(1, len(prepared.trial.parts) + 1):
        request = provider.request(prepared.sender, call(prepared.trial, number))
        headers = {name: value.replace(token, prepared.token) for name, value in request.headers.items()}
        body = json.loads(request.content)
        found.append({"method": request.method, "url": str(request.url), "headers": headers, "body": body})
    return found


def send(runtime: Runtime, prepared: Prepared, environment: Mapping[str, str], actor: str) -> TrialEnd:
    """Have a test sent, and write down before and after it who sent what to whom.

    The workers' side sends it, by its module name: whoever asks for a test never speaks to Redis. `environment` is
    where that process looks up secrets. Where it ends badly nobody knows whether the test went out.
    """
    begin(runtime, prepared, actor)
    done = subprocess.run(
        [sys.executable, "-m", "workers.trial"],
        input=prepared.trial.model_dump_json(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode == 0:
        ended = TrialEnd.model_validate_json(done.stdout)
    else:
        sentence = f"What sends it ended with code {done.returncode}."
        ended = TrialEnd(answers=(PartAnswer(part=1, outcome=Verdict.UNKNOWN, code="interrupted", sentence=sentence),))
    end(runtime, prepared, ended, actor)
    return ended


def problem(ended: TrialEnd) -> PagecastError | None:
    """Return the error for which a test was not sent; None where the platform was asked."""
    if not ended.problem:
        return None
    kinds = (kind for kind in (InputError, StateError, StoppedError) if kind.exit_code == ended.exit_code)
    return next(kinds, PagecastError)(ended.problem)


def begin(runtime: Runtime, prepared: Prepared, actor: str) -> None:
    """Write down, before anything is sent, who sends what test to whom."""
    trial = prepared.trial
    said = f"A test of {prepared.name} goes to {trial.recipient_id} from page {prepared.page}, as line {prepared.line}."
    with runtime.writing() as conn:
        now = now_of(conn)
        testers.begin(conn, prepared.sender.channel, prepared.account_id, trial.recipient_id, now)
        events.record(conn, now, "test.began", actor, said, page_id=trial.page_id)


def end(runtime: Runtime, prepared: Prepared, ended: TrialEnd, actor: str) -> None:
    """Write down what became of it."""
    said = f"The test of {prepared.name} to {prepared.trial.recipient_id}: {sentence(prepared, ended)}"
    with runtime.writing() as conn:
        events.record(conn, now_of(conn), "test.ended", actor, said, page_id=prepared.trial.page_id)


def outcome(ended: TrialEnd) -> Verdict | Literal["not_sent"]:
    """Return what became of a test as a whole: of its last part that was tried, since none is tried after a failure."""
    return ended.answers[-1].outcome if ended.answers else "not_sent"


def sentence(prepared: Prepared, ended: TrialEnd) -> str:
    """Say what became of a test, with the ids that the platform gave."""
    if not ended.answers:
        return f"not sent. {ended.problem}"
    ids = ", ".join(answer.message_id for answer in ended.answers if answer.message_id)
    last, of = ended.answers[-1], len(prepared.trial.parts)
    if last.outcome is Verdict.ACCEPTED:
        return f"accepted by {prepared.provider.title()}, message id {ids}."
    part = f" part {last.part} of {of}" if of > 1 else ""
    before = f" Before it was accepted: {ids}." if ids else ""
    meaning = _MEANING[last.outcome].format(part=part, page=prepared.page)
    return f"{meaning} {_told(last)}{before}{_WAY.get(last.outcome, '')}"


def tested(prepared: Prepared, ended: TrialEnd | None) -> Tested:
    """Return what became of a test, or, without an end, what would go out."""
    return Tested(
        id=prepared.campaign.ref,
        name=prepared.campaign.name,
        page=prepared.page,
        channel=prepared.sender.channel,
        recipient_id=prepared.trial.recipient_id,
        like=Like(line=prepared.line, recipient_id=prepared.like),
        parts=[part.text for part in prepared.trial.parts],
        outcome=outcome(ended) if ended else None,
        sentence=sentence(prepared, ended) if ended else "",
        answers=list(ended.answers) if ended else [],
        requests=[] if ended else requests(prepared),
        view=None if ended else prepared.view,
        dry_run=ended is None,
    )


def _told(answer: PartAnswer) -> str:
    return f"{answer.sentence} ({answer.code})" if answer.code else answer.sentence


def _sender(lane: Lane, runtime: Runtime, environment: Mapping[str, str]) -> Sender:
    route = Route.model_validate_json(lane.route)
    try:
        return sender_of(lane.channel, lane.account_id, route, runtime.settings, environment)
    except MissingSecretError as error:
        raise StateError(
            f"The secret {error.args[0]} of page {lane.name} is not set here. Put it into the environment, or into a "
            "file of its name in PAGECAST_SECRETS_DIR."
        ) from error


def _listed(rows: pl.LazyFrame, campaign: Campaign, lane: Lane, to: str) -> int | None:
    """Return when the tester's window closes, where they stand in the list themselves; their opt-out there counts."""
    own = rows.filter((pl.col(stored.RECIPIENT) == to) & (pl.col(screened.SENDER_ID) == lane.sender_id))
    found = own.select(screened.REASON, screened.CLOSING).collect()
    if Reason.OPTED_OUT in found[screened.REASON].to_list():
        raise StateError(f"{to} has opted out in the list of {campaign.name}, so no test goes to them.")
    closing = found[screened.CLOSING].max()
    return closing if isinstance(closing, int) else None


def _row(rows: pl.LazyFrame, campaign: Campaign, lane: Lane, like: str | None) -> dict[str, Any]:
    """Return the row that lends its cells: the one named, or the first of the page who would get the message."""
    if like is None:
        eligible = rows.filter(pl.col(stored.RULE).is_null() & pl.col(screened.REASON).is_null())
        choice = (pl.col(screened.PAGE_ID) != lane.id).alias(_CHOICE)
        order = [_CHOICE, screened.EFFECTIVE, stored.LINE]
    else:
        eligible = rows.filter((pl.col(stored.RECIPIENT) == like) | (pl.col(stored.LINE) == _number(like)))
        choice = (pl.col(stored.RECIPIENT) != like).fill_null(value=True).alias(_CHOICE)
        order = [_CHOICE, stored.LINE]
    found = eligible.with_columns(choice).sort(order, nulls_last=True).head(1).collect()
    if not found.is_empty():
        return found.row(0, named=True)
    if like is None:
        raise InputError(f"Nobody of the list of {campaign.name} would get it now. Choose a row with --as LINE.")
    raise InputError(f"The list of {campaign.name} has no line or recipient {like}. Give one as the list has it.")


def _number(like: str) -> int:
    return int(like) if like.isascii() and like.isdecimal() and len(like) < 10 else 0  # noqa: PLR2004 - no list is longer


def _view(message: Message, row: Mapping[str, Any], lane: Lane) -> View:
    letter = template.letter([part.text for part in message.parts])
    try:
        texts: Sequence[str] = letter.render(json.loads(row[screened.VARIABLES]))
    except Blank as blank:
        raise InputError(
            f"The variable {blank.variable} is blank in line {row[stored.LINE]}. Choose another row with --as, or give "
            "the variable a default."
        ) from blank
    seen = view(Channel(lane.channel), message, texts, [lane.name])
    if seen.problems:
        raise InputError(f"Line {row[stored.LINE]}: {seen.problems[0]} Choose another row with --as, or shorten it.")
    return seen


def _trial(campaign: Campaign, lane: Lane, to: str, message: Message, seen: View) -> Trial:
    rendered = zip(message.parts, seen.parts, strict=True)
    return Trial(
        campaign_id=campaign.id or 0,
        page_id=lane.id,
        sender_id=lane.sender_id,
        recipient_id=to,
        number=secrets.token_hex(6),
        ref=campaign.ref,
        parts=tuple(part.model_copy(update={"text": shown.text}) for part, shown in rendered),
        tag=message.tag,
    )
