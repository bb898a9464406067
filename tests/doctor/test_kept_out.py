"""What this user may not open, and what cannot be where it is said to be: the program says so, and what to do."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from bot.cli.main import main
from tests.databases import postgresql_url
from tests.doctor.clinic import Clinic
from tests.doctor.underling import mode, run


@pytest.mark.parametrize("closed", ["", "prompts", "prompts/en", "prompts/en/labels.toml"])
def test_a_school_s_folder_that_cannot_be_read_is_told_once(well: Clinic, closed: str) -> None:
    well.write("prompts/en/labels.toml", "")
    with mode(well.folder / closed, 0):
        done = run(well.environ, "doctor", "--json")
    found = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    told = found["SCHOOL_DIR"]
    assert (told["state"], told["concerns"]) == ("failed", "SCHOOL_DIR")
    assert str(well.folder / closed) in told["said"]
    assert told["remedy"] == "Make it readable for this user."
    assert {found[name]["said"] for name in ("folder", "prompts")} == {"Not looked at, because SCHOOL_DIR failed."}
    assert "The check itself failed" not in done.stdout


def test_loading_from_a_folder_that_cannot_be_read_names_it_and_what_to_do(well: Clinic) -> None:
    with mode(well.folder, 0):
        done = run(well.environ, "load", "--check")
    told = f"SCHOOL_DIR: This user may not open the folder {well.folder}. Make it readable for this user.\n"
    assert (done.returncode, done.stderr) == (1, told)


def test_a_folder_that_is_not_there_is_named_from_the_root(well: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(well.folder)
    well.set(SCHOOL_DIR="our-school")
    told = f"There is no such folder: {well.folder / 'our-school'}."
    assert well.look(only="SCHOOL_DIR")["SCHOOL_DIR"].said == told
    done = CliRunner().invoke(main, ["load", "--check"], env=well.environ)
    assert done.stderr.startswith(f"SCHOOL_DIR: {told} Name the folder")


def test_with_a_folder_given_the_variable_does_not_matter(well: Clinic) -> None:
    well.set(SCHOOL_DIR="our-school")
    done = CliRunner().invoke(main, ["load", "--check", str(well.folder)], env=well.environ)
    assert (done.exit_code, "Hillside School is in order" in done.stdout) == (0, True)


@pytest.mark.parametrize("command", ["load", "run"])
def test_a_file_that_cannot_be_written_is_told(well: Clinic, command: str) -> None:
    with mode(well.file, 0o400):
        done = run(well.environ, command)
    assert done.returncode == 1
    assert "DATABASE_URL: Let this user write it, and in its folder" in done.stderr
    assert "Leave it out" not in done.stderr


@pytest.mark.parametrize("command", ["load", "outbox"])
def test_a_folder_in_place_of_the_file_is_told(well: Clinic, command: str) -> None:
    well.set(DATABASE_URL=f"sqlite:///{well.folder}")
    done = CliRunner().invoke(main, [command], env=well.environ)
    assert done.exit_code == 1
    assert f"{well.folder} is a folder: name a file in it, sqlite:///{well.folder}/conference-coach.db" in done.stderr
    assert "is a folder: name a file in it" in well.look(only="database")["database"].remedy


def test_a_folder_of_the_database_that_cannot_be_opened_is_told(well: Clinic) -> None:
    there = well.folder.parent / "data"
    there.mkdir()
    well.set(DATABASE_URL=f"sqlite:///{there}/coach.db", ERASURES=None)
    with mode(there, 0):
        done, loaded = run(well.environ, "doctor", "--json"), run(well.environ, "load")
    found = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    told = f"This user may not open the folder {there}. Let them, or name another."
    assert (found["database"]["state"], found["database"]["remedy"]) == ("failed", told)
    assert (loaded.returncode, told in loaded.stderr) == (1, True)
    assert "The check itself failed" not in done.stdout


def test_a_folder_that_is_missing_is_told(well: Clinic) -> None:
    well.set(DATABASE_URL=f"sqlite:///{well.folder}/no/such/coach.db")
    done = CliRunner().invoke(main, ["load"], env=well.environ)
    assert (done.exit_code, f"There is no folder {well.folder}/no/such. Make the folder" in done.stderr) == (1, True)


def test_a_postgresql_database_that_is_missing_is_told_with_how_to_make_it(well: Clinic) -> None:
    with postgresql_url() as url:
        name = f"{make_url(url).database}_gone"
    well.set(DATABASE_URL=make_url(url).set(database=name).render_as_string(hide_password=False))
    done = CliRunner().invoke(main, ["load"], env=well.environ)
    assert done.exit_code == 1
    assert f"DATABASE_URL: Make it: createdb {name}; or name another." in done.stderr
    assert well.look(only="database")["database"].remedy.startswith(f"Make it: createdb {name}")
