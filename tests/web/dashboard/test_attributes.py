"""Somebody's words never become code: what `props()` parses is written by us, the rest is set as it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

from campaigns.web import dashboard

SOURCES = sorted(Path(dashboard.__file__).parent.rglob("*.py"))
PARSES = {"props", "default_props"}
"""NiceGUI's own, with all that they are given."""
PASSED_ON = {("ask", "opened"): 2, ("buttons", "_button"): 3}
"""By module and function: where among its arguments is the `props` that it hands on; its callers are looked at too."""
PLACES = {function: place for (_, function), place in PASSED_ON.items()}


def parsed(call: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call that are parsed."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called in PARSES:
        return [*call.args, *(each.value for each in call.keywords)]
    if called in PLACES:
        return call.args[PLACES[called] :][:1] + [each.value for each in call.keywords if each.arg == "props"]
    return []


def constants(function: ast.AST) -> set[str]:
    """Return the names that a function gives a constant, and nothing else."""
    stored = [node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    fixed = [target for node in assigned for target in node.targets if isinstance(node.value, ast.Constant)]
    return {node.id for node in stored} - {node.id for node in stored if node not in fixed}


def offending(source: Path) -> Iterator[str]:
    """Yield the lines at which something else than a constant is parsed."""
    tree = ast.parse(source.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    ours: dict[ast.AST, set[str]] = {}
    # From the outside in, so that the innermost function has the last word.
    for function in functions:
        fine = constants(function) | ({"props"} if (source.stem, function.name) in PASSED_ON else set())
        ours |= dict.fromkeys(ast.walk(function), fine)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for each in parsed(call):
            named = isinstance(each, ast.Name) and each.id in ours.get(call, set())
            if not named and not isinstance(each, ast.Constant):
                yield f"{source.name}:{call.lineno}"


def test_no_value_is_parsed():
    assert [line for source in SOURCES for line in offending(source)] == []
