"""Somebody's words never become code: what `props()` parses is written by us, the rest is set as it is."""

import ast
from pathlib import Path

from campaigns.web import dashboard

SOURCES = sorted(Path(dashboard.__file__).parent.rglob("*.py"))


def parsed(source: Path):
    """Yield the lines at which a text that is put together goes to `props()`."""
    for node in ast.walk(ast.parse(source.read_text())):
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "props"
        if call and not all(isinstance(each, ast.Constant | ast.Name) for each in node.args):
            yield f"{source.name}:{node.lineno}"


def test_no_value_is_parsed():
    assert [line for source in SOURCES for line in parsed(source)] == []
