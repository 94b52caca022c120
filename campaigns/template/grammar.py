"""What a message text may say: variables, a few filters, if and else.

Everything else of Jinja (attributes, calls, loops, imports, arithmetic) is refused with its line, so that a text can
neither reach into Python nor take for ever.
"""

import difflib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from campaigns.errors import InputError

_PARAMETERS: dict[str, tuple[str, ...]] = {
    "capitalize": (),
    "d": ("default_value", "boolean"),
    "default": ("default_value", "boolean"),
    "lower": (),
    "replace": ("old", "new"),
    "title": (),
    "trim": (),
    "truncate": ("length", "killwords", "end", "leeway"),
    "upper": (),
}
"""Each filter a text may use, with the names of its arguments in order."""

_NEEDED = {"d": 1, "default": 1, "replace": 2}
"""How many of its arguments a filter cannot do without."""

_TESTS = ("defined", "undefined")
_RESERVED = ("self",)
"""Names that Jinja keeps for itself."""

_PAIRS = (
    ("{{", "}}", re.compile(r"\{\{(?:(?!\}\}|\{[{%]).)*(?:\{[{%]|\Z)", re.DOTALL)),
    ("{%", "%}", re.compile(r"\{%(?:(?!%\}|\{[{%]).)*(?:\{[{%]|\Z)", re.DOTALL)),
)
"""What opens, what closes it, and one that is not closed before the next opens."""


class Truncation(NamedTuple):
    """The arguments of truncate in characters, with Jinja's own defaults: `leeway` more than `length` pass uncut."""

    length: int = 255
    killwords: bool = False
    end: str = "..."
    leeway: int = 5


_ALLOWED = (
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Keyword,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)


def environment() -> SandboxedEnvironment:
    """Return a sandbox that holds the allowed filters and tests and no globals."""
    made = SandboxedEnvironment(autoescape=False)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _PARAMETERS}
    made.tests = {name: made.tests[name] for name in _TESTS}
    return made


def parse(jinja: SandboxedEnvironment, text: str) -> nodes.Template:
    """Return the syntax tree of `text`, or raise InputError with the line and what to do."""
    try:
        tree = jinja.parse(text)
    except TemplateSyntaxError as error:
        raise _unread(text, error) from error
    except RecursionError as error:
        raise InputError("The text nests too deeply. Use fewer brackets.") from error
    for node in _descendants(tree):
        _check(node, text)
    return tree


def variables(tree: nodes.Template) -> dict[str, bool]:
    """Return variable → whether every use of it stands a blank cell, in order of first use."""
    found: dict[str, bool] = {}
    for name, guarded in _uses(tree, guarded=False):
        found[name] = found.get(name, True) and guarded
    return found


def arguments(node: nodes.Filter) -> dict[str, nodes.Expr]:
    """Return a filter's arguments by name."""
    given: dict[str, nodes.Expr] = dict(zip(_PARAMETERS[node.name], node.args, strict=False))
    return given | {str(keyword.key): keyword.value for keyword in node.kwargs}


def is_default(node: nodes.Node) -> bool:
    """Tell whether `node` is the filter that stands a blank cell."""
    return isinstance(node, nodes.Filter) and node.name in {"d", "default"}


def _uses(node: nodes.Node, *, guarded: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, nodes.Name):
        yield node.name, guarded
    elif isinstance(node, nodes.Filter) and is_default(node):
        yield from _uses(_operand(node), guarded=True)
        for argument in node.args:
            yield from _uses(argument, guarded=guarded)
    elif isinstance(node, nodes.If | nodes.CondExpr):
        yield from _uses(node.test, guarded=True)
        for child in node.iter_child_nodes(exclude=("test",)):
            yield from _uses(child, guarded=False)
    else:
        asked = isinstance(node, nodes.Test) or (guarded and isinstance(node, nodes.And | nodes.Or | nodes.Not))
        for child in node.iter_child_nodes():
            yield from _uses(child, guarded=asked)


def _operand(node: nodes.Filter) -> nodes.Expr:
    if node.node is None:
        raise AssertionError("only a filter block has no operand, and it is refused")
    return node.node


def _descendants(node: nodes.Node) -> Iterator[nodes.Node]:
    for child in node.iter_child_nodes():
        yield child
        yield from _descendants(child)


