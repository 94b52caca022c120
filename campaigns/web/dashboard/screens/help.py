"""What Pagecast promises, what its words mean, and what to do about each reason; made of the data that it runs on."""

from collections.abc import Iterable

from nicegui import ui

from campaigns.policy.limits import WINDOW_MS
from campaigns.policy.windows import AD_WINDOW_MS, OPENINGS
from campaigns.web.dashboard import chips, frame
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.screen import screen
from schemas.campaign import CampaignState
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.inbound_kind import InboundKind
from schemas.reason import Reason, Stage, about
from schemas.right import Right

_PROMISE = (
    "Nobody is lost: every row of your list ends in one state with one reason, and the states add up to its rows.",
    "Nobody is sent to twice by us. What is in doubt after a crash is shown as unknown, and never repeated blindly.",
    "Nobody who opted out is messaged, and nobody outside their window, unless the platform's own rules allow it.",
    "“Accepted” is what the platform said. Instagram tells nobody whether a message arrived, so we do not either.",
)
_STAGES = {
    Stage.LIST: "While the list is read",
    Stage.PLAN: "When the plan is made, and again before each message",
    Stage.SEND: "While it is sent",
    Stage.AFTER: "Afterwards",
}
_CAMPAIGNS = (
    (CampaignState.DRAFT, "Written and planned. Nothing is sent. Launch it, approve it, or discard it."),
    (CampaignState.AWAITING_APPROVAL, "Waits for somebody else to approve what it says."),
    (CampaignState.SCHEDULED, "Launched, and waits for its start."),
    (
        CampaignState.SENDING,
        "Goes out, page by page, at the pace that the platform allows. “Needs you”: all its pages are parked.",
    ),
    (CampaignState.PAUSED, "Stopped by somebody, or by itself. Resume or cancel it; windows go on closing."),
    (CampaignState.FINISHED, "Everybody has an end state. The report is complete."),
    (CampaignState.CANCELLED, "Stopped for good. Whoever had it keeps it; the others are withdrawn."),
)
_CAMPAIGN_PATHS = (
    "Draft → Scheduled → Sending → Finished",
    "Draft → Needs approval → Scheduled or Sending",
    "Sending ⇄ Paused",
    "any of these → Cancelled",
)
_DELIVERIES = (
    (DeliveryState.PENDING, "Their turn is later."),
    (DeliveryState.SENDING, "The message left, and the answer is not in yet."),
    (DeliveryState.ACCEPTED, "The platform took the message. On Instagram that is all anybody knows until it is read."),
    (DeliveryState.DELIVERED, "Messenger says that it arrived."),
    (DeliveryState.READ, "The person saw it."),
    (DeliveryState.SKIPPED, "Nothing was sent, for a reason below."),
    (DeliveryState.FAILED, "The platform refused it, for a reason below."),
    (DeliveryState.UNKNOWN, "The answer never came: it may have gone out. A receipt, an answer or you decide."),
    (DeliveryState.ASSUMED_SENT, "It was unknown, and somebody decided that it was sent."),
    (DeliveryState.CANCELLED, "Withdrawn before their turn."),
    (REJECTED, "The row of the list cannot be used."),
    (DUPLICATE, "An earlier row names the same person."),
)
_DELIVERY_PATHS = (
    "Waiting → On its way → Accepted → Delivered → Read",
    "On its way → Failed, or → Unknown → Accepted or Assumed sent",
    "Waiting → Skipped or Cancelled",
    "Skipped for a window → Waiting, when the person writes again while the campaign is open",
)
_KEYBOARD = (
    ("Tab, Shift Tab", "To the next field or button, and back. The first Tab of a screen offers to skip the menu."),
    ("Enter, Space", "Press what has the focus."),
    ("Esc", "Close a question without doing anything."),
    ("Arrows", "Choose in an open list."),
)
_COMMANDS = (
    ("pagecast demo", "The whole job against a simulated platform, ending with a report."),
    ("pagecast run CAMPAIGN.toml", "Import, plan, confirm, launch, watch and report in one go."),
    ("pagecast up", "Keep workers, web and the bundled Redis alive."),
    ("pagecast pause --all", "Stop everything."),
    ("pagecast explain ID RECIPIENT", "What happened to one person, and why."),
    ("pagecast pages check NAME", "Whether the platform accepts a page's token."),
    ("pagecast doctor", "Examine the installation; what is wrong, and the way out."),
    ("pagecast backup FILE", "A copy of the state that a restore takes."),
    ("pagecast COMMAND --help", "Everything that a command takes."),
)
_PARTS = {
    "promise": "The promise",
    "window": "The window rule",
    "states": "States",
    "reasons": "Reasons",
    "keyboard": "Keyboard",
    "terminal": "In a terminal",
}
NOT_WRITING = (
    InboundKind.REACTION,
    InboundKind.COMMENT,
    InboundKind.REFERRAL,
    InboundKind.OPTIN,
    InboundKind.READ,
)
"""What people take for it, and opens no window."""
_SCREENED = (
    "Every message is screened against it when the plan is made, before it is claimed and once more at the moment it "
    "leaves, a few minutes before the end. Whoever closes first goes first."
)
_RESCUED = (
    "A person whose window is closed is skipped, not failed: they have to write first. If they do while the campaign "
    "is open, they get their turn after all."
)
_HOUR_MS, _DAY_MS = 3_600_000, 24 * 3_600_000


