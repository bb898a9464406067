"""Files that are not what their names say, or would never end: each is refused with its name and a remedy, at once."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.errors import SchoolError
from bot.school import read_school
from bot.school.folder import LARGEST
from bot.school.sheet import LONGEST_CELL, MOST_ROWS
from scheduler.calendar import CalendarError, Term
from scheduler.ics import parse_ics
from tests.school.folders import CHARTER, CONFERENCES, LANGUAGES, ROSTER

TERMS = [Term("Autumn 2026", date(2026, 9, 8), date(2026, 12, 18))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("school.toml", CHARTER), ("roster.csv", ROSTER), ("conferences.csv", CONFERENCES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def refusal(folder: Path) -> str:
    """What is said of a folder that cannot be read."""
    with pytest.raises(SchoolError) as refused:
        read_school(folder, LANGUAGES)
    return str(refused.value)


def zipped() -> bytes:
    """A zip file that says it holds a gigabyte."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("roster.csv", b"\0" * 10_000_000)
    return into.getvalue()


NOT_TABLES = {
    "a zip or xlsx file": (zipped(), "a spreadsheet or a zip file"),
    "an old spreadsheet": (b"\xd0\xcf\x11\xe0" + bytes(512), "an old Excel file"),
    "a PDF": (b"%PDF-1.7\n", "a PDF"),
    "a packed file": (b"\x1f\x8b\x08\x00" + bytes(20), "a packed file"),
    "a page of the web": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a page of the web"),
    "NULs": (b"id\0,role\0,name\0\n", "cannot be read as text"),
    "UTF-16 without a mark": (ROSTER.encode("utf-16-le"), "cannot be read as text"),
    "nothing": (b"", "is empty"),
    "blank lines": (b"\n" * 100_000, "is empty"),
    "too many rows": (ROSTER.encode() + b"x,student,X\n" * MOST_ROWS, "rows, more than"),
    "a cell without end": (ROSTER.encode() + b"x,student," + b"y" * (LONGEST_CELL + 1) + b"\n", "far too long"),
    "cells without end": (ROSTER.encode() + b"," * 100_000 + b"x\n", "far too long"),
    "a quotation that is never closed": (ROSTER.encode() + b'x,student,"' + b"y\n" * 1_000, "quotation mark"),
    "far too large": (b"x" * (LARGEST + 1), "5 MB large"),
}


@pytest.mark.parametrize("name", ["roster.csv", "conferences.csv"])
@pytest.mark.parametrize("kind", NOT_TABLES)
def test_what_is_no_table_is_named_as_what_it_is(folder: Path, name: str, kind: str) -> None:
    content, why = NOT_TABLES[kind]
    (folder / name).write_bytes(content)
    said = refusal(folder)
    assert why in said
    assert said.startswith(name)
    assert len(said) < 4_000


@pytest.mark.parametrize("kind", ["a zip or xlsx file", "NULs", "far too large"])
@pytest.mark.parametrize("name", ["school.toml", "calendar.ics", "cadence.toml"])
def test_so_are_files_that_are_no_text(folder: Path, name: str, kind: str) -> None:
    (folder / name).write_bytes(NOT_TABLES[kind][0])
    assert refusal(folder).startswith(name)


