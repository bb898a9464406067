from __future__ import annotations

import codecs
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import SchoolError
from bot.school import FILES, Role, School, read_school
from tests.school.folders import CHARTER, CONFERENCES, LANGUAGES, ROSTER, ics, school, school_of

ACCENTED = ROSTER.replace("Theo Lindqvist", "Théo Lindqvist")
ANYTIME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAY = '\n[[day]]\nkind = "closed"\nname = "Snow day"\nstarts = 2026-12-01\n'
DAYS_OFF = ics("20261125/20261128 Thanksgiving break", "20261103/20261104 Staff development")
CADENCE = "[nudge.letter]\ndays = -12\n\n[limits.student]\nper_week = 1\n"
FOLDER = {"school.toml": CHARTER, "roster.csv": ROSTER, "conferences.csv": CONFERENCES}


def names(roster: bytes) -> list[str]:
    return [person.name for person in school_of(CHARTER.encode(), roster, CONFERENCES.encode()).people]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_roster_may_come_in_any_encoding_a_spreadsheet_writes(encoding: str) -> None:
    assert "Théo Lindqvist" in names(ACCENTED.encode(encoding))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_any_line_end_will_do(end: str) -> None:
    assert names(ACCENTED.replace("\n", end).encode()) == names(ACCENTED.encode())


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_noticed(separator: str) -> None:
    assert names(ACCENTED.replace(",", separator).encode()) == names(ACCENTED.encode())


def test_a_line_that_only_tells_excel_the_separator_is_none_of_the_rows() -> None:
    text = "sep=;\r\n" + ROSTER.replace(",", ";").replace("reyes@", "reyes").replace("\n", "\r\n")
    with pytest.raises(SchoolError, match=r"roster\.csv, row 5, column email"):
        names(text.encode())


def test_blank_lines_and_cells_of_nothing_do_not_count() -> None:
    padded = "\n,,,,\n" + ROSTER.replace("\n", ",,\n\n") + " , ,\n"
    assert names(padded.encode()) == names(ROSTER.encode())


def test_titles_may_be_written_in_any_case_and_order() -> None:
    assert names(ROSTER.replace("id,role", '"ID", Role ').encode()) == names(ROSTER.encode())


def test_the_charter_may_have_a_mark_and_windows_line_ends() -> None:
    marked = codecs.BOM_UTF8 + CHARTER.replace("\n", "\r\n").encode()
    assert school_of(marked, ROSTER.encode(), CONFERENCES.encode()) == school()


def test_a_file_that_is_no_text_says_how_to_save_it() -> None:
    with pytest.raises(SchoolError, match=r"roster\.csv: This cannot be read as text\. Save it again, as “CSV UTF-8”"):
        names(b"id,role\x81\xff\x00")


def test_an_empty_table_says_what_belongs_in_it() -> None:
    with pytest.raises(SchoolError, match=r"roster\.csv: The file is empty\. The first row names the columns: id,role"):
        names(b"\n\n")


def test_a_folder_is_read(tmp_path: Path) -> None:
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_school(tmp_path, LANGUAGES) == school()


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "school.toml").write_text(CHARTER, encoding="utf-8")
    with pytest.raises(SchoolError) as caught:
        read_school(tmp_path, LANGUAGES)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["roster.csv", "conferences.csv"]


def test_a_folder_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(SchoolError, match="This is not a folder"):
        read_school(tmp_path / "nowhere", LANGUAGES)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).mkdir()
    with pytest.raises(SchoolError, match=r"roster\.csv: This is not a file"):
        read_school(tmp_path, LANGUAGES)


def test_the_sample_school_is_whole() -> None:
    with resources.as_file(resources.files("bot.practice") / "school") as folder:
        found = read_school(folder, LANGUAGES)
    students = [person for person in found.people if person.role is Role.STUDENT]
    assert len(students) == len(found.conferences) == 24
    assert len({student.advisor for student in students}) == 2
    assert any(person.role is Role.FAMILY and person.language == "es" for person in found.people)
    assert any(not student.email and not student.slack_id for student in students)
    assert {day.kind for day in found.days} == {"closed", "break", "student_free", "early_dismissal"}
    assert found.unread == ("Fall concert",)
    noor = next(conference for conference in found.conferences if conference.student == "noor")
    assert (noor.date.isoformat(), noor.time, noor.minutes, noor.place) == ("2026-12-10", "17:30", 20, "room 12")


def outcome(*files: bytes) -> School | tuple[str, ...]:
    try:
        return school_of(*files)
    except SchoolError as error:
        return error.problems


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """A file with a few stretches of it replaced by anything."""
    raw = text.encode()
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 40)))
        junk = draw(st.binary(max_size=12) | st.text(max_size=12).map(lambda text: text.encode()))
        raw = raw[:start] + draw(st.sampled_from([junk, b'"', b"\n", b",", b";", b"\x00", b"[", b"="])) + raw[end:]
    return raw


@ANYTIME
@given(damaged(CHARTER + DAY), damaged(ROSTER), damaged(CONFERENCES), damaged(DAYS_OFF), damaged(CADENCE))
def test_whatever_is_in_the_files_it_is_a_school_or_a_list_of_faults(
    charter: bytes, roster: bytes, conferences: bytes, calendar: bytes, cadence: bytes
) -> None:
    found = outcome(charter, roster, conferences, calendar, cadence)
    assert isinstance(found, School) or (found and all(problem.startswith(FILES) for problem in found))


@ANYTIME
@given(st.lists(st.text(), min_size=5, max_size=5))
def test_any_text_at_all_is_a_list_of_faults(files: list[str]) -> None:
    with pytest.raises(SchoolError):
        school_of(*(text.encode() for text in files))
