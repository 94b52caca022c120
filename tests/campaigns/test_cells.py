"""What is exported runs nowhere: one rule for every file."""

import polars as pl
import pytest

from campaigns.cells import harmless, harmless_column

CELLS = {
    "Ann": "Ann",
    "17841400000000001": "17841400000000001",
    "=1+1": "'=1+1",
    ' =HYPERLINK("http://x")': '\' =HYPERLINK("http://x")',
    "＝1+1": "'＝1+1",  # noqa: RUF001 - as East Asian versions write it
    "\u3000@SUM(1)": "'\u3000@SUM(1)",
    "\ttab": "'\ttab",
    "\x00=1": "\N{REPLACEMENT CHARACTER}=1",
    "a\x1b[2Jb": "a\N{REPLACEMENT CHARACTER}[2Jb",
}


@pytest.mark.parametrize(("cell", "shown"), CELLS.items())
def test_a_cell(cell, shown):
    assert harmless(cell) == shown


def test_a_column_as_its_cells():
    column = pl.DataFrame({"cell": list(CELLS)}).select(harmless_column("cell"))
    assert column["cell"].to_list() == list(CELLS.values())
