"""The text of a paused campaign, corrected: who gets it, who no longer does, and how it looks for real people."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from campaigns.errors import InputError, PagecastError
from campaigns.lifecycle import revise as verb
from campaigns.lifecycle.revise import Revision
from campaigns.moments import people
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.campaign.samples import samples
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.form import Form
from campaigns.web.dashboard.session import Session
from schemas.campaign_file import CampaignFile, MessageText
from schemas.meaning import meaning
from schemas.right import Right


@dataclass(slots=True)
class _Draft:
    """The texts as they stand in the fields, and what was found out about them."""

    fields: list[ui.textarea]
    found: Revision | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(str(field.value or "") for field in self.fields)


async def revise(session: Session, seen: Seen) -> object:
    """Ask for the new text, show what it does, and correct it."""
    said = "It is for everybody who has not got it yet. Who got it keeps what they got."
    form = Form(f"Correct the text of {seen.campaign.name}", said, wide=True)
    draft = _Draft([])

    def forget() -> None:
        draft.found = None
        confirm.disable()

    async def examine() -> None:
        draft.found = await _examined(session, seen, draft.texts, shown)
        confirm.set_enabled(draft.found is not None)

    with form.body():
        for number, text in enumerate(texts(seen.file), 1):
            label = "Text" if len(texts(seen.file)) == 1 else f"Part {number}"
            draft.fields.append(
                ui.textarea(label, value=text, on_change=forget).props("outlined autogrow").classes("field")
            )
        buttons.outlined("Show who gets it, and how it looks", examine, icon="visibility")
        shown = ui.column().classes("foretold").props("role=status")
    confirm = form.answers("Correct the text", lambda: draft.found)
    confirm.disable()
    change = await form.answer()
    return None if change is None else await _confirmed(session, seen, change)


def texts(file: CampaignFile) -> tuple[str, ...]:
    """Return the template of each part."""
    return tuple(part.text for part in file.message.message.parts)


def reworded(file: CampaignFile, new: Sequence[str]) -> MessageText:
    """Return the message with other texts; quick replies and tag stay. Raises InputError for an empty one."""
    if not all(text.strip() for text in new):
        raise InputError("A text is empty. Write what people are to get.")
    present = file.message
    if present.text is not None:
        return present.model_copy(update={"text": new[0]})
    parts = [part.model_copy(update={"text": text}) for part, text in zip(present.parts, new, strict=True)]
    return present.model_copy(update={"parts": tuple(parts)})


def told(change: Revision) -> tuple[str, ...]:
    """Return what a correction does, in sentences."""
    said = [f"{people(change.pending)} will get the new text."]
    said += [
        f"{people(n)} will be set aside: {meaning(reason).sentence}" for reason, n in change.set_aside.items() if n
    ]
    if change.freed:
        said.append(
            f"{people(change.freed)} who were set aside for their words can be sent to then: retry the skipped."
        )
    return (*said, *change.findings)


async def _examined(session: Session, seen: Seen, new: Sequence[str], shown: ui.column) -> Revision | None:
    runtime, environment = session.runtime, session.environment
    change, lines = None, []
    try:
        change = await ask.aside(lambda: verb.examine(runtime, seen.campaign, reworded(seen.file, new), environment))
        lines = list(told(change))
    except PagecastError as error:
        lines = [str(error)]
    if shown.is_deleted:
        return None
    shown.clear()
    with shown:
        for line in lines:
            ui.label(line)
        if change:
            samples(change.samples)
    return change


async def _confirmed(session: Session, seen: Seen, change: Revision) -> object:
    return await ask.confirmed(
        f"Correct the text for {people(change.pending)}?",
        " ".join(told(change)[:3]) + " Nothing goes out until it is resumed.",
        f"Correct it for {people(change.pending)}",
        lambda: verb.revise(session.runtime, seen.campaign, change, session.actor),
        right=Right.REVISE,
        done=lambda revision: f"Corrected: the text is revision {revision} now.",
    )
