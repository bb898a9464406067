"""A bundle into the database, by the service and by `conference-coach load`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select

from bot.cli.main import main
from bot.errors import SchoolError
from bot.services.leaving import ledger
from bot.services.roster.changes import Changes
from bot.services.roster.load import load_school
from bot.store.models import Erasure, Person
from bot.store.scope import every_workspace
from bot.store.session import Store
from tests.school.folders import school as own
from tests.school.oneroster.bundles import NOW, Files, bundle, changed, folder_of, school, zipped


def load(store: Store, files: Files, **more: str) -> Changes:
    with store.write() as connection:
        return load_school(connection, "T0SCHOOL", school(files, **more), NOW)


def people(store: Store) -> dict[str, Any]:
    with store.read() as connection, every_workspace(connection):
        return {row.key: row for row in connection.execute(select(Person.__table__))}


def test_loading_twice_changes_nothing_in_either_version(store: Store) -> None:
    assert load(store, bundle("1.1"))
    assert not load(store, bundle("1.1"))
    assert not load(store, bundle("1.2"))


def test_who_is_marked_tobedeleted_leaves_and_comes_back_as_the_same(store: Store) -> None:
    load(store, bundle())
    before = people(store)
    load(store, changed(bundle(), "users.csv", ("s-theo,,,true", "s-theo,tobedeleted,,true")))
    assert {key for key, row in people(store).items() if not row.active} == {"s-theo", "g-anders"}
    load(store, bundle())
    after = people(store)
    assert after["s-theo"].active
    assert {key: row.id for key, row in after.items()} == {key: row.id for key, row in before.items()}


def test_a_student_whose_name_address_and_advisory_change_stays_the_same(store: Store) -> None:
    load(store, bundle())
    before = people(store)["s-noor"]
    files = changed(bundle(), "users.csv", ("Noor,Haddad", "Noor,Haddad Ali"), ("Noor@school", "haddad@school"))
    load(store, files, roster="id,advisor\ns-noor,u-reyes\ns-theo,u-reyes\n")
    after = people(store)
    assert (after["s-noor"].id, after["s-noor"].name) == (before.id, "Noor Haddad Ali")
    assert after["s-noor"].advisor_id == after["u-reyes"].id
    assert after["u-okafor"].role == "teacher"


def test_who_was_erased_and_is_still_in_the_bundle_is_refused_with_a_way_out(store: Store) -> None:
    with store.write() as connection:
        row = {"workspace": "T0SCHOOL", "digest": ledger.digest("T0SCHOOL", "s-noor"), "begun_at": NOW, "left": []}
        connection.execute(insert(Erasure).values(row))
    with pytest.raises(SchoolError, match=r"users\.csv, row 2, column sourcedId: “s-noor” was erased on .*leave_out"):
        load(store, bundle())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "school"
    where.mkdir()
    for name, content in folder_of({}).items():
        (where / name).write_bytes(content)
    (where / "oneroster.zip").write_bytes(zipped(bundle()))
    return where


def run(folder: Path, *arguments: object) -> Result:
    environ = {"DATABASE_URL": f"sqlite:///{folder.parent / 'coach.db'}", "SLACK_BOT_TOKEN": ""}
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environ)


@pytest.mark.parametrize("arguments", [("load",), ("load", "--check")])
def test_load_says_what_a_bundle_brought_and_what_is_not_used(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments, folder)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("oneroster.zip (OneRoster 1.1, “Hillside Middle School”): student 2, advisor 1,")
    assert lines[1].startswith("Its academic sessions are the terms: Quarter 1 2026 (2026-08-24 to 2026-10-29)")
    assert lines[2] == "To look at:"
    assert "  Students without an advisory: 1 (oneroster.zip/users.csv, row 5). Look at" in result.stdout


def test_a_bundle_with_a_fault_changes_nothing(folder: Path) -> None:
    run(folder, "load", folder)
    files = changed(bundle(), "users.csv", ("Noor,Haddad", ","), ("Luis,Reyes", "Luisa,Reyes"))
    (folder / "oneroster.zip").write_bytes(zipped(files))
    result = run(folder, "load", folder)
    assert result.exit_code == 1
    assert result.stderr == ("oneroster.zip/users.csv, row 2, column givenName: Nothing is written here. Fill it in.\n")
    store = Store(f"sqlite:///{folder.parent / 'coach.db'}")
    assert people(store)["u-reyes"].name == "Luis Reyes"
    store.close()


def grown(files: Files, *more: str) -> Files:
    """A bundle with more students in the advisory."""
    users = "".join(
        f"s-{one},,,true,o-hill,student,{one},,{one.title()},More,,,{one}@school.example,,,,07,\r\n" for one in more
    )
    enrolled = "".join(f"e-{one},,,c-adv,o-hill,s-{one},student,false,,\n" for one in more)
    tables = {"users.csv": users, "enrollments.csv": enrolled}
    return {name: text + tables.get(name, "") for name, text in files.items()}


MOST = ("s-ada,,,true", "s-ada,tobedeleted,,true"), ("s-ben,,,true", "s-ben,tobedeleted,,true")
LEFT = ("s-theo,,,true", "s-theo,tobedeleted,,true")


def test_a_bundle_by_which_most_students_would_leave_is_refused_until_that_is_said_to_be_meant(folder: Path) -> None:
    whole = grown(bundle(), "ada", "ben")
    (folder / "oneroster.zip").write_bytes(zipped(whole))
    run(folder, "load", folder)
    (folder / "oneroster.zip").write_bytes(zipped(changed(whole, "users.csv", LEFT, *MOST)))
    told = (
        "oneroster.zip/users.csv: 3 of the 4 students who are here now would leave. Look at whether the bundle is "
        "whole; if they are to leave: conference-coach load --fewer\n"
    )
    for arguments in (("load", "--check"), ("load",)):
        refused = run(folder, *arguments, folder)
        assert (refused.exit_code, refused.stderr) == (1, told)
    assert "Removed: " in run(folder, "load", "--check", "--fewer", folder).stdout
    taken = run(folder, "load", "--fewer", folder)
    assert taken.exit_code == 0
    assert "- person Theo Lindqvist (student s-theo)" in taken.stdout


def test_half_of_them_or_a_few_may_leave_by_a_bundle(store: Store) -> None:
    whole = grown(bundle(), "ada", "ben")
    load(store, whole)
    assert load(store, changed(whole, "users.csv", *MOST))  # two of four
    assert load(store, changed(bundle(), "users.csv", LEFT))  # one of two


def test_by_a_roster_of_its_own_a_school_may_shrink_as_it_likes(store: Store) -> None:
    load(store, grown(bundle(), "ada", "ben", "cem", "dia"))
    with store.write() as connection:
        assert load_school(connection, "T0SCHOOL", own(), NOW).removed


def test_loading_again_from_the_folder_changes_nothing(folder: Path) -> None:
    run(folder, "load", folder)
    (folder / "oneroster.zip").unlink()
    (folder / "oneroster").mkdir()
    for name, text in bundle("1.2").items():
        (folder / "oneroster" / name).write_text(text, encoding="utf-8")
    assert "Nothing changed." in run(folder, "load", folder).stdout
