"""Colours, type and spacing, in one place: as CSS variables, so that light and dark are the same rules.

Every ink has a contrast of at least 4.5 on its ground and on the surface, in both modes; a browser test measures it.
"""

from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import quote

_SHARED: dict[str, str] = {
    "font": 'Inter, -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
    "mono": 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
}
LIGHT: dict[str, str] = {
    "ground": "#f7f8fa",
    "surface": "#ffffff",
    "raised": "#f1f3f6",
    "line": "#e2e5ea",
    "line-strong": "#c4cad3",
    "ink": "#14171d",
    "soft": "#58606e",
    "accent": "#3f4fc4",
    "on-accent": "#ffffff",
    "accent-ground": "#eceefb",
    "info": "#1d5fae",
    "info-ground": "#e6f0fb",
    "info-line": "#bcd6f2",
    "good": "#1a6e42",
    "good-ground": "#e4f4ea",
    "good-line": "#b6dec6",
    "warn": "#875000",
    "warn-ground": "#fdf1dc",
    "warn-line": "#f0d5a3",
    "bad": "#b02a2a",
    "bad-ground": "#fcebea",
    "bad-line": "#f1c1be",
    "calm": "#525a67",
    "calm-ground": "#eef0f3",
    "calm-line": "#d8dce2",
}
DARK: dict[str, str] = {
    "ground": "#0e1014",
    "surface": "#16191f",
    "raised": "#1d2129",
    "line": "#292e38",
    "line-strong": "#434a58",
    "ink": "#e9ebf0",
    "soft": "#a0a8b7",
    "accent": "#a3adff",
    "on-accent": "#10131c",
    "accent-ground": "#23283f",
    "info": "#8fc1f5",
    "info-ground": "#15283c",
    "info-line": "#25476a",
    "good": "#7fd3a1",
    "good-ground": "#132b1e",
    "good-line": "#23523a",
    "warn": "#f0bf6c",
    "warn-ground": "#33260f",
    "warn-line": "#5e4719",
    "bad": "#ff9d97",
    "bad-ground": "#3a1a1a",
    "bad-line": "#6b2e2d",
    "calm": "#b2b9c6",
    "calm-ground": "#22262e",
    "calm-line": "#363c48",
}
BY_SYSTEM = ":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
"""The login has no switch: it follows the system."""
BY_CLASS = "body {{ {light} }}\nbody.body--dark {{ {dark} }}\n"

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3f4fc4"/>'
    '<path d="M10 23V9h7.2a4.6 4.6 0 0 1 0 9.2H10" fill="none" stroke="#fff" stroke-width="2.6" '
    'stroke-linecap="round" stroke-linejoin="round"/><circle cx="23.4" cy="22.4" r="1.9" fill="#fff"/></svg>'
)
ICON_URL = f"data:image/svg+xml,{quote(ICON)}"


def variables(rule: str) -> str:
    """Return the colours as CSS; `rule` says what switches them."""
    return rule.format(light=_declared(_SHARED | LIGHT), dark=_declared(DARK))


def sheet() -> str:
    """Return the whole style sheet of the dashboard."""
    return variables(BY_CLASS) + (files("campaigns.web.dashboard") / "dashboard.css").read_text("utf-8")


def _declared(values: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in values.items())
