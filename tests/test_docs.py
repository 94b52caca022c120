"""The documents say what is there: commands, options, settings, columns, states, exit codes, folders and markers."""

import importlib.util
import pkgutil
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

import campaigns.cli
from campaigns import campaign_file, errors
from campaigns.audience import columns
from campaigns.cli.app import app
from campaigns.settings import Settings
from schemas.delivery import COUNTED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCUMENTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]


def registered():
    """Return every command of the command line by its words, such as `pages add`."""
    for module in pkgutil.iter_modules(campaigns.cli.__path__):
        if module.name != "__main__":
            importlib.import_module(f"campaigns.cli.{module.name}")
    return dict(leaves(typer.main.get_command(app)))


def leaves(command, *words):
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, below in command.commands.items():
        yield from leaves(below, *words, name)


COMMANDS = registered()
CLIENT = {"PAGECAST_URL", "PAGECAST_API_KEY"}
"""What the command line reads before there are settings: with them, it needs none."""


def mentioned():
    """Return what the documents call `pagecast …`, in code spans and code blocks, as words after `pagecast`."""
    for document in DOCUMENTS:
        blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL)
        spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL))
        for code in [*spans, *(line for block in blocks for line in block.splitlines())]:
            for found in re.findall(r"(?:^|uv run )pagecast (.+)$", code):
                yield shlex.split(found)


def rows(heading):
    """Return the cells of the README's table whose first heading is `heading`, without backticks."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert table, f"no table begins with {heading}"
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split(" |")] for line in table[1].splitlines()]


def reference():
    """Return the README's commands; a row may name several, those of one family by their last word."""
    for cell, *_ in rows("command"):
        family = ""
        for named in cell.split(" · "):
            words = [word for word in named.removeprefix("pagecast ").split() if re.fullmatch("[a-z][a-z-]*", word)]
            yield " ".join(words) if named.startswith("pagecast ") else f"{family} {words[0]}"
            family = words[0] if named.startswith("pagecast ") else family


def test_the_command_table_is_the_command_line():
    assert sorted(reference()) == sorted(COMMANDS)


@pytest.mark.parametrize("words", list(mentioned()), ids=" ".join)
def test_every_mentioned_command_and_option_exists(words):
    if words[0] == "VERB":
        return
    name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), None)
    assert name, f"there is no `pagecast {' '.join(words)}`"
    known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known | {"--help"}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_says_what_it_does_and_knows_json(name):
    command = COMMANDS[name]
    assert command.help
    assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_the_settings_table_is_the_settings():
    documented = {name: default for names, default, _ in rows("setting") for name in names.split(", ")}
    fields = {
        str(field.validation_alias or f"PAGECAST_{name}".upper()): field.get_default()
        for name, field in Settings.model_fields.items()
    }
    assert documented.keys() == fields.keys() | CLIENT
    for name, default in fields.items():
        if isinstance(default, str | int):
            assert documented[name] == str(default)


def test_every_setting_in_the_documents_exists():
    known = {name for row in rows("setting") for name in row[0].split(", ")}
    for document in DOCUMENTS:
        assert set(re.findall(r"\bPAGECAST_[A-Z_]+", document.read_text())) <= known


def test_the_columns_table_is_what_the_reader_knows():
    documented = {name: tuple(filter(None, also.split(", "))) for name, also, _ in rows("column")}
    known = {name: aliases[1:] for name, aliases in columns._ALIASES.items()}
    assert documented == known


def test_the_exit_codes_are_those_of_the_errors():
    raised = {each.exit_code for each in vars(errors).values() if isinstance(each, type)}
    assert {int(row[0]) for row in rows("exit code")} == raised | {0, 6, 130}


def test_the_campaign_in_the_readme_is_a_campaign():
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    file = campaign_file.parse(tomllib.loads(example[1]))
    assert campaign_file.moment(file.schedule.start, "start") < campaign_file.moment(
        file.schedule.not_after, "not_after"
    )
    assert campaign_file.milliseconds(file.limits.margin, "margin") == 300_000


def test_every_state_is_in_the_diagram():
    diagram = README.partition("## What happened to a recipient")[2].partition("```text")[2].partition("```")[0]
    assert {state for state in COUNTED if not re.search(rf"\b{state}\b", diagram)} == set()


def test_the_tree_is_the_tree():
    documented = set(tree())
    assert [folder for folder in documented if not (ROOT / folder).is_dir()] == []
    packages = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "campaigns").glob("*/__init__.py")}
    assert packages <= documented


def tree():
    """Return the folders of the README's tree; two spaces in front mean inside the one before."""
    block = README.partition("## The tree")[2].partition("```text\n")[2].partition("```")[0]
    above = ""
    for indent, folder in re.findall(r"^( *)(\S+)/ ", block, re.MULTILINE):
        above = above if indent else folder
        yield f"{above}/{folder}" if indent else folder


def test_every_marker_is_explained():
    markers = {marker.partition(":")[0] for marker in PROJECT["tool"]["pytest"]["ini_options"]["markers"]}
    assert {marker for marker in markers if f"`{marker}`" not in CONTRIBUTING} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_to_files_and_nothing_is_badged(document):
    text = document.read_text()
    assert "![" not in text
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).is_file(), target


def test_the_changelog_knows_this_version():
    assert PROJECT["project"]["version"] in (ROOT / "CHANGELOG.md").read_text()


def test_the_readme_stays_short():
    assert len(README.splitlines()) < 300


def test_the_processes_of_the_procfile_exist():
    processes = (ROOT / "Procfile").read_text()
    modules = re.findall(r"python -m (\S+)", processes)
    assert modules
    for module in modules:
        assert importlib.util.find_spec(module), module
    for words in re.findall(r": pagecast (.+)$", processes, re.MULTILINE):
        assert words in COMMANDS
