"""Ugly lists: what exports, spreadsheets, editors and programs make of a list, each with what must become of it.

uv run python tests/campaigns/ugly.py FOLDER       write them all, to look at or to try elsewhere
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import polars as pl
import xlsxwriter

A, B, C = "17841400000000123", "17841400000000456", "17841400000000789"
NAMES = [(A, "Zoë"), (B, "Núñez"), (C, "Ann")]


@dataclass(frozen=True)
class Ugly:
    """A file and its fate: `usable` ids in order, line → rule of the others, words of each warning in order.

    `names` are the texts of the column `name` in the usable rows, where it has one. `refused` are the words of the
    sentence instead, where the file as a whole is refused.
    """

    name: str
    content: bytes
    usable: Sequence[str] = (A, B, C)
    rejected: dict[int, str] = field(default_factory=dict)
    warned: Sequence[str] = ()
    names: Sequence[str | None] | None = None
    refused: str | None = None


def csv(rows: Sequence[Sequence[str]] = NAMES, head: str = "id,name", separator: str = ",", end: str = "\n") -> str:
    lines = [head.replace(",", separator), *(separator.join(row) for row in rows)]
    return end.join(lines) + end


def jsonl(*rows: object) -> bytes:
    return "".join(
        (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows
    ).encode()


def xlsx(write: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    kept = BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        write(book)
    return kept.getvalue()


def sheet(*rows: Sequence[object], top: int = 0) -> bytes:
    def write(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet("People")
        for place, row in enumerate(rows, top):
            for column, cell in enumerate(row):
                (page.write_string if isinstance(cell, str) else page.write)(place, column, cell)

    return xlsx(write)


def several_sheets(book: xlsxwriter.Workbook) -> None:
    hidden = book.add_worksheet("Old")
    people, more = book.add_worksheet("People"), book.add_worksheet("More")
    people.activate()
    people.set_first_sheet()
    hidden.hide()
    for page in (hidden, people, more):
        page.write_column(0, 0, ["id", A, B, C] if page is people else ["id", "5"])


def parquet(**columns: pl.Series) -> bytes:
    kept = BytesIO()
    pl.DataFrame(columns).write_parquet(kept)
    return kept.getvalue()


READ = [name for _, name in NAMES]
HARD = '"two\nlines, and ""quotes"""'

