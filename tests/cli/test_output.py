"""What lines look like on a terminal and elsewhere."""

import io
import re
import sys

import pytest
from rich.console import Console

from campaigns.cli import output, progress
from campaigns.cli.output import harmless
from campaigns.errors import StateError
from schemas.campaign import CampaignState
from schemas.status import Rates, Status
from tests import factories
from tests.factories import people, person

HOSTILE = "Ana\x1b[2J\x1b]0;owned\x07\x9b31m"


@pytest.fixture
def terminal(monkeypatch, capsys):
    """A terminal of 40 columns."""
    console = Console(width=40, force_terminal=True, color_system=None, markup=False, highlight=False)
    monkeypatch.setattr(output, "out", console)

    def lines():
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("short", ["short"]),
        ("", [""]),
        ("a sentence that goes on beyond the edge of it", ["a sentence that goes on beyond the edge", "of it"]),
        (
            "     8  opted_out  The person opted out of this.",
            ["     8  opted_out  The person opted out", "                   of this."],
        ),
        ("- a finding that is longer than one line is", ["- a finding that is longer than one line", "  is"]),
        ("/a/path/that/is/longer/than/the/terminal/is/wide", ["/a/path/that/is/longer/than/the/terminal/is/wide"]),
    ],
)
def test_on_a_terminal_lines_break_between_words_and_keep_their_column(terminal, line, shown):
    output.say(line)
    assert terminal() == shown


def test_elsewhere_a_line_stays_whole(capsys):
    output.say("word " * 60)
    assert capsys.readouterr().out == "word " * 60 + "\n"


def test_what_a_list_says_is_no_command_to_the_terminal(capsys):
    output.say(HOSTILE)
    output.note(HOSTILE)
    output.show([{"name": HOSTILE}], {"name": "NAME"})
    written = capsys.readouterr()
    for text in (written.out, written.err):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\x9b" not in text
        assert "Ana\N{REPLACEMENT CHARACTER}[2J" in text
    assert harmless("Ana 👩‍👩‍👧 Müller\n") == "Ana 👩‍👩‍👧 Müller\n"


class Keyboard(io.StringIO):
    """What somebody types, on a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "yess\n"], ids=["no", "enter", "end of input", "a slip"])
def test_only_a_yes_confirms(monkeypatch, typed):
    monkeypatch.setattr(sys, "stderr", Keyboard())
    monkeypatch.setattr(sys, "stdin", Keyboard(typed))
    with pytest.raises(StateError, match="Nothing was changed"):
        output.confirm("Send to 3 people?", yes=False)
    assert "Send to 3 people? [y/N]" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stdin", Keyboard(" Yes\n"))
    output.confirm("Send to 3 people?", yes=False)


def test_in_a_table_only_the_last_column_wraps(terminal, capsys, monkeypatch):
    row = {"account": "17841400000000001", "sentence": "Meta does not accept the token of this page"}
    output.show([row], {"account": "account", "sentence": "why"})
    lines = terminal()
    assert lines[1].startswith("17841400000000001  Meta does not")
    assert len(lines) > 2
    assert max(map(len, lines)) <= 40
    monkeypatch.setattr(output, "out", Console(markup=False))
    output.show([row], {"account": "account", "sentence": "why"})
    assert capsys.readouterr().out.splitlines()[1].split("  ", 1)[1].strip() == row["sentence"]


def test_without_a_terminal_a_table_is_as_wide_as_it_has_to_be(capsys, monkeypatch):
    monkeypatch.setattr(output, "out", Console(markup=False))
    row = {"url": "https://" + "x" * 60, "sentence": "It answered 500. " * 9}
    output.show([row], {"url": "url", "sentence": "why"})
    assert " ".join(capsys.readouterr().out.splitlines()[1].split()) == f"{row['url']} {row['sentence'].strip()}"


def test_the_live_display_stays_inside_the_terminal(terminal):
    rates = Rates(asked=36, allowed=0, achieved=0)
    sentence = "Waiting: Meta asked page acme to slow down until 14:00:05 UTC. Page burger is parked."
    counts = dict.fromkeys(("rejected", "duplicate", "skipped", "pending", "sending"), 0) | {"pending": 90}
    status = Status(
        id="abc", name="A long name for a campaign of the spring", state=CampaignState.SENDING, sentence=sentence,
        total=100, counts=counts, reasons={}, rate=rates, eta=None, in_flight=0, pages=[],
    )  # fmt: skip
    output.out.print(progress._drawn(status))
    lines = terminal()
    assert max(map(len, lines)) <= 40
    output.out.width = 80
    output.out.print(progress._drawn(status))
    assert re.fullmatch(r"A long name for a campa… ━+ +10 of 100", terminal()[0])
    assert " ".join(" ".join(lines).split()).endswith(sentence)


def test_a_plan_tells_blank_cells_with_a_default_from_those_without(pagecast, tmp_path, monkeypatch):
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    rows = [row | {"product": "", "town": ""} for row in people(3, page="acme")]
    rows += people(2, page="burger", product="coat", town="Rome")
    factories.write_list(tmp_path / "people.csv", rows)
    pages = "".join(
        f"[pages.{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in table.items())
        for name, table in (("acme", factories.page()), ("burger", factories.other_page()))
    )
    text = "Hi {{ first_name }}, your {{ product | default('order') }} {% if town %}is in {{ town }}{% endif %}"
    (tmp_path / "c.toml").write_text(f'name = "Spring"\nlist = "people.csv"\n[message]\ntext = "{text}"\n{pages}')
    shown = pagecast("plan", tmp_path / "c.toml").out
    assert "         5  will get it\n" in shown
    assert "The cell product is blank for 3 people; its default stands in." in shown
    samples = pagecast("preview", "last", "--json").document
    assert [sample["page"] for sample in samples] == ["acme", "burger", "acme"]
    assert [sample["recipient_id"] for sample in samples] == [person(0), person(0), person(1)]
    drafted = pagecast("status", "last").out
    assert "Next: pagecast plan" in drafted
    assert "rows" not in drafted
