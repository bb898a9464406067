"""A district: each school has a folder of its own, and the doctor looks at every one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor.finding import State
from bot.services.installing import Installed, install
from bot.store.keyring import new_key
from tests.doctor.clinic import FILES, NOW, Clinic, write_folder

RIVERSIDE = FILES["school.toml"].replace("T0SCHOOL", "T0RIVER").replace("Hillside School", "Riverside School")
TROUBLE = (State.WARNING, State.FAILED)


@pytest.fixture
def district(well: Clinic, tmp_path: Path) -> Clinic:
    """Two schools beside one another, of which one is loaded and has installed the app; `folder` is the other's."""
    schools = tmp_path / "schools"
    write_folder(schools / "hillside")
    well.folder = write_folder(schools / "riverside", {**FILES, "school.toml": RIVERSIDE})
    keys = f"k1:{new_key()}"
    token = well.workspace.bot_token
    well.store(lambda store: install(store, Installed("T0SCHOOL", None, "A1", "U1", "B1", "", token), "U2", NOW), keys)
    well.set(SLACK_BOT_TOKEN=None, SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="a" * 32)
    well.set(ENCRYPTION_KEYS=keys, SCHOOL_DIR=str(schools))
    return well


def test_nothing_is_found_in_a_district_in_good_order(district: Clinic) -> None:
    found = district.look()
    assert {name: one for name, one in found.items() if one.state in TROUBLE} == {}
    assert found["folder"].said == "Hillside School, Riverside School are in order."


def test_a_fault_in_one_school_s_folder_is_told_with_the_school_s_name(district: Clinic) -> None:
    district.change("roster.csv", "7,okafor", "7,reyes")
    found = district.look(only="folder")["folder"]
    assert (found.state, found.concerns) == (State.FAILED, "SCHOOL_DIR")
    assert found.said == "riverside: 2 faults, the first in roster.csv, row 2, column advisor."


def test_words_that_cannot_be_said_are_told_with_the_school_s_name(district: Clinic) -> None:
    district.write("prompts/en/messages/hello.md.j2", "Hi {{ nothing }}")
    found = district.look(only="prompts")["prompts"]
    assert found.state is State.FAILED
    assert found.said.startswith("riverside: 2 texts cannot be said: ")
    assert found.remedy.endswith(f"conference-coach prompts check {district.folder}")


def test_of_a_workspace_that_is_named_only_the_school_is_looked_at(district: Clinic) -> None:
    district.change("roster.csv", "7,okafor", "7,reyes")
    district.write("prompts/en/messages/hello.md.j2", "Hi {{ nothing }}")
    hillside, riverside = (district.look(workspace) for workspace in ("T0SCHOOL", "T0RIVER"))
    assert (hillside["folder"].state, hillside["prompts"].state) == (State.OK, State.OK)
    assert (riverside["folder"].state, riverside["prompts"].state) == (State.FAILED, State.FAILED)
    assert hillside["folder"].said == "Hillside School is in order."


def test_a_school_that_does_not_say_whose_it_is_is_told(district: Clinic) -> None:
    district.change("school.toml", 'workspace = "T0RIVER"\n', "")
    found = district.look(only="folder")["folder"]
    assert (found.state, found.concerns) == (State.FAILED, "SCHOOL_DIR")
    assert found.said == f"{district.folder / 'school.toml'}: Which workspace is it for?"
    assert 'workspace = "T…"' in found.remedy


def test_two_schools_of_one_workspace_are_told(district: Clinic) -> None:
    district.change("school.toml", "T0RIVER", "T0SCHOOL")
    found = district.look(only="folder")["folder"]
    assert found.state is State.FAILED
    assert "T0SCHOOL is the workspace of" in found.said


def test_a_workspace_without_a_folder_is_told(district: Clinic) -> None:
    found = district.look("T0OTHER", only="folder")["folder"]
    assert (found.state, found.said) == (
        State.WARNING,
        f"No folder in {district.environ['SCHOOL_DIR']} is for workspace T0OTHER.",
    )


def test_a_folder_that_holds_no_school_is_told(district: Clinic, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    district.set(SCHOOL_DIR=str(tmp_path / "empty"))
    found = district.look(only="folder")["folder"]
    assert (found.state, found.concerns) == (State.FAILED, "SCHOOL_DIR")
    assert "There is no school.toml here" in found.said
