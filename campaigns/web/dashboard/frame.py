"""What is around every screen: name, menu, who is logged in, light or dark, and the brake."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import app, ui

from campaigns.web.dashboard import buttons, stop, theme
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.session import Session

_DARK = "dark"
_MODES: tuple[tuple[bool | None, str, str], ...] = (
    (None, "Like the system", "brightness_auto"),
    (False, "Light", "light_mode"),
    (True, "Dark", "dark_mode"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu."""

    path: str
    title: str
    icon: str


@contextmanager
def around(session: Session, menu: Sequence[Entry], path: str) -> Iterator[ui.element]:
    """Build the frame; what the block builds is the screen, inside what is yielded."""
    dark = ui.dark_mode(app.storage.user.get(_DARK))
    # Quasar's drawer stays away once a window was narrow; so it is for narrow ones alone, and wide ones have another.
    with ui.left_drawer(value=False, bordered=True).props("behavior=mobile width=256") as drawer:
        _menu(menu, path)
    with ui.header(bordered=True, wrap=False).classes("bar"):
        buttons.icon_only("menu", "Menu", drawer.toggle).classes("only-narrow")
        with ui.link(target="/").classes("name").props('aria-label="Pagecast, to the campaigns"'):
            ui.html(theme.ICON, sanitize=False).classes("mark")
            ui.label("Pagecast").classes("word")
        ui.space()
        stop.button(session)
        _mode(dark)
        _who(session)
    with ui.element("div").classes("shell"):
        with ui.element("div").classes("side"):
            _menu(menu, path)
        content = ui.element("div").classes("screen")
    with content:
        yield content
    ui.skip_link("Skip to content", target=content)


def heading(title: str, sentence: str = "") -> ui.row:
    """Build a screen's title; buttons that belong to the whole screen go into the row that is returned."""
    with ui.element("div").classes("heading"):
        with ui.element("div"):
            ui.label(title).props("role=heading aria-level=1").classes("title")
            if sentence:
                ui.label(sentence).classes("soft")
        return ui.row().classes("actions")


def section(title: str) -> ui.element:
    """Build a titled part of a screen; use it as a block."""
    part = ui.element("section").classes("part")
    with part:
        ui.label(title).props("role=heading aria-level=2").classes("subtitle")
    return part


def nothing(icon: str, title: str, said: str) -> None:
    """Build what stands where nothing is yet, and teaches what will."""
    ui.icon(icon).classes("large")
    ui.label(title).props("role=heading aria-level=2").classes("subtitle")
    ui.label(said).classes("soft")


def _menu(menu: Sequence[Entry], path: str) -> None:
    with ui.element("nav").props('aria-label="Main"').classes("menu"):
        for entry in menu:
            here = path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/"))
            link = ui.link(target=entry.path).classes("entry")
            if here:
                link.props("aria-current=page")
            with link:
                ui.icon(entry.icon)
                ui.label(entry.title)


def _mode(dark: ui.dark_mode) -> None:
    def choose(value: bool | None) -> None:
        app.storage.user[_DARK] = value
        dark.value = value

    with (
        buttons.icon_only("contrast", "Light or dark"),
        ui.menu().props("auto-close role=menu"),
    ):
        for value, word, icon in _MODES:
            with ui.menu_item(on_click=lambda value=value: choose(value)).classes("choice").props("role=menuitem"):
                ui.icon(icon)
                ui.label(word)


def _who(session: Session) -> None:
    name, role = session.key.name, session.key.role
    said = f"Logged in as {name}, {role}"
    with having(ui.button(color=None).props("flat no-caps dense"), aria_label=said).classes("quiet who"):
        ui.icon("account_circle")
        ui.label(name).classes("only-wide")
        with ui.menu():
            with ui.element("div").classes("identity"):
                ui.label(name).classes("strong")
                ui.label(f"Role: {role}").classes("soft")
            with ui.element("form").props("method=post action=/logout"):
                buttons.quiet("Log out", icon="logout").props("type=submit align=left").classes("leave")
