"""Message texts: Jinja in a sandbox, where a blank cell is an undefined variable.

A text is rendered in two ways that a property test holds equal: one person at a time by Jinja, just before sending, and
a whole list at once by polars, when it is planned. Polars is imported only for the latter: workers do without it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import StrictUndefined, UndefinedError, nodes
from jinja2.utils import missing

from campaigns.errors import InputError
from campaigns.template import grammar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

__all__ = ["Blank", "Letter", "Template", "compile", "letter"]


class Blank(UndefinedError):  # noqa: N818 - a fact about one person, not a failure
    """A needed cell is blank for this person; `variable` names it ('' where the text came out blank by itself)."""

    @property
    def variable(self) -> str:
        """The blank variable."""
        return self.message or ""


class _BlankCell(StrictUndefined):
    """A blank cell: false in a condition, replaced by default(...), and Blank anywhere else."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[jinja2.TemplateRuntimeError] = Blank,
    ) -> None:
        super().__init__(hint, obj, name, exc)

    @property
    def _undefined_message(self) -> str:
        return self._undefined_name or ""

    def __bool__(self) -> bool:  # type: ignore[override] # jinja types it as never returning
        return False


_JINJA = grammar.environment()
_JINJA.undefined = _BlankCell


@dataclass(frozen=True, slots=True)
class Template:
    """One compiled text. `variables` stand in order of first use; `optional` are those that may be blank everywhere."""

    source: str
    variables: tuple[str, ...]
    optional: tuple[str, ...]
    _tree: nodes.Template
    _program: jinja2.Template

    def render(self, values: Sequence[str | None]) -> str:
        """Return the text for one person, `values` in the order of `variables`; raises Blank."""
        given = dict(zip(self.variables, values, strict=True))
        cells = {name: value for name, value in given.items() if value is not None and value.strip()}
        text = self._program.render(cells)
        if not text.strip():
            raise Blank(next((name for name in self.variables if name not in cells), ""))
        return text

    def expression(self, cells: Mapping[str, pl.Expr]) -> pl.Expr | None:
        """Return the text as a String expression, null where `render` raises Blank; None where polars cannot do it.

        `cells` maps every variable to its column, blank ones null (see `present`). A text without variables is a
        literal, one value for all rows.
        """
        from campaigns.template import expression as columns  # noqa: PLC0415

        try:
            text = columns.whole(self._tree, cells)
        except columns.OpaqueError:
            return None
        return text if self._speaks else columns.present(text)

    def column(self, cells: Mapping[str, pl.Expr]) -> pl.Expr:
        """Return `expression`, or the same by rendering row by row (about 100 times slower) where there is none."""
        import polars as pl  # noqa: PLC0415

        text = self.expression(cells)
        if text is not None:
            return text
        if not self.variables:
            return pl.lit(self._render_or_none(()), dtype=pl.String)
        return pl.map_batches(
            [cells[name] for name in self.variables], self._render_rows, return_dtype=pl.String, is_elementwise=True
        )

    @property
    def _speaks(self) -> bool:
        """Whether some fixed word is in every rendering, so that none comes out blank."""
        outputs = (node for node in self._tree.body if isinstance(node, nodes.Output))
        pieces = (piece for output in outputs for piece in output.nodes)
        return any(isinstance(piece, nodes.TemplateData) and piece.data.strip() for piece in pieces)

    def _render_rows(self, cells: Sequence[pl.Series]) -> pl.Series:
        import polars as pl  # noqa: PLC0415

        return pl.Series([self._render_or_none(row) for row in zip(*cells, strict=True)], dtype=pl.String)

    def _render_or_none(self, values: Sequence[str | None]) -> str | None:
        try:
            return self.render(values)
        except Blank:
            return None


@dataclass(frozen=True, slots=True)
class Letter:
    """The texts of a message's parts over one list of variables: what a delivery's `variables` hold, in that order."""

    parts: tuple[Template, ...]
    variables: tuple[str, ...]

    def render(self, values: Sequence[str | None]) -> tuple[str, ...]:
        """Return every part's text for one person, `values` in the order of `variables`; raises Blank."""
        given = dict(zip(self.variables, values, strict=True))
        return tuple(part.render([given[name] for name in part.variables]) for part in self.parts)

    def cells(self, headers: Sequence[str]) -> dict[str, pl.Expr]:
        """Return each variable's column, blank cells null.

        A variable is the column of that name, or the only one that is equal in lower case with `_` between its words
        (`first_name` is "First Name"). Raises InputError for a variable without a column.
        """
        import polars as pl  # noqa: PLC0415

        from campaigns.template.expression import present  # noqa: PLC0415

        return {name: present(pl.col(_header(name, headers))) for name in self.variables}

    def texts(self, cells: Mapping[str, pl.Expr]) -> tuple[pl.Expr, ...]:
        """Return every part's text as a column, null where it is blank; `cells` as `Template.expression` takes them."""
        return tuple(part.column(cells) for part in self.parts)


def _header(variable: str, headers: Sequence[str]) -> str:
    if variable in headers:
        return variable
    alike = [header for header in headers if _as_variable(header) == _as_variable(variable)]
    if len(alike) == 1:
        return alike[0]
    near = difflib.get_close_matches(variable, headers, n=1)
    hint = f"Did you mean {near[0]}?" if near else "Correct the name or add the column."
    if alike:
        hint = f"It could be any of {', '.join(map(repr, alike))}; rename the others."
    raise InputError(f"The text uses {{{{ {variable} }}}}, but the list has no such column. {hint}")


def _as_variable(header: str) -> str:
    return re.sub(r"\W+", "_", header.strip()).casefold()


def compile(text: str) -> Template:  # noqa: A001 - read as template.compile, like re.compile
    """Return `text` ready to render; raises InputError with the line, what is wrong and what to do."""
    tree = grammar.parse(_JINJA, text)
    found = grammar.variables(tree)
    optional = tuple(name for name, guarded in found.items() if guarded)
    return Template(text, tuple(found), optional, tree, _JINJA.from_string(text))


def letter(texts: Sequence[str]) -> Letter:
    """Return the parts of a message, compiled; raises InputError as `compile` does."""
    parts = tuple(compile(text) for text in texts)
    return Letter(parts, tuple(dict.fromkeys(name for part in parts for name in part.variables)))