def _check(node: nodes.Node, text: str) -> None:
    """Raise InputError where `node` is not part of the language."""
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__.lower()
        raise _refusal(text, node.lineno, f"'{kind}' is not allowed in a text; use variables, filters, if and else")
    if isinstance(node, nodes.Name):
        _check_name(node, text)
    elif isinstance(node, nodes.Filter):
        _check_filter(node, text)
    elif isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise _refusal(text, node.lineno, f"there is no test '{node.name}'; use 'is defined' or compare with ==")
    elif isinstance(node, nodes.Compare):
        _check_comparison(node, text)
    elif isinstance(node, nodes.CondExpr) and node.expr2 is None:
        raise _refusal(text, node.lineno, "the if has no else; say what to write otherwise")


def _check_name(node: nodes.Name, text: str) -> None:
    if node.name in _RESERVED or node.name.startswith("_"):
        raise _refusal(text, node.lineno, f"'{node.name}' cannot be a variable; rename the column")


def _check_comparison(node: nodes.Compare, text: str) -> None:
    compared = [node.expr, *(operand.expr for operand in node.ops)]
    if any(operand.op not in {"eq", "ne"} for operand in node.ops):
        raise _refusal(text, node.lineno, "cells are text, so only == and != compare them")
    if any(isinstance(side, nodes.Const) and not isinstance(side.value, str) for side in compared):
        raise _refusal(text, node.lineno, "cells are text: put what you compare with in quotes")


def _check_filter(node: nodes.Filter, text: str) -> None:
    if node.name not in _PARAMETERS:
        near = difflib.get_close_matches(node.name, _PARAMETERS, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else f"; use one of {', '.join(_PARAMETERS)}"
        raise _refusal(text, node.lineno, f"there is no filter '{node.name}'{hint}")
    given, names = arguments(node), _PARAMETERS[node.name]
    count = len(node.args) + len(node.kwargs)
    fits = len(given) == count and set(given) <= set(names) and count >= _NEEDED.get(node.name, 0)
    if not fits or node.dyn_args is not None or node.dyn_kwargs is not None:
        expected = ", ".join(names) or "no arguments"
        raise _refusal(text, node.lineno, f"the filter '{node.name}' takes {expected}")
    if is_default(node):
        _check_default(node, given["default_value"], text)
    elif not all(isinstance(argument, nodes.Const) for argument in given.values()):
        raise _refusal(text, node.lineno, f"the filter '{node.name}' takes fixed values, not variables")
    elif node.name == "truncate":
        _check_truncate(node, text)
    elif node.name == "replace":
        _check_replace(node, text)


def _check_default(node: nodes.Filter, value: nodes.Expr, text: str) -> None:
    """Refuse a default that could never apply: other filters fail on a blank cell before it is asked."""
    if not _survives_blank(_operand(node)):
        raise _refusal(text, node.lineno, "default(...) must stand directly after the variable, before other filters")
    fixed = isinstance(value, nodes.Const) and isinstance(value.value, str)
    if not fixed and (isinstance(value, nodes.Const) or not _survives_blank(value)):
        raise _refusal(text, node.lineno, "default(...) takes a text in quotes or another variable")


def _survives_blank(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) or is_default(node)


def _check_truncate(node: nodes.Filter, text: str) -> None:
    length, _, end, leeway = truncation(node)
    whole = type(length) is int and type(leeway) is int and leeway >= 0
    if not whole or not isinstance(end, str) or length < len(end):
        raise _refusal(text, node.lineno, "truncate(length) takes a whole number not below the length of its end")


def _check_replace(node: nodes.Filter, text: str) -> None:
    given = constants(node)
    if not all(isinstance(value, str) for value in given.values()) or not given["old"]:
        raise _refusal(text, node.lineno, "replace(old, new) takes two texts in quotes, the first not empty")


def truncation(node: nodes.Filter) -> Truncation:
    """Return what a truncate filter asks for."""
    return Truncation(**constants(node))


def constants(node: nodes.Filter) -> dict[str, Any]:
    """Return the values of a filter whose arguments are all fixed."""
    return {name: value.value for name, value in arguments(node).items() if isinstance(value, nodes.Const)}


def _unread(text: str, error: TemplateSyntaxError) -> InputError:
    """Say what Jinja says, in plain words for the commonest slips."""
    for opens, closes, unclosed in _PAIRS:
        if found := unclosed.search(text):
            line = text.count("\n", 0, found.start()) + 1
            return _refusal(text, line, f"`{opens}` is not closed with `{closes}`")
    said = (error.message or "the template cannot be read").removesuffix(".")
    if "end of print statement" in said:
        said = "between `{{` and `}}` stands one variable, written as one word, and filters after `|`"
    return _refusal(text, error.lineno, said)


def _refusal(text: str, line: int, why: str) -> InputError:
    shown = text.splitlines()[line - 1].strip() if text.strip() else ""
    return InputError(f"The text cannot be used: line {line}, {shown!r}: {why}.")