@screen("/help", "Help", "help_outline", nav=90, right=Right.READ)
def show() -> None:
    """Build the screen."""
    frame.heading("Help", "What the words on these screens mean, and what to do next.")
    with ui.element("nav").props('aria-label="On this page"').classes("tabs"):
        for anchor, word in _PARTS.items():
            ui.link(word, f"#{anchor}").classes("tab")
    with _part("promise"):
        for sentence in _PROMISE:
            with ui.element("div").classes("promise"):
                ui.icon("check")
                ui.label(sentence)
    with _part("window"):
        for sentence in window_rule():
            ui.label(sentence)
    with _part("states"):
        _states("A campaign", _CAMPAIGN_PATHS, [(chips.CAMPAIGN[state], said) for state, said in _CAMPAIGNS])
        _states("A person in it", _DELIVERY_PATHS, [(chips.DELIVERY[state], said) for state, said in _DELIVERIES])
    with _part("reasons"):
        _reasons()
    with _part("keyboard"):
        for keys, said in _KEYBOARD:
            _fact(keys, said, "code")
    with _part("terminal"):
        for command, said in _COMMANDS:
            _fact(command, said, "code")


def _part(anchor: str) -> ui.element:
    part = frame.section(_PARTS[anchor])
    having(part, id=anchor)
    with part:
        return ui.element("div").classes("panel prose")


def window_rule() -> list[str]:
    """Return the rule in sentences, with the lengths that screening uses."""
    hours, days = WINDOW_MS // _HOUR_MS, AD_WINDOW_MS // _DAY_MS
    first = f"Whoever writes to your page may be written to for {hours} hours after their last message"
    return [
        f"{first}; whoever comes from an ad that opens the chat, for {days} days.",
        f"What counts as writing: {_listed(OPENINGS)}. What does not: {_listed(NOT_WRITING)}.",
        _SCREENED,
        _RESCUED,
    ]


def _listed(kinds: Iterable[InboundKind]) -> str:
    return ", ".join(kind.value.replace("_", " ") for kind in kinds)


def _states(title: str, paths: tuple[str, ...], states: list[tuple[chips.Look, str]]) -> None:
    ui.label(title).props("role=heading aria-level=3").classes("strong")
    with ui.element("div").classes("paths"):
        for path in paths:
            ui.label(path)
    for look, said in states:
        with ui.element("div").classes("pair"):
            chips.chip(look)
            ui.label(said)


def _reasons() -> None:
    for stage, title in _STAGES.items():
        ui.label(title).props("role=heading aria-level=3").classes("strong")
        for reason in Reason:
            told = about(reason)
            if told.stage is not stage:
                continue
            with having(ui.element("div").classes("reason"), id=reason.value):
                with ui.element("div").classes("reason-head"):
                    ui.label(reason.value).classes("code")
                    if told.retryable:
                        chips.chip(chips.Look("replay", "A retry may help", "info"))
                ui.label(told.sentence)
                ui.label(f"What to do: {told.next_step}").classes("soft")


def _fact(term: str, said: str, classes: str = "") -> None:
    with ui.element("div").classes("pair"):
        ui.label(term).classes(classes)
        ui.label(said)
