"""How the text of a list is encoded, told by its bytes; whatever it is, it ends as UTF-8.

UTF-16 and UTF-32 show themselves by a byte order mark or by their zero bytes, UTF-8 by being valid. What is left is
taken for Windows-1252 (Latin-1 is the part of it without curly quotes) only where its bytes look like a Western
European language, and never silently: a note says so and shows words to judge by. Everything else is refused, because
a name in the wrong alphabet is sent before anybody sees it.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.errors import InputError

NOT_TEXT = "\ufdd0"
"""Stands in a Text for bytes that are no characters; Unicode keeps it for such use, so no text holds it itself."""

# Small enough to stay in the processor's cache: four times as fast as a megabyte.
_BLOCK = 1 << 16
_WESTERN = "cp1252"
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\r\f\v\x1b"))
_FEWEST_CONTROLS = 8

_NO_CHARACTER = re.compile("[\ud800-\udfff\0]")
_FOREIGN = re.compile("[\udc80-\udcff]")
_UNDEFINED = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")
_SEQUENCE = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_WORD = re.compile(r"\w*[^\W\x00-\x7f]\w*")
_HIGH = re.compile(rb"[\x80-\xff]+")
_SHOWN = 3
# Western letters beyond ASCII stand alone or in pairs, those of other alphabets in whole words.
_LONG = 3
# One in ten: far from both a Western text with a chance pair of bytes and a UTF-8 text with a broken cell.
_MANY = 10


@dataclass(frozen=True, slots=True)
class Text:
    """A list's text in UTF-8 at `path`: the file itself, or a copy.

    `marked`: NOT_TEXT stands somewhere. `notes` are sentences for people on how it was read.
    """

    path: Path
    marked: bool = False
    notes: list[str] = field(default_factory=list)


def as_utf8(source: Path, folder: Path) -> Text:
    """Return the text of `source`, copied into `folder` where it is not clean UTF-8; in bounded memory.

    Raises InputError for bytes that are no text, and for text whose encoding cannot be told.
    """
    with source.open("rb") as file:
        head = file.read(_BLOCK)
    wide = _wide(head)
    if wide is None and _binary(head):
        raise InputError(f"{source.name} is no text. Give a CSV, JSONL, XLSX or Parquet file.")
    if wide is None and _clean(source):
        return Text(source) if not _old_mac(head) else _copied(source, folder, "utf-8", [])
    encoding, notes = (wide, [_read_as(wide)]) if wide else _judged(source)
    return _copied(source, folder, encoding, notes)


def _wide(head: bytes) -> str | None:
    """Return the encoding of a text whose characters take two or four bytes."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    for encoding, empty, full in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if empty * 8 > len(head) and full * _MANY < empty:
            return encoding
    return None


def _binary(head: bytes) -> bool:
    controls = len(head) - len(head.translate(None, _CONTROL))
    return controls >= _FEWEST_CONTROLS and controls * 20 > len(head)


def _old_mac(head: bytes) -> bool:
    """Tell whether lines end in a carriage return alone."""
    return b"\r" in head and b"\n" not in head


def _clean(source: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(source):
            decoder.decode(block)
            if b"\0" in block:
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class _Survey:
    """What stands in bytes that are not all UTF-8; `runs` are neighbouring bytes beyond ASCII."""

    foreign: int = 0
    sequences: int = 0
    undefined: bool = False
    curly: bool = False
    runs: int = 0
    long_runs: int = 0
    line: int | None = None
    words: list[str] = field(default_factory=list)


def _judged(source: Path) -> tuple[str, list[str]]:
    """Return the encoding of a text that is not clean UTF-8, and the note that says so."""
    seen = _survey(source)
    if seen.foreign * _MANY <= seen.sequences or not seen.foreign:
        return "utf-8", [
            f"Some bytes of the list, first in line {seen.line}, are no text in UTF-8; those lines are rejected."
        ]
    western = seen.sequences * _MANY <= seen.foreign and not seen.undefined and seen.long_runs * 2 < seen.runs
    if not western:
        raise InputError(
            f"The encoding of {source.name} cannot be told: it is not UTF-8 (first in line {seen.line}), and does not "
            "look like Windows-1252 or UTF-16 either. Save it as CSV (UTF-8)."
        )
    words = ", ".join(f'"{word}"' for word in seen.words)
    return _WESTERN, [_read_as("windows-1252" if seen.curly else "latin-1", words)]


def _survey(source: Path) -> _Survey:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    seen, lines = _Survey(), 1
    for block in _blocks(source):
        text = decoder.decode(block)
        broken = _NO_CHARACTER.search(text)
        if broken and seen.line is None:
            seen.line = lines + text.count("\n", 0, broken.start())
        lines += text.count("\n")
        seen.foreign += len(_FOREIGN.findall(text))
        seen.sequences += len(_SEQUENCE.findall(text))
        seen.undefined |= _UNDEFINED.search(text) is not None
        runs = _HIGH.findall(block)
        seen.runs += len(runs)
        seen.long_runs += sum(len(run) >= _LONG for run in runs)
        seen.curly |= any(run.translate(None, bytes(range(0xA0, 0x100))) for run in runs)
        if len(seen.words) < _SHOWN:
            # Without the line that the block cuts, whose last word may be half of one.
            whole = (block.rpartition(b"\n")[0] or block).decode(_WESTERN, "replace")
            found = _WORD.findall(whole.partition("\n")[2] if lines > 1 else whole)
            seen.words = list(dict.fromkeys([*seen.words, *found]))[:_SHOWN]
    return seen


def _copied(source: Path, folder: Path, encoding: str, notes: list[str]) -> Text:
    """Write `source` in UTF-8 beside the draft, without a byte order mark and with lines that end in a newline."""
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass" if encoding.startswith("utf") else "strict"
    decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
    target, marked, first, old_mac = folder / "list.txt", False, True, False
    with target.open("w", encoding="utf-8", newline="") as file:
        for block in _blocks(source):
            text = decoder.decode(block)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
                old_mac = "\r" in text and "\n" not in text
            text, broken = _NO_CHARACTER.subn(NOT_TEXT, text)
            marked |= broken > 0
            file.write(text.replace("\r", "\n") if old_mac else text)
        unfinished = bool(decoder.getstate()[0])
        file.write(NOT_TEXT * unfinished)
    return Text(target, marked or unfinished, notes)


def _read_as(encoding: str, words: str = "") -> str:
    names = {"latin-1": "Latin-1 (ISO 8859-1)", "windows-1252": "Windows-1252"}
    name = names.get(encoding) or encoding.upper().removesuffix("-LE").removesuffix("-BE")
    order = {"le": " (little-endian)", "be": " (big-endian)"}.get(encoding[-2:], "")
    sample = f" Look whether {words} are right; if not, save it as CSV (UTF-8)." if words else ""
    return f"The list is not in UTF-8; it was read as {name}{order}.{sample}"


def _blocks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
