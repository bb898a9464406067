"""A district's folder: a school's folder for each workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SchoolError
from bot.school.schools import by_workspace, folders


def school(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "school.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_a_schools_own_folder_is_the_only_one(tmp_path: Path) -> None:
    own = school(tmp_path / "hillside", 'name = "Hillside"')
    school(own / "archive", 'name = "Last year"')
    assert folders(own) == (own,)


def test_a_districts_schools_are_found_by_their_workspace(tmp_path: Path) -> None:
    north, south = school(tmp_path / "north", 'workspace = "T0N"'), school(tmp_path / "south", 'workspace = " T0S "')
    (tmp_path / "notes").mkdir()
    assert by_workspace(tmp_path) == {"T0N": north, "T0S": south}


def test_a_school_that_does_not_say_whose_it_is_and_two_of_one_workspace_are_named_at_once(tmp_path: Path) -> None:
    school(tmp_path / "a", 'workspace = "T0N"')
    second, silent = school(tmp_path / "b", 'workspace = "T0N"'), school(tmp_path / "c", "name = broken")
    with pytest.raises(SchoolError) as caught:
        by_workspace(tmp_path)
    assert [str(second / "school.toml") in caught.value.problems[0], str(silent) in caught.value.problems[1]] == [1, 1]


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SchoolError, match=r"There is no school\.toml here"):
        folders(tmp_path)