@pytest.mark.parametrize("name", ["school.toml", "roster.csv", "calendar.ics"])
def test_a_pipe_or_a_folder_by_that_name_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    assert f"{name}: This is not a file." in refusal(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    assert f"{name}: This is not a file." in refusal(folder)


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_a_formula_is_no_name_and_no_id(folder: Path, name: str) -> None:
    (folder / "roster.csv").write_text(ROSTER.replace("Noor Haddad", name), encoding="utf-8")
    assert "roster.csv, row 2, column name: A name does not begin with" in refusal(folder)
    (folder / "roster.csv").write_text(ROSTER.replace("reyes,teacher", f"{name.split()[0]},teacher"), encoding="utf-8")
    assert "row 5, column id" in refusal(folder)


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\x07", "\x1b"])
def test_a_name_holds_no_sign_that_makes_it_show_as_another(folder: Path, sign: str) -> None:
    (folder / "roster.csv").write_text(ROSTER.replace("Noor Haddad", f"Noor {sign}Haddad"), encoding="utf-8")
    assert f"invisible character (U+{ord(sign):04X})" in refusal(folder)


@pytest.mark.parametrize(
    "charter",
    ["a = " + "[" * 5_000 + "]" * 5_000, f"name = {'9' * 5_000}", "name = 1e999999", "[[term]]\n" * 20_000,
     "\n".join(f"[a{'.a' * number}]" for number in range(400))],
)  # fmt: skip
def test_toml_that_is_nested_or_repeated_without_end_is_refused(folder: Path, charter: str) -> None:
    (folder / "school.toml").write_text(charter, encoding="utf-8")
    assert refusal(folder).startswith("school.toml")


def calendar(*events: str) -> str:
    """A calendar file with these events, each the lines after its title."""
    listed = "".join(f"BEGIN:VEVENT\nUID:{n}\nSUMMARY:Holiday\n{event}\nEND:VEVENT\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{listed}END:VCALENDAR\n".replace("\n", "\r\n")


FROM = "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ="
ENDLESS = {
    "every day since the year 1": calendar(*["DTSTART;VALUE=DATE:00010101\nRRULE:FREQ=DAILY"] * 500),
    "every second": calendar(f"{FROM}SECONDLY"),
    "every hour of a day": calendar(f"{FROM}DAILY;BYHOUR=0,1,2,3,4,5,6,7,8"),
    "a day no month has": calendar(*[f"{FROM}MONTHLY;BYMONTH=2;BYMONTHDAY=31"] * 100),
    "a day it looks for every day": calendar(f"{FROM}DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"),
    "a week there seldom is": calendar(*[f"{FROM}WEEKLY;BYWEEKNO=53;BYSETPOS=300"] * 5),
    "a leap day in years that have none": calendar(
        *["DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"] * 100
    ),
    "every no days": calendar(f"{FROM}DAILY;INTERVAL=0"),
    "the year 9999": calendar("DTSTART;VALUE=DATE:99991231\nRRULE:FREQ=YEARLY"),
    "a million days long": calendar("DTSTART;VALUE=DATE:20260101\nDURATION:P99999999D"),
    "too many events": calendar(*["DTSTART;VALUE=DATE:20260101"] * 5_001),
    "a calendar in a calendar": "BEGIN:VCALENDAR\r\n" * 3_000,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_calendar_that_would_take_for_ever_is_refused(kind: str) -> None:
    with pytest.raises(CalendarError, match=r"calendar\.ics"):
        parse_ics(ENDLESS[kind], ZoneInfo("America/New_York"), TERMS)


@pytest.mark.parametrize(
    ("event", "days"),
    [
        ("DTSTART;VALUE=DATE:20200704\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", [date(2026, 11, 26)]),
        ("DTSTART;VALUE=DATE:20001225\nRRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=11", [date(2026, 11, 11)]),
        ("DTSTART;VALUE=DATE:20261031\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2",
         [date(2026, 10, 31), date(2026, 11, 30)]),
        (f"{FROM}DAILY;COUNT=1000000000", None),
        ("DTSTART;TZID=../../etc/passwd:20261012T000000\nDTEND;TZID=../../etc/passwd:20261013T000000",
         [date(2026, 10, 12)]),
    ],
)  # fmt: skip
def test_what_schools_do_repeat_is_followed(event: str, days: list[date] | None) -> None:
    found = parse_ics(calendar(event), ZoneInfo("America/New_York"), TERMS)
    if days is None:
        assert len(found.spans) >= 100
    else:
        assert [span.first for span in found.spans] == days


def test_what_is_folded_a_hundred_thousand_times_is_read() -> None:
    folded = "DESCRIPTION:" + "\n ".join("x" for _ in range(100_000))
    assert parse_ics(calendar(f"DTSTART;VALUE=DATE:20261012\n{folded}"), ZoneInfo("UTC"), TERMS).spans
