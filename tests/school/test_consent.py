"""The column `consent` of roster.csv."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SchoolError
from bot.school import read_school
from tests.school.folders import CHARTER, CONFERENCES, ROSTER


def consents(tmp_path: Path, cell: str, key: str = "noor") -> bool | None:
    """Whether a student takes part, with this in their cell."""
    head, *rows = ROSTER.splitlines()
    width = head.count(",")
    filled = [f"{row}{',' * (width - row.count(','))},{cell if row.startswith(f'{key},') else ''}" for row in rows]
    roster = "\n".join([f"{head},consent", *filled])
    for name, text in {"school.toml": CHARTER, "roster.csv": roster, "conferences.csv": CONFERENCES}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return next(person.consent for person in read_school(tmp_path, ("en", "es")).people if person.key == key)


@pytest.mark.parametrize("cell", ["yes", "Yes", " y ", "sí", "SI", "s", "true", "1"])
def test_yes_is_read_as_people_write_it(tmp_path: Path, cell: str) -> None:
    assert consents(tmp_path, cell) is True


@pytest.mark.parametrize("cell", ["no", "NO", "n", "false", "0"])
def test_no_is_read_as_people_write_it(tmp_path: Path, cell: str) -> None:
    assert consents(tmp_path, cell) is False


def test_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    assert consents(tmp_path, "") is None


@pytest.mark.parametrize(
    ("cell", "key", "told"),
    [
        ("maybe", "noor", "roster.csv, row 2, column consent: “maybe” is neither yes nor no. Write yes or no"),
        ("no", "okafor", "column consent: Only students have a consent; this is a advisor. Leave the cell empty."),
    ],
)
def test_anything_else_is_a_fault_with_its_remedy(tmp_path: Path, cell: str, key: str, told: str) -> None:
    with pytest.raises(SchoolError, match=told.replace(".", r"\.")):
        consents(tmp_path, cell, key)
