"""Tables as spreadsheets save them: encodings, separators, blank lines, rows numbered as the spreadsheet shows them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bot.school.problems import Place, Problems, Wrong
from bot.school.values import meant

_SEPARATORS = (",", ";", "\t")
_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's own first line, which it does not show


@dataclass(frozen=True)
class Columns:
    """The columns a table must have and may have. `others`: it may have any more, which are not read."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    others: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        return self.needed + self.optional


@dataclass(frozen=True)
class Row:
    """One row that is not blank: its number in the spreadsheet and its cells by column, trimmed.

    under: a row of another table that says what is not written in this one. titles: what the file calls columns that go
    by another name here.
    """

    file: str
    number: int
    cells: Mapping[str, str]
    under: Row | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    def place(self, column: str) -> Place:
        if self.under is not None and not self.cells.get(column):
            return self.under.place(column)
        return Place(self.file, self.number, self.titles.get(column, column))

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "") or (self.under[column] if self.under is not None else "")

    @property
    def lowest(self) -> Row:
        """The row that all the others lie over."""
        return self.under.lowest if self.under is not None else self

    def below(self, **cells: str) -> Row:
        """The same with other cells in the lowest row; what lies over it stays."""
        if self.under is not None:
            return replace(self, under=self.under.below(**cells))
        return replace(self, cells={**self.cells, **cells})


MOST_ROWS = 20_000
LONGEST_CELL = 10_000
"""Characters; nothing that is asked for comes near it."""
MOST_CELLS = 200

_OTHERS = (
    (b"PK\x03\x04", "a spreadsheet or a zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a packed file"),
)
"""How files begin that are no text, whatever their name says."""

SAVE_TABLE = "Save it again, as “CSV UTF-8” in a spreadsheet."
SAVE_TEXT = "Save it again, as UTF-8 in a text editor."


def decode(raw: bytes, remedy: str) -> str:
    """Text of a file: UTF-8 with or without its mark, UTF-16 with it, else Windows' western encoding (cp1252)."""
    for start, kind in _OTHERS:
        if raw.startswith(start):
            raise Wrong(f"This is {kind}, not a text.", remedy)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.count("\0") * 10 <= len(text):  # more is no text of ours: UTF-16 without its mark, or no text at all
            return text
    raise Wrong("This cannot be read as text.", remedy)


def read_sheet(
    file: str, raw: bytes, columns: Columns, problems: Problems, most: int = MOST_ROWS
) -> tuple[Row, ...] | None:
    """The rows of a table, or None with the problems noted where it cannot be read as a table at all.

    most: how many rows it may have, the one with the titles among them.
    """
    text = problems.take(Place(file), raw, lambda _: decode(raw, SAVE_TABLE))
    if text is None:
        return None
    numbered = list(islice(_records(file, text, columns, problems), most + 1))
    if _too_large(file, text, numbered, most, problems):
        return None
    if not numbered:
        problems.add(Place(file), Wrong("The file is empty.", f"The first row names the columns: {_names(columns)}."))
        return None
    (at, titles), *rest = numbered
    header = _header(Place(file, at), titles, columns, problems)
    if header is None:
        return None
    read = columns.known if columns.others else header
    return tuple(_row(file, number, header, cells, read, problems) for number, cells in rest)


def _too_large(file: str, text: str, numbered: Sequence[tuple[int, list[str]]], most: int, problems: Problems) -> bool:
    """Whether it is no table of people, noted: a page of the web, or one far too long or wide."""
    remedy = f"Look at whether this is the right file. {SAVE_TABLE}"
    if text.lstrip()[:1] == "<":
        problems.add(Place(file), Wrong("This is a page of the web, not a table.", remedy))
        return True
    if len(numbered) > most:
        problems.add(Place(file), Wrong(f"There are too many rows, more than {most:,}.", remedy))
        return True
    for number, cells in numbered:
        if len(cells) > MOST_CELLS or max(map(len, cells)) > LONGEST_CELL:
            problems.add(Place(file, number), Wrong("This row is far too long.", remedy))
            return True
    return False


def _records(file: str, text: str, columns: Columns, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    hint = _HINT.match(text)
    body = text[hint.end() :] if hint else text
    separator = hint[1] if hint and hint[1] in _SEPARATORS else _separator(body, columns)
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True), 1):
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error:
        wrong = Wrong(
            "A quotation mark is opened and not closed, or stands inside a cell, or a cell is far too long.",
            "Look at the quotation marks in this row, or save the table again from a spreadsheet.",
        )
        problems.add(Place(file, number + 1), wrong)


def _separator(text: str, columns: Columns) -> str:
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    known = {_title(column) for column in columns.known}

    def recognised(separator: str) -> int:
        return sum(_title(title.strip('" ')) in known for title in first.split(separator))

    return max(_SEPARATORS, key=recognised)


def _title(title: str) -> str:
    return "_".join(title.lower().split())


def _header(place: Place, titles: Sequence[str], columns: Columns, problems: Problems) -> list[str] | None:
    known = {_title(column): column for column in columns.known}
    header = [known.get(_title(title), _title(title)) for title in titles]
    missing = [column for column in columns.needed if column not in header]
    for column in missing:
        at = Place(place.file, place.row, column)
        problems.add(at, Wrong("This column is missing.", f"The first row names the columns: {_names(columns)}."))
    for index, title in enumerate(header):
        if title and title not in columns.known:
            if columns.others:
                continue
            remedy = f"Take it out, or rename it.{meant(title, missing or columns.known)}"
            problems.add(Place(place.file, place.row, titles[index]), Wrong("This column is not known.", remedy))
        if title and title in header[:index]:
            problems.add(Place(place.file, place.row, title), Wrong("This column is there twice.", "Keep one of them."))
    return None if missing else header


def _row(
    file: str, number: int, header: Sequence[str], cells: Sequence[str], read: Sequence[str], problems: Problems
) -> Row:
    """One row, with the cells of the columns that are read."""
    beyond = [cell for title, cell in zip([*header, *[""] * len(cells)], cells, strict=False) if cell and not title]
    if beyond:
        remedy = "Put text that has the separator in it between quotation marks, or name the column in the first row."
        problems.add(Place(file, number), Wrong(f"“{beyond[0]}” stands beyond the last column.", remedy))
    return Row(
        file, number, {title: cell for title, cell in zip(header, cells, strict=False) if title and title in read}
    )


def _names(columns: Columns) -> str:
    return ",".join(columns.needed)
