"""The colours: every ink is legible on what it stands on, in both modes."""

import itertools
import re

import pytest

from campaigns.web.dashboard import theme

LEGIBLE = 4.5
"""WCAG 2.2, contrast (minimum) of text."""
TONES = ("info", "good", "warn", "bad", "calm", "accent")
PAIRS = [
    *itertools.product(("ink", "soft", "accent", "bad"), ("ground", "surface")),
    *((tone, f"{tone}-ground") for tone in TONES),
    ("ink", "raised"),
    ("soft", "raised"),
    ("on-accent", "accent"),
    ("surface", "bad"),
    ("surface", "ink"),
]


def light(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_ink_is_legible(colours, ink, ground):
    dim, bright = sorted((light(colours[ink]), light(colours[ground])))
    assert (bright + 0.05) / (dim + 0.05) >= LEGIBLE


def test_both_modes_have_every_colour():
    assert theme.LIGHT.keys() == theme.DARK.keys()


def test_the_style_sheet_uses_what_there_is_and_no_other_host():
    sheet = theme.sheet()
    declared = set(re.findall(r"--([\w-]+):", sheet))
    assert set(re.findall(r"var\(--([\w-]+)\)", sheet)) <= declared
    assert "http" not in sheet
    assert "url(" not in sheet
