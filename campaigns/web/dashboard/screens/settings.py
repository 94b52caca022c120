"""How this installation is set up, whether it is well, and what to do where it is not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nicegui import ui
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from campaigns import examination, home
from campaigns.examination import Finding
from campaigns.settings import Settings
from campaigns.web.dashboard import ask, buttons, chips, frame
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.copying import copyable
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import Session, current
from campaigns.web.dashboard.tabs import SETTINGS, tabs
from schemas.right import Right

_STATES = {
    "ok": chips.Look("check", "Fine", "good"),
    "warning": chips.Look("warning_amber", "Look at it", "warn"),
    "problem": chips.Look("error_outline", "Needs you", "bad"),
}
_ORDER = ("problem", "warning", "ok")
_HEADS = ("Variable", "Value", "Default", "Meaning")
_SET, _NOT_SET = "set", "not set"
_URLS = frozenset({"database_url", "redis_url", "storage_url"})
"""They may hold a password."""


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as a person sees it; `value` never holds a secret."""

    variable: str
    value: str
    default: str
    meaning: str


@screen("/settings", "Settings", "settings", nav=80, right=Right.READ)
async def show() -> None:
    """Build the screen."""
    session = current()
    with frame.heading("Settings", "How this installation is set up, and whether it is well."):
        again = buttons.outlined("Examine again", lambda: examine(), icon="health_and_safety")  # noqa: PLW0108 - below
    tabs(session, SETTINGS, "/settings", "Settings")
    with frame.section("Health"):
        said = ui.label().props("role=status").classes("soft")
        found = ui.element("div").classes("findings")
    with frame.section("Processes"):
        processes = ui.element("div").classes("panel pairs-panel")

    async def examine() -> None:
        again.disable()
        said.text = "Looking at database, disk, clock, secrets, pages, webhooks and Redis…"
        findings = await ask.aside(lambda: examination.examine(session.environment))
        alive = await ask.aside(lambda: running(session.runtime.settings))
        if found.is_deleted:
            return
        _show_findings(findings, found, said)
        _show_processes(alive, processes)
        again.enable()

    if session.may(Right.KEYS):
        _settings(session)
    _versions()
    ui.timer(0, examine, once=True)


def summary(findings: list[Finding]) -> str:
    """Return in a sentence whether everything is well."""
    ill = sum(each.state == "problem" for each in findings)
    odd = sum(each.state == "warning" for each in findings)
    if not (ill or odd):
        return f"All {len(findings)} checks are fine."
    told = [f"{ill} {'needs' if ill == 1 else 'need'} a person"] if ill else []
    told += [f"{odd} {'is' if odd == 1 else 'are'} worth a look"] if odd else []
    return f"Of {len(findings)} checks, {' and '.join(told)}."


def running(settings: Settings) -> list[tuple[str, str]]:
    """Return which processes of this state folder are alive, as names and sentences."""
    workers = home.workers(settings.home)
    kept = "`pagecast up` keeps all of them alive." if home.supervised(settings.home) else "Start it: pagecast up"
    return [
        ("Web", "Alive: it shows you this."),
        ("Supervisor", kept if home.supervised(settings.home) else f"Not here. {kept}"),
        ("Workers", f"{workers:,} alive." if workers else "None here: nothing is sent from this machine."),
        ("Long work", "Alive: plans, reports and long lists." if home.takes_jobs(settings.home) else "Not here."),
    ]


def lines(settings: Settings) -> list[Line]:
    """Return every setting with its value, default and meaning, in the order of the class."""
    return [_line(settings, name, field) for name, field in Settings.model_fields.items()]


def _line(settings: Settings, name: str, field: FieldInfo) -> Line:
    variable = str(field.validation_alias or f"PAGECAST_{name.upper()}")
    return Line(
        variable, _shown(name, getattr(settings, name)), _default(field), (field.description or "").replace("`", "")
    )


def _shown(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return _SET if value.get_secret_value() else _NOT_SET
    if value is None:
        return _NOT_SET
    return _bare(str(value)) if name in _URLS else str(value)


def _bare(url: str) -> str:
    """Return a URL without what may be secret in it: user, password and parameters.

    A password may hold signs that divide a URL, so everything up to the last @ is left out.
    """
    scheme, there, rest = url.partition("://")
    secret, _, shown = rest.rpartition("@")
    if not there or re.search("[?#]", secret):
        # It cannot be told whether that @ ends a password or stands in a parameter.
        return f"{scheme}://…" if there else url
    return f"{scheme}://{re.split('[?#]', shown)[0]}"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "the user's data folder"
    return "none" if field.default is None else str(field.default)


def _show_findings(findings: list[Finding], where: ui.element, said: ui.label) -> None:
    said.text = summary(findings)
    where.clear()
    with where:
        for each in sorted(findings, key=lambda each: _ORDER.index(each.state)):
            with ui.element("div").classes(f"finding is-{each.state}"):
                chips.chip(_STATES[each.state])
                ui.label(each.name.capitalize()).classes("strong")
                with ui.element("div"):
                    ui.label(each.sentence).classes("anywhere")
                    if each.next_step:
                        ui.label(each.next_step).classes("soft anywhere")


def _show_processes(alive: list[tuple[str, str]], where: ui.element) -> None:
    where.clear()
    with where:
        for name, sentence in alive:
            _fact(name, sentence)


def _settings(session: Session) -> None:
    settings = session.runtime.settings
    with frame.section("Settings"):
        ui.label(
            "They come from the environment of the processes, and hold from their next start. Secrets are never shown."
        ).classes("soft")
        with ui.element("div").classes("table"), ui.element("table").props('aria-label="Settings"'):
            with ui.element("thead"), ui.element("tr"):
                for head in _HEADS:
                    with ui.element("th").props("scope=col"):
                        ui.label(head)
            with ui.element("tbody"):
                for each in lines(settings):
                    _row(each)
    with frame.section("Where data lies"), ui.element("div").classes("panel pairs-panel"):
        for name, path in places(settings).items():
            with ui.element("div").classes("pair"):
                ui.label(name).classes("soft")
                copyable(path, f"the place of {name.lower()}")


def places(settings: Settings) -> Mapping[str, str]:
    """Return where data lies, without passwords."""
    database = _bare(settings.database_url) if settings.database_url else str(settings.sqlite_path)
    return {
        "State": str(settings.home),
        "Database": database,
        "Stored lists": _bare(str(settings.storage)),
        "What you chose on screens": str(settings.home / "dashboard"),
    }


def _row(line: Line) -> None:
    with ui.element("tr"):
        cells = (line.variable, line.value, line.default, line.meaning)
        looks = ("head code", "anywhere", "soft anywhere", "wide")
        for label, value, classes in zip(_HEADS, cells, looks, strict=True):
            with having(ui.element("td").classes(classes), data_label=label):
                ui.label(value)


def _versions() -> None:
    with frame.section("Versions"), ui.element("div").classes("panel pairs-panel"):
        for name, number in examination.versions().items():
            _fact(name, number)


def _fact(name: str, value: str) -> None:
    with ui.element("div").classes("pair"):
        ui.label(name).classes("soft")
        ui.label(value).classes("anywhere")