ENCODINGS = [
    Ugly("utf8.csv", csv().encode(), names=READ),
    Ugly("utf8-bom.csv", csv().encode("utf-8-sig"), names=READ),
    Ugly("utf16-le-bom.csv", b"\xff\xfe" + csv().encode("utf-16-le"), names=READ, warned=["UTF-16 (little-endian)"]),
    Ugly("utf16-be-bom.csv", b"\xfe\xff" + csv().encode("utf-16-be"), names=READ, warned=["UTF-16 (big-endian)"]),
    Ugly("utf16-le.csv", csv().encode("utf-16-le"), names=READ, warned=["UTF-16 (little-endian)"]),
    Ugly("utf16-be.csv", csv().encode("utf-16-be"), names=READ, warned=["UTF-16 (big-endian)"]),
    Ugly(
        "utf16-tabs-crlf.txt",  # what Excel calls Unicode text
        b"\xff\xfe" + csv(separator="\t", end="\r\n").encode("utf-16-le"),
        names=READ,
        warned=["UTF-16"],
    ),
    Ugly("utf16-cut.csv", csv().encode("utf-16-le")[:-1], warned=["UTF-16"], usable=(A, B), rejected={4: "unreadable"}),
    Ugly("utf32.csv", csv().encode("utf-32"), names=READ, warned=["UTF-32"]),
    Ugly("latin1.csv", csv().encode("latin-1"), names=READ, warned=['Latin-1 (ISO 8859-1). Look whether "Zoë"']),
    Ugly(
        "windows1252.csv",
        csv([(A, "“Zoë”"), (B, "Núñez"), (C, "5 €")]).encode("cp1252"),
        names=["“Zoë”", "Núñez", "5 €"],
        warned=["Windows-1252"],
    ),
    Ugly(
        "windows1252-chance-utf8.csv",  # É and a closing quote are the two bytes of a character in UTF-8
        csv([(A, "CAFÉ”"), (B, "éàü é à ü é à ü"), (C, "ß")]).encode("cp1252"),
        names=["CAFÉ”", "éàü é à ü é à ü", "ß"],
        warned=["Windows-1252"],
    ),
    Ugly("cyrillic1251.csv", csv([(A, "Привет"), (B, "Мир")]).encode("cp1251"), refused="encoding"),
    Ugly("shift-jis.csv", csv([(A, "東京"), (B, "大阪")]).encode("shift-jis"), refused="encoding"),
    Ugly("old-mac-roman.csv", csv([(A, "très")]).encode("mac-roman"), refused="encoding"),
    Ugly("both.csv", csv().encode() + csv([("5", "Zoë")], head="").encode("latin-1"), refused="first in line 6"),
    Ugly(
        "utf8-one-bad-byte.csv",
        csv([(A, "ë" * 20), (B, "X\udceb"), (C, "Ann")]).encode(errors="surrogateescape"),
        usable=(A, C),
        rejected={3: "unreadable"},
        warned=["first in line 3"],
    ),
    Ugly(
        "zero-byte.csv",
        csv([(A, "Ann"), (B, "B\0b"), (C, "Cy")]).encode(),
        usable=(A, C),
        rejected={3: "unreadable"},
        warned=["first in line 3"],
    ),
    Ugly("old-mac.csv", csv(end="\r").encode(), names=READ),
    Ugly("png.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0" * 3, refused="is no text"),
    Ugly("gzip.csv", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", refused="compressed"),
    Ugly("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), refused="old or protected Excel"),
]

LAYOUTS = [
    Ugly("semicolons.csv", csv(separator=";").encode(), names=READ),
    Ugly("tabs.tsv", csv(separator="\t").encode(), names=READ),
    Ugly("pipes.csv", csv(separator="|").encode(), names=READ),
    Ugly("told.csv", ("sep=;\r\n" + csv(separator=";", end="\r\n")).encode(), names=READ),
    Ugly(
        "told-with-trouble.csv",
        ("sep=;\n" + csv([(A, "x"), ("abc", "y"), (C, "z", "more")], separator=";")).encode(),
        usable=(A,),
        rejected={4: "bad_id", 5: "ragged"},
    ),
    Ugly(
        "line-breaks.csv",
        csv([(A, HARD), (B, '"a\r\nb"'), ("abc", "c"), (A, "d"), (C, HARD)]).encode(),
        names=['two\nlines, and "quotes"', "a\r\nb", 'two\nlines, and "quotes"'],
        rejected={6: "bad_id", 7: "duplicate"},
    ),
    Ugly(
        "line-break-in-header.csv",
        csv([(A, "x"), ("abc", "y"), (C, "z")], head='id,"first\nname"').encode(),
        usable=(A, C),
        rejected={4: "bad_id"},
    ),
    Ugly("crlf-no-end.csv", csv(end="\r\n").encode().rstrip(), names=READ),
    Ugly("empty-lines.csv", f"id\n{A}\n\n\n{B}\nabc\n\n{C}\n\n".encode(), rejected={6: "bad_id"}),
    Ugly(
        "ragged.csv",
        f"id,name,city\n{A},Zoë,Oslo\n5,Ann\n6,Bo,Rome,Lima\n{B},Cy,,,\n7\n{C},,\n".encode(),
        rejected={3: "ragged", 4: "ragged", 6: "ragged"},
        names=["Zoë", "Cy", None],
    ),
    Ugly(
        "stray-quotes.csv",
        csv([(A, '5" nail'), (B, 'say "hi"'), (C, "'x")]).encode(),
        names=['5" nail', 'say "hi"', "'x"],
    ),
    Ugly(
        "blank-rows.csv",
        csv([(A, "x"), ("", ""), (B, "y"), (C, "z"), (" ", "")]).encode(),
        rejected={3: "bad_id", 6: "bad_id"},
    ),
    Ugly("spaces.csv", csv([(f"  {A} ", "x"), (f"{B}\t", "y"), (f"\N{NO-BREAK SPACE}{C}", "z")]).encode()),
    Ugly("same-header.csv", csv(head="id,name,name").encode(), refused='columns named "name": columns 2 and 3'),
    Ugly("no-header.csv", csv(head="17841400000000001,Bo").encode(), refused="holds a person and no names of columns"),
    Ugly("header-alone.csv", b"id,name\n", refused="no rows"),
    Ugly("empty.csv", b"", refused="is empty"),
    Ugly("unclosed-quote.csv", f'id,name\n{A},"Ann\n{B},Bo\n'.encode(), refused="opens a quote in line 2"),
]

DAMAGE = [
    Ugly(
        "numbers.csv",
        csv(
            [
                (A, ""),
                ("1.78414E+16", ""),
                ("17841400000000456.0", ""),
                ('"17,841,400,000,000,789"', ""),
                ("1,78E+16", ""),
            ],
            head="id;name",
            separator=";",
        ).encode(),
        usable=(A,),
        rejected={3: "damaged_id", 4: "damaged_id", 5: "damaged_id", 6: "damaged_id"},
    ),
    Ugly(
        "zeros.csv",
        ("id\n" + "".join(f"178414{n:03}00000000\n" for n in range(100, 130))).encode(),
        usable=[f"178414{n:03}00000000" for n in range(100, 130)],
        warned=["30 ids of 30"],
    ),
    Ugly(
        "apostrophes.csv",
        csv([(f"'{A}", "'t Hooft"), (f"\u2019{B}", "x"), (C, "y")]).encode(),
        names=["'t Hooft", "x", "y"],
        warned=["2 ids"],
    ),
    Ugly("unseen.csv", csv([(f"\u200b{A}", ""), (f"{B}\u200e", ""), (f"\ufeff{C}", "")]).encode(), warned=["3 ids"]),
    Ugly(
        "text-formulas.csv",
        f'id,name\n="{A}",Zoë\n"=""{B}""","=""Núñez"""\n{C},"="""""\n'.encode(),
        names=["Zoë", "Núñez", None],
        warned=['4 cells are text formulas of a spreadsheet, such as ="'],
    ),
    Ugly(
        "formulas.csv",
        csv([(A, "=1+1"), ("=B2", "x"), (C, "=")]).encode(),
        usable=(A, C),
        rejected={3: "bad_id"},
        names=["=1+1", "="],
    ),
    Ugly(
        "duplicates.csv",
        csv([(A, "x"), (f" {A}", "again"), (f"'{A}", "and again"), (B, "y"), (B, "again"), (C, "z")]).encode(),
        rejected={3: "duplicate", 4: "duplicate", 6: "duplicate"},
        names=["x", "y", "z"],
        warned=["1 id"],
    ),
    Ugly(
        "leading-zeros.csv",
        csv([(A, ""), ("007", ""), ("0", ""), ("-5", ""), ("+5", "")]).encode(),
        usable=(A,),
        rejected={3: "bad_id", 4: "bad_id", 5: "damaged_id", 6: "damaged_id"},
    ),
]

JSON_LINES = [
    Ugly(
        "text.jsonl", jsonl({"id": A, "name": "Zoë"}, {"id": B, "name": "Núñez"}, {"id": C, "name": "Ann"}), names=READ
    ),
    Ugly("numbers.jsonl", jsonl({"id": int(A)}, {"id": int(B)}, {"id": int(C)})),
    Ugly(
        "fractions.jsonl",
        f'{{"id": {A}}}\n{{"id": 1.78414e16}}\n{{"id": 17841400000000456.0}}\n{{"id": NaN}}\n'.encode(),
        usable=(A,),
        rejected={2: "damaged_id", 3: "damaged_id", 4: "bad_id"},
    ),
    Ugly(
        "trouble.jsonl",
        b"\xef\xbb\xbf"
        + jsonl(
            {"id": A},
            "",
            "{broken",
            [1],
            "null",
            {"name": "nobody"},
            {"id": B, "name": None},
            {"id": A},
            {"id": C, "name": True},
        ),
        rejected={3: "unreadable", 4: "unreadable", 5: "unreadable", 6: "bad_id", 8: "duplicate"},
        names=[None, None, "true"],
    ),
    Ugly(
        "late-column.jsonl",
        jsonl({"id": A}, {"name": "Bo", "id": B}, {"id": C, "tags": ["x"]}),
        names=[None, "Bo", None],
        warned=['"tags"'],
    ),
    Ugly(
        "half-a-pair.jsonl",
        jsonl({"id": A}, f'{{"id": "{B}", "name": "\\ud83d"}}', {"id": C}),
        usable=(A, C),
        rejected={2: "unreadable"},
    ),
    Ugly(
        "utf16.jsonl",
        jsonl({"id": A, "name": "Zoë"}).decode().encode("utf-16"),
        usable=(A,),
        names=["Zoë"],
        warned=["UTF-16"],
    ),
    Ugly("array.json", b'[\n{"id": 5}\n]', refused="one JSON array"),
    Ugly("broken.jsonl", b"{\n{\n", refused="no line that is a JSON object"),
]

WORKBOOKS = [
    Ugly("text.xlsx", sheet(["id", "name"], *NAMES), names=READ),
    Ugly(
        "numbers.xlsx",
        sheet(
            ["id", "name"],
            [9007199254740991, 5],
            [17841400000000123, 1.5],
            [123.5, True],
            [100000000000001, 12.0],
            [None, "x"],
        ),
        usable=("9007199254740991", "100000000000001"),
        rejected={3: "damaged_id", 4: "damaged_id", 6: "bad_id"},
        names=["5", "12"],
    ),
    Ugly(
        "dates.xlsx",
        sheet(
            ["id", "last_inbound_at", "name"],
            [A, datetime.fromisoformat("2026-11-20T09:30"), date(2026, 3, 4)],
            [B, None, "x"],
            [C, "soon", "y"],
        ),
        usable=(A, B),
        rejected={4: "bad_time"},
        names=["2026-03-04", "x"],
        warned=["read as UTC"],
    ),
    Ugly(
        "lower.xlsx",
        sheet(["id", "name"], NAMES[0], [], NAMES[1], ["abc", ""], NAMES[2], top=3),
        names=READ,
        rejected={8: "bad_id"},
    ),
    Ugly("sheets.xlsx", xlsx(several_sheets), warned=['2 sheets; only the first, "People"']),
    Ugly("same-header.xlsx", sheet(["id", "name", "name"], [A, "", ""]), refused="columns 2 and 3"),
    Ugly("empty.xlsx", sheet(), refused="is empty"),
    Ugly("header-alone.xlsx", sheet(["id"]), refused="no rows"),
    Ugly("cut.xlsx", sheet(["id"], [A])[:1500], refused="no Excel workbook"),
    Ugly("other.zip", b"PK\x03\x04" + bytes(60), refused="no Excel workbook"),
]

PARQUETS = [
    Ugly("numbers.parquet", parquet(id=pl.Series([int(A), int(B), int(C)]))),
    Ugly("fractions.parquet", parquet(id=pl.Series([1.7841400000000123e16])), refused="decimal numbers"),
    Ugly("cut.parquet", parquet(id=pl.Series([A]))[:-9], refused="damaged Parquet"),
]

ALL = [*ENCODINGS, *LAYOUTS, *DAMAGE, *JSON_LINES, *WORKBOOKS, *PARQUETS]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for ugly in ALL:
        (folder / ugly.name).write_bytes(ugly.content)
    print(f"{len(ALL)} ugly lists in {folder}.")


if __name__ == "__main__":
    main()
