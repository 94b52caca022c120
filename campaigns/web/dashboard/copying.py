"""Ids and addresses that people take with them."""

from nicegui import ui

from campaigns.web.dashboard import ask, buttons


def copyable(value: str, what: str) -> None:
    """Build a value with a button that copies it; `what` names it, such as `the message id`."""

    def copy() -> None:
        # Browsers allow this on https and on this machine; elsewhere the value can be marked and copied by hand.
        ui.clipboard.write(value)
        ask.tell(f"Copied {what}.")

    with ui.element("span").classes("copyable"):
        ui.label(value).classes("code")
        buttons.icon_only("content_copy", f"Copy {what}", copy)
