"""A syntax tree as a polars expression: the same text as Jinja writes, for a million rows at once."""

from collections.abc import Mapping, Sequence

import polars as pl
from jinja2 import nodes

from campaigns.template import grammar

WHITESPACE = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
"""What `str.strip` strips; polars alone would leave the four separators U+001C to U+001F."""


class OpaqueError(Exception):
    """The tree holds something that polars cannot do in exactly Jinja's way."""


def present(cell: pl.Expr) -> pl.Expr:
    """Return the cell as it is, null where it is blank (null, empty or only whitespace)."""
    return pl.when(cell.str.strip_chars(WHITESPACE) != "").then(cell)


def whole(tree: nodes.Template, cells: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the text of `tree`, null where a needed cell is null; raises OpaqueError."""
    pieces = [_expression(piece, cells) for output in tree.body for piece in _pieces(output)]
    return pl.concat_str(pieces) if pieces else pl.lit("")


def _pieces(node: nodes.Node) -> Sequence[nodes.Node]:
    if isinstance(node, nodes.Output):
        return node.nodes
    raise OpaqueError


def _expression(node: nodes.Node | None, cells: Mapping[str, pl.Expr]) -> pl.Expr:
    match node:
        case nodes.TemplateData():
            return pl.lit(node.data)
        case nodes.Const():
            return pl.lit(str(node.value))
        case nodes.Name():
            return cells[node.name]
        case nodes.Concat():
            return pl.concat_str([_expression(piece, cells) for piece in node.nodes])
        case nodes.Filter() if grammar.is_default(node):
            fallback = grammar.arguments(node)["default_value"]
            return pl.coalesce(_expression(node.node, cells), _expression(fallback, cells))
        case nodes.Filter():
            return _filtered(node, _expression(node.node, cells))
    raise OpaqueError


def _filtered(node: nodes.Filter, operand: pl.Expr) -> pl.Expr:
    given = grammar.constants(node)
    match node.name:
        case "upper":
            return operand.str.to_uppercase()
        case "lower":
            return operand.str.to_lowercase()
        case "trim":
            return operand.str.strip_chars(WHITESPACE)
        case "replace":
            return operand.str.replace_all(str(given["old"]), str(given["new"]), literal=True)
        case "truncate":
            return _truncated(operand, grammar.truncation(node))
    raise OpaqueError


def _truncated(operand: pl.Expr, asked: grammar.Truncation) -> pl.Expr:
    cut = operand.str.slice(0, asked.length - len(asked.end))
    kept = cut if asked.killwords else cut.str.replace(r" [^ ]*$", "")
    short = operand.str.len_chars() <= asked.length + asked.leeway
    return pl.when(short).then(operand).otherwise(kept + pl.lit(asked.end))
